"""What exists: one module a stage, read top to bottom. Thin: load, call a package, store, report."""
