"""What new code reaches for: names and constants are resolved on the syntax tree, nothing is run."""
