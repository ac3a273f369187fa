"""Where the time of `RewardEngine.score` goes, part by part.

Each part is run alone on what the part before it gave, so parts can be compared and add up; what the whole takes beyond their sum is
mostly the collector of garbage, which has more to walk through while everything is alive.
"""

from collections.abc import Callable
from typing import Any

from agentreward.aggregate.fusion import Fusion, WeighedStep, collect_scores, reward, step_values
from agentreward.aggregate.process_reward import process_score
from agentreward.config import RewardConfig
from agentreward.dict_runs import read_run
from agentreward.reward import RewardEngine
from agentreward.rules.facts import Facts
from agentreward.rules.read.calls import answered
from agentreward.rules.registry import DEFAULT_RULES
from agentreward.rules.scorer import RuleScorer, agent_steps, scored_run
from agentreward.rules.state.knowledge import Knowledge
from trajschema.trajectory import Trajectory

Best = Callable[[Callable[[], object], int], float]
"""From work and rounds to seconds."""

RULES_ALONE = "of these, the bare scorer"
WHOLE = "the whole engine"


def profile(given: dict[str, Any], rounds: int, best: Best) -> dict[str, float]:
    """Part of the engine → seconds for the run ``given``, which has no claimed outcome."""
    engine = RewardEngine(RewardConfig(model_weight=0.0))
    weights = engine.config.weights(engine.rubrics)
    run = read_run(given)
    trajectory, ids = run.trajectory, agent_steps(run.trajectory)
    found = scored_run(trajectory, scorer_version="v", task=run.task)
    by_rule = [(s.step_id, s.scores) for s in found.steps]

    def weigh() -> list[WeighedStep]:
        return Fusion(weights).steps(collect_scores(trajectory.trajectory_id, ids, (), by_rule))

    values = step_values(weigh())
    facts = _facts(trajectory, run.task)

    def seconds(work: Callable[[], object]) -> float:
        return best(work, rounds)

    rules = seconds(lambda: scored_run(trajectory, scorer_version="v", task=run.task))
    read = seconds(lambda: [answered(step) for step in trajectory.steps])
    shown = seconds(lambda: _know(trajectory))
    known = seconds(lambda: _facts(trajectory, run.task))
    judged = seconds(lambda: [[rule(f) for rule in DEFAULT_RULES.values()] for f in facts])
    weighed = seconds(weigh)
    mean = seconds(lambda: process_score(values, weights.default_process_reward))
    added = seconds(lambda: reward(trajectory.trajectory_id, ids, None, (), weights, by_rule=by_rule))
    parts = {
        "dict → trajectory (dict_runs)": seconds(lambda: read_run(given)),
        "calls → actions (rules.read)": read,
        "names shown (rules.state.knowledge)": shown,
        "facts, gate, keeping (rules.state)": known - read - shown,
        "facts → five rubrics (rules.rubrics)": judged,
        "scores and evidence kept (rules.scorer)": rules - known - judged,
        "fusion (fusion)": weighed,
        "process score (process)": mean,
        "the record (trajschema)": added - weighed - mean,
    }
    whole = seconds(lambda: engine.score(given))
    return {**parts, "the rest": whole - sum(parts.values()), WHOLE: whole, RULES_ALONE: rules}


def _know(trajectory: Trajectory) -> None:
    knowledge = Knowledge()
    for step in trajectory.steps:
        for observation in step.observations:
            knowledge.add(observation.content, step.step_id)


def _facts(trajectory: Trajectory, task: str) -> list[Facts]:
    scorer = RuleScorer(task=task)
    return [facts for step in trajectory.steps for facts in scorer.take(step)[1]]
