"""OpenHands 0 and 1."""
