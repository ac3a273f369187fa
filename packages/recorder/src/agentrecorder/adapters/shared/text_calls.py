"""Calls of tools that a model writes in its text: XML in several dialects, JSON in tags, fenced commands."""

import re
from typing import NamedTuple

from agentrecorder.containers.json_values import Json, NotJson, get, loads

_TOOL_CALL = re.compile(r"<tool_call>([^<]*+(?:<(?!/tool_call>)[^<]*+)*+)(?:</tool_call>|\Z)")
_WRAPPING = re.compile(r"</?tool_call>")
_TAG = re.compile(r"<(execute|execute_bash|execute_ipython|finish)>(.*?)(?:</\1>|\Z)", re.DOTALL)
_FENCE = re.compile(r"```(?<=^```)([\w+-]*)[ \t]*\n(.*?)(?:^```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_SHELLS = ("", "bash", "sh", "shell", "zsh", "console", "mswea_bash_command")
_THOUGHT = re.compile(r"\s*(?:<think(?:ing)?>)?(.*?)</think(?:ing)?>\s*", re.DOTALL)


class TextCall(NamedTuple):
    """A call found in a text. ``arguments`` that are no object, nor the JSON text of one, make the turn malformed."""

    name: str
    arguments: Json


def split(text: str, acted: bool) -> tuple[str, list[TextCall]]:
    """``text`` without its calls, and the calls.

    ``acted`` says that the log treats the text as a call, by its role or by what follows. Only then is a fence one: models show code
    in fences too.
    """
    if "<function=" in text:
        rest, calls = _functions(text)
        return (_WRAPPING.sub("", rest) if "tool_call>" in rest else rest).strip(), calls
    if "<tool_call>" in text:
        return _TOOL_CALL.sub("", text).strip(), [_json_call(m[1]) for m in _TOOL_CALL.finditer(text)]
    if not acted:
        return text, []
    tags = [TextCall(m[1], _tag_arguments(m[1], m[2])) for m in _TAG.finditer(text)]
    if tags:
        return _TAG.sub("", text).strip(), tags
    return _last_fence(text)


def split_thought(text: str) -> tuple[str | None, str]:
    """Reasoning that a text begins with, in ``<think>``, and the rest. The opening tag may be missing."""
    if "</think" not in text:
        return None, text
    found = _THOUGHT.match(text)
    return (found[1].strip() or None, text[found.end() :]) if found else (None, text)


def json_call(text: str) -> TextCall | None:
    """A text that is nothing but the JSON of a call; ``None`` for any other."""
    return _json_call(text) if text.lstrip()[:1] == "{" else None


_SOLE = {"execute_bash": "command", "finish": "message"}
"""Name of the one argument of a tag that is a call."""


def _functions(text: str) -> tuple[str, list[TextCall]]:
    """The closing tag is a stop word of many models, so a call may end with the text, or where the next begins."""
    rest: list[str] = []
    calls: list[TextCall] = []
    position, start = 0, text.find("<function=")
    while start >= 0:
        head = text.find(">", start)
        if head < 0:
            break
        following = text.find("<function=", head)
        stop = following if following >= 0 else len(text)
        close = text.find("</function>", head, stop)
        end = close if close >= 0 else stop
        rest.append(text[position:start])
        calls.append(TextCall(text[start + len("<function=") : head].strip(), _parameters(text, head + 1, end)))
        position = end + len("</function>") if close >= 0 else end
        start = following
    return "".join((*rest, text[position:])), calls


def _parameters(text: str, start: int, stop: int) -> Json:
    """The parameters of the call that stands between two places of a text; without any the text of the call."""
    found: dict[str, str] = {}
    position = start
    while (opening := text.find("<parameter=", position, stop)) >= 0:
        head = text.find(">", opening, stop)
        if head < 0:
            break
        end = text.find("</parameter>", head, stop)
        position = end if end >= 0 else stop
        found[text[opening + len("<parameter=") : head].strip()] = _trimmed(text, head + 1, position)
    return found or text[start:stop].strip() or {}


def _tag_arguments(name: str, body: str) -> Json:
    return _parameters(body, 0, len(body)) if "<parameter=" in body else {_SOLE.get(name, "code"): body.strip()}


def _trimmed(text: str, start: int, stop: int) -> str:
    """What stands between two places, without the line breaks that set the tags apart; further ones belong to the value."""
    start += text.startswith("\n", start, stop)
    return text[start : stop - text.endswith("\n", start, stop)]


def _json_call(text: str) -> TextCall:
    try:
        value = loads(text.strip())
    except NotJson:
        return TextCall("tool_call", text.strip())
    name = get(value, "name") or get(value, "function", "name")
    given = get(value, "arguments") or get(value, "parameters") or get(value, "function", "arguments")
    if not isinstance(name, str):
        return TextCall("tool_call", [value])
    return TextCall(name, {} if given is None else given)


def _last_fence(text: str) -> tuple[str, list[TextCall]]:
    fences = [m for m in _FENCE.finditer(text) if m[2].strip()]
    shells = [m for m in fences if m[1].lower() in _SHELLS]
    if not fences:
        return text, []
    last = (shells or fences)[-1]
    language = last[1].lower()
    call = TextCall("bash", {"command": last[2].strip()}) if language in _SHELLS else TextCall(language, {"code": last[2].strip()})
    return (text[: last.start()] + text[last.end() :]).strip(), [call]
