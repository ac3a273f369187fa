"""SWE-agent 0.x to 1.1."""
