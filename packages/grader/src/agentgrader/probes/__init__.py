"""The grader's code inside of a box (:class:`agentsandbox.messages.Probe`): standard library only, Python 3.9 and later.

It is sent there as source. Beside itself it imports ``agentsandbox.server``, and pytest and coverage, which the box brings.
"""
