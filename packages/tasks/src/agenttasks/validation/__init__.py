"""The proof that a candidate is a task: measured runs of the tests, with and without the fault."""
