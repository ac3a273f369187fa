"""One call for a run where it fits, and overlapping parts where it does not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trajschema.trajectory import Step

from agentreward.judge.text import step_pieces

CONTEXT = 3
"""Steps before a part that are read again with it, and not scored again."""
CHARACTERS = 240_000
"""Characters of steps in one call; about 70,000 tokens."""


@dataclass(frozen=True)
class Chunk:
    """What one call reads: ``before`` in one line a step, ``context`` and ``steps`` whole. ``ids`` are to be scored."""

    before: tuple[Step, ...]
    context: tuple[Step, ...]
    steps: tuple[Step, ...]
    ids: tuple[int, ...]
    last: bool
    """Whether the final diff stands after them."""

    def only(self, ids: tuple[int, ...]) -> "Chunk":
        """The same to read, fewer steps to score."""
        return replace(self, ids=ids)

    def halves(self) -> tuple["Chunk", ...]:
        """The same in two parts; one that has a single step to score cannot be parted."""
        if len(self.ids) < 2:
            return ()
        middle = next(i for i, s in enumerate(self.steps) if s.step_id == self.ids[len(self.ids) // 2])
        earlier = (*self.before, *self.context, *self.steps[:middle])
        first = replace(self, steps=self.steps[:middle], ids=self.ids[: len(self.ids) // 2], last=False)
        second = _after(earlier, self.steps[middle:], self.ids[len(self.ids) // 2 :], self.last)
        return first, second


def chunks(steps: Sequence[Step], steps_a_call: int) -> list[Chunk]:
    """Parts of about the same number of agent steps, at most ``steps_a_call`` each; none for a run without an agent step."""
    agents = sum(s.source == "agent" for s in steps)
    if not agents:
        return []
    sizes = [sum(len(p.data) for p in step_pieces(s)) for s in steps]
    parts = max(-(-agents // steps_a_call), -(-sum(sizes) // CHARACTERS))
    each = -(-agents // parts)
    found: list[Chunk] = []
    start = 0
    while start < len(steps):
        end, scored, size = start, 0, 0
        while end < len(steps) and (end == start or (scored < each and size + sizes[end] <= CHARACTERS)):
            scored += steps[end].source == "agent"
            size += sizes[end]
            end += 1
        end = end if any(s.source == "agent" for s in steps[end:]) else len(steps)
        ids = tuple(s.step_id for s in steps[start:end] if s.source == "agent")
        found.append(_after(steps[:start], steps[start:end], ids, end == len(steps)))
        start = end
    return [c for c in found if c.ids]


def prefix(steps: Sequence[Step], step_id: int) -> Chunk:
    """All that was known up to a step, which alone is scored: nothing after it, and no final diff."""
    known = [s for s in steps if s.step_id <= step_id]
    start, size = len(known) - 1, 0
    while start > 0 and size <= CHARACTERS // 4:
        start -= 1
        size += sum(len(p.data) for p in step_pieces(known[start]))
    return Chunk(tuple(known[:start]), tuple(known[start:-1]), tuple(known[-1:]), (step_id,), last=False)


def _after(earlier: Sequence[Step], steps: Sequence[Step], ids: tuple[int, ...], last: bool) -> Chunk:
    cut = max(0, len(earlier) - CONTEXT)
    return Chunk(tuple(earlier[:cut]), tuple(earlier[cut:]), tuple(steps), ids, last)
