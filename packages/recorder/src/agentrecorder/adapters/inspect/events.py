"""Events of a sample of Inspect AI: what each answer cost, and the conversation as it was before a compaction."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from agentrecorder.containers.json_values import Json, each, fields, get, items, number, string, whole
from agentrecorder.run import Row, usage


class Events:
    """The events, walked once. A scorer's use of a model is none of the agent's."""

    def __init__(self, sample: Mapping[str, Json]) -> None:
        self.usages: dict[str, Row] = {}
        """Id of a message → its usage."""
        self.others: Counter[str] = Counter()
        """What the events hold that the conversation does not."""
        self._pool = items(get(sample, "message_pool"))
        self._compacted = False
        self._calls: list[Mapping[str, Json]] = []
        scorers: set[str] = set()
        scoring = False
        for event in each(items(get(sample, "events"))):
            kind, span = get(event, "event"), string(get(event, "span_id"))
            if kind == "span_begin" and (event.get("type") in ("scorer", "scorers") or string(event.get("parent_id")) in scorers):
                scorers.add(string(event.get("id")))
            elif kind == "step" and event.get("type") == "scorer":  # older logs have steps in place of spans
                scoring = event.get("action") == "begin"
            elif kind == "compaction":
                self._compacted = True
            elif kind == "model" and not scoring and (not span or span not in scorers):
                self._keep(event)

    def _keep(self, event: Mapping[str, Json]) -> None:
        self._calls.append(event)
        output = fields(event.get("output"))
        key, spent = get(_answer(event), "id"), spent_by(output.get("usage"), number(output.get("time")))
        if isinstance(key, str) and spent is not None:
            self.usages[key] = spent

    def conversation(self, messages: Sequence[Json]) -> Sequence[Json]:
        """``messages``; if they were compacted, preceded by those that were taken out of them."""
        if not self._compacted:
            return messages
        last = {get(message, "id") for message in each(messages)}
        main = {event.get("span_id") for event in self._calls if get(_answer(event), "id") in last}
        seen: set[str] = set()
        found: list[Json] = []
        for message in self._said(main):
            _add(found, seen, message)
        for message in each(messages):
            _add(found, seen, message)
        self.others["call of a model outside the conversation"] = sum(event.get("span_id") not in main for event in self._calls)
        self.others = +self.others
        return found

    def _said(self, main: set[Json]) -> Iterator[Json]:
        for event in self._calls:
            if event.get("span_id") in main:
                yield from self._asked(event)
                yield _answer(event)

    def _asked(self, event: Mapping[str, Json]) -> Iterator[Json]:
        yield from items(event.get("input"))
        for span in items(event.get("input_refs")):
            bounds = [whole(bound) for bound in items(span)]
            if len(bounds) == 2 and bounds[0] is not None and bounds[1] is not None:
                yield from self._pool[bounds[0] : bounds[1]]


def _add(found: list[Json], seen: set[str], message: Json) -> None:
    key = get(message, "id")
    if isinstance(key, str) and key not in seen:
        seen.add(key)
        found.append(message)


def _answer(event: Mapping[str, Json]) -> Json:
    choices = items(get(event, "output", "choices"))
    return get(choices[0], "message") if choices else None


def spent_by(counts: Json, seconds: float | None = None) -> Row | None:
    """Usage as Inspect counts it. Where the total is more than what was sent and received, ``input_tokens`` leaves cached tokens out."""
    sent, received, every, cached = (
        count if (count := whole(get(counts, key))) is not None and count >= 0 else None
        for key in ("input_tokens", "output_tokens", "total_tokens", "input_tokens_cache_read")
    )
    if sent is not None and received is not None and every is not None:
        sent = max(sent, every - received)
    return usage(sent, received, cached, seconds=seconds)
