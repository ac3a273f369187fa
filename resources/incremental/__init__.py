"""What is stale and what makes it current: keys of code, configuration and inputs; the plan; and the run that computes the misses."""
