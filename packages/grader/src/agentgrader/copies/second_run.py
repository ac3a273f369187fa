"""A second run that asks whether the tests decide anything: copies of required tests, some true and some false.

In each of its rounds a box holds the tree with the diff, in which every drawn test is replaced by one copy. A diff that makes
tests pass whatever they assert passes the false copies too. One that does so only for the tests it knows fails the true ones. The
box never held an original, and is emptied for each round: it holds no two copies of one test, and nothing that says which is which.
"""

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from agentsandbox.sandbox import Sandbox
from trajschema.task import Task

from agentgrader.copies import archive
from agentgrader.copies.asking import Asked, Written, ask, written
from agentgrader.copies.copy import ELSEWHERE, Mark, Part
from agentgrader.copies.drawing import Function, Round, functions, plan
from agentgrader.frameworks import framework_of
from agentgrader.run import run_tests
from agentgrader.tree_files import files_in

_SECONDS = 5.0
"""That looking at assertions one by one may take."""
_TREE_BYTES = 1 << 40
"""No diff may make a tree too large for copies: what a box can hold can be copied out of it."""


@dataclass(frozen=True)
class Questions:
    """The rounds of one grading."""

    tree: bytes
    """What the tests ran on, as an archive: with the originals."""
    rounds: Sequence[Written]


@dataclass(frozen=True)
class SecondRun:
    """The second run of one grading."""

    task: Task
    opened: Callable[[], AbstractContextManager[Sandbox]]
    """A new box."""
    prepare: Callable[[Sandbox, str], None]
    """Makes a box what the tests ran on, with a diff (that of the candidate, the gold patch, or none): nothing of it has run."""

    def planned(self, box: Sandbox, diff: str, seconds: float) -> "Questions":
        """What will be asked of ``diff``. ``box`` is one that may be emptied; ``seconds`` is what one required test takes."""
        framework = framework_of(self.task.environment.test_command)
        self.prepare(box, diff)
        tree = box.copy_out(".", limit=_TREE_BYTES)
        rounds = plan(functions(self.task, files_in(tree)), seconds, framework, random.Random(secrets.randbits(64)))
        sources = archive.contents(tree, {path for planned in rounds for one in planned for path in one.function.paths})
        fixing = [one.function for one in rounds[0] if one.function.fixing] if rounds else []
        telling = self._telling(box, fixing, sources)
        return Questions(tree, [written(_told(planned, telling), sources, framework) for planned in rounds])

    def asked(self, questions: "Questions") -> tuple[frozenset[Asked], frozenset[Asked]]:
        """The copies that were asked for, and those of them that came out wrong with the diff and do not so with the gold patch."""
        said = [one for one in questions.rounds if one.asked]
        wrong = self._wrong(said, lambda box, one: box.load(archive.with_files(questions.tree, one.texts)))
        bad = [one for one in said if any(a in wrong for a in one.asked)]
        void = self._wrong(bad, self._right)  # what comes out wrong with the right code as well says nothing
        return frozenset(a for one in said for a in one.asked) - void, wrong - void

    def _wrong(self, rounds: Sequence[Written], load: Callable[[Sandbox, Written], None]) -> frozenset[Asked]:
        """The copies that come out wrong, in a box of their own that is emptied and loaded for each round."""
        if not rounds:
            return frozenset()
        wrong: frozenset[Asked] = frozenset()
        with self.opened() as box:
            for one in rounds:
                load(box, one)
                wrong |= ask(one, box, self.task.environment)
        return wrong

    def _right(self, box: Sandbox, said: Written) -> None:
        """Make ``box`` the right code, with the copies."""
        self.prepare(box, self.task.gold_patch)
        _put(box, said.texts)

    def _telling(self, box: Sandbox, fixing: Sequence[Function], sources: Mapping[str, bytes]) -> dict[Function, tuple[Mark, ...]]:
        """The assertions of tests to fix that fail with the faulty code, of those with several."""
        framework = framework_of(self.task.environment.test_command)
        texts: dict[str, str] = {}
        ids: dict[str, tuple[Function, Part]] = {}
        for path, source in sources.items():
            here = {f.name: f for f in fixing if path in f.paths}
            try:
                text, parts = framework.parts(source, path, list(here))
            except ValueError:
                continue
            if parts:
                texts[path] = text
                for name, part in parts.items():
                    f = here[part.function]
                    ids[framework.renamed(f.tests[0], f.name, name)] = (f, part)
        if not ids:
            return {}
        self.prepare(box, "")
        _put(box, texts)
        statuses = run_tests(box, self.task.environment, ids=list(ids), plain=True, timeout_s=_SECONDS).statuses
        telling: dict[Function, tuple[Mark, ...]] = {}
        for test, status in statuses.items():
            id_, bracket, case = test.partition("[")
            if id_ in ids:
                f, part = ids[id_]
                found = (f"{part.mark}{bracket}{case}",) if status in ("failed", "error") else ()
                telling[f] = (*telling.get(f, ()), *found)
        return {f: marks or (ELSEWHERE,) for f, marks in telling.items()}


def _told(planned: Round, telling: Mapping[Function, tuple[Mark, ...]]) -> Round:
    return tuple(replace(one, copy=replace(one.copy, telling=telling.get(one.function, ()))) for one in planned)


def _put(box: Sandbox, texts: Mapping[str, str]) -> None:
    for path, text in texts.items():
        box.copy_in(path, text.encode("utf-8", "surrogateescape"))
