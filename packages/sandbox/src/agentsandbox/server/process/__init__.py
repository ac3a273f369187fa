"""Processes in the box: start them, wait for them, leave nothing of them behind."""
