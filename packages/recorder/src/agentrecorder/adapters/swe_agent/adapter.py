"""SWE-agent: one JSON object for a run (``.traj``), with its steps, the messages they came from, and sometimes several attempts."""

from collections.abc import Iterator, Sequence

from agentrecorder.adapters.adapter import Lost, row, runs_of, submit
from agentrecorder.adapters.swe_agent.history import History, answers
from agentrecorder.adapters.swe_agent.steps import Steps
from agentrecorder.containers.json_values import Json, NotJson, each, fields, get, is_object, items, loads, number, string, whole
from agentrecorder.containers.source import Item, LogSource
from agentrecorder.run import Run, Totals

_UNNAMED = frozenset({"", "main", "swe_main", "n/a"})
"""Environments that are not named after their task."""


class SweAgent:
    """0.x, 1.0 and 1.1, whichever parser; files with a history alone; runs of several attempts."""

    name = "swe-agent"
    priority = 40

    def version(self, source: LogSource) -> str | None:
        """What the log says, else what the keys of its steps tell: ``0``, ``1.0`` or ``1.1``."""
        if source.kind not in ("document", "lines"):
            return None
        log = source.sample[0] if source.sample else None
        attempt = next(iter(items(get(log, "attempts"))), log)
        if not _is_log(attempt):
            return None
        stated = get(attempt, "info", "swe_agent_version")
        if isinstance(stated, str):
            return stated
        step = next(iter(items(get(attempt, "trajectory"))), None)
        return "1.1" if "query" in fields(step) else "1.0" if "messages" in fields(step) else "0"

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """One run for each object; for an object with attempts, one for each of them."""
        for item in source.items():
            attempts = items(get(item.value, "attempts"))
            yield from _attempts(item, attempts, source) if attempts else runs_of(item, source, _read)


def _is_log(log: Json) -> bool:
    if not is_object(log):
        return False
    step = next(iter(items(log.get("trajectory"))), None)
    if step is not None:
        return "action" in fields(step) and "response" in fields(step)
    if "trajectory" in log:
        return "history" in log and "info" in log
    if "messages" not in log:
        first = fields(next(iter(items(get(log, "history"))), None))
        return "role" in first and bool({"agent", "message_type", "is_demo"} & set(first))
    return False


def _attempts(item: Item, attempts: Sequence[Json], source: LogSource) -> Iterator[Run | Lost]:
    """A run for each attempt. What stands above them is a copy of the best one, with the costs of all."""
    best = whole(get(item.value, "info", "best_attempt_idx"))
    count = 0
    for index, attempt in enumerate(each(attempts)):
        found = row(Item(f"{item.where}, attempt {index + 1}", attempt), source, _read)
        if isinstance(found, Run):
            found.chosen = index == best
        count += 1
        yield found
    if items(get(item.value, "trajectory")) and not (best is not None and 0 <= best < count):
        yield row(item, source, _read)


def _read(log: Json, source: LogSource) -> Run:
    info = fields(get(log, "info"))
    stats = fields(info.get("model_stats"))
    cost = number(stats.get("instance_cost"))
    run = Run(
        "swe-agent",
        agent="SWE-agent",
        task_id=_task(log, source),
        model=_model(get(log, "replay_config")),
        exit=string(info.get("exit_status")),
        totals=Totals(
            prompt_tokens=whole(stats.get("tokens_sent")),
            completion_tokens=whole(stats.get("tokens_received")),
            cost_usd=number(stats.get("total_cost")) if cost is None else cost,
        ),
    )
    submit(run, info.get("submission"))
    history, steps = items(get(log, "history")), items(get(log, "trajectory"))
    run.take(history, History(run, prompts_only=bool(len(steps))).message, "history message")
    if len(steps):
        walk = Steps(run, answers(history), len(steps))
        run.take(steps, walk.step, "step")
        walk.end()
    return run


def _task(log: Json, source: LogSource) -> str | None:
    environment = get(log, "environment")
    if isinstance(environment, str) and environment.strip() not in _UNNAMED:
        return environment
    return source.path.name.partition(".traj")[0] or None


def _model(replay: Json) -> str | None:
    """The name of the model in the configuration, which newer versions keep as a JSON text."""
    if isinstance(replay, str):
        try:
            replay = loads(replay)
        except NotJson:
            return None
    agent = get(replay, "agent")
    first = next(iter(items(get(agent, "agent_configs"))), None)
    name = get(agent, "model", "name") or get(first, "model", "name")
    return name if isinstance(name, str) else None


ADAPTER = SweAgent()
