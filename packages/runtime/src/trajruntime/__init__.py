"""What stands below the packages and knows no record of theirs: atomic writes, locks, an executor, modules of a user's own."""
