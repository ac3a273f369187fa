"""Call functions with arguments that were written down, in a process that holds neither tests nor their runner."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import marshal
import opcode
import os
import re
import signal
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from agentgrader.probes.deserialize import Rebuilder, Unbuildable, everything, found
from agentgrader.probes.effects import Held
from agentgrader.probes.lookup import Lookup, first_of
from agentgrader.probes.serialize import _MRO, ALIASES, CODES, MOVED, SENT, Encoder, class_name

_HELD = {"list", "dict", "set", "bytearray", "object", "iterator", "lock"}
"""Tags of values that a call may change."""
_WATCHED = 2
"""Calls of one function of which it is told what they leave in modules."""
_REPEATED, _QUICK_S = 3, 0.02
"""Calls of one function that are made twice, and how long they may take."""
_SLOW = 5
"""Late calls of one function after which no more of it are made."""
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
_ELSEWHERE = {"HOME": "/home/visitor", "USER": "visitor", "LOGNAME": "visitor", "TERM": "xterm"}
_RAISE = opcode.opmap["RAISE_VARARGS"]
Send = Callable[[dict[str, Any]], None]


class _Late(BaseException):
    """A call took too long."""


class Caller:
    """Makes calls. Each has ``places``, [module, key] pairs of which the first that leads to a function counts, and arguments.

    An answer has ``result`` (encoded), or ``raised`` (names of the error's classes), or ``late``, or ``absent`` (the function is not
    there: why), or ``unbuildable`` (an argument cannot be made: why). Beside these ``after``, the arguments that may have changed;
    ``awaited`` where the result is that of a coroutine; ``said``, an error that a ``raise`` of the repository raised; and
    ``held``, of the first calls of each function, what modules hold that they did not (:class:`agentgrader.probes.effects.Held`); and
    ``again``, whether the same call, made once more, returns a ``"new"`` value, one with the very ``"same"`` object in it, or something
    ``"other"``.
    """

    def __init__(self, call_s: float, rebuilder: Rebuilder, encoder: Encoder, held: Held, root: str, elsewhere: bool) -> None:
        self._call_s = call_s
        self._held = held
        self._root = root
        self._elsewhere = elsewhere
        self._slow: Counter[str] = Counter()
        self._watched: Counter[str] = Counter()
        self._repeated: Counter[str] = Counter()
        self._rebuilder = rebuilder
        self._encoder = encoder
        signal.signal(signal.SIGALRM, _late)

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        """Make one call."""
        key = call["places"][0][1]
        try:
            function = first_of(call["places"])
        except Unbuildable as e:
            return {"absent": str(e)}
        try:
            plain, named = self._arguments(call)
        except Unbuildable as e:
            return {"unbuildable": str(e)}
        if self._slow[key] > _SLOW:
            return {"late": True}
        before = self._held.now() if self._watched[key] < _WATCHED else None
        self._watched[key] += 1
        began = time.perf_counter()
        try:
            answer = self._made(function, plain, named, key)
            quick = time.perf_counter() - began < _QUICK_S
            told, parts = _told(answer), self._encoder.met()
            given = [*call["plain"], *(call["star"] or []), *(v for _, v in (*call["named"], *(call["stars"] or [])))]
            made = [*plain, *named.values()]
            held = [i for i, a in enumerate(given) if any(part[0] in _HELD for part in everything(a))]
            answer["after"] = [[i, self._encoder.encode_beside(made[i])] for i in held]
            answer["held"] = self._held.since(before)
            if quick and self._repeated[key] < _REPEATED:
                self._repeated[key] += 1
                answer.update(self._once_more(function, call, key, told, parts))
        except _Late:
            self._slow[key] += 1  # its other calls get less time, so that the rest is reached
            return {"late": True}
        return answer

    def _arguments(self, call: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        build = self._rebuilder.value
        plain = [build(a) for a in [*call["plain"], *(call["star"] or [])]]
        return plain, {k: build(v) for k, v in [*call["named"], *(call["stars"] or [])]}

    def _made(self, function: Lookup, plain: list[Any], named: dict[str, Any], key: str) -> dict[str, Any]:
        """What became of the call."""
        signal.setitimer(signal.ITIMER_REAL, max(self._call_s / 2 ** self._slow[key], 0.01))
        try:
            result = self._called(function, plain, named)
            awaited = type(result) is types.CoroutineType
            result = asyncio.run(result) if awaited else result
            answer = {"result": self._encoder.encode(result)}
            return {**answer, "awaited": True} if awaited else answer
        except _Late:
            raise
        except BaseException as e:
            raised = [class_name(c) for c in _MRO(type(e)) if c is not object]
            said = self._encoder.encode(e)
            return {"raised": raised, "said": said} if _is_stated(e, self._root) else {"raised": raised}
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _called(self, function: Lookup, plain: list[Any], named: dict[str, Any]) -> Any:
        if not self._elsewhere:
            return function.called(plain, named)
        try:
            raise LookupError
        except LookupError:  # whoever calls may be handling an error
            return function.called(plain, named)

    def _once_more(self, function: Lookup, call: dict[str, Any], key: str, told: str, parts: dict[int, Any]) -> dict[str, Any]:
        try:
            second = self._made(function, *self._arguments(call), key)
        except _Late:
            return {"again": "other"}
        if _told(second) != told:
            return {"again": "other"}
        return {"again": "same" if parts.keys() & self._encoder.met().keys() else "new"}


def _is_stated(error: BaseException, root: str) -> bool:
    """Whether a ``raise`` in a file below ``root`` raised it, and not Python or a library in the midst of something."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None:
        return False
    code = at.tb_frame.f_code
    raised = 0 <= at.tb_lasti < len(code.co_code) and code.co_code[at.tb_lasti] == _RAISE
    return raised and os.path.realpath(code.co_filename).startswith(root + os.sep)


def _told(answer: dict[str, Any]) -> str:
    """What a call came to, as text; addresses may differ."""
    return _ADDRESS.sub("", json.dumps(answer.get("result", answer.get("raised"))))


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
    """Texts of files below ``workdir`` that are not among ``left_out`` (relative paths), and of Python's library."""
    root, library = os.path.realpath(workdir), os.path.dirname(os.path.realpath(os.__file__))
    out = {os.path.join(root, p) for p in left_out}

    def read(path: str) -> str | None:
        real = os.path.realpath(path)
        if real in out or not real.startswith((root + os.sep, library + os.sep)):
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
    """In a fork: what a Python that was started in the workdir is, ours gone from its modules; or, if ``elsewhere`` is asked for, one that
    somebody else started."""
    workdir = request["workdir"]
    os.environ.clear()
    os.environ.update(request["env"] | (_ELSEWHERE if request["elsewhere"] else {}))
    sys.path[:] = [workdir, *request["path"], *sys.path]
    sys.argv[:] = ["report", "--all", "orders.csv"] if request["elsewhere"] else [""]
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != "SourceFinder"]
    if request["stand_ins"]:
        stand_ins = StandIns(request["stand_ins"])
        sys.meta_path[:] = [stand_ins, *sys.meta_path, stand_ins.around()]
    for name in list(sys.modules):
        if name.partition(".")[0] in ("agentgrader", "agentsandbox"):
            del sys.modules[name]
