"""The embedded policies, one module each."""
