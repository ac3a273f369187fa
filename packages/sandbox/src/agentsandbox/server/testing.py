"""Run pytest or unittest in a fork of the server, where they are imported already."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import inspect
import io
import os
import random
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from agentsandbox.server import processes
from agentsandbox.server.archive import remove
from agentsandbox.server.commands import PytestCommand
from agentsandbox.server.cutting import HeadTail
from agentsandbox.server.mapping import OutwardStream
from agentsandbox.server.records import BYTES, sender
from agentsandbox.server.repository import Repository
from agentsandbox.server.running import kept
from agentsandbox.server.settings import Settings, Unable

_QUIET = [
    "-q",
    "--no-header",
    "--tb=native",  # the only style that renders a failure without reading sources again: 60 to 100 ms less for each one
    "-p",
    "no:cacheprovider",
    "-p",
    "no:randomly",
    "--maxfail=0",
    "--continue-on-collection-errors",
]
Send = Callable[[dict[str, Any]], None]

_NEVER_DROPPED = frozenset({"pytest", "_pytest", "agentsandbox"})
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


class Testing:
    """The pytest of one box. It is imported in the background while the box is still being filled."""

    def __init__(self, settings: Settings, repository: Repository) -> None:
        self._s = settings
        self._repository = repository
        self._search_path = list(sys.path)
        self._problem = f"{settings.older} is older than Python 3.9" if settings.older else ""
        self._warm = threading.Thread(target=self._import, daemon=True)
        self._warm.start()

    def _import(self) -> None:
        if self._problem:
            return
        try:
            for name in (
                "pytest",
                "pytest.__main__",
                "unittest.mock",
                "doctest",
                "difflib",
                "agentsandbox.server.unit",
                "agentsandbox.server.plugin",
            ):
                if name == "pytest.__main__":
                    importlib.util.find_spec(name)
                else:
                    importlib.import_module(name)
            _import_plugins()
            inspect.getmodule(_import_plugins.__code__)  # fills its table of modules, which the first traceback asks for
        except BaseException as e:
            self._problem = f"{type(e).__name__}: {e}"

    def problem(self) -> str:
        """Why there is no pytest here; empty if there is."""
        self._warm.join()
        return self._problem

    def command(
        self, command: PytestCommand, cwd: str, env: dict[str, str], timeout_s: float, out: HeadTail, client: int
    ) -> processes.Ended:
        """Run a pytest command in ``cwd`` with ``env``, which holds its variables; the output is that of the real one."""
        program = os.path.join(os.path.dirname(sys.executable), command.program)

        def work(report: int) -> int:
            os.close(report)
            if os.path.exists(program):
                sys.executable = program
            return self._pytest(command.arguments, cwd, env, [], [])

        return self._forked(work, cwd, env, timeout_s, out, client)

    def run(self, request: dict[str, Any], out: HeadTail, client: int) -> dict[str, Any]:
        """Run tests and return what they reported.

        Raises:
            Unable: there is no pytest here.
        """
        problem = self.problem()
        if problem and request["runner"] == "pytest":
            raise Unable(f"pytest cannot be imported ({problem})")
        lines_of: list[str] = request["lines_of"]
        if lines_of:
            with contextlib.suppress(ImportError):
                importlib.import_module("coverage")
        env = dict(self._s.env)
        shadows = self._shadows(env)
        gathered = bytearray()

        def gather(data: bytes) -> None:
            if len(gathered) <= BYTES:
                gathered.extend(data)

        def work(report: int) -> int:
            send = sender(report, request["token"])
            run = self._reported_pytest if request["runner"] == "pytest" else self._reported_unittest
            return run(send, request, env, shadows)

        try:
            ended = self._forked(work, self._s.workdir, env, request["timeout_s"], out, client, gather, sweep=True)
        finally:
            with contextlib.suppress(OSError):
                remove(os.fsencode(request["folder"]))
        return {
            **kept(bytes(gathered)),
            "exit_code": ended.exit_code,
            "timed_out": ended.timed_out,
            "seconds": ended.seconds,
            "begun": True,
        }

    def forked(self, work: Callable[[int], int], timeout_s: float, out: HeadTail, client: int, gather: processes.Feed) -> processes.Ended:
        """Run ``work(report_fd)`` in a fork, pass on what it writes to that descriptor, and leave nothing of it behind."""
        return self._forked(work, self._s.workdir, dict(self._s.env), timeout_s, out, client, gather, sweep=True)

    def session(self, arguments: list[str], plugins: list[Any]) -> Callable[[], int]:
        """What a fork calls to run pytest quietly with plugins of our own; it returns the exit status."""
        shadows = self._shadows(self._s.env)
        return lambda: self._pytest([*_QUIET, f"--rootdir={self._s.workdir}", *arguments], self._s.workdir, self._s.env, plugins, shadows)

    def _reported_pytest(self, send: Send, request: dict[str, Any], env: dict[str, str], shadows: list[str]) -> int:
        from agentsandbox.server.lines import recorder
        from agentsandbox.server.plugin import Reporter, write_canaries

        canaries = request["canaries"]
        lines = recorder(self._s.workdir, request["lines_of"]) if request["lines_of"] else None
        reporter = Reporter(send, write_canaries(request["folder"], canaries) if canaries else "", lines)
        if lines:
            lines.start()
        arguments = [*_QUIET, f"--rootdir={self._s.workdir}", *request["arguments"]]
        code = self._pytest(arguments, self._s.workdir, env, [reporter], shadows)
        send({"end": code, "lines": lines.stop() if lines else {}})
        return code

    def _reported_unittest(self, send: Send, request: dict[str, Any], env: dict[str, str], shadows: list[str]) -> int:
        from agentsandbox.server.lines import recorder
        from agentsandbox.server.unit import run_unittest

        lines = recorder(self._s.workdir, request["lines_of"]) if request["lines_of"] else None
        self._become("unittest", request["arguments"], self._s.workdir, env, shadows)
        if lines:
            lines.start()
        chosen = [os.path.join(self._s.workdir, p) for p in request["paths"]]
        code = run_unittest(request["arguments"], chosen, request["ids"], request["canaries"], send, lines)
        sys.stdout.flush()
        threading._shutdown()  # type: ignore[attr-defined]
        send({"end": code, "lines": lines.stop() if lines else {}})
        return code

    def _forked(
        self,
        work: Any,
        cwd: str,
        env: dict[str, str],
        timeout_s: float,
        out: HeadTail,
        client: int,
        gather: processes.Feed = lambda data: None,
        sweep: bool = False,
    ) -> processes.Ended:
        stream = OutwardStream(self._s.paths, out.feed)
        child = processes.fork(work, env, cwd)
        ended = processes.supervise(child, timeout_s, stream.feed, gather, client, sweep)
        stream.finish()
        return ended

    def _pytest(self, arguments: list[str], cwd: str, env: dict[str, str], plugins: list[Any], shadows: list[str]) -> int:
        """In the fork: become a fresh ``python -m pytest`` and run it."""
        import pytest

        self._become("pytest", arguments, cwd, env, shadows)
        code: Any = 1
        if not plugins:
            random.seed(0)  # like the hash seed: what an agent sees comes out again when the run is replayed
        try:
            code = pytest.main(arguments, plugins=plugins) if plugins else pytest.console_main()
        except SystemExit as e:
            code = e.code
            if isinstance(code, str):
                print(code, file=sys.stderr)
                code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        threading._shutdown()  # type: ignore[attr-defined]
        if not plugins:
            import atexit

            atexit._run_exitfuncs()
            sys.stdout.flush()
        return int(code or 0)

    def _become(self, module: str, arguments: list[str], cwd: str, env: dict[str, str], shadows: list[str]) -> None:
        """In the fork: what ``python -m module`` is when it starts."""
        gc.freeze()  # pytest collects five times at its end: what the server holds need not be looked at
        spec: Any = importlib.util.find_spec(f"{module}.__main__")
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8", errors="surrogateescape")
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True)
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
        sys.path[:] = [cwd, *_python_path(env, cwd), *self._search_path]
        sys.path_importer_cache.clear()
        importlib.invalidate_caches()
        main = types.ModuleType("__main__")
        main.__spec__ = spec
        main.__file__ = spec.origin
        sys.modules["__main__"] = main
        sys.argv[:] = [str(spec.origin), *arguments]
        sys.orig_argv = [sys.executable, "-m", module, *arguments]
        sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != "SourceFinder"]
        for name in list(sys.modules):
            if name.split(".")[0] in shadows or name.split(".")[0] == "agentsandbox":
                del sys.modules[name]

    def _shadows(self, env: dict[str, str]) -> list[str]:
        """Installed packages that the server holds but the repository brings itself: the fork must import the repository's."""
        roots = [self._s.workdir, *_python_path(env, self._s.workdir)]
        prefixes = [os.path.relpath(r, self._s.workdir) for r in roots]
        own = set()
        for path in self._repository.tracked():
            for prefix in prefixes:
                inner = path if prefix == "." else path[len(prefix) + 1 :] if path.startswith(prefix + "/") else ""
                head, _, rest = inner.partition("/")
                own.add(head if rest else head[:-3] if head.endswith(".py") else "")
        held = {n for n, m in list(sys.modules.items()) if "." not in n and any(i in str(getattr(m, "__file__", "")) for i in _INSTALLED)}
        return sorted((own & held) - _NEVER_DROPPED)


def _import_plugins() -> None:
    """Import the plugins that pytest brings itself, as it would when it starts."""
    from _pytest.config import default_plugins

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")


def _python_path(env: dict[str, str], cwd: str) -> list[str]:
    return [os.path.normpath(os.path.join(cwd, p)) for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
