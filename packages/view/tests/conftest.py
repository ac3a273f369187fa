"""Synthetic but consistent records: every id leads somewhere, and rewards follow from scores and verdicts."""

import json
from collections.abc import Callable
from random import Random

import pytest
from agentview.data import Goal, ReportData
from trajschema.calibration import Calibration
from trajschema.ids import content_id, sha256_bytes
from trajschema.manifest import Lineage
from trajschema.outcome import Outcome
from trajschema.preference import PreferencePair
from trajschema.rollout import Agent, Limits, Provenance, RawLog, Rollout, Usage, rollout_id
from trajschema.score import RUBRICS, Evidence, Reward, StepReward, StepScore
from trajschema.task import Certificate, Environment, Task, TaskSource
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory, trajectory_id

REPOS = ("boltons", "humanize", "inflection", "more_itertools", "semver")
SKILL = {"localising": 0.78, "noisy": 0.6, "random": 0.45, "oracle": 1.0, "noop": 0.0}
CONTROLS = ("oracle", "noop")
OPERATORS = ("compare_swap", "off_by_one", "negate_if", "arithmetic_swap", "remove_return")
WEIGHTS = dict(zip(RUBRICS, (0.30, 0.20, 0.20, 0.15, 0.15), strict=True))

SOURCE = """def natural_delta(value, months=True, minimum_unit="seconds"):
    \"\"\"Return a natural representation of a timedelta or number of seconds.\"\"\"
    tmp = Unit[minimum_unit.upper()]
    if tmp not in (Unit.SECONDS, Unit.MILLISECONDS, Unit.MICROSECONDS):
        raise ValueError(f"Minimum unit '{minimum_unit}' not supported")
    min_unit = tmp
    if isinstance(value, dt.timedelta):
        delta = value
    use_months = months
    delta = abs(delta)
    years = delta.days // 365
    days = delta.days % 365
    num_months = int(days // 30.5)
    if not years and days < 1:
        if delta.seconds == 0:
            return _("a moment")
        if 60 < delta.seconds <= 3600:
            minutes = delta.seconds // 60
            return _ngettext("%d minute", "%d minutes", minutes) % minutes
    return str(years)
"""
FAILED = """F..F.....                                                                [100%]
=================================== FAILURES ===================================
______________________ test_natural_delta[delta3-an hour] ______________________
tests/test_time.py:118: in test_natural_delta
    assert humanize.natural_delta(value) == expected
E   AssertionError: assert '60 minutes' == 'an hour'
=========================== short test summary info ============================
FAILED tests/test_time.py::test_natural_delta[delta3-an hour]
FAILED tests/test_time.py::test_natural_delta[delta7-2 hours]
2 failed, 7 passed in 0.21s"""
PASSED = ".........                                                                [100%]\n9 passed in 0.19s"
DIFF = """diff --git a/src/{repo}/core.py b/src/{repo}/core.py
--- a/src/{repo}/core.py
+++ b/src/{repo}/core.py
@@ -{line},7 +{line},7 @@ def natural_delta(value, months=True):
         if delta.seconds == 0:
             return _("a moment")
-        if 60 < delta.seconds <= 3600:
+        if 60 <= delta.seconds < 3600:
             minutes = delta.seconds // 60
             return _ngettext("%d minute", "%d minutes", minutes) % minutes
"""


def make_task(index: int) -> Task:
    repo = REPOS[index % len(REPOS)]
    source = TaskSource(
        kind="injected",
        package=repo,
        version="1.0.0",
        sha256="ab" * 32,
        licence="MIT",
        repository=f"https://example.org/{repo}",
        tag="v1.0.0",
        operators=(OPERATORS[index % 5],),
    )
    return Task(
        task_id=f"{repo}-{content_id(index, 12)}",
        source=source,
        repo=repo,
        base_commit=content_id([repo, index]),
        problem_statement=(
            f"Two tests of {repo} fail since the last change.\n\n"
            "FAILED tests/test_time.py::test_natural_delta[delta3-an hour]\nE   AssertionError: assert '60 minutes' == 'an hour'\n\n"
            "Find the fault in the library and repair it. Do not change the tests."
        ),
        environment=Environment(),
        FAIL_TO_PASS=("tests/test_time.py::test_natural_delta[delta3-an hour]", "tests/test_time.py::test_natural_delta[delta7-2 hours]"),
        PASS_TO_PASS=tuple(f"tests/test_time.py::test_{i}" for i in range(40 + index)),
        gold_patch=DIFF.format(repo=repo, line=80 + index),
        certificate=Certificate(gold_runs=3, bug_runs=3, tests_seen=42 + index),
    )


def _call(step_id: int, name: str, content: str, code: int | None = None, error: str | None = None, **arguments: object) -> Step:
    call = ToolCall(tool_call_id=f"c{step_id}", name=name, raw_name=name, arguments=json.dumps(arguments, sort_keys=True))
    seen = Observation(tool_call_id=f"c{step_id}", content=content, exit_code=code, error=error)
    return Step(step_id=step_id, source="agent", tool_calls=(call,), observations=(seen,))


def _steps(task: Task, agent: str, solved: bool, dice: Random) -> tuple[list[Step], dict[int, tuple[float, int, list[Evidence]]]]:
    """Steps of a run, and for each its quality, gate and evidence."""
    path, steps, quality = f"src/{task.repo}/core.py", [Step(step_id=1, source="user", message=task.problem_statement)], {}

    def add(step: Step, value: float, gate: int = 1, *why: Evidence) -> None:
        steps.append(step)
        quality[step.step_id] = (value, gate, list(why))

    def n() -> int:
        return len(steps) + 1

    if agent in CONTROLS:
        if agent == "oracle":
            add(_call(n(), "file_edit", "edited", path=path, old_string="<", new_string="<="), 0.95)
        add(_call(n(), "submit", "submitted"), 0.8)
        return steps, quality
    add(
        _call(n(), "shell", FAILED, 1, command="python -m pytest -q tests/test_time.py"),
        0.8,
        1,
        Evidence(rule_id="tests.reproduced", steps=(n(),), quote="2 failed, 7 passed"),
    )
    add(_call(n(), "search", f"{path}:12: def natural_delta(", 0, pattern="def natural_delta"), 0.75)
    add(
        _call(n(), "file_read", SOURCE, path=path, start_line=1, end_line=40),
        0.78,
        1,
        Evidence(rule_id="info.used_later", steps=(n() + 1,), quote="read before the edit that touches it"),
    )
    for attempt in range(dice.randint(1, {"localising": 3, "noisy": 5, "random": 7}[agent])):
        if agent != "localising" and dice.random() < 0.45:
            add(
                _call(n(), "file_read", SOURCE, path=path, start_line=1, end_line=40),
                0.3,
                0,
                Evidence(rule_id="redundant.same_read", steps=(4,), quote="the same lines were read before and nothing changed"),
            )
        if dice.random() < 0.3:
            add(
                _call(
                    n(),
                    "file_edit",
                    "",
                    error="old_string was found 3 times, wanted exactly 1",
                    path=path,
                    old_string="if",
                    new_string="if not",
                ),
                0.22,
                1,
                Evidence(rule_id="edit.not_applied", steps=(n(),), quote="old_string was found 3 times"),
            )
        add(
            _call(
                n(),
                "file_edit",
                "edited",
                path=path,
                old_string="60 < delta.seconds <= 3600",
                new_string=f"60 <= delta.seconds < {3600 + attempt}",
            ),
            0.6,
        )
        add(
            _call(n(), "shell", FAILED, 1, command="python -m pytest -q tests/test_time.py"),
            0.5,
            1,
            Evidence(rule_id="tests.unchanged", steps=(n() - 1,), quote="2 failed before and after"),
        )
    if solved:
        add(_call(n(), "file_edit", "edited", path=path, old_string="3600 +", new_string="3600"), 0.9)
        add(
            _call(n(), "shell", PASSED, 0, command="python -m pytest -q tests/test_time.py"),
            0.97,
            1,
            Evidence(rule_id="tests.better", steps=(n() - 1,), quote="2 failed → 9 passed"),
        )
    add(_call(n(), "submit", "submitted"), 0.85 if solved else 0.35)
    return steps, quality


def make_run(task: Task, agent: str, dice: Random) -> tuple[Rollout, Trajectory, Outcome, list[StepScore], Reward]:
    solved = dice.random() < SKILL[agent]
    steps, quality = _steps(task, agent, solved, dice)
    diff = task.gold_patch if solved else ""
    who = Agent(name=agent, control=agent in CONTROLS)
    rid = rollout_id(task.task_id, who, 0, 7)
    tid = trajectory_id(rid, tuple(steps), diff)
    provenance = Provenance(backend="docker", recipe_sha256="cd" * 32, limits=Limits())
    rollout = Rollout(
        rollout_id=rid,
        task_id=task.task_id,
        agent=who,
        attempt=0,
        seed=7,
        exit="submitted",
        final_diff=diff,
        provenance=provenance,
        raw_log=RawLog(format="trajhub-events", sha256=sha256_bytes(rid.encode())),
        usage=Usage(steps=len(quality)),
    )
    trajectory = Trajectory(trajectory_id=tid, rollout_id=rid, task_id=task.task_id, agent=agent, steps=tuple(steps), final_diff=diff)
    fixed = 2 if solved else dice.randint(0, 1) if agent not in CONTROLS else 0
    verdict = "resolved" if solved else "unresolved"
    outcome = Outcome(rollout_id=rid, task_id=task.task_id, verdict=verdict, fail_to_pass_total=2, fail_to_pass_fixed=fixed)
    scores, earned = [], []
    for step_id, (value, gate, why) in quality.items():
        fused = {}
        for i, rubric in enumerate(RUBRICS):
            score = min(1.0, max(0.0, round(value + dice.uniform(-0.12, 0.12), 3)))
            fused[rubric] = score
            scores.append(
                StepScore(
                    trajectory_id=tid,
                    step_id=step_id,
                    rubric_id=rubric,
                    layer="rule",
                    score=score,
                    scorer_version="r1",
                    evidence=tuple(why) if i == 0 else (),
                )
            )
        scores.append(StepScore(trajectory_id=tid, step_id=step_id, rubric_id="gate", layer="rule", score=gate, scorer_version="r1"))
        reward = gate * sum(WEIGHTS[r] * s for r, s in fused.items())
        earned.append(StepReward(step_id=step_id, reward=reward, gate=gate, rubric_scores=json.dumps(fused)))
    process = sum(s.reward for s in earned) / len(earned)
    outcome_reward = 1.0 if solved else 0.25 * fixed
    return (
        rollout,
        trajectory,
        outcome,
        scores,
        Reward(
            trajectory_id=tid,
            rollout_id=rid,
            task_id=task.task_id,
            agent=agent,
            control=agent in CONTROLS,
            step_rewards=tuple(earned),
            process=process,
            outcome=outcome_reward,
            total=0.5 * process + 0.5 * outcome_reward,
            verdict=verdict,
            agent_steps=len(earned),
            gated_steps=sum(s.gate == 0 for s in earned),
            weights_version="w1",
        ),
    )


def make_pairs(rewards: list[Reward]) -> list[PreferencePair]:
    pairs = []
    for one in rewards:
        for other in rewards:
            if one.task_id == other.task_id and not one.control and not other.control and one.total - other.total > 0.05:
                kind = "outcome" if one.verdict != other.verdict else "process"
                words = (
                    "only the chosen run is resolved" if kind == "outcome" else f"both are {one.verdict}, but the chosen run works better"
                )
                pairs.append(
                    PreferencePair(
                        pair_id=content_id([one.trajectory_id, other.trajectory_id]),
                        task_id=one.task_id,
                        chosen_trajectory_id=one.trajectory_id,
                        rejected_trajectory_id=other.trajectory_id,
                        chosen_reward=one.total,
                        rejected_reward=other.total,
                        margin=one.total - other.total,
                        kind=kind,
                        why=f"{one.agent} over {other.agent}: {words}.",
                        length_ratio=one.agent_steps / other.agent_steps,
                    )
                )
    return pairs


@pytest.fixture
def make_report() -> Callable[..., ReportData]:
    return report_of


def report_of(tasks: int = 6, seed: int = 1, agents: tuple[str, ...] = tuple(SKILL)) -> ReportData:
    """A report over ``tasks`` tasks, one run of each agent at each."""
    pool = [make_task(i) for i in range(tasks)]
    dice = Random(seed)
    runs = [make_run(task, agent, dice) for task in pool for agent in agents]
    rewards = [r[4] for r in runs]
    pairs = make_pairs(rewards)
    return ReportData(
        title=f"Nightly set, {tasks} tasks",
        tasks=tuple(pool),
        rollouts=tuple(r[0] for r in runs),
        trajectories=tuple(r[1] for r in runs),
        outcomes=tuple(r[2] for r in runs),
        scores=tuple(s for r in runs for s in r[3]),
        rewards=tuple(rewards),
        pairs=tuple(pairs),
        calibration=Calibration(labels=0, used=0, status="not calibrated: 0 labels"),
        goals=(
            Goal("runs", float(len(runs)), 3000),
            Goal("labels", 0, 30),
            Goal("rewards agree with people", None, 0.8),
            Goal("tasks", float(tasks), 1),
        ),
        lineage=tuple(
            Lineage(asset=asset, partition=t.task_id, key=content_id([asset, t.task_id], 64), digest=content_id([t.task_id, asset], 64))
            for asset in ("rollouts", "trajectories", "outcomes", "rule_scores", "rewards", "preference_pairs")
            for t in pool
        ),
        facts={"release": content_id(tasks), "weights": "w1", "rules": "r1", "grader": "g1", "schema": "trajhub-1.1"},
    )


@pytest.fixture
def data(make_report):
    return make_report(6)
