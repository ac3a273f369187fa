"""Checks of a release by whoever receives it."""
