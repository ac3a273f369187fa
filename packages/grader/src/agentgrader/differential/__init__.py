"""A second opinion on a diff, where the gold patch is known: the functions that are edited, called under both."""
