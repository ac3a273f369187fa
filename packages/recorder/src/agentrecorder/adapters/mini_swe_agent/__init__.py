"""mini-swe-agent 1 and 2."""
