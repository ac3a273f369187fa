"""Run pytest or unittest in a fork of the server, where they are imported already."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import inspect
import io
import os
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from agentsandbox.server.archive import remove
from agentsandbox.server.host import Host, Unable

from agentgrader.probes.report_records import sender

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

_OURS = ("agentgrader", "agentsandbox")
_NEVER_DROPPED = frozenset({"pytest", "_pytest", *_OURS})
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


class ForkServer:
    """The pytest of one box. It is imported in the background while the box is still being filled."""

    def __init__(self, host: Host) -> None:
        self._s = host.settings
        self._host = host
        self._search_path = list(sys.path)
        self._problem = f"{self._s.older} is older than Python 3.9" if self._s.older else ""
        self._warm = host.in_background(self._import)

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
                "agentgrader.probes.unittest_reporter",
                "agentgrader.probes.pytest_reporter",
            ):
                if name == "pytest.__main__":
                    importlib.util.find_spec(name)
                else:
                    importlib.import_module(name)
            _import_plugins()
            inspect.getmodule(_import_plugins.__code__)  # fills its table of modules, which the first traceback asks for
        except BaseException as e:
            self._problem = f"{type(e).__name__}: {e}"

    def check(self) -> None:
        """Return if there is a pytest here.

        Raises:
            Unable: there is none.
        """
        self._warm.join()
        if self._problem:
            raise Unable(f"pytest cannot be imported ({self._problem})")

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run tests; the answer's report holds the records that they sent.

        Raises:
            Unable: there is no pytest here.
        """
        self._warm.join()
        if request["runner"] == "pytest":
            self.check()
        if request["lines_of"]:
            with contextlib.suppress(ImportError):
                importlib.import_module("coverage")
        shadows = self._shadows()

        def work(report: int) -> int:
            send = sender(report, request["token"])
            run = self._reported_pytest if request["runner"] == "pytest" else self._reported_unittest
            return run(send, request, shadows)

        try:
            return self._host.fork(work, request["timeout_s"])
        finally:
            with contextlib.suppress(OSError):
                remove(os.fsencode(request["folder"]))

    def session(self, arguments: list[str], plugins: list[Any]) -> Callable[[], int]:
        """What a fork calls to run pytest quietly with plugins of our own; it returns the exit status.

        Raises:
            Unable: there is no pytest here.
        """
        self.check()
        shadows = self._shadows()
        return lambda: self._pytest(arguments, plugins, shadows)

    def unittest(self, arguments: list[str], ids: list[str]) -> Callable[[Any], int]:
        """What a fork calls, with something whose ``switch`` is told of each test that begins, to run the tests ``ids`` of a command of
        unittest; it returns the exit status."""
        self._warm.join()
        shadows = self._shadows()

        def work(lines: Any) -> int:
            from agentgrader.probes.unittest_reporter import run_unittest

            self._become("unittest", arguments, shadows)
            return run_unittest(arguments, [], ids, {}, lambda record: None, lines)

        return work

    def _reported_pytest(self, send: Send, request: dict[str, Any], shadows: list[str]) -> int:
        from agentgrader.probes.executed_lines import recorder
        from agentgrader.probes.pytest_reporter import Reporter, write_canaries

        canaries = request["canaries"]
        lines = recorder(self._s.workdir, request["lines_of"]) if request["lines_of"] else None
        reporter = Reporter(send, write_canaries(request["folder"], canaries) if canaries else "", lines)
        if lines:
            lines.start()
        code = self._pytest(request["arguments"], [reporter], shadows)
        send({"end": code, "lines": lines.stop() if lines else {}})
        return code

    def _reported_unittest(self, send: Send, request: dict[str, Any], shadows: list[str]) -> int:
        from agentgrader.probes.executed_lines import recorder
        from agentgrader.probes.unittest_reporter import run_unittest

        lines = recorder(self._s.workdir, request["lines_of"]) if request["lines_of"] else None
        self._become("unittest", request["arguments"], shadows)
        if lines:
            lines.start()
        chosen = [os.path.join(self._s.workdir, p) for p in request["paths"]]
        code = run_unittest(request["arguments"], chosen, request["ids"], request["canaries"], send, lines)
        sys.stdout.flush()
        threading._shutdown()  # type: ignore[attr-defined]
        send({"end": code, "lines": lines.stop() if lines else {}})
        return code

    def _pytest(self, arguments: list[str], plugins: list[Any], shadows: list[str]) -> int:
        """In the fork: become a fresh ``python -m pytest`` and run it."""
        import pytest

        arguments = [*_QUIET, f"--rootdir={self._s.workdir}", *arguments]
        self._become("pytest", arguments, shadows)
        code: Any = 1
        try:
            code = pytest.main(arguments, plugins=plugins)
        except SystemExit as e:
            code = e.code
            if isinstance(code, str):
                print(code, file=sys.stderr)
                code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        threading._shutdown()  # type: ignore[attr-defined]
        return int(code or 0)

    def _become(self, module: str, arguments: list[str], shadows: list[str]) -> None:
        """In the fork: what ``python -m module`` is when it starts."""
        gc.freeze()  # pytest collects five times at its end: what the server holds need not be looked at
        spec: Any = importlib.util.find_spec(f"{module}.__main__")
        sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), encoding="utf-8", errors="surrogateescape")
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", errors="backslashreplace", write_through=True)
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
        sys.path[:] = [self._s.workdir, *self._python_path(), *self._search_path]
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
            if name.split(".")[0] in (*shadows, *_OURS):
                del sys.modules[name]

    def _shadows(self) -> list[str]:
        """Installed packages that the server holds but the repository brings itself: the fork must import the repository's."""
        roots = [self._s.workdir, *self._python_path()]
        prefixes = [os.path.relpath(r, self._s.workdir) for r in roots]
        own = set()
        for path in self._host.tracked():
            for prefix in prefixes:
                inner = path if prefix == "." else path[len(prefix) + 1 :] if path.startswith(prefix + "/") else ""
                head, _, rest = inner.partition("/")
                own.add(head if rest else head[:-3] if head.endswith(".py") else "")
        held = {n for n, m in list(sys.modules.items()) if "." not in n and any(i in str(getattr(m, "__file__", "")) for i in _INSTALLED)}
        return sorted((own & held) - _NEVER_DROPPED)

    def _python_path(self) -> list[str]:
        entries = self._s.env.get("PYTHONPATH", "").split(os.pathsep)
        return [os.path.normpath(os.path.join(self._s.workdir, p)) for p in entries if p]


def _import_plugins() -> None:
    """Import the plugins that pytest brings itself, as it would when it starts."""
    from _pytest.config import default_plugins

    for name in default_plugins:
        importlib.import_module(f"_pytest.{name}")
