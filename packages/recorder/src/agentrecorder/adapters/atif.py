"""The Agent Trajectory Interchange Format, as Harbor and its agents write it."""

from collections.abc import Iterator, Mapping

from trajschema.trajectory import Flag

from agentrecorder.adapters.adapter import Lost, claim, rows
from agentrecorder.containers.json_values import Json, each, get, items, number, prose, string, whole
from agentrecorder.containers.source import LogSource
from agentrecorder.exports import restored
from agentrecorder.run import Row, Run, flag, usage

_VERDICTS = [(*where, key) for where in (("extra",), ("final_metrics", "extra")) for key in ("resolved", "reward", "verdict")]
COMPLAINT = "Previous response had parsing errors"
"""How Terminus begins what it says to an answer that it could not read."""


class Atif:
    """A document is a run; so is each trajectory of a subagent in it."""

    name = "atif"
    priority = 80

    def version(self, source: LogSource) -> str | None:
        """Its ``schema_version`` without the prefix: ``1.5``."""
        if source.kind in ("document", "lines"):
            for value in source.sample:
                if _is_atif(value):
                    return _version(value)
        return None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each document, followed by those of its subagents."""
        inner: list[Run] = []

        def read(document: Json, _: LogSource) -> Run:
            if not _is_atif(document):
                raise ValueError("no trajectory in this format")
            inner.extend(_of_subagents(document))
            return restored(document, self.name) or _run(document)

        for found in rows(source, read):
            yield found
            yield from inner
            inner.clear()


def _is_atif(value: Json) -> bool:
    version = get(value, "schema_version")
    return isinstance(version, str) and version.upper().startswith("ATIF") and "steps" in value


def _version(document: Mapping[str, Json]) -> str:
    return string(get(document, "schema_version")).upper().removeprefix("ATIF").lstrip("-V")


def _of_subagents(document: Json) -> Iterator[Run]:
    for inner in each(items(get(document, "subagent_trajectories"))):
        run = _run(inner)
        run.notes.append(f"a subagent of {_named(document)!r}")
        yield run
        yield from _of_subagents(inner)


def _named(document: Mapping[str, Json]) -> str:
    return string(get(document, "trajectory_id") or get(document, "session_id"))


def _run(document: Mapping[str, Json]) -> Run:
    run = Run("atif", _version(document))
    agent = get(document, "agent")
    run.agent = string(get(agent, "name"))
    run.model = string(get(agent, "model_name")) or None
    run.task_id = string(get(document, "extra", "task_id") or get(document, "extra", "instance_id")) or None
    final = get(document, "final_metrics")
    run.totals.prompt_tokens, run.totals.completion_tokens = _count(final, "total_prompt_tokens"), _count(final, "total_completion_tokens")
    run.totals.cost_usd = _cost(final, "total_cost_usd", "total_cost")
    claim(run, document, _VERDICTS, verdict)
    run.take(items(get(document, "steps")), lambda step: _step(run, step), "step")
    if get(document, "continued_trajectory_ref"):
        run.notes.append(f"goes on in {string(document['continued_trajectory_ref'])!r}")
    return run


def verdict(value: Json) -> bool | None:
    """Whether ``true``, a reward of 1, or ``PASS`` is what a value says; ``None`` if it is neither that nor the contrary."""
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in ("pass", "passed", "1", "1.0") else False if word in ("fail", "failed", "0", "0.0") else None
    if isinstance(value, bool):
        return value
    reward = number(value)
    return True if reward is not None and reward >= 1 else False if reward == 0 else None


def _step(run: Run, step: Json) -> None:
    source, text = step.get("source"), prose(step.get("message") if step.get("message") is not None else "")
    flags: tuple[Flag, ...] = ("copied_context",) if step.get("is_copied_context") is True else ()
    results = items(get(step, "observation", "results"))
    match source:
        case "agent":
            _turn(run, step, text, flags)
            for result in results:
                _answer(run, result, string(step.get("step_id")))
        case "system" | "user":
            row = run.say(source, text, flags)
            for result in results:
                _tell(run, row, result, string(step.get("step_id")))
        case _:
            raise ValueError(f"source {string(source)!r} is not known")


def _turn(run: Run, step: Mapping[str, Json], text: str, flags: tuple[Flag, ...]) -> None:
    metrics = step.get("metrics")
    spent = usage(
        _count(metrics, "prompt_tokens"),
        _count(metrics, "completion_tokens"),
        _count(metrics, "cached_tokens"),
        _cost(metrics, "cost_usd", "cost"),
    )
    row = run.turn(text, prose(step.get("reasoning_content") or ""), spent, flags)
    if step.get("llm_call_count") == 0:
        flag(row, "synthetic")
    run.model = run.model or string(step.get("model_name")) or None
    for call in items(step.get("tool_calls")):
        given = get(call, "arguments")
        run.call(string(get(call, "function_name")), {} if given is None else given, string(get(call, "tool_call_id")) or None, row)


def _answer(run: Run, result: Json, where: str) -> None:
    """A result of the last turn. What the harness says to an answer that it could not read is no observation."""
    call_id = string(get(result, "source_call_id")) or None
    text = _seen(result)
    if text is None:
        run.notes.append(f"step {where}: {_reference(result)}")
        if call_id is not None:
            run.answer("", call_id)
    elif text.startswith(COMPLAINT):
        flag(_last_turn(run), "malformed")
        run.say("user", text)
    else:
        run.answer(text, call_id)


def _tell(run: Run, row: Row, result: Json, where: str) -> None:
    """A result in a step of the system: to an earlier call, or a part of what the system says."""
    text = _seen(result)
    if text is None:
        run.notes.append(f"step {where}: {_reference(result)}")
    elif get(result, "source_call_id"):
        run.answer(text, string(result["source_call_id"]))
    else:
        row["message"] = f"{row['message']}\n{text}" if row["message"] else text


def _last_turn(run: Run) -> Row:
    return next(step for step in reversed(run.steps) if step["source"] == "agent")


def _seen(result: Json) -> str | None:
    content = get(result, "content")
    return None if content is None else prose(content)


def _reference(result: Json) -> str:
    found = get(result, "subagent_trajectory_ref")
    names = (string(get(one, "trajectory_path") or get(one, "trajectory_id") or get(one, "session_id")) for one in items(found) or [found])
    return f"a subagent did this, see {', '.join(filter(None, names)) or 'another file'}" if found else "a result without content"


def _count(metrics: Json, key: str) -> int | None:
    found = whole(get(metrics, key))
    return found if found is not None and found >= 0 else None


def _cost(metrics: Json, *keys: str) -> float | None:
    return next((cost for key in keys if (cost := number(get(metrics, key))) is not None), None)


ADAPTER = Atif()
