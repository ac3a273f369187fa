"""What the packages are built on: atomic writes, locks, an executor, loading of user modules. It knows none of their records."""
