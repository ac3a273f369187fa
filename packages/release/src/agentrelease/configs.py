"""The configs of a release: their columns, order of rows, and where their files lie."""

from dataclasses import dataclass

import pyarrow as pa
from pydantic import BaseModel
from trajschema.arrow import arrow_schema
from trajschema.outcome import Outcome
from trajschema.preference import PreferencePair
from trajschema.rollout import Rollout
from trajschema.score import RUBRICS, Reward, StepScore
from trajschema.signals import GroupSignals, RolloutSignals
from trajschema.task import Task
from trajschema.trajectory import Trajectory

_FUNCTION = pa.struct([pa.field("name", pa.string()), pa.field("arguments", pa.string())])
_CALL = pa.struct([pa.field("id", pa.string()), pa.field("type", pa.string()), pa.field("function", _FUNCTION)])
MESSAGES = pa.list_(
    pa.struct(
        [
            pa.field("role", pa.string()),
            pa.field("content", pa.string()),
            pa.field("reasoning_content", pa.string()),
            pa.field("tool_calls", pa.list_(_CALL)),
            pa.field("tool_call_id", pa.string()),
        ]
    )
)
"""Chat messages as trainers read them. A call's arguments are a JSON string: a struct would be padded with nulls over rows."""

STEPS = pa.schema(
    [
        pa.field("task_id", pa.string()),
        pa.field("repo", pa.string()),
        pa.field("trajectory_id", pa.string()),
        pa.field("agent", pa.string()),
        pa.field("control", pa.bool_()),
        pa.field("verdict", pa.string()),
        pa.field("step_id", pa.int64()),
        pa.field("source", pa.string()),
        pa.field("message", pa.string()),
        pa.field("reasoning", pa.string()),
        pa.field("tools", pa.list_(pa.string())),
        pa.field("raw_tools", pa.list_(pa.string())),
        pa.field("arguments", pa.list_(pa.string())),
        pa.field("observations", pa.list_(pa.string())),
        pa.field("exit_codes", pa.list_(pa.int64())),
        pa.field("errors", pa.list_(pa.string())),
        pa.field("flags", pa.list_(pa.string())),
        pa.field("reward", pa.float64()),
        pa.field("gate", pa.int64()),
        pa.field("loss_mask", pa.int64()),
        *[pa.field(rubric, pa.float64()) for rubric in RUBRICS],
        pa.field("prompt_tokens", pa.int64()),
        pa.field("completion_tokens", pa.int64()),
    ]
)
SFT = pa.schema(
    [
        pa.field("task_id", pa.string()),
        pa.field("trajectory_id", pa.string()),
        pa.field("repo", pa.string()),
        pa.field("agent", pa.string()),
        pa.field("confirmation", pa.string()),
        pa.field("messages", MESSAGES),
        pa.field("tools", pa.string()),
        pa.field("total", pa.float64()),
        pa.field("process", pa.float64()),
    ]
)
DPO = pa.schema(
    [
        pa.field("task_id", pa.string()),
        pa.field("pair_id", pa.string()),
        pa.field("repo", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("confirmation", pa.string()),
        pa.field("prompt", MESSAGES),
        pa.field("chosen", MESSAGES),
        pa.field("rejected", MESSAGES),
        pa.field("tools", pa.string()),
        pa.field("chosen_reward", pa.float64()),
        pa.field("rejected_reward", pa.float64()),
        pa.field("margin", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Config:
    """One config: its columns, the keys that rows are sorted and told apart by, and a line for the card."""

    name: str
    schema: pa.Schema
    order: tuple[str, ...]
    description: str
    record: type[BaseModel] | None = None


def _of_record(name: str, record: type[BaseModel], order: tuple[str, ...], description: str) -> Config:
    return Config(name, arrow_schema(record), order, description, record)


CONFIGS: dict[str, Config] = {
    config.name: config
    for config in (
        _of_record("tasks", Task, ("task_id",), "the tasks: code with a fault, its tests, the gold patch, the certificate"),
        _of_record("rollouts", Rollout, ("task_id", "rollout_id"), "how each run took place: agent, seed, limits, backend, exit, cost"),
        _of_record("trajectories", Trajectory, ("task_id", "agent", "trajectory_id"), "every run, step by step, as it was recorded"),
        Config("steps", STEPS, ("task_id", "agent", "trajectory_id", "step_id"), "one row a step, flat, with its reward and rubric scores"),
        _of_record("outcomes", Outcome, ("task_id", "rollout_id"), "the grader's verdict on each run, per test, with tamper evidence"),
        _of_record(
            "scores",
            StepScore,
            ("trajectory_id", "step_id", "rubric_id", "layer"),
            "unweighted scores of each step by rubric and layer, with evidence",
        ),
        _of_record("rewards", Reward, ("task_id", "agent", "trajectory_id"), "step, process, outcome and total reward of each run"),
        _of_record("preference_pairs", PreferencePair, ("task_id", "pair_id"), "pairs of runs at one task, chosen over rejected, and why"),
        _of_record(
            "signals",
            RolloutSignals,
            ("task_id", "agent", "trajectory_id"),
            "for RL: group advantages, likeness to the gold patch, what cut a run off, a loss mask for its steps",
        ),
        _of_record("groups", GroupSignals, ("task_id", "judged"), "the runs at a task together: solve rate, best of k by process score"),
        Config("sft", SFT, ("task_id", "trajectory_id"), "resolved runs as chat messages with tool calls; no doubted pass"),
        Config("sft_strict", SFT, ("task_id", "trajectory_id"), "those rows of `sft` whose pass is confirmed"),
        Config("dpo", DPO, ("task_id", "pair_id"), "the pairs as prompt, chosen and rejected messages"),
        Config("dpo_strict", DPO, ("task_id", "pair_id"), "those rows of `dpo` that rest on confirmed passes alone"),
    )
}
DEFAULT_CONFIG = "trajectories"


def file_of(config: str, split: str) -> str:
    """Path of a config's rows for one split, relative to the release."""
    return f"data/{config}/{split}-00000-of-00001.parquet"
