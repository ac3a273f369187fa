"""``agentrecorder inspect``: a run for people to read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from agentrecorder.cli.reading import ALL_READ, BAD_USAGE, FAILED, found_in, plural, say, say_failure
from agentrecorder.containers.json_values import NotJson, loads
from agentrecorder.convert import ConversionFailure, Converted
from agentrecorder.run import Row
from agentrecorder.summary import outcome, reasons

if TYPE_CHECKING:
    from rich.console import Console

_HEAD, _TAIL, _WIDTH = 12, 6, 400
"""Lines at the start and at the end, and characters of a line, that are shown of a long text."""
_RANGE = re.compile(r"(\d*)(-?)(\d*)")
_CONTROL = {n: 0x2400 + n for n in range(32) if n not in (9, 10)} | {127: 0x2421} | {n: 0xFFFD for n in range(128, 160)}
"""What could steer a terminal, as signs that stand for it."""
_FLAGS = {"malformed": "red", "truncated": "yellow", "synthetic": "magenta", "copied_context": "blue"}
_SOURCES = {"agent": "bold green", "user": "bold cyan", "system": "bold magenta"}


def inspect(path: Path, number: int, steps: str, outcomes: Path | None, *, full: bool) -> int:
    """Print run ``number`` (from 1) of what ``path`` holds. Returns 0; 1 if there is none, 2 if ``steps`` is no range."""
    from rich.console import Console

    chosen = span(steps)
    if chosen is None:
        say(f"error: --steps {steps}: not a range; write 4, 4-9, 4- or -9")
        return BAD_USAGE
    seen = 0
    for found in found_in([path], outcomes):
        if isinstance(found, ConversionFailure):
            say_failure(found)
        elif isinstance(found, Converted):
            seen += 1
            if seen == number:
                show(Console(highlight=False, markup=False, soft_wrap=True), found, chosen, full=full)
                return ALL_READ
    say(f"{path}: {f'there are {seen} runs' if seen > 1 else 'there is one run' if seen else 'there is no run'}, not {number}")
    return FAILED


def span(text: str) -> range | None:
    """The steps of ``A-B``; all for an empty text; ``None`` if it is no range."""
    match = _RANGE.fullmatch(text.strip())
    if match is None or match[0] == "-":
        return None
    first = int(match[1] or 1)
    last = int(match[3]) if match[3] else 10**9 if match[2] or not match[1] else first
    return range(first, last + 1)


def show(console: Console, converted: Converted, chosen: range, *, full: bool) -> None:
    """Print a run: what it is, its steps, what was left out."""
    run = converted.run
    console.print(f"{converted.path}, run {converted.index + 1}", style="bold")
    facts = {
        "format": f"{run.format} {run.version}".strip(),
        "agent": run.agent,
        "model": run.model,
        "task": run.task_id,
        "exit": run.exit,
        "outcome": f"{outcome(run.claimed)}, says {run.claimed_by or 'the log'}" if run.claimed is not None else "",
        "person": run.feedback,
        "holds": f"{plural(len(run.steps), 'step')}: {plural(run.turns, 'agent turn')}, {plural(run.calls, 'call')}, "
        f"{plural(run.results, 'result')}, {run.malformed} malformed",
        "diff": plural(run.final_diff.count("\n"), "line") if run.final_diff else "",
    }
    for name, fact in facts.items():
        if fact:
            console.print(f"  {name:<8} {safe(str(fact))}")
    for step in (s for s in run.steps if s["step_id"] in chosen):
        _show_step(console, step, full=full)
    left = reasons(converted)
    if left:
        console.print("\nleft out", style="bold")
        for reason, count in left.items():
            console.print(f"  {count} x {safe(reason)}", style="yellow")


def _show_step(console: Console, step: Row, *, full: bool) -> None:
    from rich.text import Text

    head = Text(f"\n#{step['step_id']} ").append(step["source"], _SOURCES.get(step["source"], "bold"))
    for name in step["flags"]:
        head.append(f" [{name}]", _FLAGS.get(name, "red"))
    used = step["usage"] or {}
    tokens = [f"{used[k]} {w}" for k, w in (("prompt_tokens", "in"), ("completion_tokens", "out")) if used.get(k) is not None]
    console.print(head.append(f"  {', '.join(tokens)} tokens", "dim") if tokens else head)
    if step["reasoning"]:
        _print(console, step["reasoning"], "  ~ ", full, "dim italic")
    if step["message"]:
        _print(console, step["message"], "  ", full)
    for call in step["tool_calls"]:
        console.print(Text("  → ", "bold").append(safe(call["raw_name"]), "bold yellow").append(f"  {safe(call['tool_call_id'])}", "dim"))
        for name, value in _arguments(call["arguments"]):
            _print(console, f"{name}: {value}" if name else value, "      ", full, "yellow")
    for answer in step["observations"]:
        console.print(_answer_head(answer))
        _print(console, answer["content"], "      ", full)
        if answer["error"] and answer["error"] not in answer["content"]:
            _print(console, answer["error"], "      ", full, "red")


def _answer_head(answer: Row) -> str:
    facts = [answer["tool_call_id"] or "to no call"]
    facts += [f"exit {answer['exit_code']}"] if answer["exit_code"] is not None else []
    facts += ["failed"] if answer["error"] else []
    facts += ["cut by the harness"] if answer["truncated"] else []
    facts += [f"{answer['seconds']:.2f} s"] if answer["seconds"] is not None else []
    return safe("  ← " + ", ".join(facts))


def _arguments(text: str) -> list[tuple[str, str]]:
    try:
        value = loads(text)
    except NotJson:
        return [("", text)]
    if not isinstance(value, dict):
        return [("", text)]
    return [(key, part if isinstance(part, str) else str(part)) for key, part in value.items()]


def _print(console: Console, text: str, indent: str, full: bool, style: str = "") -> None:
    for line in lines_of(text, full=full):
        console.print(indent + line, style=style)


def lines_of(text: str, *, full: bool) -> list[str]:
    """The lines of a text, or its head and tail with what was cut between them. Nothing in them can steer a terminal."""
    lines = text.rstrip("\n").split("\n") if text else []
    if full:
        return [safe(line) for line in lines]
    if len(lines) > _HEAD + _TAIL + 1:
        lines = [*lines[:_HEAD], f"… {len(lines) - _HEAD - _TAIL} lines more; --full shows them …", *lines[-_TAIL:]]
    return [safe(line if len(line) <= _WIDTH else f"{line[:_WIDTH]}… ({len(line)} characters)") for line in lines]


def safe(text: str) -> str:
    """``text`` with signs in place of control characters; a carriage return at the end of a line is dropped."""
    return text.removesuffix("\r").translate(_CONTROL)
