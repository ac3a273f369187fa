"""A recording run again in a fresh box, and compared with the recorded answers."""
