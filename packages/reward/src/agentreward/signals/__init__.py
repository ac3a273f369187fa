"""Signals for those who train on runs: columns beside the reward, none of which enters it.

Each module is one signal; :mod:`agentreward.signals.rows` puts them together, one record a run and one a group.
"""
