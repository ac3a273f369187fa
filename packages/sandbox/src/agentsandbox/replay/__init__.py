"""A recording made again in a fresh box, and compared with what it says."""
