"""Every diff that can be made from a task. What takes trials to find is kept in the store, for this code and seed."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from agentsandbox.sandbox import Backend
from agenttasks.store import TaskStore
from trajschema.ids import digest

from planted.fixes import independent
from planted.moves import moved
from planted.regressions import WAYS, regressions
from planted.rewrites import equivalent
from planted.source import Source
from planted.wrong import passes, wrong

PARTS = ("gold", "rewrites", "independent", "wrong", "regressions")
RIGHT = ("gold patch", "equivalent rewrite", "moved to another module", "independent fix")
_ATTEMPTS = 6


@dataclass(frozen=True)
class Planted:
    """A diff by what it changes beside the gold patch: text by path."""

    kind: str
    what: str
    changed: dict[str, str]


def planted(part: str, source: Source, tree: bytes, backend: Backend, store: TaskStore, seed: int) -> list[Planted]:
    """The diffs of one part (:data:`PARTS`). All but regressions pass all tests; what somebody wrote is to be graded."""
    if part == "gold":
        return [Planted(RIGHT[0], "", {})]
    if part == "independent":
        return [Planted(RIGHT[3], what, changed) for what, changed in independent(source)]
    key = digest([source.task.task_id, part, seed, _own_version()])
    kept = store.record("planted", key)
    if kept is None:
        rng = random.Random(f"{seed} {source.task.task_id} {part}")
        made = {"rewrites": _rewrites, "wrong": _wrong, "regressions": _regressions}[part](source, tree, backend, rng)
        kept = [asdict(each) for each in made]
        store.put_record("planted", key, kept)
    return [Planted(**each) for each in kept]


def _rewrites(source: Source, tree: bytes, backend: Backend, rng: random.Random) -> Iterator[Planted]:
    names = {path: [n for p, n in source.edited if p == path and "@" not in n] for path in source.gold}
    for _ in range(_ATTEMPTS):
        made = {path: equivalent(text, names[path], rng) for path, text in source.gold.items()}
        done = ", ".join(name for _, used in made.values() for name in used)
        changed = {path: text for path, (text, _) in made.items()}
        if done and passes(source, tree, backend, source.diff(changed)):
            yield Planted(RIGHT[1], done, changed)
            break
    for path, text in source.gold.items():
        elsewhere = moved(path, text, names[path])
        if elsewhere and passes(source, tree, backend, source.diff(elsewhere)):
            yield Planted(RIGHT[2], path, elsewhere)
            break


def _wrong(source: Source, tree: bytes, backend: Backend, rng: random.Random) -> Iterator[Planted]:
    for w in wrong(source, tree, backend, rng):
        yield Planted(w.kind, w.function, w.changed)


def _regressions(source: Source, tree: bytes, backend: Backend, rng: random.Random) -> Iterator[Planted]:
    for r in regressions(source, tree, backend, rng, rng.sample(list(WAYS), len(WAYS)), 1):
        yield Planted(f"regression {r.way}", r.what, r.changed)


@cache
def _own_version() -> str:
    return digest([(file.name, file.read_text("utf-8")) for file in sorted(Path(__file__).parent.glob("*.py"))])
