"""Chat messages with calls as XML in the assistant's text and observations as user messages, the form in which SWE-smith trains.

A call is ``<function=NAME>``, a ``<parameter=P>VALUE</parameter>`` on a line of its own for each argument, ``</function>``. A value that is
no text is JSON. An observation begins with ``OBSERVATION:`` and a new line.
"""

from collections.abc import Iterator, Sequence

from trajschema.messages import observation_text, role_of
from trajschema.trajectory import Step

from agentrecorder.containers.json_values import Json, NotJson, dumps, get, loads, string
from agentrecorder.exports.chat import Form
from agentrecorder.exports.metadata import arguments_of, call_row, observation_row, step_row, text_of
from agentrecorder.run import Row

_OBSERVATION = "OBSERVATION:\n"


def _messages(step: Step) -> list[Row]:
    calls = [_call(call.raw_name, arguments_of(call.arguments)) for call in step.tool_calls]
    text = "\n\n".join([*([step.message] if step.message else []), *calls])
    answers = [{"role": "user", "content": _OBSERVATION + observation_text(observation)} for observation in step.observations]
    return [{"role": role_of(step), "content": text}, *answers]


def _call(name: str, arguments: Row) -> str:
    values = ((key, value if isinstance(value, str) else dumps(value)) for key, value in arguments.items())
    return f"<function={name}>\n" + "".join(f"<parameter={key}>{value}</parameter>\n" for key, value in values) + "</function>"


def _step(number: int, messages: Sequence[Json], style: str) -> Row:
    role, text = string(get(messages[0], "role")), string(get(messages[0], "content"))
    start = text.find("<function=") if role == "assistant" else -1
    found = _calls(text[start:]) if start >= 0 else ()
    calls = [call_row(f"call-{number}-{n}", name, text_of(arguments, style)) for n, (name, arguments) in enumerate(found, 1)]
    ids = [call["tool_call_id"] for call in calls]
    answers = [
        observation_row(ids[n] if n < len(ids) else None, string(get(message, "content")).removeprefix(_OBSERVATION))
        for n, message in enumerate(messages[1:])
    ]
    said = text if start < 0 else text[:start].removesuffix("\n\n")
    return step_row(number, "agent" if role == "assistant" else role, said, calls, answers)


def _calls(text: str) -> Iterator[tuple[str, Row]]:
    """Names and arguments of the calls in a text that begins with one."""
    for part in text.split("<function=")[1:]:
        name, _, rest = part.partition(">\n")
        body, end, _ = rest.partition("</function>")
        if end:
            given = (p.partition(">") for p in body.split("<parameter=")[1:])
            yield name, {key: _value(value.removesuffix("\n").removesuffix("</parameter>")) for key, _, value in given}


def _value(text: str) -> Json:
    """A number, list, object, truth value or null; else the text itself."""
    if not text or text[0] not in "[{-0123456789tfn":
        return text
    try:
        return loads(text.encode())
    except NotJson:
        return text


FORM = Form("xml", _messages, _step)
