"""Checks on rows: everything is named once, every name leads somewhere, no repository stands in two splits, no secret is left."""

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from agentrelease.cleaning.scrub import scrubbed
from agentrelease.configs import CONFIGS
from agentrelease.exports.derive import NO_REPOSITORY, row_tasks
from agentrelease.release import Release

_ONE_ID = ("tasks", "trajectories", "outcomes", "rewards", "preference_pairs", "signals", "sft", "sft_strict", "dpo", "dpo_strict")
_UNIQUE = {
    **{config: CONFIGS[config].order[-1:] for config in _ONE_ID},
    "scores": CONFIGS["scores"].order,
    "steps": ("trajectory_id", "step_id"),
    "groups": ("task_id", "judged"),
}


def id_problems(release: Release) -> Iterator[str]:
    """Rows with the id of another one, and rows that name a run, task or pair which is not there."""
    for config, keys in _UNIQUE.items():
        ids = zip(*(release.tables[config][key].to_pylist() for key in keys), strict=True)
        yield from (f"{config}: {' '.join(map(str, key))} stands {n} times" for key, n in Counter(ids).items() if n > 1)
    records = release.records
    for config in ("scores", "rewards", "steps", "signals", "sft", "sft_strict"):
        yield from _dangling(config, "trajectory_id", release.tables[config], set(records.trajectories))
    for column in ("chosen_trajectory_id", "rejected_trajectory_id"):
        yield from _dangling("preference_pairs", column, release.tables["preference_pairs"], set(records.trajectories))
    for config in ("dpo", "dpo_strict"):
        yield from _dangling(config, "pair_id", release.tables[config], {pair.pair_id for pair in records.pairs})
    yield from (
        f"reward of {i} is of task {r.task_id}, its run of {records.trajectories[i].task_id}"
        for i, r in records.rewards.items()
        if i in records.trajectories and r.task_id != records.trajectories[i].task_id
    )


def _dangling(config: str, column: str, table: pa.Table, known: set[str]) -> Iterator[str]:
    yield from (f"{config}: {column} {i} does not exist" for i in sorted(set(table[column].to_pylist()) - known))


def split_problems(release: Release) -> Iterator[str]:
    """Repositories in two splits, and rows that are not in the split of their task."""
    tasks = release.tables["tasks"]
    of_task = dict(zip(tasks["task_id"].to_pylist(), tasks["split"].to_pylist(), strict=True))
    of_repo: dict[str, set[str]] = {}
    for repo, split in zip(tasks["repo"].to_pylist(), tasks["split"].to_pylist(), strict=True):
        of_repo.setdefault(repo, set()).add(split)
    yield from (f"repository {repo} is in {' and '.join(sorted(splits))}" for repo, splits in sorted(of_repo.items()) if len(splits) > 1)
    for config, table in release.tables.items():
        wanted = [of_task.get(task or "", NO_REPOSITORY) for task in row_tasks(config, table, release.records)]
        astray = sum(a != b for a, b in zip(wanted, table["split"].to_pylist(), strict=True))
        if astray:
            yield f"{config}: {astray} rows are not in the split of their task"


def secret_problems(release: Release) -> Iterator[str]:
    """Secrets of known forms that still stand in the rows. Tasks are public code and are not searched."""
    for config, table in release.tables.items():
        found: Counter[str] = Counter()
        if config != "tasks":
            scrubbed(table, found)
        yield from (f"{config}: {n} {kind}" for kind, n in sorted(found.items()))
