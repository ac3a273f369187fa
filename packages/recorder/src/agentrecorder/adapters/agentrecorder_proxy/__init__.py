"""What our own proxy records."""
