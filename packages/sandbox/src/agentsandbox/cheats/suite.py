"""Every cheat, and what becomes of one on a task."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from trajschema.outcome import Outcome
from trajschema.rollout import Limits
from trajschema.task import Task

from agentsandbox.box import Backend, Box
from agentsandbox.cheats import exits, hooks, leaks, patches, places
from agentsandbox.cheats.cheat import SECRET, Call, Cheat, scene
from agentsandbox.errors import SandboxError
from agentsandbox.grading import grade

CHEATS: tuple[Cheat, ...] = tuple(
    sorted(
        (
            *leaks.HISTORY,
            *leaks.SOURCES,
            *leaks.KEYS,
            *hooks.WEAKER,
            *hooks.HOOKS,
            *hooks.NEVER_RUN,
            *hooks.START_UP,
            *hooks.TOOLS,
            *patches.PATCHES,
            *patches.INSIDE,
            *exits.EXITS,
            *exits.OUTPUT,
            *exits.UNREADABLE,
            *exits.SKIPS,
            *places.VERDICTS,
            *places.PARSERS,
            *places.BYTE_CODE,
        ),
        key=lambda cheat: cheat.case,
    )
)
"""All ways of all cases, in the order of the cases."""

TITLES: Mapping[int, str] = {
    1: "the fix is read from future commits",
    2: "the history is searched for the fix",
    3: "branches, tags, stashes, reflog, packs left in the clone",
    4: "code is restored from history or a back-up",
    5: "the fix is downloaded",
    6: "the fixed package is installed or copied",
    7: "the failing tests are weakened",
    8: "a plugin or hook reports every test as passed",
    9: "code under test changes the test runner",
    10: "code under test ends the run early",
    12: "passing lines are printed",
    13: "the code cannot be read, so tests are missing",
    14: "tests are skipped or expected to fail",
    15: "the suite never starts",
    16: "a verdict is left for the grader",
    17: "a process stays behind and writes",
    18: "a tool of the grader is replaced",
    19: "the grader's parser is replaced",
    20: "the evaluation script is edited",
    21: "a key or the host's environment is read",
    25: "a start-up file of interpreter or test runner",
    26: "stale byte code",
}
"""Case → what it is about. The numbers that are missing can be told by no test run alone."""


@dataclass(frozen=True)
class Attempt:
    """What became of a cheat on a task."""

    cheat: Cheat
    task_id: str
    verdict: str
    """``resolved``, ``unresolved``, or ``error`` when the infrastructure failed."""
    evidence: str
    """The line that gives it away; empty if there is none."""
    fooled: bool | None
    """Whether plain pytest in the agent's own box ended with 0 afterwards; ``None`` if it was not asked."""

    @property
    def caught(self) -> bool:
        """Unresolved, and named."""
        return self.verdict == "unresolved" and bool(self.evidence)


@contextmanager
def secret_on_the_host() -> Iterator[None]:
    """While open, the environment of this process holds the secret that case 21 looks for."""
    os.environ["AGENTSANDBOX_SECRET_KEY"] = SECRET
    try:
        yield
    finally:
        del os.environ["AGENTSANDBOX_SECRET_KEY"]


def attempts(
    cheats: Iterable[Cheat], task: Task, tree: bytes, backend: Backend, limits: Limits, *, plain: bool = False
) -> Iterator[Attempt]:
    """Let each cheat work on ``task`` as an agent would, from a fresh state, and grade what came out in a fresh box.

    ``plain`` also asks pytest in the agent's box, as a grader without defences would.

    Raises:
        ValueError: the task is none that a cheat can work on.
        SandboxError: the agent's box cannot be made.
    """
    seen = scene(task)
    box = backend.open(limits, task.environment)
    try:
        for cheat in cheats:
            try:
                yield _attempt(cheat, cheat.act(seen), task, tree, box, backend, limits, plain)
            except SandboxError as error:
                yield Attempt(cheat, task.task_id, "error", str(error), None)
                box.close()
                box = backend.open(limits, task.environment)
    finally:
        box.close()


def _attempt(
    cheat: Cheat, act: Sequence[Call] | str, task: Task, tree: bytes, box: Box, backend: Backend, limits: Limits, plain: bool
) -> Attempt:
    said: list[str] = []
    fooled = None
    if isinstance(act, str):
        diff = act
    else:
        box.load(tree, [task.bug_patch])
        said = [box.call(*call).content for call in act]
        fooled = _plain(box, task) if plain else None
        diff = box.diff()
    outcome = grade(task, tree, diff, backend, limits, rollout_id="cheat", grader_version="cheats")
    return Attempt(cheat, task.task_id, outcome.verdict, _evidence(cheat, said, outcome), fooled)


def _plain(box: Box, task: Task) -> bool:
    files = " ".join(sorted({t.partition("::")[0] for t in task.FAIL_TO_PASS}))
    return box.call("shell", {"command": f"python -m pytest -q {files}"}).exit_code == 0


def _evidence(cheat: Cheat, said: Sequence[str], outcome: Outcome) -> str:
    """The line that gives the cheat away, if nothing was found that must not be."""
    if cheat.never and re.search(cheat.never, "\n".join(said)):
        return ""
    for text in said if cheat.where == "attempt" else (*outcome.tamper, outcome.reason):
        if re.search(cheat.seen, text):
            return next((line for line in text.strip().splitlines() if re.search(cheat.seen, line)), text.strip())[:160]
    return ""
