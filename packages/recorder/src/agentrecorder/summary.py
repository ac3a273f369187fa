"""A run in numbers: what tables and programs are told of it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from agentrecorder.convert import ConversionFailure, Converted


def summary(converted: Converted) -> dict[str, Any]:
    """Where a run comes from, what it holds, how it ended. ``outcome`` is what was claimed of it: never a verdict of ours.

    ``unread`` maps each reason for which something is in no step to how often it applies.
    """
    run = converted.run
    return {
        "file": str(converted.path),
        "run": converted.index + 1,
        "format": run.format,
        "format_version": run.version,
        "task_id": run.task_id,
        "model": run.model,
        "agent_turns": run.turns,
        "tool_calls": run.calls,
        "results": run.results,
        "malformed": run.malformed,
        "exit": run.exit,
        "outcome": outcome(run.claimed),
        "outcome_from": run.claimed_by,
        "unread": reasons(converted),
    }


def failure(failed: ConversionFailure) -> dict[str, Any]:
    """What became no run, in the same fields as far as they apply."""
    return {"file": str(failed.path), "where": failed.where, "error": failed.reason}


def outcome(claimed: bool | None) -> str | None:
    """``resolved``, ``unresolved``, or ``None`` where nothing was claimed."""
    return None if claimed is None else "resolved" if claimed else "unresolved"


def reasons(converted: Converted) -> Mapping[str, int]:
    """Why something of the log is in no step → how many items."""
    run = converted.run
    return dict(run.aside + Counter(left.reason for left in run.left) + Counter(run.notes))
