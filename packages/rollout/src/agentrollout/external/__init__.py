"""Agents that have a loop of their own: any program that is offered a recorded box, or that runs in one."""
