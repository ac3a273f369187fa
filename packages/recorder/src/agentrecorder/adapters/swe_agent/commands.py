"""SWE-agent writes a call as a line of shell, as a fenced block or as XML. Here each becomes a tool name and its arguments again."""

import re
import shlex
from collections.abc import Callable
from typing import NamedTuple

from agentrecorder.adapters.shared.text_calls import TextCall

_POSITIONAL: dict[str, tuple[str, ...]] = {
    "open": ("path", "line_number"),
    "goto": ("line_number",),
    "scroll_up": (),
    "scroll_down": (),
    "create": ("filename",),
    "set_cursors": ("start_line", "end_line"),
    "insert": ("text", "line"),
    "append": ("text",),
    "undo_edit": ("path",),
    "view_image": ("path",),
    "filemap": ("path",),
    "search_dir": ("search_term", "dir"),
    "search_file": ("search_term", "file"),
    "find_file": ("file_name", "dir"),
    "submit": ("answer",),
    "exit_forfeit": (),
    "str_replace_editor": ("command", "path"),
    "edit_anthropic": ("command", "path"),
    "decompile": ("binary", "function_name"),
    "disassemble": ("binary", "function_name"),
    "connect_start": ("server", "port"),
    "connect_sendline": ("line",),
    "connect_exec": ("command",),
    "connect_stop": (),
    "debug_start": ("binary", "args"),
    "debug_exec": ("command",),
    "debug_stop": (),
}
"""The harness's own tools, and the names of what follows them."""
_LONGEST = 50_000
"""Characters of a line that are split into words; a longer one stays whole."""
_SHELL = frozenset({"&&", "||", "|", ";", ">", ">>", "<", "&"})
_LINES = re.compile(r"edit[ \t]+(\d+):(\d+)[ \t]*\n")
_BLOCK = re.compile(r"edit[ \t]*\n")
_FUNCTION = re.compile(r"<function=([^>\n]+)>([^<]*+(?:<(?!/function>)[^<]*+)*+)</function>")
_PARAMETER = re.compile(r"<parameter=([^>\n]+)>([^<]*+(?:<(?!/parameter>)[^<]*+)*+)</parameter>")
_TICKS = re.compile(r"```(?<=^```)(\S*)[ \t]*$", re.MULTILINE)
"""At the start of a line: the pattern begins with what can be looked for fast."""


class MessageWithCall(NamedTuple):
    """What stands around a call, and the call."""

    message: str
    call: TextCall


def from_command(action: str) -> TextCall:
    """The call of a line, or lines, as the harness runs them: one of its own tools, else ``bash``."""
    text = action.strip()
    name = text.split(None, 1)[0] if text else ""
    if name == "edit":
        return _edit(text)
    names = _POSITIONAL.get(name)
    words = _words(text) if names is not None else None
    if names is None or words is None:
        return TextCall("bash", {"command": text})
    return _named(name, names, words[1:], text)


def _words(text: str) -> list[str] | None:
    """``None`` for what is no single simple command."""
    if len(text) > _LONGEST:
        return None
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    return None if _SHELL & set(words) else words


def _named(name: str, names: tuple[str, ...], words: list[str], text: str) -> TextCall:
    arguments: dict[str, str] = {}
    place = 0
    option = ""
    for word in words:
        if name.startswith(("str_replace_editor", "edit_anthropic")) and word.startswith("--"):
            option, _, value = word[2:].partition("=")
            arguments[option] = value
            option = "" if value else option
        elif option:
            arguments[option] = f"{arguments[option]} {word}".strip()
            option = option if option == "view_range" else ""
        elif place < len(names):
            arguments[names[place]] = word
            place += 1
        else:
            return TextCall(name, {"arguments": text[len(name) :].strip()})
    return TextCall(name, arguments)


def _edit(text: str) -> TextCall:
    """``edit`` over a span of lines, at the cursors, or of one text for another."""
    if lines := _LINES.match(text):
        return TextCall("edit", {"start_line": lines[1], "end_line": lines[2], "replacement_text": _replacement(text[lines.end() :])})
    if block := _BLOCK.match(text):
        return TextCall("edit", {"replacement_text": _replacement(text[block.end() :])})
    words = _words(text)
    if words is None or not 3 <= len(words) <= 4:
        return TextCall("edit", {"arguments": text[4:].strip()})
    return TextCall("edit", dict(zip(("search", "replace", "replace-all"), words[1:], strict=False)))


def _replacement(text: str) -> str:
    """Lines of an edit without the word that ends them."""
    return text.removesuffix("end_of_edit").removesuffix("\n")


def from_xml(text: str) -> MessageWithCall | None:
    """The first ``<function=...>`` of an answer; ``None`` if there is none."""
    found = _FUNCTION.search(text) if "<function=" in text else None
    if found is None:
        return None
    arguments = {m[1].strip(): m[2].removeprefix("\n").removesuffix("\n") for m in _PARAMETER.finditer(found[2])}
    return MessageWithCall(_around(text, found.start(), found.end()), TextCall(found[1].strip(), arguments))


def from_fence(text: str) -> MessageWithCall | None:
    """The last fenced block of an answer that lies in no other; ``None`` if there is none."""
    opened: list[re.Match[str]] = []
    last: tuple[re.Match[str], re.Match[str]] | None = None
    for ticks in _TICKS.finditer(text):
        if opened and not ticks[1]:
            start = opened.pop()
            last = last if opened else (start, ticks)
        else:
            opened.append(ticks)
    if last is None:
        return None
    return MessageWithCall(_around(text, last[0].start(), last[1].end()), from_command(text[last[0].end() + 1 : last[1].start()]))


def from_tag(text: str) -> MessageWithCall | None:
    """The last ``<command>`` of an answer; ``None`` if there is none."""
    start, end = text.rfind("<command>"), text.rfind("</command>")
    if start < 0 or end < start:
        return None
    return MessageWithCall(_around(text, start, end + 10), from_command(text[start + 9 : end]))


def in_text(text: str) -> MessageWithCall | None:
    """The call of an answer in whichever form it is written."""
    forms: tuple[Callable[[str], MessageWithCall | None], ...] = (from_xml, from_tag, from_fence)
    return next((said for form in forms if (said := form(text)) is not None), None)


def _around(text: str, start: int, end: int) -> str:
    return (text[:start] + text[end:]).strip()
