"""One module a rubric: a function from what is known of an action to its score."""
