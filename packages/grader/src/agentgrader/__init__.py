"""What a diff is worth: graded in a fresh box, by tests that the agent never saw.

Import from the module that defines a thing: ``agentgrader.grade`` grades a diff, ``agentgrader.run`` runs a task's tests in a box,
``agentgrader.differential`` compares a diff with the gold patch by calling both, ``agentgrader.exploits`` is a suite of ways to
fake a pass.
"""
