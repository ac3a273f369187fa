"""A trajectory in the forms that others read: ATIF, OpenAI messages, XML calls in text. Each is read back as the same trajectory.

*The same* means: the content id over its steps is equal, that is messages, reasoning, calls with raw names and arguments to the
letter, observations with exit status and error, flags, and the final diff. Equal too are ids of calls, usage, agent, model, task,
how the run ended, what was claimed of it, and what the first reader left out. Not kept are the ids that name where a trajectory was
read from (``trajectory_id``, ``rollout_id``, ``source_format``, ``source_sha256``): the file read is now another one. An export
names them for whoever wants to look back.

What a form has no place for stands beside it (see :mod:`agentrecorder.exports.metadata`). An export that someone changed by hand is
read as any file of its form.
"""

from collections.abc import Callable, Sequence

from trajschema.trajectory import Trajectory

from agentrecorder.containers.json_values import Json, get
from agentrecorder.exports import atif, openai_messages, xml_messages
from agentrecorder.exports.metadata import KEY, Ending
from agentrecorder.run import Row, Run

EXPORTS: dict[str, Callable[[Trajectory, Ending], Row]] = {
    "atif": atif.export,
    "openai": openai_messages.FORM.export,
    "xml": xml_messages.FORM.export,
}
"""Name of a form → what writes it."""


def exported(row: Json) -> bool:
    """Whether a row of messages says that we wrote it, be it one without a message."""
    return isinstance(get(row, KEY), str) and isinstance(get(row, "messages"), Sequence)


def restored(value: Json, log_format: str) -> Run | None:
    """The run of one of our exports, exactly; ``None`` for anything else, and for an export that was changed since.

    ``log_format`` is what the run says it was read from. An adapter of one of the forms asks this first.
    """
    return (
        atif.restore(value, log_format) or openai_messages.FORM.restore(value, log_format) or xml_messages.FORM.restore(value, log_format)
    )
