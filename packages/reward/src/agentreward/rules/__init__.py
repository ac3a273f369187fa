"""The rule layer: what happened, read off calls and outputs.

:func:`agentreward.rules.scorer.scored_run` scores a recorded trajectory, :class:`agentreward.rules.scorer.RuleScorer` scores step by step
as they come; both give the same scores. ``read`` says what a call does and what its output tells, ``state`` what is known so far of the
run, and ``rubrics`` has the rule of each rubric.
"""
