"""The engine: a run in, its reward out. It only combines rules, judge and fusion, the same as in the graph."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from trajschema.outcome import Outcome
from trajschema.score import StepScore
from trajschema.trajectory import Trajectory

from agentreward.aggregate.claims import examined
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.outcomes import counted_as
from agentreward.config import RewardConfig
from agentreward.dict_runs import Run, read_run
from agentreward.errors import InvalidRun, short
from agentreward.judge.layer import open_judge
from agentreward.result import TrajectoryReward
from agentreward.rules.registry import rules_of
from agentreward.rules.scorer import ScoredRun, agent_steps, scored_run


class RewardEngine:
    """Scores runs with one configuration. Safe to share between threads.

    Without a judge (no key, no library, ``model_weight`` 0) the rules score alone and each result says why; nothing is made up.

    Raises:
        InvalidRubrics: the rubric set cannot be read, or one of its rubrics has no rule.
    """

    def __init__(self, config: RewardConfig | None = None) -> None:
        self.config = config or RewardConfig()
        self.rubrics = self.config.rubrics
        self._weights = self.config.weights(self.rubrics)
        self._rules = rules_of(self.rubrics)
        self._judge = open_judge(self.config, self.rubrics)

    def score(self, trajectory: Mapping[str, Any] | Trajectory, outcome: Outcome | None = None) -> TrajectoryReward:
        """The reward of a run: a plain dict (see :mod:`agentreward.dict_runs`), a trajectory, or the JSON form of one.

        ``outcome`` replaces what the run says of itself. One that is only claimed is looked at in the light of the steps
        (:mod:`agentreward.aggregate.claims`).

        Raises:
            InvalidRun: ``trajectory`` is no run, or ``outcome`` no outcome.
            InvalidRubrics: the rule of a custom rubric failed.
        """
        if outcome is not None and not isinstance(outcome, Outcome):
            raise InvalidRun(f"outcome is {short(outcome)}; give an Outcome, or say what the run claims in its own 'outcome'")
        run = read_run(trajectory)
        steps = run.trajectory
        seen = examined(outcome or run.outcome, steps.steps, self._weights, run.task)
        rule_version = _version()
        by_rule = scored_run(steps, scorer_version=rule_version, rules=self._rules, task=run.task)
        versions = {"rule": rule_version}
        judged, notes = self._judged(run, by_rule)
        if judged:
            versions["judge"] = judged[0].scorer_version
        record = reward(
            steps.trajectory_id,
            agent_steps(steps),
            seen,
            judged,
            self._weights,
            rollout_id=steps.rollout_id,
            task_id=steps.task_id,
            agent=steps.agent,
            versions=versions,
            by_rule=((s.step_id, s.scores) for s in by_rule.steps),
        )
        names = tuple(r.id for r in self.rubrics.rubrics)
        tamper, told = (seen.tamper, counted_as(seen, self._weights)) if seen is not None else ((), ())
        return TrajectoryReward(record, tuple(judged), names, tamper, (*told, *notes), by_rule)

    def _judged(self, run: Run, by_rule: ScoredRun) -> tuple[list[StepScore], tuple[str, ...]]:
        if isinstance(self._judge, str):
            return [], (self._judge,)
        return self._judge.score(run, list(by_rule.records()))


@cache
def _version() -> str:
    try:
        return version("agentreward")
    except PackageNotFoundError:
        return "source"
