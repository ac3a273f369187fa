"""Rollouts that hold items of OpenAI's Responses API, as NeMo-Gym writes them, and responses by themselves."""

from collections.abc import Iterator, Mapping

from agentrecorder.adapters.adapter import Lost, claim, full, rows
from agentrecorder.adapters.shared.response_items import Items
from agentrecorder.containers.json_values import Json, fields, get, is_array, is_object, items, prose, string, whole
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run, flag


class Responses:
    """Rows of ``responses_create_params`` and ``response``: one run each. What the prompt holds of earlier turns is copied context."""

    name = "openai-responses"
    priority = 130

    def version(self, source: LogSource) -> str | None:
        """``rollout`` with the request beside the response, else ``response``."""
        if source.kind not in ("document", "lines"):
            return None
        for row in source.sample:
            trial = "verifier_result" in fields(get(row, "metadata"))  # a Harbor trial, which says more
            if is_object(get(row, "responses_create_params")) and is_object(get(row, "response")) and not trial:
                return "rollout"
            if get(row, "object") == "response" and _is_list(get(row, "output")):
                return "response"
        return None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each row."""
        return rows(source, _read)


def _is_list(value: Json) -> bool:
    return bool(items(value)) or is_array(value)


def _read(row: Json, _: LogSource) -> Run:
    response = row if get(row, "object") == "response" else get(row, "response")
    if not is_object(response):
        raise ValueError("the row has no response")
    request = fields(get(row, "responses_create_params"))
    run = Run("openai-responses")
    run.task_id = _first(get(row, "instance_id"), get(row, "task_id"), get(request, "metadata", "instance_id"), get(row, "uuid"))
    run.model = _first(get(response, "model"), get(request, "model"))
    run.agent = _first(get(row, "agent_ref", "name")) or ""
    run.exit = (
        _first(get(row, "agent_error_kind"), get(row, "error_kind"), get(response, "error", "message"), get(response, "status")) or ""
    )
    run.final_diff = string(get(row, "model_patch"))
    _claim(run, row)
    sent, received = whole(get(response, "usage", "input_tokens")), whole(get(response, "usage", "output_tokens"))
    if sent or received:  # all nought where the harness did not count
        run.totals.prompt_tokens, run.totals.completion_tokens = sent, received
    _ask(run, request)
    if "input" not in request and _is_list(get(response, "input")):
        run.take(items(get(response, "input")), Items(run).hear, "input")
    run.take(items(get(response, "output")), Items(run).hear, "output")
    return run


def _ask(run: Run, request: Mapping[str, Json]) -> None:
    """The prompt: none of it is the agent's doing in this run."""
    if isinstance(get(request, "instructions"), str):
        run.say("system", string(get(request, "instructions")))
    asked = get(request, "input")
    if isinstance(asked, str):
        run.say("user", asked)
        return
    run.take(items(asked), Items(run).hear, "input")
    for step in run.steps:
        if step["source"] == "agent":
            flag(step, "copied_context")


def _claim(run: Run, row: Json) -> None:
    if get(row, "evaluation_completed") is False:
        return
    claim(run, row, (("resolved",),), lambda value: value if isinstance(value, bool) else None)
    claim(run, row, (("reward",),), full)


def _first(*values: Json) -> str | None:
    """The first that says something."""
    return next((prose(value) for value in values if value not in (None, "", [], {})), None)


ADAPTER = Responses()
