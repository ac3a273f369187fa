"""Rows in which NeMo-Gym keeps trials of Harbor: items of the Responses API, and what Harbor says of the trial."""

from collections.abc import Iterator

from agentrecorder.adapters.adapter import Lost, claim, rows
from agentrecorder.adapters.atif import COMPLAINT, verdict
from agentrecorder.adapters.shared.response_items import Items
from agentrecorder.containers.json_values import Json, fields, get, is_object, items, number, prose, string, whole
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run, flag


class HarborRows:
    """A row is a run. The harness makes up an id for an answer to no call: it is kept as one."""

    name = "harbor"
    priority = 90

    def version(self, source: LogSource) -> str | None:
        """``nemo-gym``."""
        if source.kind in ("document", "lines") and any(_is_trial(row) for row in source.sample):
            return "nemo-gym"
        return None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """A run for each row."""
        return rows(source, _read)


def _is_trial(row: Json) -> bool:
    metadata = fields(get(row, "metadata"))
    return is_object(get(row, "response")) and "trial_name" in metadata and "verifier_result" in metadata


def _read(row: Json, _: LogSource) -> Run:
    response, metadata = get(row, "response"), get(row, "metadata")
    if not is_object(response):
        raise ValueError("the row has no response")
    run = Run("harbor", "nemo-gym")
    run.task_id = string(get(row, "instance_id") or get(metadata, "task_name")) or None
    run.agent = string(get(metadata, "agent_info", "name"))
    run.model = string(get(response, "model")) or None
    run.exit = string(get(metadata, "exception_info", "exception_type"))
    spent = get(metadata, "agent_result")
    run.totals.prompt_tokens, run.totals.completion_tokens = whole(get(spent, "n_input_tokens")), whole(get(spent, "n_output_tokens"))
    run.totals.cost_usd = number(get(spent, "cost_usd"))
    claim(run, row, (("reward",), ("metadata", "verifier_result", "rewards", "reward")), verdict)
    run.take(items(get(row, "responses_create_params", "input")), Items(run).hear, "input")
    for step in run.steps:
        if step["source"] == "agent":
            flag(step, "copied_context")
    run.take(items(get(response, "output")), _Trial(run).hear, "output")
    return run


class _Trial(Items):
    def hear(self, item: Json) -> str | None:
        """Take the next item. A complaint of the harness marks the turn before it, and is no observation."""
        if get(item, "type") == "function_call_output" and prose(item.get("output")).startswith(COMPLAINT):
            if self.turn is not None:
                flag(self.turn, "malformed")
                self.turn = None
            self.run.say("user", prose(item["output"]))
            return None
        return super().hear(item)


ADAPTER = HarborRows()
