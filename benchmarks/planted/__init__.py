"""Diffs whose nature is known, made automatically from a task: wrong ones that pass its tests, and right ones that look different."""
