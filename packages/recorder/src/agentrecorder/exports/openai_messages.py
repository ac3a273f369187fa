"""Chat messages with ``tool_calls`` (see :mod:`trajschema.messages`)."""

from collections.abc import Sequence

from trajschema.messages import step_messages

from agentrecorder.containers.json_values import Json, get, items, string
from agentrecorder.exports.chat import Form
from agentrecorder.exports.metadata import call_row, observation_row, step_row
from agentrecorder.run import Row


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


FORM = Form("openai", step_messages, _step)
