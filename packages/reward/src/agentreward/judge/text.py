"""Pieces of a run as a judge reads them, and the mark that sets them apart from what we say ourselves.

A line that begins with the mark is a heading of ours, and all text up to the next such line is data from the run. The mark is
chosen so that it occurs nowhere in the data, so whatever stands in there cannot end its piece or begin another.
"""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import NamedTuple

from trajschema.ids import content_id
from trajschema.trajectory import Step

HEAD, TAIL = 1_000, 1_400
"""Characters kept of a long text: its beginning, and more of its end, where test summaries and errors stand."""
STATEMENT, DIFF, SUMMARY = 12_000, 12_000, 6_000
"""Characters kept of the task statement, of the final diff, and of the summary of earlier steps."""
_WHOLE = 12
"""Texts of one step that get their full share of characters; with more, each gets less."""
_DIGITS = 8


class Piece(NamedTuple):
    """A heading of ours and the data under it."""

    heading: str
    data: str


def step_pieces(step: Step) -> list[Piece]:
    """What a step said, called and got, long texts cut to head and tail."""
    if step.source != "agent":
        return [Piece(f"step {step.step_id} said by the {step.source}", head_and_tail(step.message))]
    share = min(1.0, _WHOLE / max(1, len(step.tool_calls) + len(step.observations)))
    head, tail = int(HEAD * share), int(TAIL * share)
    said = "\n".join(text for text in (step.reasoning or "", step.message) if text.strip())
    found = [Piece(f"step {step.step_id} said", head_and_tail(said, head, tail))] if said else []
    for call in step.tool_calls:
        found.append(
            Piece(f"step {step.step_id} called", f"{head_and_tail(call.raw_name, 60, 60)} {head_and_tail(call.arguments, head, tail)}")
        )
    for seen in step.observations:
        status = "" if seen.exit_code is None else f", exit status {seen.exit_code}"
        text = "\n".join(t for t in (seen.error or "", seen.content) if t)
        found.append(Piece(f"step {step.step_id} got{status}" + ("" if text else ": nothing"), head_and_tail(text, head, tail)))
    return found if step.tool_calls else [*found, Piece(f"step {step.step_id} called nothing", "")]


def summary_piece(steps: Sequence[Step]) -> list[Piece]:
    """Earlier steps in one line each; where they are many, those in the middle are left out."""
    if not steps:
        return []
    lines = "\n".join(map(_line, steps))
    return [Piece(f"steps {steps[0].step_id} to {steps[-1].step_id} in short", head_and_tail(lines, SUMMARY * 3 // 10, SUMMARY * 7 // 10))]


def _line(step: Step) -> str:
    if step.source != "agent":
        return f"{step.step_id} {step.source}: {_short(step.message, 100)}"
    calls = "; ".join(f"{_short(c.raw_name, 30)} {_short(c.arguments, 90)}" for c in step.tool_calls[:3])
    seen = step.observations[-1] if step.observations else None
    if seen is None:
        return f"{step.step_id} {calls or _short(step.message, 90) or 'nothing'}"
    last = (seen.error or seen.content).strip().rpartition("\n")[2]
    status = "" if seen.exit_code is None else f"exit status {seen.exit_code} "
    return f"{step.step_id} {calls} -> {status}{_short(last, 80)}"


def _short(text: str, most: int) -> str:
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def head_and_tail(text: str, head: int = HEAD, tail: int = TAIL) -> str:
    """``text``, or its first and last characters with a note of what was left out."""
    if len(text) <= head + tail + 60:
        return text
    return f"{text[:head]}\n[... {len(text) - head - tail} characters left out ...]\n{text[-tail:]}"


def marked(pieces: Iterable[Piece], last: str) -> str:
    """The message: the mark, every piece under its heading, and ``last``, which is ours.

    Halves of surrogate pairs, which no wire carries, become question marks.
    """
    clean = [Piece(p.heading, p.data.encode("utf-8", "replace").decode()) for p in pieces]
    mark = _mark([p.data for p in clean])
    shown = "\n".join(f"{mark} {p.heading}\n{p.data}" if p.data else f"{mark} {p.heading}" for p in clean)
    return f"The mark is {mark}\n{shown}\n{mark} end of the data\n{last}"


def _mark(texts: Sequence[str]) -> str:
    """The first digest of ``texts`` that stands in none of them, in either case."""
    joined = "\n".join(texts).lower()
    return "#" + next(d for d in (content_id([joined, n], _DIGITS) for n in count()) if d not in joined)
