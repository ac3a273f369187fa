"""Copies of tests in Python: functions and methods, for pytest and unittest."""
