"""judge_scores: what a language model says of every step, one structured call a trajectory. Empty without a key: nothing is made up."""

import dagster as dg
from agentllm.errors import LLMError
from agentreward.judge import score_judge
from trajschema.arrow import from_table, to_table
from trajschema.score import StepScore
from trajschema.task import Task
from trajschema.trajectory import Trajectory

from resources.declare import declared
from resources.fingerprint import fingerprint
from resources.incremental import Inputs, Made
from resources.incremental_asset import Incremental
from resources.judge import JudgeResource
from resources.settings import Settings


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**declared("judge_scores", settings, kinds={"anthropic"}, description=__doc__))
    def judge_scores(
        context: dg.AssetExecutionContext, incremental: dg.ResourceParam[Incremental], judge: dg.ResourceParam[JudgeResource]
    ) -> dg.MaterializeResult:
        version = fingerprint("agentreward.judge")
        return incremental.materialise(context, "judge_scores", lambda inputs: score(inputs, judge, version))

    return judge_scores


def score(inputs: Inputs, judge: JudgeResource, version: str) -> Made:
    """Scores of every trajectory of the task that the judge could be asked about; the others are retried by the next run."""
    if judge.client is None:
        return Made(to_table(StepScore, []), metadata={"judge": f"no scores: {judge.why_not}"})
    (task,) = from_table(Task, inputs["task_pool"])
    found: list[StepScore] = []
    lost: list[str] = []
    for trajectory in from_table(Trajectory, inputs["trajectories"]):
        try:
            found.extend(score_judge(task, trajectory, judge.client, model=judge.model, scorer_version=version))
        except LLMError as error:
            lost.append(f"{trajectory.trajectory_id}: {error}")
    return Made(to_table(StepScore, found), tuple(lost), {"scores": len(found), "missing": sum(s.score is None for s in found)})
