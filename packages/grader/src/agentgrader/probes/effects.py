"""What calls leave behind beside their answers: what they print, and what modules hold afterwards."""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import json
import marshal
import os
import re
import sys
import time
import types
import warnings
from collections.abc import Iterator
from typing import Any

from agentgrader.probes.serialize import _MRO, _SPACE, Encoder

_MOST = 20_000
_LINE = re.compile(r"(?<=, line )[0-9]+")
"""Where errors say that they are from: code above may be longer."""
_NAMES, _BUDGET_S = 300, 0.15
_SKIPPED = ("function", "module", "builtin_function_or_method", "_lru_cache_wrapper", "classmethod", "staticmethod", "property")


class Printed:
    """Takes the place of standard output and standard error from now on."""

    def __init__(self) -> None:
        self._streams = [_Standing(1), _Standing(2)]
        texts = [io.TextIOWrapper(s, encoding="utf-8", errors="backslashreplace", write_through=True) for s in self._streams]
        for name, text in zip(("stdout", "stderr"), texts, strict=True):
            setattr(sys, name, text)
            setattr(sys, f"__{name}__", text)
        setattr(warnings, "formatwarning", _without_source)  # noqa: B010

    def new(self) -> str:
        """What was printed since this was asked last, without numbers of lines; of much, the first part."""
        said = "".join(stream.taken() for stream in self._streams)
        return _LINE.sub("", said)


def _without_source(message: object, category: type, *where: object, **more: object) -> str:
    return f"{category.__name__}: {message}\n"


class _Standing(io.BytesIO):
    """Has the number of what it stands for."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def fileno(self) -> int:
        return self._number

    def taken(self) -> str:
        """What is in it, which is emptied."""
        try:
            said = self.getvalue()
            if said:
                self.seek(0)
                self.truncate()
        except ValueError:  # it was closed
            return ""
        return said[:_MOST].decode("utf-8", "replace")


class Held:
    """What modules below ``root``, their classes and defaults of their functions hold. It takes ``_BUDGET_S`` seconds in all, no more."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._encoder = Encoder(False, lambda path: None)
        self._spent = 0.0

    def now(self) -> dict[str, Any] | None:
        """``module:name`` → value, as bytes where that is quick, else encoded; ``None`` when the time is up."""
        if self._spent > _BUDGET_S:
            return None
        began = time.perf_counter()
        found: dict[str, Any] = {}
        for name, value in itertools.islice(_values(self._root), _NAMES):
            try:
                found[name] = marshal.dumps(value, 2)
            except ValueError:
                found[name] = self._encoder.encode(value)
        self._spent += time.perf_counter() - began
        return found

    def since(self, before: dict[str, Any] | None) -> dict[str, str]:
        """Of each name that was there ``before``, a digest of what is new in it; empty for nothing. No names when the time is up."""
        after = None if before is None else self.now()
        if before is None or after is None:
            return {}
        return {n: "" if after[n] == old else self._news(old, after[n]) for n, old in before.items() if n in after}

    def _news(self, *sides: Any) -> str:
        """What a list, set or dictionary has more counts apart from what it had: that came of calls before."""
        old, now = (self._encoder.encode(marshal.loads(side)) if type(side) is bytes else side for side in sides)
        alike = old[0] == now[0] in ("list", "set", "dict")
        new = [i for i in now[1] if i not in old[1]] if alike else []
        return hashlib.sha256(json.dumps(new or now, sort_keys=True).encode()).hexdigest()[:16]


@functools.lru_cache(maxsize=1)
def _modules(root: str, loaded: int) -> list[tuple[str, Any]]:
    """Modules below ``root``, of so many that are ``loaded``."""
    files = {name: getattr(module, "__file__", None) for name, module in sorted(sys.modules.items())}
    below = [n for n, file in files.items() if isinstance(file, str) and os.path.realpath(file).startswith(root + os.sep)]
    return [(name, sys.modules[name]) for name in below]


def _values(root: str) -> Iterator[tuple[str, Any]]:
    for module, loaded in _modules(root, len(sys.modules)):
        for name, value in list(vars(loaded).items()):
            if name.startswith("__"):
                continue
            if type(value) is types.FunctionType:
                yield f"{module}:{name}()", [value.__defaults__, value.__kwdefaults__]
            elif type in _MRO(type(value)):
                own = list(_SPACE(value).items()) if _SPACE(value).get("__module__") == module else []
                yield from ((f"{module}:{name}.{n}", v) for n, v in own if type(v) in (list, dict, set))
            elif type(value).__name__ not in _SKIPPED:
                yield f"{module}:{name}", value
