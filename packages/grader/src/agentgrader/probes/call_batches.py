"""The process that has calls made: it never imports code of the repository, forks one child for each batch, and speaks for all of them.

A child answers on a pipe of its own, in the order of its calls; numbers are put to the answers here. So whatever runs in a child can
spoil the answers of its own batch and no others, and cannot leave one out unseen.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from typing import Any

from agentgrader.probes.plain_answer import LINE, read_answer

_ADDRESS_SPACE = 1 << 30
_IMPORT_S, _GRACE_S = 20.0, 1.0
"""Seconds that a child may take to import what it calls, and that it may be late for each answer."""
_DESCRIPTORS = 200
"""Numbers that the channel for answers may have in a child: code that is judged does not know which."""
_IN_VAIN = 3
"""Children that end at their first call before their batch is given up."""
_OURS = ("PYTHONPATH", "PYTHONNOUSERSITE", "PYTHONSAFEPATH", "PYTHONHASHSEED")
"""Variables that are set for this process alone."""
_DEATHS = 30
"""Children that end before their last answer; then no more are made."""


def main(request: dict[str, Any], out: int) -> None:
    """Make the calls of ``request`` and write ``{"call": its position, ...}`` for each to ``out``, as lines."""
    import gc
    import resource

    from agentgrader.probes import call_replay, reached_blocks  # noqa: F401  # once, and not in each child

    _guard(0)
    remove_tests(request["workdir"], request["remove"], request["keep"])
    os.chdir(request["workdir"])
    env = {k: v for k, v in os.environ.items() if k not in _OURS}
    request["env"] = {**env, "PYTHONPATH": os.pathsep.join(request["path"])} if request["path"] else env
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    request["address_space"] = (_ADDRESS_SPACE if hard == resource.RLIM_INFINITY else min(hard, _ADDRESS_SPACE), hard)
    gc.freeze()  # children need not go through what is here
    for number, answer in _answers(request, list(range(len(request["calls"])))):
        _write(out, json.dumps({"call": number, **answer}).encode() + b"\n")


def _answers(request: dict[str, Any], numbers: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Answers until time is up, or more than ``late`` calls were late, or too many children died."""
    deadline = time.monotonic() + request["total_s"]
    late = deaths = in_vain = 0
    size = request["batch"]
    batches = [numbers[i : i + size] for i in range(0, len(numbers), size)]
    while batches:
        batch = batches.pop(0)
        answers: list[dict[str, Any]] = []
        for answer in _asked(request, batch, deadline):
            yield batch[len(answers)], answer
            answers.append(answer)
            late += "late" in answer
            if late > request["late"] or time.monotonic() > deadline:
                return
        rest = batch[len(answers) :]
        if rest:  # the child ended: the others get another one
            deaths += 1
            if deaths > _DEATHS:
                return
            in_vain = 0 if len(answers) > 1 else in_vain + 1
            if in_vain < _IN_VAIN:
                batches.insert(0, rest)
            else:
                in_vain = 0
                for number in rest:
                    yield number, {"ended": True}


def _asked(request: dict[str, Any], batch: list[int], deadline: float) -> Iterator[dict[str, Any]]:
    """Answers of one child, at most one for each call; none after the first that is none: it ended, hung or wrote something else."""
    mine, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            _child(request, batch, theirs)
        finally:
            os._exit(0)
    os.close(theirs)
    held = bytearray()
    try:
        for n in range(len(batch)):
            limit = min(deadline, time.monotonic() + request["call_s"] + _GRACE_S + (0 if n else _IMPORT_S))
            line = _line(mine, held, limit)
            answer = {"ended": True} if line is None else read_answer(line) if line else {"late": True}
            yield answer
            if not line or "malformed" in answer:
                return
    finally:
        os.close(mine)
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _line(fd: int, held: bytearray, limit: float) -> bytes | None:
    """The next line; ``None`` at the end, nothing where it does not come in time."""
    while True:
        end = held.find(b"\n")
        if end >= 0 or len(held) > LINE:
            line = bytes(held[:end]) if end >= 0 else b"?"
            del held[: end + 1]
            return line or b"?"
        left = limit - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return b""
        data = os.read(fd, 1 << 16)
        if not data:
            return None
        held += data


def _child(request: dict[str, Any], batch: list[int], answers: int) -> None:
    import resource

    from agentgrader.probes.call_replay import Caller, become_plain, codes_sent, know_moved, sources_below
    from agentgrader.probes.deserialize import Rebuilder
    from agentgrader.probes.effects import Held, Printed
    from agentgrader.probes.reached_blocks import ReachedBlocks
    from agentgrader.probes.serialize import Encoder

    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    channel = 3 + int.from_bytes(os.urandom(2), "big") % _DESCRIPTORS
    if channel != answers:
        os.dup2(answers, channel)
    os.closerange(3, channel)
    os.closerange(channel + 1, 1 << 16)
    _guard(1)
    resource.setrlimit(resource.RLIMIT_AS, request["address_space"])
    calls = [request["calls"][n] for n in batch]
    dump, write = json.dumps, _write
    sources = sources_below(request["workdir"], request["left_out"])
    blocks = ReachedBlocks(request["workdir"], request["noted"])
    root = os.path.realpath(request["workdir"])
    caller = Caller(
        request["call_s"], Rebuilder(sources, codes_sent(request["codes"])), Encoder(True, sources), Held(root), root, request["elsewhere"]
    )
    printed = Printed()
    become_plain(request)
    know_moved(request["moved"])
    for call in calls:
        answer = caller.answer(call)
        beside = {"reached": blocks.new(), "printed": printed.new()}
        write(channel, dump(answer | {what: said for what, said in beside.items() if said}).encode() + b"\n")


def _guard(dumpable: int) -> None:
    """0: no process of the same user may look into this one or at its descriptors."""
    import ctypes

    ctypes.CDLL(None).prctl(4, dumpable, 0, 0, 0)


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def remove_tests(workdir: str, patterns: list[str], keep: list[str]) -> None:
    """Take files that match ``patterns`` and not ``keep`` out of the workdir, and the git history that has them too."""
    from agentsandbox.server.globs import matches

    shutil.rmtree(os.path.join(workdir, ".git"), ignore_errors=True)
    for folder, _, names in os.walk(workdir):
        for name in names:
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, workdir)
            if matches(relative, tuple(patterns)) and not matches(relative, tuple(keep)):
                with contextlib.suppress(OSError):
                    os.unlink(path)
