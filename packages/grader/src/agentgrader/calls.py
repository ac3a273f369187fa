"""What functions are called with while tests run, and what they answer when the calls are made again. For tasks of pytest and unittest."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentsandbox import bootstrap
from agentsandbox.messages import Command
from agentsandbox.sandbox import Sandbox
from trajschema.task import Environment

from agentgrader.frameworks.framework import PROBE, TestBox
from agentgrader.frameworks.python import arguments_of
from agentgrader.probes.plain_answer import checked

_OUTLINE_S = 60.0
_START_S = 60.0
"""Seconds beyond those for the calls that a process may take to start and to end."""
_BATCH = 300
"""Calls made by one process, unless it ends before."""
_PROGRAM = (
    """
import json, os, sys
path, out = sys.argv[1], os.dup(1)
with open(path) as f:
    request = json.load(f)
os.unlink(path)
sources = request.pop("sources")
sys.path[:] = [p for p in sys.path if p]
"""
    + bootstrap.FINDER
    + """
from agentgrader.probes.call_batches import main
main(request, out)
"""
)
"""What makes calls, for ``python -c``. It starts afresh, so that nothing of a test runner is in it."""
_NEEDED = (
    *("blocks", "call_batches", "call_replay", "codes", "deserialize", "effects"),
    *("lookup", "outline", "plain_answer", "reached_blocks", "serialize"),
)
Function = tuple[str, str]
"""Path of a file and key (:mod:`agentgrader.probes.outline`)."""


@dataclass(frozen=True)
class Pace:
    """How calls are made: seconds for one call and for all; how many late calls are tolerated."""

    call_s: float
    total_s: float
    late: int


@dataclass(frozen=True)
class Recording:
    """What functions were called with while tests ran."""

    calls: dict[Function, list[dict[str, Any]]] = field(default_factory=dict)
    """Distinct calls: ``module``, and arguments as :class:`agentgrader.probes.call_trace.CallTracer` writes them."""
    seen: dict[Function, bool] = field(default_factory=dict)
    """Functions that were called → whether by a test that is to keep passing."""
    lost: dict[Function, str] = field(default_factory=dict)
    """The first thing in the arguments of a function that cannot be written down."""
    modules: dict[str, str] = field(default_factory=dict)
    """Name of a module that calls refer to → path of its file."""
    exports: dict[Function, list[tuple[str, str]]] = field(default_factory=dict)
    """Module and key of other names under which users find a function (:mod:`agentgrader.probes.exports`)."""
    codes: tuple[dict[str, Any], ...] = ()
    """Functions handed over, that no import finds: ``code`` (path, name, line, position), ``data`` (marshalled), ``names`` looked up."""

    def with_calls(self, other: "Recording", functions: Collection[Function]) -> "Recording":
        """This one, with the calls of ``functions`` from another run of the same tests."""
        calls = {**self.calls, **{f: other.calls[f] for f in functions if f in other.calls}}
        codes = {json.dumps(c["code"]): c for c in (*self.codes, *other.codes)}
        exports, modules = {**self.exports, **other.exports}, {**self.modules, **other.modules}
        return Recording(calls, self.seen, {**self.lost, **other.lost}, modules, exports, tuple(codes.values()))


@dataclass(frozen=True)
class Setting:
    """Where calls are made, beside what they say themselves."""

    remove: tuple[str, ...] = ()
    """Patterns of files that are taken out of the box first: the tests."""
    keep: tuple[str, ...] = ()
    """Patterns of files that stay all the same."""
    path: tuple[str, ...] = ()
    """Folders where modules are looked for beside the workdir, relative to it."""
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    """Name of a module of the tests → what values need of its text."""
    codes: tuple[dict[str, Any], ...] = ()
    left_out: tuple[str, ...] = ()
    """Paths of files whose inner functions are not described in answers: they are edited."""
    moved: Mapping[str, list[str]] = field(default_factory=dict)
    """Name of a class or function → names that it may have here."""
    noted: Mapping[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Path → place and number of blocks: an answer has those that were ``reached`` by its call."""
    elsewhere: bool = False
    """With another command line, home and user, while an error is handled."""


def outlines(box: Sandbox, paths: Sequence[str]) -> dict[str, Any]:
    """Path → functions and classes of the file (:mod:`agentgrader.probes.outline`); ``None`` for no Python."""
    return box.ask(PROBE, "outlines", {"paths": list(paths)}, _OUTLINE_S)


def blocks(box: Sandbox, paths: Sequence[str]) -> dict[str, list[tuple[str, int]] | None]:
    """Path → digest and line of each block in the functions of the file (:mod:`agentgrader.probes.blocks`); ``None``: it cannot be read."""
    found = box.ask(PROBE, "blocks", {"paths": list(paths)}, _OUTLINE_S)
    return {path: None if entries is None else [(digest, line) for digest, line in entries] for path, entries in found.items()}


def record_calls(
    box: Sandbox,
    environment: Environment,
    ids: Sequence[str],
    *,
    fixing: Sequence[str] = (),
    wanted: Mapping[str, Sequence[str]],
    tests: Sequence[str] = (),
    before: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> Recording:
    """Run the tests ``ids`` and return what functions of files that match none of the patterns ``tests`` were called with.

    ``wanted`` (path → keys) come first. Tests that are not among ``fixing`` count as such that keep passing. Functions inside functions
    are handed over with calls; of a file of ``before`` (path → text) only those that stand in that text, so that nothing is handed over
    that a patch brought. What was recorded before the time is up is returned.

    Raises:
        SandboxError: the test command is none of pytest or unittest, or the box has no pytest.
    """
    runner, arguments = arguments_of(environment.test_command)
    params = {
        "runner": runner,
        "arguments": arguments,
        "ids": list(ids),
        "fixing": list(fixing),
        "wanted": {path: list(keys) for path, keys in wanted.items()},
        "tests": list(tests),
        "before": dict(before or {}),
    }
    answer = box.ask(PROBE, "record", params, timeout_s or environment.timeout_s)
    return _recording(answer["records"])


def _recording(records: Sequence[Mapping[str, Any]]) -> Recording:
    made = Recording()
    codes: list[dict[str, Any]] = []
    for r in records:
        if "seen" in r:
            made.seen[_function(r["seen"])] = r["keeping"] or made.seen.get(_function(r["seen"]), False)
        elif "call" in r:
            made.calls.setdefault(_function(r["call"]), []).append(r["made"])
        elif "lost" in r:
            made.lost[_function(r["lost"])] = r["why"]
        elif "module" in r:
            made.modules[r["module"]] = r["path"]
        elif "exports" in r:
            made.exports[_function(r["exports"])] = [(module, key) for module, key in r["names"]]
        elif "code" in r:
            codes.append(dict(r))
    return replace(made, codes=tuple(codes))


def _function(name: Sequence[str]) -> Function:
    return name[0], name[1]


def whole_batches(positions: Collection[int], calls: int) -> list[int]:
    """Positions of the calls, of so many, that are made in one process with one of ``positions``. Asked alone, they are made alike."""
    wanted = {i // _BATCH for i in positions}
    return [i for i in range(calls) if i // _BATCH in wanted]


def make_calls(
    box: Sandbox, environment: Environment, calls: Sequence[Mapping[str, Any]], setting: Setting, pace: Pace, *, hash_seed: int = 0
) -> Iterator[dict[str, Any]]:
    """Make calls and return the answers (:class:`agentgrader.probes.call_replay.Caller`), each with the position of its ``call``.

    They are made by processes that hold no test runner, in a box that from then on holds no tests. ``hash_seed`` (0 or above) decides
    in which order sets of texts are gone through.

    Raises:
        SandboxError: there is no Python in the box.
    """
    if not calls:
        return
    here = TestBox(box)
    paths = box.layout.paths
    search = [*environment.python_path, *(p for p in setting.path if p not in environment.python_path)]
    request = {
        "workdir": here.workdir,
        "path": [f"{here.workdir}/{p}" if p.strip("./") else here.workdir for p in search],
        "calls": json.loads(paths.inward(json.dumps(list(calls)))),
        "call_s": pace.call_s,
        "total_s": pace.total_s,
        "late": pace.late,
        "batch": _BATCH,
        "remove": list(setting.remove),
        "keep": list(setting.keep),
        "stand_ins": dict(setting.stand_ins),
        "codes": json.loads(paths.inward(json.dumps(list(setting.codes)))),
        "left_out": list(setting.left_out),
        "moved": dict(setting.moved),
        "noted": dict(setting.noted),
        "elsewhere": setting.elsewhere,
        "sources": _sources(),
    }
    python = environment.test_command[0]
    program = (python if python.startswith("python") else "python", "-c", _PROGRAM, f"{here.folder}/calls")
    # nothing of the repository may run when the interpreter starts
    plain = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1", "PYTHONHASHSEED": str(hash_seed)}
    limit = _START_S + pace.total_s + pace.call_s
    ended = box.run(Command(program, limit, here.folder, {"calls": json.dumps(request)}, plain))
    for line in paths.outward(ended.report).splitlines():
        answer = _numbered(line)
        if answer:
            yield answer


def _numbered(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
        number = int(answer.pop("call"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    known = {"ended", "malformed"} & set(answer)
    return {**(answer if known else checked(answer)), "call": number}


def _sources() -> dict[str, str]:
    package = PROBE.package
    sources = bootstrap.sources_of(package)
    server = {name: text for name, text in bootstrap.sources_of(bootstrap.SERVER).items() if not text or name.endswith(".globs")}
    return server | {n: t for n, t in sources.items() if not t or n.removeprefix(f"{package}.") in _NEEDED}
