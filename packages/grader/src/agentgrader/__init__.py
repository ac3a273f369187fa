"""What a diff is worth: graded in a fresh box, by tests that the agent never saw."""
