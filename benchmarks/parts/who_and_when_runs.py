"""Conversations of several agents with the step that people called the mistake, as trajectories: one step for each message.

What an agent does stands in its words. A block of code is a call that the terminal answers in the next message; a message of the surfers
and of the terminal of the other kind tells what they did and saw, and is a call with its answer. Everything else is talk.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from trajschema.trajectory import Observation, Step, ToolCall, Trajectory

_BLOCK = re.compile(r"```(python|sh|bash|shell)\n(.*?)```", re.DOTALL)
_EXIT = re.compile(r"\s*exitcode: (-?\d+)")
_TERMINAL = "Computer_terminal"
_DOERS = frozenset({"WebSurfer", "FileSurfer", "ComputerTerminal"})


class Labelled(NamedTuple):
    """A failed conversation. ``mistake``: the index of the message that people named, from 0."""

    kind: str
    trajectory: Trajectory
    mistake: int


def labelled_runs(folder: Path) -> Iterator[Labelled]:
    """The conversations below ``folder``, one JSON file each, by the folder that they lie in."""
    for file in sorted(folder.glob("*/*.json")):
        record = json.loads(file.read_text(encoding="utf-8"))
        steps = tuple(_steps(record["history"]))
        trajectory = Trajectory(trajectory_id=f"{file.parent.name}/{file.stem}", agent="several", steps=steps)
        yield Labelled(file.parent.name, trajectory, int(record["mistake_step"]))


def _steps(history: list[dict[str, Any]]) -> Iterator[Step]:
    for index, item in enumerate(history):
        name, text = str(item.get("name") or item.get("role")), str(item["content"])
        number = index + 1
        if name in ("human", _TERMINAL):
            yield Step(step_id=number, source="user" if name == "human" else "system", message=text if name == "human" else "")
            continue
        after = history[index + 1] if index + 1 < len(history) else {}
        answer = str(after["content"]) if after.get("name") == _TERMINAL else None
        yield Step(step_id=number, source="agent", message=text, **_acts(number, name, text, answer))


def _acts(number: int, name: str, text: str, answer: str | None) -> dict[str, Any]:
    if name in _DOERS:
        done, _, seen = text.partition("\n")
        call = ToolCall(tool_call_id=f"c{number}", name="other", raw_name=name, arguments=json.dumps({"action": done}))
        return {"tool_calls": (call,), "observations": (Observation(tool_call_id=f"c{number}", content=seen),)}
    blocks = _BLOCK.findall(text)
    if not blocks or answer is None:
        return {}
    command = "\n".join(f"python - <<'END_OF_BLOCK'\n{code}END_OF_BLOCK" if kind == "python" else code for kind, code in blocks)
    call = ToolCall(tool_call_id=f"c{number}", name="shell", raw_name="code", arguments=json.dumps({"command": command}))
    status = _EXIT.match(answer)
    seen = Observation(tool_call_id=f"c{number}", content=answer, exit_code=int(status[1]) if status else None)
    return {"tool_calls": (call,), "observations": (seen,)}
