"""Ways to fake a pass, as code: run them against a backend to see that the grader is not fooled. ``python -m agentsandbox.cheats``."""
