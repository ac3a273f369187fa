"""What a diff changes outside of functions and the gold patch does not: no call says what became of it."""

import builtins
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from agentsandbox.server.globs import matches

from agentgrader.calls import Function

TOP_LEVEL = "<top level>"
"""Stands for code outside of functions."""
WHOLE_FILE = "<file>"
"""Stands for all of a file."""
_READ = (".md", ".rst")
_KNOWN = {"AUTHORS", "CHANGELOG", "CHANGES", "CONTRIBUTORS", "COPYING", "HISTORY", "LICENSE", "Makefile", "NEWS", "NOTICE", "README"}
"""Names of files that no code reads."""
_LISTING = "__all__"


def altered(
    base: Mapping[str, Any], gold: Mapping[str, Any], candidate: Mapping[str, Any], own: Set[str] = frozenset()
) -> Iterator[Function]:
    """(path, name) of values that were there and are others under the diff, and the paths where it does more, or less, when imported.

    From outlines of the edited files. A new value, a new import and what only moves to another file are no change. Beside these
    (path, class) of classes that have other bases or decorators, (path, function) of public functions that cannot be called with the
    same names of parameters, names that a package or ``__all__`` hands out no more, what calls others when it is imported,
    and new names and modules that hide those of Python or of the repository (``own``: names of its modules), or may hide libraries.
    """
    yield from _redefined(gold, candidate)
    yield from _withheld(base, gold, candidate)
    yield from _acting(base, gold, candidate)
    yield from _hiding(base, gold, candidate, own)
    elsewhere = {(name, digest) for side in candidate.values() if side for name, digest in side["values"].items()}
    for path in sorted(p for p in gold if gold[p] and base.get(p)):
        theirs = candidate[path]["values"] if candidate.get(path) else {}
        for name, digest in gold[path]["values"].items():
            kept = theirs.get(name) == digest if name in theirs else (name, digest) in elsewhere
            if not kept and base[path]["values"].get(name) == digest and name != _LISTING:
                yield path, name
    before, fixed, after = (_effects(side) for side in (base, gold, candidate))
    undone, more = (before & fixed) - after, after - (before | fixed)
    for path in sorted({*gold, *candidate}):
        own, mine = (set(side[path]["effects"]) if side.get(path) else set() for side in (candidate, gold))
        if own & {*more} or mine & {*undone}:
            yield path, TOP_LEVEL


def other_files(paths: Sequence[str], put_back: tuple[str, ...]) -> list[Function]:
    """(path, :data:`WHOLE_FILE`) of the files of a diff that are neither Python nor ``put_back`` (patterns) nor for people to read."""
    others = [p for p in dict.fromkeys(paths) if not p.endswith((".py", *_READ)) and not matches(p, put_back)]
    return [(p, WHOLE_FILE) for p in others if p.rpartition("/")[2] not in _KNOWN and not p.startswith(("docs/", "doc/"))]


def _redefined(gold: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[Function]:
    """Classes and public functions that both have, in the same file or a single other one, and that users meet otherwise."""
    for kind, differ in (("classes", _other_class), ("functions", _other_names)):
        places: dict[str, list[Any]] = {}
        for path in sorted(p for p in candidate if candidate[p]):
            for name, side in candidate[path][kind].items():
                places.setdefault(name, []).append(side)
        for path in sorted(p for p in gold if gold[p]):
            here = candidate[path][kind] if candidate.get(path) else {}
            for name, mine in gold[path][kind].items():
                theirs = [here[name]] if name in here else places.get(name, [])
                if len(theirs) == 1 and differ(name, mine, theirs[0]):
                    yield path, name


def _other_class(name: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    return any(mine[part] != theirs[part] for part in ("bases", "decorators"))


def _other_names(name: str, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether a parameter that users may name cannot be named so."""
    last = name.partition("@")[0].rpartition(".")[2]
    if last.startswith("_"):
        return False
    own, others = mine["parameters"], theirs["parameters"]
    first = 1 if "." in name else 0
    named = {*own["plain"][first:], *own["named"]} - {*own["unnamed"]}
    known = {*others["plain"], *others["named"]} - {*others["unnamed"]}
    return (others["stars"] is None) != (own["stars"] is None) or not named <= known


def _withheld(base: Mapping[str, Any], gold: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[Function]:
    """Names that users could import, or got by ``import *``, and that are not there for them under the diff, or are something else."""
    for path in sorted(p for p in gold if gold[p] and base.get(p) and candidate.get(p)):
        before, fixed, after = (side[path] for side in (base, gold, candidate))
        hidden = {*before["listed"]} & {*fixed["listed"]} - {*after["listed"]}
        unlisted = _LISTING in {*after["values"]} - {*fixed["values"], *before["values"]} and _public(fixed) - {*after["listed"]}
        if hidden or unlisted:
            yield path, _LISTING
        handed = {*before["imports"]} & {*fixed["imports"]}
        yield from ((path, name) for name in sorted(handed & {*after["values"]} - {*fixed["values"]}))
        there = {*after["imports"], *after["values"], *after["functions"], *after["classes"]}
        for name in sorted(handed - there):
            if path.endswith("__init__.py") or name in fixed["listed"]:
                yield path, name


def _public(outline: Mapping[str, Any]) -> set[str]:
    """Names that ``import *`` gives where nothing says which."""
    names = {*outline["values"], *outline["functions"], *outline["classes"], *outline["imports"]}
    return {name for name in names if "." not in name and "@" not in name and not name.startswith("_")}


def _acting(base: Mapping[str, Any], gold: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[Function]:
    """Definitions and assignments that do more than to give their name a value, and that neither side has."""
    known = {name for side in (base, gold) for outline in side.values() if outline for name in outline["acting"]}
    for path in sorted(p for p in candidate if candidate[p]):
        yield from ((path, name) for name in candidate[path]["acting"] if name not in known)


def _hiding(base: Mapping[str, Any], gold: Mapping[str, Any], candidate: Mapping[str, Any], own: Set[str]) -> Iterator[Function]:
    """New names of a module that are built-in ones, or in a package those of modules; and new modules on the top level beside no others."""
    for path in sorted(p for p in candidate if candidate[p]):
        known = [side[path] for side in (base, gold) if side.get(path)]
        for kind in ("values", "functions", "classes"):
            for name in candidate[path][kind]:
                hides = hasattr(builtins, name) or (path.endswith("/__init__.py") and name in own)
                if hides and not any(name in side[k] for side in known for k in ("values", "functions", "classes")):
                    yield path, name
        parts = path.removesuffix(".py").removesuffix("/__init__").removeprefix("src/").removeprefix("lib/").split("/")
        beside = {p.rpartition("/")[0] for side in (base, gold) for p in side if side[p]}
        if not known and len(parts) == 1 and (parts[0] in sys.stdlib_module_names or path.rpartition("/")[0] not in beside):
            yield path, WHOLE_FILE


def _effects(side: Mapping[str, Any]) -> Counter[str]:
    return Counter(effect for outline in side.values() if outline for effect in outline["effects"])
