"""Required tests that stand in files which the gold patch changes: put back as the gold patch leaves them."""
