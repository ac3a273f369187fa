"""What tests share, one module a subject. A module imports only what its own tests need, so any package can be tested alone."""
