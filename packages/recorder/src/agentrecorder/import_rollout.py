"""A run of an outside log as a rollout, and the task that it names. Nothing is made up: what a log does not say is missing."""

import re
from collections.abc import Sequence
from typing import Any

from trajschema.ids import content_id
from trajschema.rollout import Agent, Claim, ExitStatus, RawLog, Rollout, Usage
from trajschema.task import Environment, Task

from agentrecorder.convert import Converted
from agentrecorder.run import Run

RECORD = "trajhub"
"""Format of a log of which the record that was read is kept, instead of the log."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")
_LONGEST = 100
_INSTANCE = re.compile(r"([A-Za-z0-9._-]+?__[A-Za-z0-9._-]+?)(?:-\d+|\.[0-9a-f]{7,}(?:\..*)?)")
"""Name of a benchmark's instance: its repository, then a number, or a commit and what was done to it."""
_EXITS: tuple[tuple[ExitStatus, re.Pattern[str]], ...] = (
    ("limit", re.compile(r"cost|context|limit|max|time|budget|length", re.IGNORECASE)),
    ("crash", re.compile(r"error|exception|format|fail|crash|abort", re.IGNORECASE)),
    ("submitted", re.compile(r"submit|finish|complete|success|done|end_turn|\Astop\Z", re.IGNORECASE)),
)
"""What words of logs come to; the first that fits. An agent that runs into a limit may submit what it has."""


def rollout_of(converted: Converted, task_id: str, kept: RawLog) -> Rollout:
    """The rollout of ``task_id`` that a log holds. ``attempt`` is 0: which it is, only its neighbours tell."""
    run = converted.run
    agent = Agent(name=run.agent or run.format, version="", model=run.model)
    return Rollout(
        rollout_id=content_id([task_id, agent.model_dump(mode="json"), converted.sha256, converted.index]),
        task_id=task_id,
        agent=agent,
        attempt=0,
        seed=0,
        exit=exit_status(run.exit),
        exit_reason=run.exit,
        raw_log=kept,
        final_diff=run.final_diff,
        claim=None if run.claimed is None else Claim(resolved=run.claimed, by=run.claimed_by),
        usage=usage_of(run),
        provenance=None,
    )


def task_id_of(run: Run, sha256: str) -> str:
    """The task that a run names, fit for a file name; else one made of what the agent was told, so that equal tasks meet."""
    if not run.task_id:
        told = statement_of(run)
        return f"log-{content_id(told, 12) if told else sha256[:12]}"
    name = _UNSAFE.sub("-", run.task_id).strip(".-")
    return name if name == run.task_id and len(name) <= _LONGEST else f"{name[:_LONGEST]}-{content_id(run.task_id, 8)}"


def task_of(run: Run, task_id: str) -> Task:
    """What a log tells of its task: a name and the words of the problem. It can neither be run nor graded."""
    named = _INSTANCE.fullmatch(task_id)
    nowhere = Environment(recipe="", workdir="", test_command=())
    return Task.ungraded(task_id, statement_of(run), nowhere, repo=named[1] if named else "unknown", language="")


def statement_of(run: Run) -> str:
    """The first words of the user that are no copy of an earlier run; empty if there are none."""
    said = (s["message"] for s in run.steps if s["source"] == "user" and not {"copied_context", "synthetic"} & set(s["flags"]))
    return next(filter(None, said), "")


def exit_status(word: str) -> ExitStatus:
    """What a log's own word for the end of a run comes to."""
    return next((status for status, pattern in _EXITS if pattern.search(word)), "unknown")


def usage_of(run: Run) -> Usage:
    """What a run used: as its log states it, else the sum of what its steps state."""
    sums, parts = run.totals, [step["usage"] or {} for step in run.steps]
    return Usage(
        steps=run.turns,
        tool_calls=run.calls,
        prompt_tokens=_sum(parts, "prompt_tokens") if sums.prompt_tokens is None else sums.prompt_tokens,
        completion_tokens=_sum(parts, "completion_tokens") if sums.completion_tokens is None else sums.completion_tokens,
        cost_usd=_sum(parts, "cost_usd") if sums.cost_usd is None else sums.cost_usd,
        seconds=sums.seconds,
    )


def _sum(parts: Sequence[dict[str, Any]], name: str) -> Any:
    stated = [part[name] for part in parts if part.get(name) is not None]
    return sum(stated) if stated else None
