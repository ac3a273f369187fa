"""Rows of chat messages: what the two forms of them share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trajschema.trajectory import Step, Trajectory

from agentrecorder.containers.json_values import Json, NotJson, dumps, fields, get, items, loads, string
from agentrecorder.exports.metadata import KEY, Ending, about, differences, rows_of, run_of, style_of
from agentrecorder.run import Row, Run

Write = Callable[[Step], list[Row]]
"""The messages of a step: one that says it, then one for each observation."""
Read = Callable[[int, Sequence[Json], str], Row]
"""The step of such messages; takes its number, the messages, and how arguments are written."""


@dataclass(frozen=True)
class Form:
    """A form of rows: how a step is written as messages, and read from them."""

    name: str
    write: Write
    read: Read

    def export(self, trajectory: Trajectory, ending: Ending) -> Row:
        """A row: ``messages``, ``instance_id``, ``model``, ``resolved``, ``traj_id``, ``patch``, and in ``trajhub``, as a JSON text so that
        columns stay the same over rows, what messages have no place for.
        """
        rows = rows_of(trajectory)
        style = style_of(rows)
        groups = [self.write(step) for step in trajectory.steps]
        plain = [self.read(number, group, style) for number, group in enumerate(groups, 1)]
        more = {str(number): each for number, each in enumerate(differences(rows, plain), 1) if each}
        said = about(trajectory, ending, plain, form=self.name, arguments=style, shape=[len(group) for group in groups], steps=more)
        said.pop("final_diff", None)
        return {
            "messages": [message for group in groups for message in group],
            "instance_id": trajectory.task_id,
            "model": trajectory.model,
            "resolved": ending.claimed,
            "traj_id": trajectory.trajectory_id,
            "patch": trajectory.final_diff,
            KEY: dumps(said),
        }

    def restore(self, value: Json, log_format: str) -> Run | None:
        """The run of a row that :meth:`export` wrote in the same form; ``None`` for any other."""
        text = get(value, KEY)
        if not isinstance(text, str):
            return None
        try:
            said = fields(loads(text))
        except NotJson:
            return None
        messages, shape = items(get(value, "messages")), items(get(said, "shape"))
        if get(said, "form") != self.name or not all(isinstance(n, int) and n > 0 for n in shape) or sum(shape) != len(messages):
            return None
        told, style, start = list(messages), string(get(said, "arguments")), 0
        plain: list[Row] = []
        for number, length in enumerate(shape, 1):
            plain.append(self.read(number, told[start : start + length], style))
            start += length
        given = [dict(fields(get(said, "steps", str(number)))) for number in range(1, len(plain) + 1)]
        return run_of({**said, "final_diff": get(value, "patch")}, plain, given, log_format, self.name)
