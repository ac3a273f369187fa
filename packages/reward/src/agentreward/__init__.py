"""How well a code agent worked, step by step.

:mod:`agentreward.rules` scores what happened, :mod:`agentreward.judge` asks a model, :mod:`agentreward.fusion` adds both and
the outcome up, :mod:`agentreward.preferences` pairs runs, :mod:`agentreward.calibration` compares with people.
"""
