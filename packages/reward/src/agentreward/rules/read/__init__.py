"""Reading a step: what each call does, and what its output says."""
