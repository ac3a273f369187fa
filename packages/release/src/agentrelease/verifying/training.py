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
    for config in ("dpo", "dpo_strict"):
        for pair_id in release.tables[config]["pair_id"].to_pylist():
            yield from (f"{config} {pair_id} holds the control {run}" for run in runs_of.get(pair_id, ()) if _barred(run, release))
    for config in ("sft", "sft_strict"):
        runs = release.tables[config]["trajectory_id"].to_pylist()
        yield from (f"{config} holds the control {run}" for run in runs if _barred(run, release))


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


def confirmation_problems(release: Release) -> Iterator[str]:
    """Doubted passes that are taught or chosen, and rows of a strict config that rest on a pass which is not confirmed."""
    chosen_in = {p.pair_id: p.chosen_trajectory_id for p in release.records.pairs}
    taught = {config: release.tables[config]["trajectory_id"].to_pylist() for config in ("sft", "sft_strict")}
    chosen = {config: release.tables[config]["pair_id"].to_pylist() for config in ("preference_pairs", "dpo", "dpo_strict")}
    for config, runs in taught.items():
        yield from (f"{config} holds the doubted pass {run}" for run in runs if _passed_as(run, release) == "doubted")
    for config, pairs in chosen.items():
        yield from (f"{config} {p} chooses a doubted pass" for p in pairs if _passed_as(chosen_in.get(p, ""), release) == "doubted")
    strict = [("sft_strict", run, run) for run in taught["sft_strict"]]
    strict += [("dpo_strict", pair, chosen_in.get(pair, "")) for pair in chosen["dpo_strict"]]
    yield from (f"{config} {row} is not confirmed" for config, row, run in strict if _passed_as(run, release) != "confirmed")


def _passed_as(run: str, release: Release) -> str | None:
    trajectory = release.records.trajectories.get(run)
    outcome = release.records.outcome_of(trajectory) if trajectory else None
    return outcome.passed_as if outcome else None


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
