"""A box behind a stream: the one implementation of :class:`agentsandbox.box.Box`, whatever the backend."""

import contextlib
import dataclasses
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from trajschema.outcome import TestStatus
from trajschema.rollout import Provenance
from trajschema.task import Environment
from trajschema.trajectory import Observation

from agentsandbox import payload
from agentsandbox.box import Pace, Snapshot
from agentsandbox.errors import BoxLost, CopyRefused, HistoryLeak, PatchRejected, SandboxError, TreeTooLarge
from agentsandbox.report import TestReport
from agentsandbox.stream import Stream
from agentsandbox.tools import problem_of

INTERRUPT_S = 0.2
"""Seconds between interruptions of one call: the first may come before there is anything to interrupt."""
GRACE_S = 10.0
"""Seconds that a server may be late beyond the limit of a call before its box counts as lost."""
SETUP_S = 60.0
"""Seconds for starting, loading, taking a diff, applying and restoring."""
COPY_BYTES = 64 << 20
"""Most bytes of one copy into or out of a box."""
_PYTEST = (("python", "-m", "pytest"), ("python3", "-m", "pytest"), ("pytest",))
_SILENT = ("-q", "--quiet", "--no-header")


class ServedBox:
    """A box whose server is reached over ``stream``. ``destroy`` removes the box, also one that hangs."""

    def __init__(
        self, stream: Stream, settings: Mapping[str, Any], environment: Environment, provenance: Provenance, destroy: Callable[[], None]
    ) -> None:
        self.provenance = provenance
        self._stream = stream
        self._environment = environment
        self._destroy = destroy
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._answered = threading.Event()
        self._answered.set()
        self._closed = False
        self._lost: BoxLost | None = None
        self._count = 0
        try:
            deadline = time.monotonic() + SETUP_S
            stream.send(payload.first_line(settings), deadline)
            if "ready" not in stream.receive(deadline)[0]:
                raise BoxLost("the server in the box did not start", "check that the image has Python 3.9 or later")
        except BaseException:
            self.close()
            raise

    def call(self, tool: str, arguments: Mapping[str, Any], timeout_s: float | None = None) -> Observation:
        """See :meth:`agentsandbox.box.Box.call`."""
        problem = problem_of(tool, arguments)
        if problem:
            return Observation(content=problem, error=problem, seconds=0.0)
        limit = timeout_s or self.provenance.limits.call_timeout_s
        given = {name: value for name, value in arguments.items() if value is not None}
        return Observation(**self._ask("tool", limit, tool=tool, arguments=given, timeout_s=limit)[0])

    def interrupt(self) -> None:
        """See :meth:`agentsandbox.box.Box.interrupt`."""
        call = self._count
        while self._count == call and not self._answered.is_set():
            with self._sending, contextlib.suppress(BoxLost):  # whoever waits for the answer learns that the box is lost
                if self._count == call:
                    self._stream.send(b"\n", time.monotonic() + GRACE_S)
            self._answered.wait(INTERRUPT_S)

    def load(self, tree: bytes, patches: Sequence[str] = ()) -> None:
        """See :meth:`agentsandbox.box.Box.load`."""
        self._ask("load", SETUP_S, tree, patches=list(patches))

    def snapshot(self) -> Snapshot:
        """See :meth:`agentsandbox.box.Box.snapshot`."""
        result, _ = self._ask("snapshot", SETUP_S)
        return Snapshot(str(result["id"]), str(result["tree_hash"]))

    def reset(self, snapshot: Snapshot | None = None) -> str:
        """See :meth:`agentsandbox.box.Box.reset`."""
        return str(self._ask("reset", SETUP_S, snapshot=snapshot.id if snapshot else None)[0]["tree_hash"])

    def tree_hash(self) -> str:
        """See :meth:`agentsandbox.box.Box.tree_hash`."""
        return str(self._ask("tree_hash", SETUP_S)[0]["tree_hash"])

    def copy_in(self, path: str, data: bytes, *, archive: bool = False) -> None:
        """See :meth:`agentsandbox.box.Box.copy_in`."""
        self._ask("copy_in", SETUP_S, data, path=path, archive=archive, limit=COPY_BYTES)

    def copy_out(self, path: str) -> bytes:
        """See :meth:`agentsandbox.box.Box.copy_out`."""
        return self._ask("copy_out", SETUP_S, path=path, limit=COPY_BYTES)[1]

    def diff(self) -> str:
        """See :meth:`agentsandbox.box.Box.diff`."""
        return str(self._ask("diff", SETUP_S)[0]["diff"])

    def apply(self, patch: str) -> None:
        """See :meth:`agentsandbox.box.Box.apply`."""
        self._ask("apply", SETUP_S, patch=patch)

    def restore(self, patterns: Sequence[str]) -> list[str]:
        """See :meth:`agentsandbox.box.Box.restore`."""
        return [str(p) for p in self._ask("restore", SETUP_S, patterns=list(patterns))[0]["paths"]]

    def run_tests(
        self,
        paths: Sequence[str] = (),
        *,
        ids: Sequence[str] = (),
        canaries: Mapping[str, str] | None = None,
        lines_of: Sequence[str] = (),
        timeout_s: float | None = None,
    ) -> TestReport:
        """See :meth:`agentsandbox.box.Box.run_tests`."""
        limit = timeout_s or self._environment.timeout_s
        planted = dict(canaries or {})
        raw, _ = self._ask(
            "run_tests",
            limit,
            arguments=[*self._options(), *(ids or paths or self._environment.test_paths)],
            canaries=planted,
            canary_folder="c" + hashlib.sha256(repr(sorted(planted)).encode()).hexdigest()[:12],
            lines_of=list(lines_of),
            timeout_s=limit,
        )
        return _test_report(raw, planted)

    def outlines(self, paths: Sequence[str]) -> dict[str, Any]:
        """See :meth:`agentsandbox.box.Box.outlines`."""
        return dict(self._ask("outlines", SETUP_S, paths=list(paths))[0]["outlines"])

    def record_calls(self, ids: Sequence[str], targets: Mapping[str, Sequence[str]], left_out: Sequence[str]) -> list[dict[str, Any]]:
        """See :meth:`agentsandbox.box.Box.record_calls`."""
        limit = self._environment.timeout_s
        keys = {path: list(names) for path, names in targets.items()}
        asked, arguments = {"targets": keys, "left_out": list(left_out)}, [*self._options(), *ids]
        return list(self._ask("record", limit, b"", arguments=arguments, timeout_s=limit, **asked)[0]["records"])

    def make_calls(
        self, ids: Sequence[str], calls: Sequence[Mapping[str, Any]], left_out: Sequence[str], pace: Pace
    ) -> list[dict[str, Any]]:
        """See :meth:`agentsandbox.box.Box.make_calls`."""
        limit = self._environment.timeout_s + pace.runs * (pace.total_s + pace.call_s)
        asked = {"calls": list(calls), "left_out": list(left_out), **dataclasses.asdict(pace)}
        return list(self._ask("call", limit, arguments=[*self._options(), *ids], timeout_s=limit, **asked)[0]["records"])

    def close(self) -> None:
        """See :meth:`agentsandbox.box.Box.close`."""
        if not self._closed:
            self._closed = True
            self._destroy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _options(self) -> list[str]:
        """Arguments of the environment's test command that are not about how much it prints."""
        command = self._environment.test_command
        for start in _PYTEST:
            if command[: len(start)] == start:
                return [a for a in command[len(start) :] if a not in _SILENT]
        raise SandboxError(f"the test command {' '.join(command)!r} is no pytest command", "use `python -m pytest` for the task")

    def _ask(self, method: str, limit_s: float, body: bytes = b"", **params: Any) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            if self._lost:
                raise self._lost
            if self._closed:
                raise BoxLost("the box is closed", "open a new box and load the tree again")
            self._count += 1
            request = {"id": self._count, "method": method, "params": params, "body": len(body)}
            reply, back = self._exchange(request, body, time.monotonic() + limit_s + GRACE_S)
        if "error" in reply:
            raise _error_of(reply, method)
        result: dict[str, Any] = reply["result"]
        return result, back

    def _exchange(self, request: Mapping[str, Any], body: bytes, deadline: float) -> tuple[dict[str, Any], bytes]:
        try:
            with self._sending:
                self._stream.send(json.dumps(request).encode() + b"\n", deadline)
                self._stream.send(body, deadline)
                self._answered.clear()
            reply, back = self._stream.receive(deadline)
            if reply.get("id") != request["id"]:
                raise BoxLost("the box answers out of turn", "open a new box and load the tree again")
            return reply, back
        except BoxLost as e:
            self._lost = e
            with contextlib.suppress(SandboxError):  # it cannot be removed now: reap will
                self.close()
            raise
        finally:
            self._answered.set()


def _error_of(reply: Mapping[str, Any], method: str) -> Exception:
    kind, message = reply["error"], str(reply["message"])
    if kind == "Rejected":
        return PatchRejected(message)
    if kind == "BadTree":
        return ValueError(message)
    if kind == "Refused":
        return CopyRefused(message)
    if kind == "Oversize":
        return TreeTooLarge(message, "give the box more memory_mb and disk_mb, or make the tree smaller")
    if kind == "Leak":
        return HistoryLeak(message, "report this: no archive should bring it about")
    if kind == "Unable":
        return SandboxError(message, "use an image or environment with pytest")
    return SandboxError(f"{method} failed in the box: {message}", "see the message; the box may lack space or a program")


def _test_report(raw: Mapping[str, Any], planted: Mapping[str, str]) -> TestReport:
    """What the server read from the test process, judged here: does it agree with itself?"""
    reported: dict[str, TestStatus] = dict(raw["statuses"])
    canaries: dict[str, TestStatus] = {name: reported.pop(f"canary::{name}", "missing") for name in planted}
    collected: list[str] | None = raw["collected"]
    notes = list(raw["notes"])
    ran = {test for test in raw["statuses"] if test not in raw["modules"]}
    bad = {"failed", "error"}
    expected_code = 1 if any(s in bad for s in raw["statuses"].values()) else 0 if ran else 5
    ended = raw["end"] is not None and collected is not None
    if not ended and not raw["timed_out"]:
        notes.append(f"the test process ended with status {raw['exit_code']} before the session was over")
    elif ended and raw["end"] != raw["exit_code"]:
        notes.append(f"the session ended with {raw['end']}, its process with {raw['exit_code']}")
    elif ended and raw["end"] != expected_code:
        notes.append(f"the session ended with {raw['end']}; its tests say {expected_code}")
    elif ended and collected is not None and set(collected) != ran:
        notes.append(f"{len(set(collected))} tests were collected, {len(ran)} reported")
    agrees = ended and raw["end"] == raw["exit_code"] == expected_code and collected is not None and set(collected) == ran
    return TestReport(
        statuses=reported,
        canaries=canaries,
        exit_code=raw["exit_code"],
        complete=agrees and not raw["timed_out"] and not notes,
        timed_out=raw["timed_out"],
        output=raw["output"],
        seconds=raw["seconds"],
        lines=raw["lines"],
        notes=tuple(notes),
    )
