"""What boxes of plain or bubblewrapped processes share: a server at the end of two pipes."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from trajschema.rollout import Provenance

from agentsandbox import bootstrap
from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Sandbox
from agentsandbox.server.process.process_tree import children
from agentsandbox.stream import Stream

_ERRORS_READ = 4000
_lock = threading.Lock()
_starters: dict[int, ThreadPoolExecutor] = {}


def start(
    argv: Sequence[str],
    env: Mapping[str, str],
    settings: Mapping[str, Any],
    provenance: Provenance,
    after: Callable[[], None] = lambda: None,
) -> Sandbox:
    """A box whose server is the process ``argv BOOTSTRAP``. ``after`` runs once when it is closed.

    Raises:
        SandboxError: the process cannot be started.
    """
    errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the box)
    try:
        process = _starter().submit(_popen, [*argv, bootstrap.BOOTSTRAP], dict(env), errors).result()
    except OSError as e:
        after()
        raise SandboxError(f"cannot start {argv[0]}: {e}", "check that it is installed") from e
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def destroy() -> None:
        with contextlib.suppress(OSError):
            stdin.close()  # the server kills what it started, then ends
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            inside = children(process.pid)  # bubblewrap has no power over a box that became another user
            for pid in (process.pid, *inside):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        stdout.close()
        errors.close()
        after()

    stream = Stream(stdout.fileno(), stdin.fileno(), errors=lambda: _said(errors))
    return Sandbox(stream, settings, provenance, destroy)


def _popen(argv: list[str], env: dict[str, str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=env, cwd="/", start_new_session=True, bufsize=0
    )


def _starter() -> ThreadPoolExecutor:
    """One thread that lives as long as this process: bubblewrap dies with the *thread* that started it."""
    with _lock:
        if os.getpid() not in _starters:
            _starters[os.getpid()] = ThreadPoolExecutor(max_workers=1, thread_name_prefix="box-starter")
        return _starters[os.getpid()]


def _said(errors: IO[bytes]) -> str:
    with contextlib.suppress(OSError, ValueError):
        size = errors.seek(0, os.SEEK_END)
        errors.seek(max(0, size - _ERRORS_READ))
        return errors.read().decode("utf-8", "replace")
    return ""
