"""The derived configs, and the split of every row. A verifier makes them again from the records and compares."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from agentreward.signals.rows import group_signals, groups_of, rollout_signals
from trajschema.arrow import to_table
from trajschema.signals import GroupSignals, RolloutSignals

from agentrelease.configs import CONFIGS, DPO, SFT, STEPS
from agentrelease.exports.dpo import dpo_rows
from agentrelease.exports.sft import sft_rows
from agentrelease.exports.steps import step_rows
from agentrelease.records import Records
from agentrelease.splits import assign_splits
from agentrelease.tables import arranged

NO_REPOSITORY = "train"
"""Split of a row whose task is not in the release (an outside log, say)."""


def derived_tables(records: Records, definitions: Sequence[Mapping[str, Any]]) -> dict[str, pa.Table]:
    """``steps``, ``signals``, ``groups``, ``sft`` and ``dpo``, the latter two with their strict subsets, made from the records alone.

    ``definitions`` are the sandbox's tools.
    """
    gold = {task.task_id: task.gold_patch for task in records.tasks.values()}
    signals = rollout_signals(records.trajectories.values(), records.rewards, records.rollouts, gold)
    groups = [group_signals(group) for group in groups_of(records.rewards.values())]
    sft, dpo = _table("sft", sft_rows(records, definitions), SFT), _table("dpo", dpo_rows(records, definitions), DPO)
    return {
        "signals": arranged("signals", to_table(RolloutSignals, signals)),
        "groups": arranged("groups", to_table(GroupSignals, groups)),
        "steps": _table("steps", step_rows(records), STEPS),
        "sft": sft,
        "sft_strict": _strict(sft),
        "dpo": dpo,
        "dpo_strict": _strict(dpo),
    }


def _strict(table: pa.Table) -> pa.Table:
    """Rows that rest on confirmed passes alone."""
    return table.filter(pc.equal(table["confirmation"], "confirmed")).combine_chunks()


def _table(config: str, rows: Iterable[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    return arranged(config, pa.Table.from_pylist(list(rows), schema=schema))


def repository_splits(records: Records) -> dict[str, str]:
    """Split by repository, over the repositories of the tasks."""
    return assign_splits(task.repo for task in records.tasks.values())


def row_tasks(config: str, table: pa.Table, records: Records) -> list[str | None]:
    """Task of each row: that of its run where it names one, else the one it names itself."""
    if "trajectory_id" not in CONFIGS[config].schema.names:
        named: list[str | None] = table["task_id"].to_pylist()
        return named
    runs = records.trajectories
    return [runs[i].task_id if i in runs else None for i in table["trajectory_id"].to_pylist()]


def row_splits(config: str, table: pa.Table, records: Records, splits: Mapping[str, str]) -> list[str]:
    """Split of each row of ``table``, by the repository of its task."""
    repos = (records.repo_of(task_id) for task_id in row_tasks(config, table, records))
    return [splits.get(repo or "", NO_REPOSITORY) for repo in repos]
