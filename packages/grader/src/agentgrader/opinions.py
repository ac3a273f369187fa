"""Asking for the second opinion on passes of one task. What goes wrong in asking costs that opinion, and no verdict.

Where asking fails, the gold patch is asked for as a control, and then the diff once more: a comparison that works with the gold
patch and fails twice with a diff was silenced by it.
"""

from dataclasses import dataclass
from typing import Protocol

from agentsandbox.errors import SandboxError
from trajschema.ids import sha256_bytes
from trajschema.outcome import Differential, Outcome
from trajschema.task import Task

from agentgrader.confirmation import NO_GOLD_PATCH, confirmed


class Tester(Protocol):
    """Compares a diff with the gold patch: :class:`agentgrader.differential.tester.DifferentialTester`."""

    def opinion(self, diff: str, trusted: bool = False) -> Differential:
        """What became of the comparison; raises whatever went wrong."""


@dataclass(frozen=True)
class _Heard:
    """An opinion, or why there is none."""

    opinion: Differential | None = None
    unheard: str = ""
    silenced: str = ""
    lost: str = ""


class Opinions:
    """Opinions on diffs of one task; each is asked for once."""

    def __init__(self, task: Task, tester: Tester) -> None:
        self._task = task
        self._tester = tester
        self._heard: dict[str, _Heard] = {}

    def remember(self, diff_sha256: str, opinion: Differential) -> None:
        """Take over what was found before."""
        self._heard[diff_sha256] = _Heard(opinion)

    def confirm(self, outcome: Outcome, diff: str, trusted: bool = False) -> tuple[Outcome, str]:
        """``outcome`` of ``diff`` with its confirmation, and what the infrastructure did to the opinion on it (empty: nothing).

        Only a resolved outcome gets one; any other comes back as it is. ``trusted`` as for :func:`agentgrader.grade.grade`.
        """
        if outcome.verdict != "resolved":
            return outcome, ""
        if not self._task.gold_patch:
            return confirmed(outcome, None, unheard=NO_GOLD_PATCH), ""
        sha = _sha(diff)
        if sha not in self._heard:
            self._heard[sha] = self._ask(diff, trusted)
        said = self._heard[sha]
        return confirmed(outcome, said.opinion, unheard=said.unheard, silenced=said.silenced), said.lost

    def _ask(self, diff: str, trusted: bool) -> _Heard:
        try:
            return _Heard(self._tester.opinion(diff, trusted))
        except Exception as error:  # of any kind: what a diff makes of the comparison must not reach other rollouts
            failure = error
        try:
            self._tester.opinion(self._task.gold_patch, trusted)
        except Exception as error:
            lost = next((str(e) for e in (failure, error) if isinstance(e, SandboxError)), "")
            return _Heard(unheard=f"the comparison failed, with the gold patch too: {_told(error)}", lost=lost)
        try:
            return _Heard(self._tester.opinion(diff, trusted))
        except Exception as error:
            return _Heard(silenced=f"it fails with it, and not with the gold patch: {_told(error)}")


def _sha(diff: str) -> str:
    return sha256_bytes(diff.encode("utf-8", "surrogatepass"))


def _told(error: Exception) -> str:
    """An exception in one short line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
