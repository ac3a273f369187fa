"""Synthetic but consistent records: rewards and pairs are made by agentreward from the scores and outcomes beside them."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
from agentrelease.build import build_release
from agentrelease.tables import ReleaseTables
from agentreward.aggregate.fusion import reward
from agentreward.aggregate.weights import Weights
from agentreward.preferences import build_pairs
from trajschema.arrow import to_table
from trajschema.calibration import Calibration
from trajschema.ids import content_id
from trajschema.manifest import Lineage, Manifest
from trajschema.outcome import CONFIRMATIONS, Outcome
from trajschema.preference import PreferencePair
from trajschema.rollout import Agent, Limits, Provenance, RawLog, Rollout, Usage
from trajschema.score import RUBRICS, Evidence, Reward, StepScore
from trajschema.task import Certificate, Environment, Task, TaskSource
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory, trajectory_id

# `datasets` reads these when it is imported: nothing in these tests may ask a network for anything.
os.environ.update(HF_DATASETS_OFFLINE="1", HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1")

REPOS = ("boltons", "humanize", "semver", "toolz", "cachetools")
LICENCES = {"boltons": "BSD-3-Clause", "toolz": "BSD-3-Clause"}
AGENTS = {"localising": 0.8, "random": 0.4, "oracle": 1.0, "noop": 0.0}
CONTROLS = ("oracle", "noop")
PAIRS = {"min_margin": 0.05, "max_pairs_per_task": 4}
TOOLS = [
    {"name": name, "description": name.replace("_", " "), "parameters": {"type": "object", "properties": {}}}
    for name in ("file_edit", "file_read", "shell", "submit")
]


@dataclass(frozen=True)
class Corpus:
    """Records of every kind, as lists that a test may change before they become a release."""

    tasks: list[Task]
    trajectories: list[Trajectory]
    outcomes: list[Outcome]
    rule_scores: list[StepScore]
    judge_scores: list[StepScore]
    rewards: list[Reward]
    pairs: list[PreferencePair]
    weights: Weights

    def rewarded(self) -> "Corpus":
        """The same records with rewards and pairs made again."""
        outcomes = {o.rollout_id: o for o in self.outcomes}
        rewards = [self._reward(t, outcomes.get(t.rollout_id or "")) for t in self.trajectories]
        pairs = list(build_pairs(rewards, **PAIRS))
        return Corpus(self.tasks, self.trajectories, self.outcomes, self.rule_scores, self.judge_scores, rewards, pairs, self.weights)

    def _reward(self, run: Trajectory, outcome: Outcome | None) -> Reward:
        scores = [s for s in [*self.rule_scores, *self.judge_scores] if s.trajectory_id == run.trajectory_id]
        return reward(
            run.trajectory_id,
            [s.step_id for s in run.steps if s.source == "agent"],
            outcome,
            scores,
            self.weights,
            rollout_id=run.rollout_id,
            task_id=run.task_id,
            agent=run.agent,
            control=run.agent in CONTROLS,
            versions={"rule": "r1", "grader": "g1"},
        )

    def tables(self, order: Callable[[list[Any]], list[Any]] = list) -> ReleaseTables:
        """Arrow tables, rows in the order that ``order`` gives them."""

        def table(model: type[Any], records: list[Any]) -> pa.Table:
            return to_table(model, order(records))

        return ReleaseTables(
            tasks=table(Task, self.tasks),
            rollouts=table(Rollout, [make_rollout(run) for run in self.trajectories if run.rollout_id]),
            trajectories=table(Trajectory, self.trajectories),
            outcomes=table(Outcome, self.outcomes),
            rule_scores=table(StepScore, self.rule_scores),
            judge_scores=table(StepScore, self.judge_scores),
            rewards=table(Reward, self.rewards),
            preference_pairs=table(PreferencePair, self.pairs),
            calibration=Calibration(labels=0, used=0, status="not calibrated: 0 labels"),
        )


def make_rollout(run: Trajectory) -> Rollout:
    return Rollout(
        rollout_id=run.rollout_id or "",
        task_id=run.task_id or "",
        agent=Agent(name=run.agent, control=run.agent in CONTROLS),
        attempt=0,
        seed=1,
        exit="submitted",
        raw_log=RawLog(format="trajhub-events", sha256="0" * 64),
        events='{"kind": "session_start"}',
        final_diff=run.final_diff,
        usage=Usage(steps=len(run.steps)),
        provenance=Provenance(backend="local", limits=Limits()),
    )


def make_task(repo: str, index: int) -> Task:
    source = TaskSource(
        kind="injected", package=repo, version="1.2.0", licence=LICENCES.get(repo, "MIT"), repository=f"https://example.org/{repo}"
    )
    return Task(
        task_id=f"{repo}-{content_id([repo, index], 12)}",
        source=source,
        repo=repo,
        base_commit=content_id(index),
        problem_statement=f"Test number {index} of {repo} fails. Repair the fault.",
        environment=Environment(),
        FAIL_TO_PASS=("tests/test_a.py::test_x",),
        PASS_TO_PASS=("tests/test_a.py::test_y",),
        gold_patch="--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n",
        certificate=Certificate(gold_runs=3, bug_runs=3, tests_seen=2),
    )


def make_step(step_id: int, name: str, content: str, **arguments: object) -> Step:
    call = ToolCall(tool_call_id=f"c{step_id}", name=name, raw_name=name, arguments=json.dumps(arguments, sort_keys=True))
    return Step(
        step_id=step_id,
        source="agent",
        message=f"step {step_id}",
        tool_calls=(call,),
        observations=(Observation(tool_call_id=f"c{step_id}", content=content),),
    )


def make_run(task: Task, agent: str, dice: Random) -> tuple[Trajectory, Outcome, list[StepScore]]:
    solved = dice.random() < AGENTS[agent]
    steps = [Step(step_id=1, source="user", message=task.problem_statement)]
    if agent not in CONTROLS:
        steps.append(make_step(2, "shell", "1 failed, 1 passed", command="python -m pytest -q"))
        for _ in range(dice.randint(1, 4)):
            steps.append(make_step(len(steps) + 1, "file_read", f"line {dice.random():.6f}\n" * 40, path="x.py"))
    if agent != "noop":
        steps.append(make_step(len(steps) + 1, "file_edit", "edited", path="x.py", old_string="a", new_string="b" if solved else "c"))
    steps.append(make_step(len(steps) + 1, "submit", "submitted"))
    rollout = content_id([task.task_id, agent])
    run = trajectory_id(rollout, tuple(steps), agent)
    scores = [
        StepScore(
            trajectory_id=run,
            step_id=step.step_id,
            rubric_id=rubric,
            layer="rule",
            score=round(dice.random(), 3),
            evidence=(Evidence(rule_id="synthetic", steps=(step.step_id,)),),
            scorer_version="r1",
        )
        for step in steps[1:]
        for rubric in RUBRICS
    ]
    verdict = "resolved" if solved else "unresolved"
    outcome = Outcome(rollout_id=rollout, task_id=task.task_id, verdict=verdict, fail_to_pass_total=1, fail_to_pass_fixed=int(solved))
    return Trajectory(trajectory_id=run, rollout_id=rollout, task_id=task.task_id, agent=agent, steps=tuple(steps)), outcome, scores


def corpus_of(repos: tuple[str, ...] = REPOS, tasks_each: int = 2, seed: int = 3) -> Corpus:
    """``tasks_each`` tasks of each repository, one run of each agent at each; the first run cheated and one could not be graded.

    Passes of agents are confirmed, doubted and unconfirmed in turns, those of controls confirmed.
    """
    dice = Random(seed)
    tasks = [make_task(repo, i) for repo in repos for i in range(tasks_each)]
    runs = [make_run(task, agent, dice) for task in tasks for agent in AGENTS]
    outcomes = [outcome for _, outcome, _ in runs]
    outcomes[0] = outcomes[0].model_copy(update={"verdict": "resolved", "fail_to_pass_fixed": 1, "tamper": ("tests/test_a.py was edited",)})
    outcomes[1] = outcomes[1].model_copy(update={"verdict": "error", "reason": "the box was lost"})
    words = cycle(CONFIRMATIONS)
    for i, (run, _, _) in enumerate(runs):
        if outcomes[i].verdict == "resolved":
            word = "confirmed" if run.agent in CONTROLS else next(words)
            outcomes[i] = outcomes[i].model_copy(update={"confirmation": word, "confirmation_reason": f"{word} for the test"})
    scores = [score for _, _, own in runs for score in own]
    return Corpus(tasks, [run for run, _, _ in runs], outcomes, scores, [], [], [], Weights()).rewarded()


def build_corpus(folder: Path, corpus: Corpus, order: Callable[[list[Any]], list[Any]] = list, name: str = "Test set") -> Manifest:
    """A release of ``corpus`` in ``folder``, with the configuration that it was made with."""
    return build_release(
        folder,
        corpus.tables(order),
        name=name,
        code={"rewards": "abc"},
        configuration={"weights": corpus.weights.model_dump(mode="json"), "pairs": PAIRS, "tools": TOOLS},
        lineage=[Lineage(asset="rewards", partition=t.task_id, key="k" * 64, digest="d" * 64) for t in corpus.tasks],
    )
