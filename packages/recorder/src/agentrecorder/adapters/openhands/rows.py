"""What the rows of OpenHands say of a run beside its events: task, model, patch, verdict, tokens."""

from collections.abc import Iterable, Mapping

from agentrecorder.adapters.adapter import claim
from agentrecorder.containers.json_values import Json, each, fields, get, is_object, items, number, string, whole
from agentrecorder.run import Row, Run, usage

_VERDICTS = (
    ("report", "resolved"),
    ("test_result", "report", "resolved"),
    ("test_result", "resolved"),
    ("resolved",),
)
_PATCHES = (("test_result", "git_patch"), ("git_patch",), ("test_result", "model_patch"))


def described(row: Mapping[str, Json], version: str) -> Run:
    """A run without steps."""
    run = Run("openhands", version)
    metadata = get(row, "metadata")
    run.task_id = _task(row)
    run.agent = string(get(metadata, "agent_class"))
    run.model = string(get(metadata, "llm_config", "model") or get(metadata, "llm", "model") or get(metadata, "model_name")) or None
    run.final_diff = next((patch for path in _PATCHES if isinstance(patch := get(row, *path), str)), "")
    run.exit = string(get(row, "error"))
    run.feedback = string(get(row, "feedback"))
    claim(run, row, _VERDICTS, lambda value: value if isinstance(value, bool) else None)
    if run.claimed is None and isinstance(get(row, "success"), bool) and "result_explanation" in row:
        run.claimed, run.claimed_by = row["success"], "success, the opinion of a model"
    _total(run, get(row, "metrics"))
    return run


def _task(row: Mapping[str, Json]) -> str | None:
    if get(row, "instance_id") not in (None, ""):
        return string(row["instance_id"])
    issue = fields(get(row, "issue"))
    return f"{string(issue.get('owner'))}/{string(issue.get('repo'))}#{string(issue.get('number'))}" if issue else None


def _total(run: Run, metrics: Json) -> None:
    """Add the sums of one model's metrics to those of the run."""
    totals = run.totals
    tokens = get(metrics, "accumulated_token_usage")
    cost = number(get(metrics, "accumulated_cost"))
    if cost or items(get(metrics, "costs")):  # nought without a list of costs: a proxy, whose price is not known
        totals.cost_usd = (totals.cost_usd or 0.0) + (cost or 0.0)
    sent, received = _count(get(tokens, "prompt_tokens")), _count(get(tokens, "completion_tokens"))
    if sent is not None:
        totals.prompt_tokens = (totals.prompt_tokens or 0) + sent
    if received is not None:
        totals.completion_tokens = (totals.completion_tokens or 0) + received


def counted(run: Run, stats: Json) -> dict[str, Row]:
    """Take the sums of a conversation over the models that it uses, and what each response cost."""
    every = [metrics for metrics in fields(get(stats, "usage_to_metrics")).values() if is_object(metrics)]
    run.totals = type(run.totals)()
    for metrics in every:
        _total(run, metrics)
        run.model = run.model or string(metrics.get("model_name")) or None
    return measured(*every)


def measured(*several: Json) -> dict[str, Row]:
    """Id of a response → its usage."""
    found: dict[str, Row] = {}
    for metrics in several:
        for entry in each(items(get(metrics, "token_usages"))):
            key = get(entry, "response_id")
            made = tokens_of(entry, "cache_read_tokens")
            if isinstance(key, str) and key and made is not None:
                found[key] = made
        for key, seconds in _latencies(each(items(get(metrics, "response_latencies")))):
            made = found.setdefault(key, usage(seconds=seconds) or {})
            made["seconds"] = seconds
    return found


def _latencies(entries: Iterable[Json]) -> Iterable[tuple[str, float]]:
    for entry in entries:
        key, seconds = get(entry, "response_id"), number(get(entry, "latency"))
        if isinstance(key, str) and key and seconds is not None:
            yield key, seconds


def tokens_of(counts: Json, cached: str) -> Row | None:
    """Usage from an object with ``prompt_tokens``, ``completion_tokens`` and, under the key ``cached``, tokens read from a cache."""
    told = fields(counts)
    return usage(_count(told.get("prompt_tokens")), _count(told.get("completion_tokens")), _count(told.get(cached)))


def _count(value: Json) -> int | None:
    found = whole(value)
    return found if found is not None and found >= 0 else None
