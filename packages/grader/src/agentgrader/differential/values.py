"""Are two answers the same? Decided outside of the box, on encoded values (:mod:`agentgrader.probes.serialize`).

Types must be the same and so must content, floats to the last bit (any NaN is like any other). The order of sets never counts, that of
dictionaries does only where Python compares it too (``OrderedDict``). Iterators are what they yield, whatever builtin iterator it is.
Memory addresses in texts do not count, and neither does the ``__module__`` of an instance. Two things of the same class that cannot be
written down count as the same. In detail, the order of all dictionaries counts as well, and what is one and the same object.
"""

import base64
import json
import re
from collections.abc import Mapping, Set
from typing import Any

Encoded = list[Any]
"""A value as :mod:`agentgrader.probes.serialize` writes it."""
Ignored = Mapping[str, Set[str]]
"""Class (``module:name``) → attributes that do not count."""

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{6,16}\b")
_PLAIN = frozenset({"list", "tuple", "set", "frozenset", "made"})
_HOME = "__module__"
"""Of an instance that stands for a function: where that one stands, which may change."""
_LENGTH = 160
_ITEMS = 12


def canonical(e: Any, ignored: Ignored, detailed: bool = False) -> str:
    """Text that two encoded values share if and only if they count as the same; ``detailed``: as the same in detail."""
    return json.dumps(_canonical(e, ignored, detailed))


def _canonical(e: Any, ignored: Ignored, detailed: bool) -> Any:
    tag = e[0]
    if tag == "shared":
        inner = _canonical(e[1], ignored, detailed)
        return ["shared", inner] if detailed else inner
    if tag == "str":
        return ["str", without_addresses(e[1])]
    if tag == "float":
        return ["float", "nan" if "nan" in e[1] else e[1]]
    if tag in ("set", "frozenset"):
        return [tag, sorted((_canonical(i, ignored, detailed) for i in e[1]), key=json.dumps)]
    if tag in _PLAIN or tag == "iterator":
        inner = [_canonical(i, ignored, detailed) for i in e[-1 if tag == "made" else 1]]
        return [tag, e[1] if tag == "made" else e[2:], inner]
    if tag == "dict":
        pairs = [[_canonical(k, ignored, detailed), _canonical(v, ignored, detailed)] for k, v in e[1]]
        return ["dict", pairs if detailed else sorted(pairs, key=json.dumps)]
    if tag == "slice":
        return ["slice", *(_canonical(i, ignored, detailed) for i in e[1:])]
    if tag == "object":
        dropped = ignored.get(e[1], frozenset())
        state = [[name, _canonical(value, ignored, detailed)] for name, value in e[3] if name not in dropped and name != _HOME]
        return ["object", e[1], e[2] and _canonical(e[2], ignored, detailed), state]
    if tag == "code":
        kept = [[k, _canonical(v, ignored, detailed)] for k, v in e[7]]
        return ["code", *e[1:6], _canonical(e[6], ignored, detailed), kept, [_canonical(c, ignored, detailed) for c in e[8]]]
    return e


def without_addresses(text: str) -> str:
    """``text`` as it is wherever objects lie in memory."""
    return _ADDRESS.sub("at 0x", text)


def holds(e: Any, classes: Set[str]) -> str:
    """The first class of ``classes`` that an encoded value has an instance of; empty for none."""
    waiting = [e]
    for item in waiting:
        if isinstance(item, (list, tuple)) and item:
            if item[0] == "object" and item[1] in classes:
                return str(item[1])
            waiting.extend(i for i in item if isinstance(i, (list, tuple)))
    return ""


def shown(e: Any) -> str:
    """A value as a reader writes it, shortened."""
    return short(_shown(e, 0))


def short(text: str) -> str:
    """At most some 160 characters, head and tail."""
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 40]} … {text[-37:]}"


def _shown(e: Any, depth: int) -> str:
    tag = e[0]
    if depth > 6:
        return "…"

    def inner(items: Any) -> str:
        listed = [_shown(i, depth + 1) for i in items[:_ITEMS]]
        return ", ".join([*listed, "…"] if len(items) > _ITEMS else listed)

    if tag in ("none", "ellipsis", "notimplemented"):
        return {"none": "None", "ellipsis": "...", "notimplemented": "NotImplemented"}[tag]
    if tag == "lock":
        return "<lock that is taken>" if True in e else "<lock>"
    if tag == "shared":
        return f"shared {_shown(e[1], depth)}"
    if tag in ("bool", "str"):
        return repr(e[1])
    if tag == "int":
        return str(e[1])
    if tag == "float":
        return repr(float.fromhex(e[1]))
    if tag in ("bytes", "bytearray"):
        return repr(base64.b64decode(e[1])[:_LENGTH])
    if tag == "list":
        return f"[{inner(e[1])}]"
    if tag == "tuple":
        return f"({inner(e[1])}{',' if len(e[1]) == 1 else ''})"
    if tag in ("set", "frozenset"):
        return f"{tag}({{{inner(e[1])}}})"
    if tag == "dict":
        listed = [f"{_shown(k, depth + 1)}: {_shown(v, depth + 1)}" for k, v in e[1][:_ITEMS]]
        return "{" + ", ".join([*listed, "…"] if len(e[1]) > _ITEMS else listed) + "}"
    if tag == "iterator":
        return f"iterator([{inner(e[1])}]{'' if e[2] == 'done' else ', ' + _name(e[2])})"
    if tag == "made":
        return f"{_name(e[1])}({inner(e[2])})"
    if tag == "object":
        base = [] if e[2] is None else [_shown(e[2], depth + 1)]
        return f"{_name(e[1])}({', '.join([*base, *(f'{k}={_shown(v, depth + 1)}' for k, v in e[3][:_ITEMS])])})"
    if tag == "enum":
        return f"{_name(e[1])}({_shown(e[2], depth + 1)})"
    if tag == "ref":
        return str(e[2])
    if tag == "code":
        return f"<function {e[2]}>"
    return f"<{' '.join(str(part) for part in e[:3])}>"


def _name(cls: str) -> str:
    return cls.rpartition(":")[2]
