"""Which functions are called by differential testing, from outlines of the files before and after each patch."""

import random
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Literal

from agentgrader.differential.outside import altered

Outlines = Mapping[str, Any]
Function = tuple[str, str]
"""Path of a file and key (:mod:`agentgrader.probes.outline`)."""
ChangedBy = Literal["gold", "diff", "both", "neither"]
MAX_FUNCTIONS = 40
MAX_SAMPLED = 20


@dataclass(frozen=True)
class Target:
    """A function to call under both."""

    path: str
    key: str
    changed_by: ChangedBy = "neither"
    rank: int = 3
    """0: its code differs between gold patch and diff; 1: it is changed by either; 2: other code of its file differs, or is all that
    the gold patch changes there; 3: drawn beside."""
    constants: tuple[Any, ...] = ()
    """Numbers and texts in its code, of both sides, encoded; and those outside of functions, where that is what is mended."""
    optional: tuple[int, tuple[str, ...]] = (0, ())
    """How many plain parameters can be left out at the end, and which named ones."""
    elsewhere: tuple[Function, ...] = ()
    """Where the diff has a function of its name, if that is one place alone."""
    excused: str = ""
    """Why it may be missing under the diff."""

    @property
    def function(self) -> Function:
        """Path and key."""
        return self.path, self.key

    @property
    def name(self) -> str:
        """As an outcome names it."""
        return f"{self.path}::{self.key}"


@dataclass(frozen=True)
class Targets:
    """What to call, and what cannot be."""

    functions: tuple[Target, ...] = ()
    """Those that differ between gold patch and diff first."""
    excluded: tuple[tuple[Target, str], ...] = ()
    """Functions that are changed and cannot be called alike, and why."""
    layouts: Mapping[Function, frozenset[str]] | None = None
    """(path, class) → attributes that only one side gives its instances."""
    top_level: tuple[tuple[str, ChangedBy], ...] = ()
    """Files of which the gold patch changes no function, but other code; and by which patch."""
    altered: tuple[Function, ...] = ()
    """(path, name) of what the diff alone changes in a way that no call shows (:mod:`agentgrader.differential.outside`)."""
    moved: Mapping[Function, tuple[Function, ...]] | None = None
    """(path, name) of classes and functions of changed files → where else the diff has one of that name, if that is one place alone."""
    reasons: tuple[str, ...] = ()

    @property
    def only_of_diff(self) -> frozenset[Function]:
        """Functions that the diff changes and the gold patch does not."""
        return frozenset(t.function for t in self.functions if t.changed_by == "diff")


def targets(base: Outlines, gold: Outlines, candidate: Outlines, own: Set[str] = frozenset()) -> Targets:
    """Functions that differ between any two of the three; all functions of a file whose other code differs, or is what is mended.

    The candidate's outlines come out of its box: they may name anything, and decide on nothing but what is left out, which is said.
    ``own`` are names of the repository's modules.
    """
    found: list[Target] = []
    excluded: list[tuple[Target, str]] = []
    top_level: list[tuple[str, ChangedBy]] = []
    places = _places(candidate)
    for path in sorted(p for p in gold if gold[p]):
        theirs = candidate.get(path) or {"functions": {}, "rest": ""}
        before = base.get(path) or {"functions": {}, "rest": ""}
        mended = _only_top_level(before, gold[path])
        if mended:
            top_level.append((path, "gold" if before["rest"] == theirs["rest"] else "both"))
        around = (gold[path], *([candidate[path]] if candidate.get(path) else [])) if mended else ()
        elsewhere = {k: places[k] for k in gold[path]["functions"] if k not in theirs["functions"] and len(places.get(k, ())) == 1}
        # a class may have taken the name
        moves = {k: f for k, ((file, _),) in elsewhere.items() if (f := candidate[file]["functions"].get(k))}
        for key, rank, changed_by in _edited(before, gold[path], theirs, moves):
            other = theirs["functions"].get(key) or moves.get(key)
            known = key in before["functions"]
            target = Target(
                path,
                key,
                changed_by,
                rank,
                constants=_constants(gold[path]["functions"][key], *([other] if other else []), *around),
                optional=_optional(gold[path]["functions"][key]["parameters"]),
                elsewhere=elsewhere.get(key, ()),
                excused="" if key in theirs["functions"] else _excuse(path, key, known),
            )
            problem = _problem(target, gold[path]["functions"][key], other)
            if problem:
                excluded.append((target, problem))
            else:
                found.append(target)
    chosen = sorted(found, key=lambda t: (t.rank, t.changed_by not in ("gold", "both"), t.function))
    reasons = () if chosen or excluded else ("no Python function is edited",)
    layouts, others = dict(_layouts(gold, candidate)), tuple(dict.fromkeys(altered(base, gold, candidate, own)))
    return Targets(tuple(chosen), tuple(excluded), layouts, tuple(top_level), others, _moved(gold, places), reasons)


def called(chosen: Targets, seen: Container[Function], seed: int) -> list[Target]:
    """Those that are changed, and of the others in their files those that tests call (``seen``). Where they are too many, ``seed`` draws
    among those that the gold patch leaves alone.
    """
    found = [t for t in chosen.functions if t.rank < 2 or t.function in seen]
    shuffled = random.Random(f"{seed} own").sample(found, len(found))
    fix = {t.function for t in found if t.rank < 2 and t.changed_by in ("gold", "both")}
    kept = fix | {t.function for t in sorted(shuffled, key=lambda t: (t.function not in fix, t.rank))[:MAX_FUNCTIONS]}
    return [t for t in found if t.function in kept]


def sampled(functions: Set[Function], words: Set[str], seed: int) -> list[Target]:
    """Some of ``functions``, drawn by ``seed``: those that new code may name (``words``) before all others."""
    left = sorted(functions)
    random.Random(f"{seed} sample").shuffle(left)
    first = sorted(left, key=lambda f: f[1].partition("@")[0].rpartition(".")[2] not in words)
    return [Target(*f) for f in sorted(first[:MAX_SAMPLED])]


def is_private(path: str, key: str) -> bool:
    """Whether a part of a dotted name says that it is nobody else's."""
    parts = [*path.removesuffix(".py").split("/"), *key.partition("@")[0].split(".")]
    return any(p.startswith("_") and not (p.startswith("__") and p.endswith("__")) for p in parts)


def _only_top_level(base: Any, gold: Any) -> bool:
    same = all(base["functions"].get(key, {}).get("digest") == f["digest"] for key, f in gold["functions"].items())
    return bool(same and base["rest"] != gold["rest"])


def _edited(base: Any, gold: Any, candidate: Any, moves: Mapping[str, Any]) -> Iterator[tuple[str, int, ChangedBy]]:
    """Keys with a rank (:attr:`Target.rank`) and by which patch they are changed. What is only moved is not."""
    digests = [{k: f["digest"] for k, f in side["functions"].items()} for side in (base, gold, candidate)]
    outside = _only_top_level(base, gold) or gold["rest"] != candidate["rest"]
    for key in gold["functions"]:
        before, fixed, theirs = (d.get(key) for d in digests)
        changes = (before != fixed, before != (moves[key]["digest"] if key in moves else theirs))
        changed_by: ChangedBy = "both" if all(changes) else "gold" if changes[0] else "diff" if changes[1] else "neither"
        if fixed != theirs:
            yield key, 0, changed_by
        elif before != fixed:
            yield key, 1, changed_by
        elif outside:
            yield key, 2, changed_by


def _excuse(path: str, key: str, known: bool) -> str:
    """Why a function that the diff does not have may be missing; empty where it may not."""
    if not known:
        return "the gold patch adds it, and it is not there under the diff"
    return "it is private, and not there under the diff" if is_private(path, key) else ""


def _problem(target: Target, gold: Any, candidate: Any) -> str:
    """Why calls of a function cannot be made alike. A public one that is no method is called as tests call it, come what may."""
    if candidate is None or _takes(candidate["parameters"], gold["parameters"]):
        return ""
    own = is_private(*target.function) or "." in target.key
    return "its parameters differ under the diff" if own else ""


def _takes(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> bool:
    """Whether a function with ``theirs`` parameters can be called with all of ``mine``."""
    given = len(mine["plain"])
    least = len(theirs["plain"]) - theirs["optional"]
    plain = given >= least and (given <= len(theirs["plain"]) or theirs["star"] is not None)
    named = set(theirs["named"])
    known = set(mine["named"]) <= named or theirs["stars"] is not None
    needed = named - set(theirs["named_optional"]) <= set(mine["named"])
    rests = (mine["star"] is None or theirs["star"] is not None) and (mine["stars"] is None or theirs["stars"] is not None)
    return bool(plain and known and needed and rests)


def _constants(*functions: Any) -> tuple[Any, ...]:
    return tuple(constant for function in functions for constant in function["constants"])


def _optional(parameters: Mapping[str, Any]) -> tuple[int, tuple[str, ...]]:
    return parameters["optional"], tuple(parameters["named_optional"])


def _places(outlines: Outlines) -> dict[str, tuple[Function, ...]]:
    """Name of a function or class → where files have it."""
    found: dict[str, list[Function]] = defaultdict(list)
    for path in sorted(p for p in outlines if outlines[p]):
        for name in (*outlines[path]["functions"], *outlines[path]["classes"]):
            found[name].append((path, name))
    return {name: tuple(places) for name, places in found.items()}


def _moved(gold: Outlines, places: Mapping[str, tuple[Function, ...]]) -> dict[Function, tuple[Function, ...]]:
    names = [(p, n) for p in gold if gold[p] for n in (*gold[p]["classes"], *(k for k in gold[p]["functions"] if "." not in k))]
    return {(p, n): places[n] if len(places.get(n, ())) == 1 and places[n] != ((p, n),) else () for p, n in names}


def _layouts(gold: Outlines, candidate: Outlines) -> Iterator[tuple[Function, frozenset[str]]]:
    for path in gold:
        if gold[path] is None or candidate.get(path) is None:
            continue
        for name, mine in gold[path]["classes"].items():
            theirs = candidate[path]["classes"].get(name)
            if theirs is not None and theirs != mine:
                yield (path, name), frozenset(mine["attributes"]) ^ frozenset(theirs["attributes"])
