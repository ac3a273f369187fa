"""Faults: what can be put into source text, where, and as which candidate tasks."""
