"""The ``agentgrader`` command."""
