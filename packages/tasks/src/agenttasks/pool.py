"""The pool: as many validated tasks as asked for, the same first ones however many that are."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from importlib.resources import files
from itertools import islice
from pathlib import Path

from agentsandbox.errors import SandboxError
from agentsandbox.sandbox import Backend
from trajruntime.executor import SERIAL, Executor
from trajschema.ids import digest
from trajschema.rollout import Limits
from trajschema.task import Task

from agenttasks.errors import PoolExhausted, PoolIncomplete, TaskError
from agenttasks.faults.inject import Candidate, Kind, kind_at, queue, turns
from agenttasks.libraries.archive import source_files, unpack
from agenttasks.libraries.library import Library, library
from agenttasks.store import TaskStore
from agenttasks.validation.batch import Batch, Certificates, validate_batch
from agenttasks.validation.gold import Gold, measure
from agenttasks.validation.verdict import Rejected

Progress = Callable[[int, int, str], None]

_Key = tuple[str, Kind]
_KINDS: tuple[Kind, ...] = ("single", "multi")
_ATTEMPTS = 3
_TRIED_PER_TASK = 5
_BATCH_TASKS = 4


def build_pool(
    libraries: Sequence[str | Library],
    count: int,
    seed: int,
    store: TaskStore,
    backend: Backend,
    limits: Limits,
    *,
    executor: Executor = SERIAL,
    progress: Progress = lambda done, total, message: None,
    validator_version: str | None = None,
    comparable: bool = False,
    on_error: Callable[[TaskError], None] = lambda problem: None,
) -> list[Task]:
    """``count`` tasks from the named libraries of the table, or from libraries of your own.

    Candidates are validated in waves, but chosen in candidate order, so neither ``executor`` nor its speed changes the result. Verdicts are
    kept in the store: a second call validates only what is new. A library that cannot be had is told to ``on_error`` and left out;
    so is a pool that ran out of candidates, which is returned as far as it goes. ``validator_version`` names the code that validates;
    the default is a fingerprint of this package. With ``comparable``, tasks whose passes could not be confirmed
    (:class:`~trajschema.task.Comparability`) are passed over.

    Raises:
        UnknownLibrary: a name is not in the table.
        PoolIncomplete: the sandbox failed again and again; what was validated is kept.
    """
    version = _own_version() if validator_version is None else validator_version
    certificates = Certificates(store, version)
    wanted = [library(entry) if isinstance(entry, str) else entry for entry in dict.fromkeys(libraries)]
    measured = partial(measure, store=store, backend=backend, limits=limits, validator_version=version)
    queues: dict[_Key, _Queue] = {}
    for entry, gold in _golds(wanted, measured, executor, on_error):
        sources = source_files(unpack(store.tree_bytes(gold.tree)), entry)
        for kind in _KINDS:
            source = queue(entry, sources, seed, kind, gold.narrow if kind == "multi" else gold.tested)
            queues[entry.name, kind] = _Queue(source, gold, certificates, f"{entry.name} {kind}", comparable)
    validate = partial(validate_batch, certificates=certificates, backend=backend, limits=limits)
    failed = 0
    while True:
        tasks, short = _choose(queues, [entry.name for entry in wanted], seed, count)
        progress(len(tasks), count, "tasks in the pool")
        if not short:
            break
        batches = [batch for key, number in short.items() for batch in queues[key].batches(number)]
        problems = _wave(batches, validate, executor, progress, len(tasks), count)
        failed = failed + 1 if problems else 0
        if failed == _ATTEMPTS:
            raise PoolIncomplete(problems, tasks)
    if len(tasks) < count:
        on_error(PoolExhausted(count, len(tasks)))
    return tasks


@cache
def _own_version() -> str:
    """First 16 hexadecimal digits of the hash of this package's sources: the code that decides what is a task."""
    root = Path(str(files("agenttasks")))
    return digest(sorted((str(file.relative_to(root)), file.read_text("utf-8")) for file in root.rglob("*.py")))[:16]


class _Queue:
    """Candidates of one library and kind in order: those with a known verdict behind, the others ahead."""

    def __init__(self, source: Iterator[Candidate], gold: Gold, certificates: Certificates, label: str, comparable: bool) -> None:
        self._source, self._gold, self._certificates, self._label = source, gold, certificates, label
        self._comparable = comparable
        self._ahead: deque[Candidate] = deque()
        self.tasks: list[Task] = []
        self.ended = False

    def settle(self, wanted: int) -> None:
        """Go on to the next candidate without a verdict, or until there are ``wanted`` tasks."""
        while len(self.tasks) < wanted and not self.ended:
            if not self._look(1):
                self.ended = True
                return
            verdict = self._certificates.get(self._ahead[0], self._gold)
            if verdict is None:
                return
            self._ahead.popleft()
            if isinstance(verdict, Task) and (not self._comparable or verdict.comparable):
                self.tasks.append(verdict)

    def batches(self, short: int) -> list[Batch]:
        """Work that should give about ``short`` more tasks: one batch that stops there, or several that are done to their ends."""
        if short <= _BATCH_TASKS:
            return [Batch(self._label, tuple(self._unknown(short * _TRIED_PER_TASK)), self._gold, short)]
        unknown = self._unknown(short * _TRIED_PER_TASK)
        size = _BATCH_TASKS * _TRIED_PER_TASK
        return [Batch(self._label, tuple(unknown[i : i + size]), self._gold, size) for i in range(0, len(unknown), size)]

    def _unknown(self, number: int) -> list[Candidate]:
        ahead = self._look(number)
        return [candidate for candidate in ahead if self._certificates.get(candidate, self._gold) is None]

    def _look(self, number: int) -> list[Candidate]:
        self._ahead.extend(islice(self._source, max(0, number - len(self._ahead))))
        return list(islice(self._ahead, number))


def _choose(queues: Mapping[_Key, _Queue], names: Sequence[str], seed: int, count: int) -> tuple[list[Task], dict[_Key, int]]:
    """Tasks for the first ``count`` places as far as they are known, and how many each queue is short of.

    A place goes to the next library that still has a task of its kind, or of the other kind where none has.
    """
    tasks: list[Task] = []
    used: dict[_Key, int] = defaultdict(int)
    short: dict[_Key, int] = defaultdict(int)
    taken = misses = 0
    rounds = 2 * len(names)  # so many turns hold a whole round
    for name in turns(names, seed):
        if taken == count or misses == 2 * rounds:
            break
        wish = kind_at(taken)
        other: Kind = "single" if wish == "multi" else "multi"
        key: _Key = (name, wish if misses < rounds else other)
        entry = queues.get(key)
        if entry is not None:
            entry.settle(used[key] + 1)
        if entry is None or (entry.ended and used[key] >= len(entry.tasks)):
            misses += 1
            continue
        if used[key] < len(entry.tasks):
            tasks.append(entry.tasks[used[key]])
        else:
            short[key] += 1
        used[key] += 1
        taken, misses = taken + 1, 0
    return tasks, dict(short)


def _wave(
    batches: Sequence[Batch],
    validate: Callable[[Batch], Sequence[Task | Rejected]],
    executor: Executor,
    progress: Progress,
    done: int,
    total: int,
) -> list[str]:
    """Validate batches; verdicts go to the store. Returns what the sandbox failed at."""
    problems: list[str] = []
    for batch, verdicts in executor.map(validate, batches):
        if isinstance(verdicts, SandboxError):
            problems.append(f"{batch.label}: {verdicts}")
        elif isinstance(verdicts, Exception):
            raise verdicts
        else:
            good = sum(isinstance(verdict, Task) for verdict in verdicts)
            done += good
            progress(done, total, f"{batch.label}: {good} of {len(verdicts)} candidates are tasks")
    return problems


def _golds(
    entries: Sequence[Library], measured: Callable[[Library], Gold], executor: Executor, on_error: Callable[[TaskError], None]
) -> list[tuple[Library, Gold]]:
    """Libraries with what their own tests say, in the order given."""
    golds: dict[str, Gold] = {}
    left = list(entries)
    problems: list[str] = []
    for _ in range(_ATTEMPTS):
        results, left, problems = list(executor.map(measured, left)), [], []
        for entry, gold in results:
            if isinstance(gold, Gold):
                golds[entry.name] = gold
            elif isinstance(gold, SandboxError):
                left.append(entry)
                problems.append(f"{entry.name}: {gold}")
            elif isinstance(gold, TaskError):
                on_error(gold)
            else:
                raise gold
        if not left:
            return [(entry, golds[entry.name]) for entry in entries if entry.name in golds]
    raise PoolIncomplete(problems, [])
