"""``go test -json``, with canaries put into each package by an overlay: no file of the repository changes."""

import json
import posixpath
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from agentsandbox.errors import SandboxError

from agentgrader.copies import golang
from agentgrader.copies.copy import Copy, Part
from agentgrader.frameworks.documents import items, objects, text
from agentgrader.frameworks.framework import Framework, Job, TestBox
from agentgrader.frameworks.golang_events import read_events
from agentgrader.frameworks.judging import judged
from agentgrader.report import TestReport

_REFUSED = ("args", "bench", "c", "exec", "failfast", "json", "list", "o", "overlay", "run", "skip")
_ALONE = ("a", "asan", "benchmem", "cover", "linkshared", "modcacherw", "msan", "n", "race", "short", "trimpath", "v", "work", "x")
"""Flags that take no value."""
_SHAPES = ("asan", "mod", "modfile", "msan", "race", "tags")
"""Flags that decide which files make up a package."""
_BODIES = {
    "passed": ("if len(t.Name()) == 0 { t.Fatal() }", "defer func() { if recover() == nil { t.Fatal() } }(); var m map[int]int; m[0]++"),
    "failed": ("if len(t.Name()) > 0 { t.Fatal() }", 't.Errorf("planted")'),
}


class Go(Framework):
    """``go test``. A test id is ``import/path::TestName/subtest``; a package that fails as a whole is listed by its import path.

    Paths and ids choose packages, all tests of which run; a report names only the tests among the ids. With canaries ``go vet`` does
    not run before them: it knows no overlays.
    """

    name = "go test"
    protected = (
        "**/*_test.go",
        "**/testdata/**",
        "**/go.mod",
        "**/go.sum",
        "**/go.work",
        "**/go.work.sum",
        "**/vendor/**",
        "**/*.syso",
    )
    """A module file can put another module in a dependency's place; a ``.syso`` is linked in though no source names it."""
    endings = (".py", ".go", ".s")

    def runs(self, command: Sequence[str]) -> bool:
        return tuple(command[:2]) == ("go", "test")

    def holders(self, test: str) -> tuple[str, ...]:
        """Files of tests in any folder that could be the package's: its import path ends with the folder, or it is a module's root."""
        parts = test.partition("::")[0].split("/")
        return tuple("/".join((*parts[i:], "*_test.go")) for i in range(len(parts) + 1))

    def function(self, test: str) -> str:
        """The test function, without subtests."""
        return test.partition("::")[2].partition("/")[0]

    def copy_name(self, function: str, letters: str) -> str:
        return golang.copy_name(letters)

    def renamed(self, test: str, function: str, name: str) -> str:
        """Without the subtest."""
        return f"{test.partition('::')[0]}::{name}"

    def rewrite(self, source: bytes, path: str, wanted: Mapping[str, Copy]) -> tuple[str, list[str]]:
        return golang.rewritten(source, wanted)

    def parts(self, source: bytes, path: str, functions: Sequence[str]) -> tuple[str, dict[str, Part]]:
        return golang.in_parts(source, functions)

    def run(self, box: TestBox, job: Job) -> TestReport:
        started = time.monotonic()
        if job.lines_of:
            raise SandboxError("the lines of each test are not recorded for go", "ask for them with pytest or unittest")
        flags, patterns = parted(job.command[2:])
        chosen = sorted({test.partition("::")[0] for test in job.ids}) or [_pattern(p) for p in job.paths] or patterns or ["."]
        env = {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOCACHE": box.cache, "GOTMPDIR": box.folder}
        shapes = [word for flag in flags if flag[0].lstrip("-").partition("=")[0] in _SHAPES for word in flag]
        listed = box.command(("go", "list", "-e", "-json", *shapes, *chosen), job.timeout_s, "stdout", env)
        if listed.exit_code and not listed.timed_out:
            raise SandboxError(
                f"go list failed: {listed.output.strip()[-500:]}", "check the task's test command, module file and go version"
            )
        names = {go_name(name): name for name in job.canaries}
        packages, files = overlay(listed.report, box.folder, job.canaries)
        laid = ("-vet=off", "-overlay", f"{box.folder}/overlay.json") if files else ()
        argv = ("go", "test", "-json", "-count=1", *(word for flag in flags for word in flag), *laid, *chosen)
        left = max(1.0, job.timeout_s - (time.monotonic() - started))
        ended = box.command(argv, left, "stdout", env, files)
        reading, output = read_events(ended.report, names, job.canaries, packages)
        return judged(reading, replace(ended, output=output + ended.output), job.ids)


def parted(arguments: Sequence[str]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Flags, each with its value, and packages of a ``go test`` command.

    Raises:
        SandboxError: a flag that keeps planted tests from running, or changes what is printed.
    """
    flags: list[tuple[str, ...]] = []
    packages: list[str] = []
    words = list(arguments)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            packages.append(word)
            continue
        name, assigned, _ = word.lstrip("-").partition("=")
        if name.removeprefix("test.") in _REFUSED:
            raise SandboxError(f"the test command's flag {word} cannot be graded", "leave it out; name packages or test ids instead")
        takes_next = not assigned and name not in _ALONE and words
        flags.append((word, words.pop(0)) if takes_next else (word,))
    return flags, packages


def _pattern(path: str) -> str:
    """The packages at or below a path."""
    inner = path.removeprefix("./").rstrip("/")
    return f"./{posixpath.dirname(inner)}" if inner.endswith(".go") else "./..." if inner in ("", ".") else f"./{inner}/..."


def overlay(listed: bytes, folder: str, canaries: Mapping[str, str]) -> tuple[set[str], dict[str, str]]:
    """Import paths of the packages with tests in a ``go list -json``, and files (name → text) that plant canaries in each of them.

    Half of the canaries are in a file that comes first in its package, half in one that comes last.
    """
    packages: set[str] = set()
    files: dict[str, str] = {}
    replaced: dict[str, str] = {}
    names, tag = list(canaries), secrets.token_hex(6)
    half = len(names) // 2
    for package in objects(listed):
        own, outer = items(package.get("TestGoFiles")), items(package.get("XTestGoFiles"))
        if not own and not outer:
            continue
        packages.add(text(package.get("ImportPath")))
        for first, external in ((True, not own), (False, bool(outer))):
            source = f"{tag}{len(files)}.go"
            part = names[:half] if first else names[half:]
            files[source] = _source(text(package.get("Name")) + ("_test" if external else ""), part, canaries, 0 if first else 1)
            place = posixpath.join(text(package.get("Dir")), f"{'a' if first else 'z' * 9}{tag}_test.go")
            replaced[place] = f"{folder}/{source}"
    return packages, {**files, "overlay.json": json.dumps({"Replace": replaced})} if names and files else {}


def _source(package: str, names: Sequence[str], canaries: Mapping[str, str], kind: int) -> str:
    tests = (f"func {go_name(name)}(t *testing.T) {{ {_BODIES[canaries[name]][kind]} }}\n" for name in names)
    return f'package {package}\n\nimport "testing"\n\n' + "\n".join(tests)


def go_name(canary: str) -> str:
    """``test_abc`` as Go names a test: ``TestAbc``."""
    return "Test" + re.sub(r"(?:^|_)(\w)", lambda m: m[1].upper(), canary.removeprefix("test_"))
