"""mini-swe-agent: a list of chat messages with what was run beside them (``.traj.json``), or the bare list."""

from collections.abc import Iterator

from agentrecorder.adapters.adapter import Lost, row, runs_of, submit
from agentrecorder.adapters.mini_swe_agent.messages import FENCES, Messages, fence_of
from agentrecorder.containers.json_values import Json, fields, get, is_object, items, number, prose, string
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run, Totals

_FORMAT = "mini-swe-agent-"


class MiniSweAgent:
    """v1 (fenced commands), v2 (function calls, or fenced commands with the parsed action beside them) and bare lists."""

    name = "mini-swe-agent"
    priority = 50

    def version(self, source: LogSource) -> str | None:
        """The release that wrote the log, else the number of its format; empty for a bare list."""
        if source.kind not in ("document", "lines") or not source.sample:
            return None
        log = source.sample[0]
        if not is_object(log):
            return None
        written = log.get("trajectory_format")
        if isinstance(written, str) and written.startswith(_FORMAT):
            return string(get(log, "info", "mini_version")) or written.removeprefix(_FORMAT)
        if "messages" in log and isinstance(get(log, "info", "mini_version"), str):
            return string(get(log, "info", "mini_version"))
        return "" if source.kind == "document" and _bare(source.sample) else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """One run for each object, or for the list of messages that the source is."""
        for item in source.items():
            yield from (row(item, source, _read),) if "role" in fields(_first(item.value)) else runs_of(item, source, _read)


def _first(value: Json) -> Json:
    return next(iter(items(value)), None)


def _bare(messages: list[Json]) -> bool:
    """A list of messages that asks for one fenced command, and in which a command was answered as this harness does."""
    roles = [get(message, "role") for message in messages[:3]]
    if roles != ["system", "user", "assistant"]:
        return False
    if fence_of(messages) == FENCES[0]:
        return True
    said = [prose(get(message, "content")) for message in messages if get(message, "role") == "user"]
    return any(text.startswith("<returncode>") for text in said[1:])


def _read(log: Json, source: LogSource) -> Run:
    bare = not is_object(log)
    messages = items(log if bare else get(log, "messages"))
    info = fields(get(log, "info"))
    task = get(log, "instance_id")
    model = get(info, "config", "model", "model_name")
    run = Run(
        "mini-swe-agent",
        agent="mini-swe-agent",
        task_id=task if isinstance(task, str) and task else source.path.name.partition(".traj")[0] or None,
        model=model if isinstance(model, str) else None,
        exit=string(info.get("exit_status")),
        totals=Totals(cost_usd=number(get(info, "model_stats", "instance_cost"))),
    )
    submission = info.get("submission")
    walk = Messages(run, fence_of(messages), len(messages), submission if run.exit else None)
    run.take(messages, walk.message, "message")
    submit(run, submission if isinstance(submission, str) and submission else walk.submission)
    walk.end()
    return run


ADAPTER = MiniSweAgent()
