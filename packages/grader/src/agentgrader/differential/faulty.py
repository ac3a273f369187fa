"""The code without the gold patch. A call that it answers otherwise reaches what the patch changes, wherever that stands."""

from collections.abc import Sequence

from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits
from trajschema.task import Task

from agentgrader.calls import Pace, make_calls
from agentgrader.differential.answers import Answer, fingerprint
from agentgrader.differential.gold import GoldSide
from agentgrader.differential.inputs import Call
from agentgrader.differential.values import Ignored
from agentgrader.run import opened

_PACE = Pace(call_s=1.0, total_s=15.0, late=5)


class FaultySide:
    """Opens a box for calls that it was not asked before."""

    def __init__(self, task: Task, tree: bytes, backend: Backend, limits: Limits, gold: GoldSide) -> None:
        self._task = task
        self._tree = tree
        self._backend = backend
        self._limits = limits
        self._gold = gold
        self._reaches: dict[str, bool] = {}
        """By call."""

    def reaching(self, answers: Sequence[tuple[Call, Answer]], paths: Sequence[str], ignored: Ignored, trusted: bool) -> set[int]:
        """Positions of calls that are answered otherwise here, each time that the gold patch is asked again. No answer shows nothing."""
        new = [(call, mine) for call, mine in answers if call.identity not in self._reaches]
        if new:
            found = self._answers([call for call, _ in new], paths, trusted)
            other = [i for i, a in sorted(found.items()) if _answered(a) and fingerprint(a, ignored) != fingerprint(new[i][1], ignored)]
            alike = self._gold.again([new[i] for i in other], paths, ignored)
            firm = {other[i] for i, same in alike.items() if same}
            self._reaches |= {call.identity: i in firm for i, (call, _) in enumerate(new)}
        return {i for i, (call, _) in enumerate(answers) if self._reaches[call.identity]}

    def _answers(self, calls: Sequence[Call], paths: Sequence[str], trusted: bool) -> dict[int, Answer]:
        with opened(self._backend, self._limits, self._task.environment, trusted) as box:
            box.load(self._tree, [self._task.bug_patch])
            setting = self._gold.setting(calls, paths)
            made = make_calls(box, self._task.environment, [c.request() for c in calls], setting, _PACE, hash_seed=self._gold.hash_seed)
            return {r["call"]: r for r in made}


def _answered(answer: Answer) -> bool:
    return "result" in answer or "raised" in answer
