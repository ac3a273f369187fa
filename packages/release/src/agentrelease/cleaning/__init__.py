"""Secrets out of what leaves."""
