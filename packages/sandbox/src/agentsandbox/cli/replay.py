"""``agentsandbox replay``: recorded trajectories run again."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from trajschema.rollout import Limits
from trajschema.task import Environment, Task

from agentsandbox.cli.setup import backend_of, errors, limits_of, tree_for
from agentsandbox.records import Recording, RecordMissing, bare_task, read_recordings, read_task, task_beside
from agentsandbox.replay.run import ReplayReport, replay
from agentsandbox.trees import name_of, tree_of

SAME, DIFFERS, ERROR = 0, 1, 2


def replays(
    source: Path,
    ids: tuple[str, ...],
    count: int | None,
    task: Path | None,
    tree: Path | None,
    store: Path | None,
    image: str,
    backend: str,
    settings: list[str],
    *,
    as_json: bool,
) -> int:
    """Replay the recordings in ``source``; print a report of each. Returns 0 if none differs, 1 if any does, 2 on errors."""
    with errors(ERROR):
        found = read_recordings(source, ids, count)
        place = backend_of(backend)
        reports = []
        for recording in found:
            of, packed = _task_and_tree(recording, task, tree, store, image)
            limits = limits_of(settings, recording.limits or Limits())
            reports.append(replay(recording.trajectory, of, packed, place, limits))
            if not as_json:
                print("\n".join(_lines(reports[-1])), flush=True)
        if as_json:
            print(json.dumps([as_record(r) for r in reports], indent=2))
        elif len(reports) > 1:
            same = sum(r.status == "same" for r in reports)
            print(f"{same} of {len(reports)} trajectories are the same")
        return DIFFERS if any(r.status == "differs" for r in reports) else SAME
    return ERROR


def as_record(report: ReplayReport) -> dict[str, object]:
    """A report as JSON values."""
    values = asdict(report) | {"provenance": report.provenance.model_dump(mode="json")}
    return {"status": report.status, "counts": report.counts, **values}


def _lines(report: ReplayReport) -> Iterator[str]:
    counts = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in report.counts.items() if n)
    yield f"{report.trajectory_id} {report.task_id}: {report.status.replace('_', ' ')} ({counts or 'no calls'})"
    parts = [(f"step {s.step_id}", c) for s in report.steps for c in s.calls] + [("end", report.end)]
    for where, call in parts:
        if call.status == "differs":
            yield f"  {where} {call.tool}: differs"
            yield from (f"    {line}" for line in call.diff.split("\n"))
        elif call.status == "not_replayable":
            yield f"  {where} {call.tool}: not replayable: {call.why}"
        elif call.why:
            yield f"  {where} {call.tool}: same; {call.why}"


def _task_and_tree(recording: Recording, task: Path | None, tree: Path | None, store: Path | None, image: str) -> tuple[Task, bytes]:
    """What the trajectory started from, as far as the options and the neighbourhood of its file tell."""
    wanted = recording.trajectory.task_id
    found = read_task(task, wanted) if task else task_beside(recording.file, wanted) if wanted else None
    if found is None and tree is not None and (wanted or "").startswith("tree-"):
        packed = tree_of(tree)
        if name_of(packed) != wanted:
            raise RecordMissing(f"{tree} is {name_of(packed)}; the recording was made on {wanted}", "name the tree as it was then")
        return bare_task(packed, Environment(image=image)), packed
    if found is None:
        remedy = "name its folder with --tree" if (wanted or "").startswith("tree-") else "name a file that holds it with --task"
        raise RecordMissing(f"task {wanted} of trajectory {recording.trajectory.trajectory_id} is not near {recording.file}", remedy)
    return found, tree_for(found, tree, store or recording.file)
