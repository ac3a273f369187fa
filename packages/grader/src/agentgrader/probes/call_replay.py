"""Call functions with arguments that were written down, inside a pytest session that looks like that of the tests."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from agentgrader.probes.deserialize import Rebuilder, Unbuildable, found
from agentgrader.probes.serialize import _MRO, _SPACE, Encoder, class_name

_HELD = {"list", "dict", "set", "bytearray", "object"}
"""Tags of values that a call may change."""
_ADDRESS_SPACE = 1 << 30
_SLOW = 5
"""Late calls of one function after which no more of it are made."""
Send = Callable[[dict[str, Any]], None]


class _Late(BaseException):
    """A call took too long."""


class Caller:
    """A pytest plugin that puts the calls in the place of the tests collected, as one test of the first one's module.

    Sends ``{"run", "call", ...}`` for each call: ``result`` (encoded) or ``raised`` (names of the error's classes) or ``late`` or
    ``unbuildable``; with ``after``, the arguments that may have changed. Stops when time is up, or more than ``late`` calls were
    late. Each of ``runs`` is a fork of its own.
    """

    def __init__(self, send: Send, request: dict[str, Any], rebuilder: Rebuilder, encoder: Encoder) -> None:
        self._send = send
        self._calls: list[dict[str, Any]] = request["calls"]
        self._runs: int = request["runs"]
        self._call_s: float = request["call_s"]
        self._total_s: float = request["total_s"]
        self._late: int = request["late"]
        self._slow: Counter[str] = Counter()
        self._rebuilder = rebuilder
        self._encoder = encoder

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Plant the calls."""
        for item in items:
            module = item.getparent(pytest.Module)
            if module is not None:
                place = str(getattr(module.obj, "__file__", "") or "")
                name = str(item.name).partition("[")[0]
                items[:] = [pytest.Function.from_parent(module, name=name, callobj=functools.partial(self._all, place, name))]
                return

    def _all(self, place: str, name: str) -> None:
        """Every run, each in a fork: what one leaves behind in modules does not reach the next. Later runs make the calls that the
        one before answered."""
        through = _through(place, name)
        numbers = list(range(len(self._calls)))
        for run in range(self._runs):
            done, tell = os.pipe()
            pid = os.fork()
            if not pid:
                try:
                    os.close(done)
                    self._run(run, numbers, through, tell)
                finally:
                    os._exit(0)
            os.close(tell)
            with open(done, "rb") as answered:
                numbers = [int(line) for line in answered]
            os.waitpid(pid, 0)

    def _run(self, run: int, numbers: list[int], through: Callable[..., Any], tell: int) -> None:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE if hard == resource.RLIM_INFINITY else min(hard, _ADDRESS_SPACE), hard))
        signal.signal(signal.SIGALRM, _late)
        deadline = time.monotonic() + self._total_s
        late = 0
        for number in numbers:
            if time.monotonic() > deadline or late > self._late:
                return
            answer = self._answer(self._calls[number], through)
            self._send({"run": run, "call": number, **answer})
            late += "late" in answer
            if "result" in answer or "raised" in answer:
                os.write(tell, b"%d\n" % number)

    def _answer(self, call: dict[str, Any], through: Callable[..., Any]) -> dict[str, Any]:
        build = self._rebuilder.value
        try:
            function = resolve(call["module"], call["key"])
            plain = [build(a) for a in [*call["plain"], *(call["star"] or [])]]
            named = {k: build(v) for k, v in [*call["named"], *(call["stars"] or [])]}
        except Unbuildable as e:
            return {"unbuildable": str(e)}
        answer: dict[str, Any]
        if self._slow[call["key"]] > _SLOW:
            return {"late": True}
        try:
            signal.setitimer(signal.ITIMER_REAL, max(self._call_s / 2 ** self._slow[call["key"]], 0.01))
            try:
                answer = {"result": self._encoder.encode(through(function, plain, named))}
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except _Late:
            self._slow[call["key"]] += 1  # its other calls get less time, so that the rest is reached
            return {"late": True}
        except BaseException as e:
            answer = {"raised": [class_name(c) for c in _MRO(type(e)) if c is not object]}
        held = [i for i, a in enumerate(call["plain"]) if a[0] in _HELD]
        with contextlib.suppress(_Late):
            answer["after"] = [[i, self._encoder.encode(plain[i])] for i in held]
        return answer


def _late(signum: int, frame: Any) -> None:
    raise _Late


def _through(place: str, name: str) -> Callable[..., Any]:
    """A caller whose frame looks like that of a test."""
    made: dict[str, Any] = {}
    exec(compile(f"def {name}(f, a, k):\n    return f(*a, **k)", place, "exec"), made)
    return made[name]  # type: ignore[no-any-return]


def resolve(module: str, key: str) -> Callable[..., Any]:
    """The function with that key of :mod:`agentgrader.probes.outline`, as the module has it now.

    Raises:
        Unbuildable: there is none.
    """
    path, _, accessor = key.partition("@")
    outer, _, name = path.rpartition(".")
    if not outer:
        function = found(f"{module}:{name}")
    else:
        owner = found(f"{module}:{outer}")
        private = name.startswith("__") and not name.endswith("__")
        function = _SPACE(owner).get(f"_{owner.__name__.lstrip('_')}{name}" if private else name)
    if isinstance(function, (staticmethod, classmethod)):
        function = function.__func__
    elif isinstance(function, property):
        function = {"": function.fget, "setter": function.fset, "deleter": function.fdel}[accessor]
    elif outer and not callable(function):
        function = getattr(function, "func", None)
    if not callable(function):
        raise Unbuildable(f"{key} is not there" if function is None else f"{key} cannot be called")
    return function  # type: ignore[no-any-return]


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
