"""Calibration: do rewards order runs, pairs and steps as people do?"""

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from trajschema.calibration import Calibration, Figure
from trajschema.label import HumanLabel
from trajschema.preference import PreferencePair
from trajschema.score import Reward

from agentreward.calibration.agreement import Point, Statistic, agreement_rate, figure, mean_absolute_error, pearson_r, spearman_rho
from agentreward.calibration.ratings import CalibrationResult, calibrate

__all__ = ["CalibrationResult", "calibrate", "calibrate_labels"]

NO_LABELS = (
    "no labels were given: rate 50 to 100 trajectories between 0 and 1 (or say which run of a pair is better), one JSON line each with "
    "annotator, unit (trajectory, pair or step), target_id and value, and name that file as the label source"
)
_CORRELATIONS: tuple[tuple[str, Statistic], ...] = (("pearson_r", pearson_r), ("spearman_rho", spearman_rho))
_ALL: tuple[tuple[str, Statistic], ...] = (*_CORRELATIONS, ("mae", mean_absolute_error))
_PAIRWISE: tuple[tuple[str, Statistic], ...] = (("agreement_rate", agreement_rate),)

Scorer = Callable[[Reward], float | None]
Direction = Callable[[PreferencePair], float | None]

_TRIVIAL: tuple[tuple[str, Scorer], ...] = (("outcome only", lambda r: r.outcome), ("shorter is better", lambda r: -float(r.agent_steps)))


class _Unit(NamedTuple):
    kind: str
    target: str
    step: int


class _Known(NamedTuple):
    runs: dict[str, Reward]
    pairs: dict[str, PreferencePair]

    def task(self, unit: _Unit) -> str:
        if unit.kind == "pair":
            return self.pairs[unit.target].task_id
        return self.runs[unit.target].task_id or unit.target


def calibrate_labels(labels: Sequence[HumanLabel], rewards: Sequence[Reward], pairs: Sequence[PreferencePair]) -> Calibration:
    """Agreement of rewards with ``labels``, each figure with a 95 % interval over tasks; baselines; the human ceiling.

    Trajectory ratings are compared with ``total``, step ratings with the step's reward, pair labels with the pair's direction.
    Several annotators of one unit are averaged. Labels of unknown units, and of units without a reward, are left out and named.
    """
    if not labels:
        return Calibration(
            labels=0, used=0, status="not calibrated: 0 labels", figures=(Figure(name="pearson_r", value=None, n=0, reason=NO_LABELS),)
        )
    known = _Known({r.trajectory_id: r for r in rewards}, {p.pair_id: p for p in pairs})
    units: dict[_Unit, list[HumanLabel]] = {}
    problems: list[str] = []
    for label in labels:
        problem = _problem(label, known)
        if problem:
            problems.append(f"label {label.label_id or '?'} of {label.annotator}: {problem}")
        else:
            units.setdefault(_Unit(label.unit, label.target_id, label.step_id or 0), []).append(label)
    units = {unit: sorted(units[unit], key=lambda f: f.annotator) for unit in sorted(units)}
    human = {unit: sum(f.value for f in found) / len(found) for unit, found in units.items()}
    used = sum(len(found) for found in units.values())
    return Calibration(
        labels=len(labels),
        used=used,
        annotators=len({f.annotator for found in units.values() for f in found}),
        status="calibrated" if used else f"not calibrated: 0 of {len(labels)} labels are usable",
        figures=tuple(_figures(human, known)),
        baselines=tuple(_baselines(human, known)),
        ceiling=tuple(_ceiling(units, known)),
        problems=tuple(problems),
    )


def _problem(label: HumanLabel, known: _Known) -> str | None:
    if label.unit == "pair":
        return None if label.target_id in known.pairs else f"unknown pair {label.target_id}"
    run = known.runs.get(label.target_id)
    if run is None:
        return f"unknown trajectory {label.target_id}"
    if label.unit == "trajectory":
        return None if run.total is not None else f"trajectory {label.target_id} has no total: {run.missing_reason}"
    if label.step_id is None:
        return "a step label without step_id"
    return None if _step_reward(run, label.step_id) is not None else f"trajectory {label.target_id} has no reward for step {label.step_id}"


def _step_reward(run: Reward, step_id: int) -> float | None:
    return next((s.reward for s in run.step_rewards if s.step_id == step_id), None)


def _run_points(human: dict[_Unit, float], known: _Known, scorer: Scorer, agent: str | None = None) -> list[Point]:
    points = []
    for unit, value in human.items():
        if unit.kind == "trajectory":
            run = known.runs[unit.target]
            score = scorer(run)
            if score is not None and agent in (None, run.agent):
                points.append(Point(score, value, known.task(unit)))
    return points


def _step_points(human: dict[_Unit, float], known: _Known) -> list[Point]:
    points = []
    for unit, value in human.items():
        if unit.kind == "step":
            reward = _step_reward(known.runs[unit.target], unit.step)
            if reward is not None:
                points.append(Point(reward, value, known.task(unit)))
    return points


def _pair_points(human: dict[_Unit, float], known: _Known, direction: Direction) -> list[Point]:
    points = []
    for unit, value in human.items():
        if unit.kind == "pair":
            said = direction(known.pairs[unit.target])
            if said is not None:
                points.append(Point(said, value, known.task(unit)))
    return points


def _rows(statistics: Iterable[tuple[str, Statistic]], points: list[Point], slice_: str) -> list[Figure]:
    return [figure(name, points, statistic, slice_) for name, statistic in statistics]


def _figures(human: dict[_Unit, float], known: _Known) -> Iterable[Figure]:
    kinds = {unit.kind for unit in human}
    if "trajectory" in kinds:
        yield from _rows(_ALL, _run_points(human, known, lambda r: r.total), "unit=trajectory")
        for agent in sorted({known.runs[u.target].agent for u in human if u.kind == "trajectory"}):
            yield from _rows(_ALL, _run_points(human, known, lambda r: r.total, agent), f"agent={agent}")
    if "step" in kinds:
        yield from _rows(_ALL, _step_points(human, known), "unit=step")
    if "pair" in kinds:
        yield from _rows(_PAIRWISE, _pair_points(human, known, lambda p: 1.0), "unit=pair")


def _baselines(human: dict[_Unit, float], known: _Known) -> Iterable[Figure]:
    """What a scorer reaches that looks at the outcome alone, or holds that shorter is better."""
    kinds = {unit.kind for unit in human}
    for title, scorer in _TRIVIAL:
        if "trajectory" in kinds:
            yield from _rows(_CORRELATIONS, _run_points(human, known, scorer), f"baseline={title}, unit=trajectory")
        if "pair" in kinds:
            yield from _rows(_PAIRWISE, _pair_points(human, known, _direction(scorer, known)), f"baseline={title}, unit=pair")


def _direction(scorer: Scorer, known: _Known) -> Direction:
    def prefers(pair: PreferencePair) -> float | None:
        chosen, rejected = known.runs.get(pair.chosen_trajectory_id), known.runs.get(pair.rejected_trajectory_id)
        a, b = (scorer(chosen) if chosen else None), (scorer(rejected) if rejected else None)
        if a is None or b is None:
            return None
        return 1.0 if a > b else 0.0 if a < b else 0.5

    return prefers


def _ceiling(units: dict[_Unit, list[HumanLabel]], known: _Known) -> Iterable[Figure]:
    """Agreement between annotators on units that at least two of them labelled, each two of them in both orders."""
    found: dict[str, list[Point]] = {}
    for unit, labels in units.items():
        for a, b in combinations(labels, 2):
            if a.annotator != b.annotator:
                task = known.task(unit)
                found.setdefault(unit.kind, []).extend([Point(a.value, b.value, task), Point(b.value, a.value, task)])
    for kind in sorted(found):
        for row in _rows(_PAIRWISE if kind == "pair" else _ALL, found[kind], f"annotators, unit={kind}"):
            yield row.model_copy(update={"n": len(found[kind]) // 2})
