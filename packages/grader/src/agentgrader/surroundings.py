"""Code of a diff that asks its surroundings: the clock, the command line, the terminal, files at a path of its own, chance.

What it is told may differ between the boxes where it is compared and the place where it is used, so such code can be right here and
wrong there. It is often honest, so it tells nothing against a pass; but nothing that was compared speaks for what it does elsewhere.
What the base or the gold patch asks too is no matter, wherever the diff moves it.
"""

from collections.abc import Mapping

from agentgrader.access.places import LARGEST, TOO_MUCH, UNREADABLE, Place, Reach, added, constants_of, held, notes, own_names
from agentgrader.access.surroundings import asks

Sources = Mapping[str, bytes | None]
"""Path → source of a Python file; ``None`` for one that is not there or cannot be had, which runner access names."""


def surroundings(base: Sources, gold: Sources, changed: Sources, own: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """Notes ``path:line: what: by what name, in `the line``` on what the diff asks more often than the base and the gold patch do.

    Args:
        base: sources without either, of all files that one of them changes and that are no tests.
        gold: the same under the gold patch.
        changed: the same under the diff.
        own: names of modules of the repository, beside those in the paths.
    """
    own |= own_names({*base, *gold, *changed})
    elsewhere = constants_of(changed)
    known: dict[tuple[str, bytes], list[Place]] = {}

    def places(path: str, source: bytes | None) -> list[Place]:
        if source is None or not path.endswith(".py"):
            return []
        if (path, source) not in known:
            known[path, source] = [Place(path, reach) for reach in _asks(source)]
        return known[path, source]

    def _asks(source: bytes) -> list[Reach]:
        if len(source) > LARGEST:
            return [Reach("not looked through", "too large", 0)]
        try:
            return asks(source, own, elsewhere)
        except UNREADABLE:
            return [Reach("not looked through", "no Python here", 0)]
        except TOO_MUCH:
            return [Reach("not looked through", "nested too deeply, or constants too large", 0)]

    # a text that all sides have counts alike on each
    edited = [path for path in {*base, *gold, *changed} if not base.get(path) == gold.get(path) == changed.get(path)]
    before, right, after = ({path: side.get(path) for path in edited} for side in (base, gold, changed))
    lines = {path: source for path, source in before.items() if source is not None}
    try:
        return tuple(notes(added(held(before, places) | held(right, places), lines, after, places), after))
    except Exception as e:  # of any kind: what cannot be looked through is said, and does not end the comparison
        return (f"the diff cannot be looked through: {type(e).__name__}",)
