"""Which functions are called by differential testing, from outlines of the files before and after each patch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Outlines = Mapping[str, Any]
MAX_FUNCTIONS = 40


@dataclass(frozen=True)
class Targets:
    """What to call, and what cannot be."""

    functions: tuple[tuple[str, str], ...]
    """(path, key), those that differ between gold patch and candidate first."""
    differing: frozenset[tuple[str, str]]
    """Those of ``functions`` whose code differs between gold patch and candidate."""
    constants: Mapping[tuple[str, str], list[Any]]
    """Numbers and texts in the code of each function, of both sides, encoded."""
    optional: Mapping[tuple[str, str], tuple[int, tuple[str, ...]]]
    """How many plain parameters can be left out at the end, and which named ones."""
    layouts: Mapping[tuple[str, str], frozenset[str]]
    """(path, class) → attributes that only one side gives its instances."""
    reasons: tuple[str, ...]


def targets(base: Outlines, gold: Outlines, candidate: Outlines) -> Targets:
    """Functions that differ between any two of the three; all functions of a file whose other code differs.

    Only functions that gold patch and candidate both have, and that can be called alike. The candidate's outlines come out of
    its box: they may name anything, and decide on nothing but what is left out, which is said.
    """
    reasons: list[str] = []
    found: dict[tuple[str, str], int] = {}
    for path in sorted(gold):
        if gold[path] is None:
            continue
        theirs = candidate.get(path)
        if theirs is None:
            reasons.append(f"{path}: not there as Python code under the diff")
            continue
        for key, rank in _edited(base.get(path), gold[path], theirs):
            problem = _problem(gold[path]["functions"][key], theirs["functions"].get(key))
            if problem:
                reasons.append(f"{path}::{key}: {problem}")
            else:
                found[path, key] = rank
    chosen = sorted(found, key=lambda f: (found[f], f))
    if len(chosen) > MAX_FUNCTIONS:
        reasons.append(f"{len(chosen) - MAX_FUNCTIONS} more functions of files whose other code was changed")
    chosen = chosen[:MAX_FUNCTIONS]
    if not chosen and not reasons:
        reasons.append("no Python function is edited")
    return Targets(
        functions=tuple(chosen),
        differing=frozenset(f for f in chosen if found[f] == 0),
        constants={(p, k): _constants(gold[p]["functions"][k], candidate[p]["functions"][k]) for p, k in chosen},
        optional={(p, k): _optional(gold[p]["functions"][k]["parameters"]) for p, k in chosen},
        layouts=dict(_layouts(gold, candidate)),
        reasons=tuple(reasons),
    )


def _edited(base: Any, gold: Any, candidate: Any) -> Iterator[tuple[str, int]]:
    """Keys with a rank: 0 differs between gold and candidate, 1 is edited by either, 2 is in a file whose other code differs."""
    digests = [{k: f["digest"] for k, f in side["functions"].items()} if side else {} for side in (base, gold, candidate)]
    for key in gold["functions"]:
        mine, fixed, theirs = (d.get(key) for d in digests)
        if fixed != theirs:
            yield key, 0
        elif mine != fixed:
            yield key, 1
        elif gold["rest"] != candidate["rest"]:
            yield key, 2


def _problem(gold: Any, candidate: Any) -> str:
    if candidate is None:
        return "not there under the diff"
    if gold["async"]:
        return "a coroutine"
    return "" if _takes(candidate["parameters"], gold["parameters"]) else "its parameters differ under the diff"


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


def _constants(*functions: Any) -> list[Any]:
    return [constant for function in functions for constant in function["constants"]]


def _optional(parameters: Mapping[str, Any]) -> tuple[int, tuple[str, ...]]:
    return parameters["optional"], tuple(parameters["named_optional"])


def _layouts(gold: Outlines, candidate: Outlines) -> Iterator[tuple[tuple[str, str], frozenset[str]]]:
    for path in gold:
        if gold[path] is None or candidate.get(path) is None:
            continue
        for name, mine in gold[path]["classes"].items():
            theirs = candidate[path]["classes"].get(name)
            if theirs is not None and theirs != mine:
                yield (path, name), frozenset(mine["attributes"]) ^ frozenset(theirs["attributes"])
