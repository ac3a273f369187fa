"""Boxes that code agents act in.

Import from the module that defines a thing: ``agentsandbox.backends`` chooses a backend, ``agentsandbox.sandbox`` says what a
box does, ``agentsandbox.tools`` lists the tools of an agent. What a diff is worth is the business of ``agentgrader``.
"""
