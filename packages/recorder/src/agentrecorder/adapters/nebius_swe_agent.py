"""Rows of the SWE-agent-trajectories data set: SWE-agent runs flattened to texts, each with the verdict of its tests."""

from collections.abc import Iterator, Mapping

from agentrecorder.adapters.adapter import Lost, rows, submit
from agentrecorder.adapters.swe_agent.commands import from_fence
from agentrecorder.adapters.swe_agent.steps import ENDED
from agentrecorder.containers.json_values import Json, fields, get, items, prose, string
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run, flag

_COLUMNS = frozenset({"system_prompt", "mask", "cutoff_date"})
"""Of a message, beside its role and text."""


class Nebius:
    """Objects with ``trajectory``: a list of texts of ``system``, ``user`` and ``ai``."""

    name = "nebius-swe-agent"
    priority = 60

    def version(self, source: LogSource) -> str | None:
        """These rows have no versions."""
        if source.kind not in ("document", "lines") or not source.sample:
            return None
        first = fields(next(iter(items(get(source.sample[0], "trajectory"))), None))
        return "" if "text" in first and "role" in first and not _COLUMNS.isdisjoint(first) else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """One run for each row."""
        return rows(source, _read)


def _read(log: Json, source: LogSource) -> Run:
    task, model, target = log.get("instance_id"), log.get("model_name"), log.get("target")
    run = Run(
        "nebius-swe-agent",
        agent="SWE-agent",
        task_id=task if isinstance(task, str) else None,
        model=model if isinstance(model, str) else None,
        exit=string(log.get("exit_status")),
    )
    if isinstance(target, bool):
        run.claimed, run.claimed_by = target, "target"
    submit(run, log.get("generated_patch"))
    run.take(items(log.get("trajectory")), lambda message: _message(run, message), "message")
    return run


def _message(run: Run, message: Mapping[str, Json]) -> str | None:
    role = message["role"]
    text = prose(message.get("text"))
    last = run.steps[-1] if run.steps else None
    if role == "system":
        run.say("system", prose(message.get("system_prompt")) or text)
    elif role in ("ai", "assistant"):
        _turn(run, text)
    elif last is not None and last["tool_calls"] and not last["observations"]:
        run.answer(text, error="timed out" if text[:40].lstrip().startswith("EXECUTION TIMED OUT") else None)
    else:
        run.say("user", text)
    return None


def _turn(run: Run, text: str) -> None:
    if text.lower().startswith(ENDED):
        run.turn(text, flags=("synthetic",))
        return
    said = from_fence(text)
    row = run.turn(text if said is None else said.message)
    if said is None:
        flag(row, "malformed")
    else:
        run.call(said.call.name, said.call.arguments)


ADAPTER = Nebius()
