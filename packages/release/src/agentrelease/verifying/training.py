"""Checks on what trainers read: no controls, nothing unearned, nothing empty, nothing that the records do not say."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from agentrelease.configs import CONFIGS
from agentrelease.exports.derive import derived_tables
from agentrelease.release import Release
from agentrelease.tables import arranged


def control_problems(release: Release) -> Iterator[str]:
    """Controls, and runs of which it is not known whether they are one, in pairs or training rows."""
    runs_of = {p.pair_id: (p.chosen_trajectory_id, p.rejected_trajectory_id) for p in release.records.pairs}
    for pair_id, runs in runs_of.items():
        yield from (f"preference_pairs {pair_id} holds the control {run}" for run in runs if _barred(run, release))
    for pair_id in release.tables["dpo"]["pair_id"].to_pylist():
        yield from (f"dpo {pair_id} holds the control {run}" for run in runs_of.get(pair_id, ()) if _barred(run, release))
    yield from (f"sft holds the control {run}" for run in release.tables["sft"]["trajectory_id"].to_pylist() if _barred(run, release))


def _barred(run: str, release: Release) -> bool:
    reward = release.records.rewards.get(run)
    return reward is None or reward.control


def sft_problems(release: Release) -> Iterator[str]:
    """Training rows of runs that are not resolved, that tampered, or that show no action."""
    for row in release.tables["sft"].select(["trajectory_id", "messages"]).to_pylist():
        run = release.records.trajectories.get(row["trajectory_id"])
        outcome = release.records.outcome_of(run) if run else None
        if outcome is None or outcome.verdict != "resolved":
            yield f"{row['trajectory_id']} is not resolved"
        elif outcome.tamper:
            yield f"{row['trajectory_id']} tampered: {outcome.tamper[0]}"
        if not _acts(row["messages"]):
            yield f"{row['trajectory_id']} shows no action"


def dpo_problems(release: Release) -> Iterator[str]:
    """Pairs without a prompt, or with a side that does nothing."""
    for row in release.tables["dpo"].select(["pair_id", "prompt", "chosen", "rejected"]).to_pylist():
        if not row["prompt"]:
            yield f"{row['pair_id']} has no prompt"
        yield from (f"{row['pair_id']}: {side} is empty" for side in ("chosen", "rejected") if not _speaks(row[side]))


def _speaks(messages: list[dict[str, Any]] | None) -> bool:
    return any(m["role"] == "assistant" for m in messages or [])


def _acts(messages: list[dict[str, Any]] | None) -> bool:
    return any(m["role"] == "assistant" and m["tool_calls"] for m in messages or [])


def derived_problems(release: Release) -> Iterator[str]:
    """Configs that differ from what the records give."""
    for config, made in derived_tables(release.records, release.settings.tools).items():
        kept = arranged(config, release.tables[config].drop_columns(["split"]))
        if not kept.equals(made):
            yield f"{config} differs from what the records give: {_difference(config, kept, made)}"


def _difference(config: str, kept: pa.Table, made: pa.Table) -> str:
    keys = list(CONFIGS[config].order)
    one, other = ({tuple(r[k] for k in keys): r for r in t.to_pylist()} for t in (kept, made))
    changed = [k for k in one if k in other and one[k] != other[k]]
    added, missing = one.keys() - other.keys(), other.keys() - one.keys()
    named = sorted(" ".join(map(str, key)) for key in [*changed, *added, *missing])[:3]
    return f"{len(changed)} changed, {len(added)} added, {len(missing)} missing ({', '.join(named)})"
