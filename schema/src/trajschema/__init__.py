"""The contract: what a task, rollout, trajectory, outcome, score, reward, pair, label and manifest are.

Import records from the module that defines them (``trajschema.task``, ``trajschema.trajectory`` …): each module is
small, so a stage that reads one record does not depend on the sources of the others.
"""
