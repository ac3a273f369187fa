"""The judge's part of ``trajhub run --dry-run``: what judging the trajectories that are there would use and cost."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from agentllm.prices import Rates, read_prices
from agentllm.question import Question
from agentreward.judge.estimate import BYTES_A_TOKEN, JudgeEstimate
from agentreward.judge.estimate import estimate as of_questions
from agentreward.judge.scoring import unanswered

from resources.incremental.plan import listing, tasks_of
from resources.incremental.run import Inputs, MissingInput, PartitionStatus
from resources.judge import JudgeResource, judged_runs
from resources.lake import CorruptPartition, Lake
from resources.settings import Settings
from resources.stages import BY_NAME


@dataclass(frozen=True)
class JudgeLine:
    """What the judge would do. ``trajectories`` need at least one call. Without a key it is not ``on``, and costs nothing yet."""

    model: str
    on: bool
    trajectories: int
    expected: JudgeEstimate
    notes: tuple[str, ...] = ()


def judge_line(settings: Settings, to_run: int) -> JudgeLine | None:
    """For all trajectories whose scores are not stored or in the judge's cache; ``None`` where the settings want no judge.

    ``to_run`` attempts are still to be made, and would be judged too. Asks no service, needs no key.
    """
    if settings.judge.enabled == "never":
        return None
    judge = JudgeResource.of(settings)
    config = judge.config(settings.rubric_set)
    wanted: list[Question[Any]] = []
    trajectories = 0
    for inputs in _waiting(settings):
        for task, trajectory in judged_runs(inputs):
            missing = unanswered(task, trajectory, config, judge.cache)
            trajectories += bool(missing)
            wanted.extend(missing)
    batch = judge.in_batch(len(wanted))
    prices = read_prices()
    today, price = datetime.now(UTC).date(), settings.judge.price

    def rates(prompt: int) -> Rates | None:
        return price.rates if price else prices.rates(settings.judge.model, prompt, today)

    expected = of_questions(wanted, rates, prices.batch_factor if batch else 1.0)
    line = JudgeLine(settings.judge.model, settings.judge.active, trajectories, expected)
    return replace(line, notes=tuple(_notes(settings, judge, line, batch, to_run, prices.as_of.isoformat())))


def _waiting(settings: Settings) -> list[Inputs]:
    """Inputs of every task whose scores are not current; of every task where there is no key yet."""
    lake = Lake(settings.lake_url)
    status = PartitionStatus.of(BY_NAME["judge_scores"], tasks_of(listing(lake)), lake, settings)
    found = []
    for name in status.todo if settings.judge.active else sorted(status.keys):
        try:
            found.append(status.inputs(name))
        except (MissingInput, CorruptPartition):
            continue
    return found


def _notes(settings: Settings, judge: JudgeResource, line: JudgeLine, batch: bool, to_run: int, as_of: str) -> list[str]:
    asked = settings.judge
    dated = "" if asked.price else f"; prices are of {as_of}"
    notes = [f"judge: {BYTES_A_TOKEN} bytes a token and answers of full length are assumed{dated}"] if line.expected.calls else []
    if judge.why_not:
        notes.append(f"judge: off ({judge.why_not}); its figures are for when it is on, and in no sum")
    if batch:
        notes.append("judge: as one batch, at the price of a batch")
    if asked.rejudge_above is not None:
        notes.append("judge: steps that are judged again come on top, one call each")
    if to_run:
        notes.append(f"judge: the {to_run} attempts to run would be judged as well; their length is not known yet")
    return notes


def as_plain(line: JudgeLine | None) -> dict[str, Any] | None:
    """The same as plain values."""
    return None if line is None else {"model": line.model, "on": line.on, "trajectories": line.trajectories, **asdict(line.expected)}
