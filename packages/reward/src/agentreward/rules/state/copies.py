"""Steps that the run has had before, call for call and word for word.

Such a step is scored by what is known at its place, and leaves nothing behind. So nobody gains by copying: no later step looks better
for it, and of itself it never advances. What it costs: what an agent does again with the very same answer, clocks and all, proves
nothing a second time.
"""

from trajschema.trajectory import Step

from agentreward.rules.facts import Facts
from agentreward.rules.read.actions import CHANGING

Words = tuple[object, ...]
"""Calls and answers of a step, without their ids and how long they took."""


def words_of(step: Step) -> Words:
    """What two steps have in common that are copies."""
    calls, answers = step.tool_calls, step.observations
    if len(calls) == 1 == len(answers):
        call, answer = calls[0], answers[0]
        return call.raw_name, call.arguments, answer.content, answer.exit_code, answer.error
    return tuple([(c.raw_name, c.arguments) for c in calls]), tuple([(a.content, a.exit_code, a.error) for a in answers])


def copied(facts: Facts, first: int, *, unchanged: bool) -> Facts:
    """``facts`` of a copy of step ``first``; a repeat where all was ``unchanged`` since the step was done last.

    Of a change the history knows better whether it repeats one: it knows which file was meant.
    """
    repeats = unchanged and facts.repeat_of is None and facts.action.kind not in CHANGING
    return facts._replace(copy_of=first, repeat_of=first if repeats else facts.repeat_of)
