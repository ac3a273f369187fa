"""Which lines each test executes: by coverage's C tracer, or by a plain trace function where coverage is missing."""

from __future__ import annotations

import os
import sys
import threading
from types import FrameType
from typing import Any, Protocol

Lines = dict  # test id → file → lines; only used in annotations


class LineRecorder(Protocol):
    """Records lines while a test's name is set."""

    def start(self) -> None:
        """Begin. Lines run under the empty name are not kept."""

    def switch(self, name: str) -> None:
        """Lines belong to this test from here on."""

    def stop(self) -> Lines[str, dict[str, list[int]]]:
        """Test id → path relative to the workdir → sorted lines."""


def recorder(workdir: str, roots: list[str]) -> LineRecorder:
    """A recorder of lines in ``roots`` (files or folders relative to ``workdir``)."""
    wanted = [os.path.normpath(os.path.join(workdir, r)) for r in roots]
    try:
        import coverage
    except ImportError:
        return Traced(workdir, wanted)
    return Covered(workdir, wanted, coverage)


class Covered:
    """By coverage."""

    def __init__(self, workdir: str, roots: list[str], coverage: Any) -> None:
        self._workdir = workdir
        include = [p for r in roots for p in (r, os.path.join(r, "*"))]
        os.environ.setdefault("COVERAGE_CORE", "ctrace")
        self._coverage = coverage.Coverage(data_file=None, config_file=False, include=include, messages=False)

    def start(self) -> None:
        self._coverage.start()

    def switch(self, name: str) -> None:
        self._coverage.switch_context(name)

    def stop(self) -> Lines[str, dict[str, list[int]]]:
        self._coverage.stop()
        data = self._coverage.get_data()
        found: dict[str, dict[str, list[int]]] = {}
        for path in sorted(data.measured_files()):
            relative = os.path.relpath(path, self._workdir)
            for line, names in sorted(data.contexts_by_lineno(path).items()):
                for name in names:
                    if name and line > 0:
                        found.setdefault(name, {}).setdefault(relative, []).append(line)
        return found


class Traced:
    """By ``sys.settrace``."""

    def __init__(self, workdir: str, roots: list[str]) -> None:
        self._workdir = workdir
        self._roots = roots
        self._name = ""
        self._wanted: dict[str, bool] = {}
        self._seen: dict[str, dict[str, set[int]]] = {}

    def start(self) -> None:
        threading.settrace(self._trace)
        sys.settrace(self._trace)

    def switch(self, name: str) -> None:
        self._name = name

    def stop(self) -> Lines[str, dict[str, list[int]]]:
        sys.settrace(None)
        threading.settrace(None)
        return {
            test: {os.path.relpath(f, self._workdir): sorted(lines) for f, lines in sorted(files.items())}
            for test, files in self._seen.items()
        }

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        path = frame.f_code.co_filename
        if path not in self._wanted:
            self._wanted[path] = any(path == r or path.startswith(r + os.sep) for r in self._roots)
        if not self._wanted[path]:
            return None
        if event == "line" and self._name:
            self._seen.setdefault(self._name, {}).setdefault(path, set()).add(frame.f_lineno)
        return self._trace
