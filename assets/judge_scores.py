"""judge_scores: what a language model says of every step, one structured call a trajectory. Empty without a key: nothing is made up."""

from collections.abc import Iterator, Sequence
from statistics import fmean

import dagster as dg
from agentllm.batches import Batches
from agentllm.client import Client
from agentllm.errors import LLMError
from agentreward.judge.config import JudgeConfig
from agentreward.judge.many import judge_many
from agentreward.judge.scoring import spread, unanswered
from trajruntime.executor import ThreadExecutor
from trajschema.arrow import to_table
from trajschema.score import StepScore

from resources.asset_options import asset_options
from resources.incremental.asset import Incremental
from resources.incremental.run import Inputs, StageResult
from resources.judge import JudgeResource, judged_runs, spent
from resources.settings import Settings


def asset(settings: Settings) -> dg.AssetsDefinition:
    """The asset under ``settings``."""

    @dg.asset(**asset_options("judge_scores", settings, kinds={settings.judge.provider}, description=__doc__))
    def judge_scores(context: dg.AssetExecutionContext, incremental: Incremental, judge: JudgeResource) -> Iterator[dg.MaterializeResult]:
        settings = judge.applied(incremental.settings)
        config, client = judge.config(settings.rubric_set), judge.open()
        if client is None:
            yield from incremental.materialise(context, "judge_scores", lambda inputs: unscored(judge.why_not), settings=settings)
            return
        failure = batched(context.partition_keys, incremental, settings, judge, client)

        apart: list[float] = []

        def compute(inputs: Inputs) -> StageResult:
            if failure is not None:
                raise failure
            made = score(inputs, config, client, judge.concurrency)
            if "replicate_spread" in made.metadata:
                apart.append(made.metadata["replicate_spread"])
            return made

        workers = ThreadExecutor(judge.concurrency, lambda: client.chat.cost_limiter.close("the run was stopped"))
        for done in incremental.materialise(context, "judge_scores", compute, workers, settings):
            ledger = {f"judge_{name}": value for name, value in spent(client.ledger.total).items()}
            replicates = {"judge_replicate_spread": fmean(apart)} if apart else {}
            yield dg.MaterializeResult(metadata={**(done.metadata or {}), **ledger, **replicates, "notes": list(client.notes())})

    return judge_scores


def unscored(why_not: str) -> StageResult:
    """No scores, and why."""
    return StageResult(to_table(StepScore, []), metadata={"judge": f"no scores: {why_not}"})


def score(inputs: Inputs, config: JudgeConfig, client: Client, at_once: int) -> StageResult:
    """Scores of every trajectory of the task. Those that the service failed have reasons for scores, and are asked for by the next run."""
    found = judge_many(judged_runs(inputs), client, config, at_once=at_once)
    rows = [s for judged in found for s in judged.scores]
    lost = tuple(f"{judged.trajectory_id}: {judged.failure}" for judged in found if judged.failure is not None)
    apart = spread(rows)
    counts = {"scores": len(rows), "missing": sum(s.score is None for s in rows)} | ({} if apart is None else {"replicate_spread": apart})
    return StageResult(to_table(StepScore, rows), lost, counts)


def batched(
    partitions: Sequence[str], incremental: Incremental, settings: Settings, judge: JudgeResource, client: Client
) -> LLMError | None:
    """Have what is missing answered by a batch, where the settings ask for that and it is much; what kept the service from it."""
    if judge.batch == "never":
        return None
    config = judge.config(settings.rubric_set)
    stale = incremental.stale(partitions, "judge_scores", settings)
    missing = [question for inputs in stale for run in judged_runs(inputs) for question in unanswered(*run, config, judge.cache)]
    if not judge.in_batch(len(missing)):
        return None
    progress = incremental.progress
    progress.start("judge batch", len(missing), 0)
    try:
        Batches(client, lambda line: progress.note("judge batch", line)).fill(missing)
    except LLMError as error:
        return error
    progress.finish("judge batch")
    return None
