"""Call functions with arguments that were written down, in a process that holds neither tests nor their runner."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import marshal
import os
import signal
import sys
import types
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from agentgrader.probes.deserialize import Rebuilder, Unbuildable, found
from agentgrader.probes.lookup import first_of
from agentgrader.probes.serialize import _MRO, ALIASES, CODES, MOVED, SENT, Encoder, class_name

_HELD = {"list", "dict", "set", "bytearray", "object"}
"""Tags of values that a call may change."""
_SLOW = 5
"""Late calls of one function after which no more of it are made."""
Send = Callable[[dict[str, Any]], None]


class _Late(BaseException):
    """A call took too long."""


class Caller:
    """Makes calls. Each has ``places``, [module, key] pairs of which the first that leads to a function counts, and arguments.

    An answer has ``result`` (encoded), or ``raised`` (names of the error's classes), or ``late``, or ``absent`` (the function is not
    there: why), or ``unbuildable`` (an argument cannot be made: why); with ``after``, the arguments that may have changed, and ``awaited``
    where the result is that of a coroutine.
    """

    def __init__(self, call_s: float, rebuilder: Rebuilder, encoder: Encoder) -> None:
        self._call_s = call_s
        self._slow: Counter[str] = Counter()
        self._rebuilder = rebuilder
        self._encoder = encoder
        signal.signal(signal.SIGALRM, _late)

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        """Make one call."""
        build = self._rebuilder.value
        try:
            function = first_of(call["places"])
        except Unbuildable as e:
            return {"absent": str(e)}
        try:
            plain = [build(a) for a in [*call["plain"], *(call["star"] or [])]]
            named = {k: build(v) for k, v in [*call["named"], *(call["stars"] or [])]}
        except Unbuildable as e:
            return {"unbuildable": str(e)}
        key = call["places"][0][1]
        answer: dict[str, Any]
        if self._slow[key] > _SLOW:
            return {"late": True}
        try:
            signal.setitimer(signal.ITIMER_REAL, max(self._call_s / 2 ** self._slow[key], 0.01))
            try:
                result = function.called(plain, named)
                awaited = type(result) is types.CoroutineType
                answer = {"result": self._encoder.encode(asyncio.run(result) if awaited else result)}
                if awaited:
                    answer["awaited"] = True
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except _Late:
            self._slow[key] += 1  # its other calls get less time, so that the rest is reached
            return {"late": True}
        except BaseException as e:
            answer = {"raised": [class_name(c) for c in _MRO(type(e)) if c is not object]}
        given = [*call["plain"], *(call["star"] or []), *(v for _, v in (*call["named"], *(call["stars"] or [])))]
        made = [*plain, *named.values()]
        with contextlib.suppress(_Late):
            answer["after"] = [[i, self._encoder.encode(made[i])] for i, a in enumerate(given) if a[0] in _HELD]
        return answer


def _late(signum: int, frame: Any) -> None:
    raise _Late


def codes_sent(sent: list[dict[str, Any]]) -> dict[tuple[Any, ...], types.CodeType]:
    """Codes that calls hand over, by where they stood. They tell nobody here in which file that was."""
    found: dict[tuple[Any, ...], types.CodeType] = {}
    for entry in sent:
        with contextlib.suppress(ValueError, EOFError, TypeError):
            found[tuple(entry["code"])] = code = _without_file(marshal.loads(base64.b64decode(entry["data"])))
            CODES[code] = tuple(entry["code"])
    return found


def _without_file(code: types.CodeType) -> types.CodeType:
    inner = tuple(_without_file(c) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_filename=SENT, co_consts=inner)


def know_moved(moved: Mapping[str, list[str]]) -> None:
    """Classes and functions count as what they are called under the gold patch: name there → names to look for them at."""
    for name, places in moved.items():
        for place in places:
            try:
                x = found(place)
            except Unbuildable:
                continue
            if type in _MRO(type(x)):
                if class_name(x) != name:
                    ALIASES[x] = name
            elif type(x) is types.FunctionType and f"{x.__module__}:{x.__qualname__}" != name:
                MOVED[id(x)] = name
            break


def sources_below(workdir: str, left_out: list[str]) -> Callable[[str], str | None]:
    """Texts of files below ``workdir`` that are not among ``left_out`` (relative paths)."""
    root = os.path.realpath(workdir)
    out = {os.path.join(root, p) for p in left_out}

    def read(path: str) -> str | None:
        real = os.path.realpath(path)
        if real in out or not real.startswith(root + os.sep):
            return None
        try:
            with open(real, encoding="utf-8") as f:
                return f.read()
        except (OSError, UnicodeDecodeError):
            return None

    return read


class StandIns:
    """Finds modules of the tests, as far as values need them: name → text."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def around(self) -> StandIns:
        """Packages around them, empty, for those that are nowhere else."""
        names = [name.split(".") for name in self._texts]
        return StandIns({".".join(parts[:n]): "" for parts in names for n in range(1, len(parts))})

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """As the import system asks."""
        import importlib.util

        if name not in self._texts:
            return None
        is_package = not self._texts[name] or any(n.startswith(name + ".") for n in self._texts)
        return importlib.util.spec_from_loader(name, self, is_package=is_package)  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> Any:
        """An ordinary one."""
        return None

    def exec_module(self, module: Any) -> None:
        """Run what is there of it."""
        exec(compile(self._texts[module.__name__], SENT, "exec"), vars(module))


def become_plain(request: Mapping[str, Any]) -> None:
    """In a fork: what a Python that was started in the workdir is, ours gone from its modules."""
    workdir = request["workdir"]
    os.environ.clear()
    os.environ.update(request["env"])
    sys.path[:] = [workdir, *request["path"], *sys.path]
    sys.argv[:] = [""]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != "SourceFinder"]
    if request["stand_ins"]:
        stand_ins = StandIns(request["stand_ins"])
        sys.meta_path[:] = [stand_ins, *sys.meta_path, stand_ins.around()]
    for name in list(sys.modules):
        if name.partition(".")[0] in ("agentgrader", "agentsandbox"):
            del sys.modules[name]
