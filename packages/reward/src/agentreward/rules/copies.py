"""Steps that the run has had before, call for call and word for word.

Such a step is scored by what is known at its place, and leaves nothing behind. So nobody gains by copying: no later step looks better
for it, and of itself it never advances. What it costs: what an agent does again with the very same answer, clocks and all, proves
nothing a second time.
"""

from typing import NamedTuple

from trajschema.trajectory import Step

_Key = tuple[object, ...]


class Had(NamedTuple):
    """The step that did it first, and whether anything changed since it was done last."""

    step: int
    changed: bool


class Copies:
    """Calls and answers of the steps so far."""

    def __init__(self) -> None:
        self._had: dict[_Key, tuple[int, int]] = {}

    def had(self, step: Step, changes: int) -> Had | None:
        """What ``step`` is a copy of, after so many ``changes``; ``None`` for the first of its kind."""
        key = _key(step)
        first = self._had.get(key)
        if first is None:
            return None
        self._had[key] = (first[0], changes)
        return Had(first[0], first[1] != changes)

    def add(self, step: Step, changes: int) -> None:
        """``step`` was taken, and there have been so many ``changes`` with its own."""
        self._had[_key(step)] = (step.step_id, changes)


def _key(step: Step) -> _Key:
    calls, answers = step.tool_calls, step.observations
    if len(calls) == 1 == len(answers):
        call, answer = calls[0], answers[0]
        return call.raw_name, call.arguments, answer.content, answer.exit_code, answer.error
    return tuple([(c.raw_name, c.arguments) for c in calls]), tuple([(a.content, a.exit_code, a.error) for a in answers])
