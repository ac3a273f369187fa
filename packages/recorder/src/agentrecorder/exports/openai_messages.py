"""Chat messages with ``tool_calls`` (see :mod:`trajschema.messages`)."""

from collections.abc import Sequence

from trajschema.messages import step_messages
from trajschema.trajectory import Trajectory

from agentrecorder.containers.json_values import Json, get, items, string
from agentrecorder.exports import chat
from agentrecorder.exports.metadata import Ending, call_row, observation_row, step_row
from agentrecorder.run import Row, Run

_FORM = "openai"


def export(trajectory: Trajectory, ending: Ending) -> Row:
    """The trajectory as a row of messages (see :func:`agentrecorder.exports.chat.export`)."""
    return chat.export(trajectory, ending, _FORM, step_messages, _step)


def restore(value: Json, log_format: str) -> Run | None:
    """The run of a row that :func:`export` wrote; ``None`` for any other."""
    return chat.restore(value, log_format, _FORM, _step)


def _step(number: int, messages: Sequence[Json], style: str) -> Row:
    first = messages[0]
    calls = [
        call_row(string(get(call, "id")), string(get(call, "function", "name")), string(get(call, "function", "arguments")))
        for call in items(get(first, "tool_calls"))
    ]
    role = string(get(first, "role"))
    answers = [observation_row(get(message, "tool_call_id"), string(get(message, "content"))) for message in messages[1:]]
    source = "agent" if role == "assistant" else role
    return step_row(number, source, string(get(first, "content")), calls, answers, reasoning=get(first, "reasoning_content"))
