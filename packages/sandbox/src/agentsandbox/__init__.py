"""Boxes that code agents act in, and the grader that judges what came out of them.

Import from the module that defines a thing: ``agentsandbox.backends`` chooses a backend, ``agentsandbox.box`` says what a
box does, ``agentsandbox.tools`` lists the tools of an agent, ``agentsandbox.grading`` grades a diff.
"""
