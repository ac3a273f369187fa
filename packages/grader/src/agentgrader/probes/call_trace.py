"""Record the arguments that functions are called with while tests run. For trusted code: the code under test could forge this.

Time for writing arguments down is bounded by what the tests themselves take, and shared by functions: a function gives way when it has
had its share, and has its turn again in the next test. What is recorded is sent at once, so that a test that hangs or ends the
process costs nothing of what was seen before.
"""

from __future__ import annotations

import base64
import importlib.machinery
import json
import marshal
import os
import sys
import threading
import time
import types
from collections.abc import Callable
from typing import Any

from agentgrader.probes.exports import exports
from agentgrader.probes.serialize import Encoder
from agentgrader.probes.trace_hooks import arm, hooked

_LOST = {"opaque", "long"}
_KEEP, _KEEP_IN_TEST, _LOOK_IN_TEST = (200, 40), (60, 8), (400, 40)
"""Distinct calls kept of a function, of them in one test, and calls looked at in one test: of wanted functions, and of others."""
_FEW = 4
"""Calls that a wanted function may have recorded whatever they cost."""
_START_S = (0.2, 0.01)
_SHARE = (0.5, 0.1)
"""Seconds for writing down the calls of one function, and the part of the time that the tests have taken."""
_TOTAL_START_S, _TOTAL_SHARE = 0.15, 0.7
_CALL, _ALL = 100_000, 40 << 20
"""Longest call, and how much is sent of all calls, bytes."""
Send = Callable[[dict[str, Any]], None]


class _State:
    """How far a function is."""

    def __init__(self, path: str, key: str, wanted: bool) -> None:
        self.name = [path, key]
        self.rank = 0 if wanted else 1
        self.module = ""
        self.kept: set[str] = set()
        self.lost = False
        self.seen: set[bool] = set()
        self.test = self.in_test = self.looked = 0
        self.spent = 0.0
        self.hook: Any = None


class CallTracer:
    """Notes calls of all functions of files for which ``is_source`` (real path → whether). ``wanted`` (path relative to ``root`` → keys)
    come first; ``fixing`` are tests that do not count as such that keep passing.

    Sends ``{"seen": [path, key], "keeping": whether a test that keeps passing calls it}``, ``{"call": [path, key], "made": arguments}``,
    ``{"lost": [path, key], "why": what cannot be written}``, and what it takes to make the values anew: ``{"module": name, "path":
    of its file}`` and ``{"code": [path, name, line, place], "data": marshalled}``.
    """

    def __init__(
        self, root: str, is_source: Callable[[str], bool], wanted: dict[str, list[str]], fixing: set[str], send: Send, encoder: Encoder
    ) -> None:
        self._root = os.path.realpath(root)
        self._is_source = is_source
        self._wanted = {(path, key) for path, keys in wanted.items() for key in keys}
        self._fixing = fixing
        self._send = send
        self._encoder = encoder
        encoder.on_code = self._note_code
        self._states: list[_State] = []
        self._known: dict[tuple[str, str], int] = {}
        self._paused: list[int] = []
        self._busy = threading.Lock()
        self._began = time.perf_counter()
        self._spent = 0.0
        self._bytes = 0
        self._sent: set[Any] = set()
        self._keeping = False
        self._test = 0

    def install(self) -> None:
        """From here on, modules report calls when they are imported."""
        loader: Any = importlib.machinery.SourceFileLoader
        plain = loader.source_to_code

        def source_to_code(this: Any, data: Any, path: Any, **options: Any) -> Any:
            real = os.path.realpath(os.fsdecode(path))
            if not self._is_source(real):
                return plain(this, data, path, **options)
            try:
                tree = hooked(data, lambda key: self._number(os.path.relpath(real, self._root), key))
            except (SyntaxError, ValueError, RecursionError):
                return plain(this, data, path, **options)
            return compile(tree, os.fsdecode(path), "exec", dont_inherit=True)

        loader.source_to_code = source_to_code

    def switch(self, test: str) -> None:
        """Another test begins: each function has its turn again."""
        self._keeping = bool(test) and test not in self._fixing
        self._test += 1
        paused, self._paused = self._paused, []
        for number in paused:
            arm(number, self._states[number].hook)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """As a plugin of pytest."""
        self.switch(nodeid)

    def tell_exports(self) -> None:
        """After the last test: send ``{"exports": [path, key], "names": [module, key] of its other names}``."""
        recorded = {(s.module, s.name[1]): s.name for s in self._states if s.kept}
        for module, key, others in exports(recorded, self._is_source):
            self._send({"exports": recorded[module, key], "names": others})

    def _number(self, path: str, key: str) -> int:
        if (path, key) not in self._known:
            number = self._known[path, key] = len(self._states)
            state = _State(path, key, (path, key) in self._wanted)
            self._states.append(state)

            def hook(module: str, plain: Any, star: Any, named: Any, stars: Any) -> None:
                if self._busy.acquire(blocking=False):
                    try:
                        self._note(number, state, module, (plain, star, named, stars))
                    except Exception:  # whatever an argument is, the tests go on as if nobody looked
                        arm(number, None)
                    finally:
                        self._busy.release()

            state.hook = hook
            arm(number, hook)
        return self._known[path, key]

    def _note(self, number: int, state: _State, module: str, arguments: tuple[Any, ...]) -> None:
        if self._keeping not in state.seen:
            state.seen.add(self._keeping)
            self._send({"seen": state.name, "keeping": self._keeping})
        if state.test != self._test:
            state.test, state.in_test, state.looked = self._test, 0, 0
        rank = state.rank
        state.looked += 1
        began = time.perf_counter()
        full = len(state.kept) >= _KEEP[rank] or self._bytes > _ALL
        many = state.looked > _LOOK_IN_TEST[rank] or state.in_test >= _KEEP_IN_TEST[rank]
        if full or many or not self._affords(state, began - self._began):
            arm(number, None)
            self._paused.append(number)
            return
        self._write(state, module, *arguments)
        took = time.perf_counter() - began
        state.spent += took
        self._spent += took

    def _affords(self, state: _State, elapsed: float) -> bool:
        """Whether a function may have one more call written down now."""
        rank = state.rank
        if rank == 0 and len(state.kept) < _FEW and state.looked <= _FEW:
            return True
        own = state.spent < _START_S[rank] + _SHARE[rank] * (elapsed - self._spent)
        return own and (rank == 0 or self._spent < _TOTAL_START_S + _TOTAL_SHARE * (elapsed - self._spent))

    def _write(self, state: _State, module: str, plain: Any, star: Any, named: Any, stars: Any) -> None:
        encode = self._encoder.encode
        call = {
            "module": module,
            "plain": [encode(a) for a in plain],
            "star": None if star is None else [encode(a) for a in star],
            "named": [[k, encode(v)] for k, v in named.items()],
            "stars": None if stars is None else [[k, encode(v)] for k, v in stars.items()],
        }
        values = [call["plain"], call["star"], call["named"], call["stars"]]
        lost = unwritten(values)
        text = "" if lost else json.dumps(call)
        if len(text) > _CALL:
            lost = "a long call"
        if lost:
            if not state.lost:
                state.lost = True
                self._send({"lost": state.name, "why": lost})
        elif text not in state.kept:
            state.kept.add(text)
            state.module = module
            state.in_test += 1
            self._bytes += len(text)
            for name in {module, *modules_in(values)}:
                self._note_module(name)
            self._send({"call": state.name, "made": call})

    def _note_module(self, name: str) -> None:
        if name not in self._sent:
            self._sent.add(name)
            file = os.path.realpath(str(getattr(sys.modules.get(name), "__file__", None) or ""))
            if file.startswith(self._root + os.sep):
                self._send({"module": name, "path": os.path.relpath(file, self._root)})

    def _note_code(self, code: types.CodeType, key: tuple[Any, ...]) -> None:
        if key not in self._sent:
            self._sent.add(key)
            self._send({"code": list(key), "data": base64.b64encode(marshal.dumps(code)).decode(), "names": sorted(_names(code))})


def _names(code: types.CodeType) -> set[str]:
    """Names that a code and those inside it look up."""
    found = set(code.co_names)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            found |= _names(inner)
    return found


def unwritten(e: Any) -> str:
    """What in an encoded value cannot be made anew; empty if all can."""
    waiting = [e]
    for item in waiting:
        if isinstance(item, list) and item:
            tag = item[0]
            if isinstance(tag, str) and tag in _LOST:
                return " ".join(str(part) for part in item[:2])
            if tag == "object" and isinstance(item[1], str) and item[1].startswith("?"):
                return f"object {item[1][1:]}"
            waiting.extend(i for i in item if isinstance(i, list))
    return ""


def modules_in(e: Any) -> set[str]:
    """Modules whose classes and functions are named in encoded values."""
    found: set[str] = set()
    waiting = [e]
    for item in waiting:
        if not isinstance(item, list) or not item:
            continue
        tag = item[0]
        if tag in ("object", "made", "enum") and isinstance(item[1], str):
            found.add(item[1].partition(":")[0])
        elif tag == "ref" and isinstance(item[1], str):
            found.add(item[1])
        elif tag == "code" and len(item) > 6:
            found.add(item[5])
        waiting.extend(i for i in item if isinstance(i, list))
    return found
