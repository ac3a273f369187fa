"""The log of our own recording proxy: exchanges with a model. Requests that grow from each other are one run."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from agentrecorder.adapters.adapter import Lost
from agentrecorder.adapters.agentrecorder_proxy.messages import SentMessage, answered, asked, spent, stopped
from agentrecorder.containers.json_values import Json, get, string, whole
from agentrecorder.containers.source import LogSource
from agentrecorder.run import Run, flag

FORMAT = "agentrecorder-proxy"
_CUT = ("max_tokens", "length", "max_output_tokens")


@dataclass
class Conversation:
    """A run in the making, and the messages that its last request held."""

    run: Run
    keys: list[str] = field(default_factory=list)
    answer: SentMessage | None = None
    """The last answer; ``None`` if the last request got none."""
    whole: bool = True
    """Whether that answer came to its end."""
    exchange: Json = None
    ids: set[str] = field(default_factory=set)
    """Ids of answers, which a later request may name in place of the messages before it."""

    def goes_on(self, said: list[SentMessage], follows: str) -> int:
        """How well a request continues this conversation: 0 not at all, more for more messages in common and for a known answer."""
        if follows:
            return 1 << 30 if follows in self.ids else 0
        count = len(self.keys)
        if count == 0 or [one.key for one in said[:count]] != self.keys:
            return 0
        next_ = said[count] if len(said) > count else None
        if self.answer is None or not self.whole:
            return 2 * count
        if next_ is None or next_.role != "assistant":
            return 0
        return 2 * count + (next_.key == self.answer.key)


class Proxy:
    """Logs that ``agentrecorder proxy`` and ``agentrecorder record`` write."""

    name = FORMAT
    priority = 10

    def version(self, source: LogSource) -> str | None:
        """The version that the first exchange names."""
        if source.kind not in ("lines", "document"):
            return None
        first = source.sample[0] if source.sample else None
        return string(get(first, "version")) if get(first, "format") == FORMAT else None

    def runs(self, source: LogSource) -> Iterator[Run | Lost]:
        """One run for each conversation, in the order in which they began."""
        found: list[Conversation] = []
        exchanges: list[tuple[str, Json]] = []
        for item in source.items():
            if item.value is None or item.problem:
                yield Lost(item.where, item.problem, item.raw)
            else:
                exchanges.append((item.where, item.value))
        exchanges.sort(key=lambda pair: whole(get(pair[1], "exchange")) or 0)
        other = 0
        for where, exchange in exchanges:
            if get(exchange, "protocol") not in ("anthropic-messages", "openai-chat", "openai-responses"):
                other += 1
                continue
            try:
                _take(found, exchange)
            except Exception as problem:  # a request of no known shape must not cost the others
                yield Lost(where, f"cannot be read ({type(problem).__name__}: {problem})")
        for conversation in found:
            _settle(conversation, kept=True)
        if found and other:
            found[0].run.aside["call that asks no model"] += other
        yield from (conversation.run for conversation in found)
        if other and not found:
            yield Lost("file", f"holds {other} calls, none of which asks a model")


def _take(found: list[Conversation], exchange: Json) -> None:
    """Add an exchange to the conversation that it continues, or begin one."""
    protocol, request, answer = string(get(exchange, "protocol")), get(exchange, "request"), get(exchange, "answer")
    system, said = asked(protocol, request)
    follows = string(get(request, "previous_response_id"))
    conversation = max(found, key=lambda c: c.goes_on(said, follows), default=None)
    if conversation is None or conversation.goes_on(said, follows) == 0:
        conversation = Conversation(Run(FORMAT))
        found.append(conversation)
        if system:
            conversation.run.say("system", system)
    known = 0 if follows else len(conversation.keys)
    _say(conversation, said[known:], linked=bool(follows))
    run = conversation.run
    conversation.keys = [one.key for one in said]
    status = whole(get(exchange, "status"))
    problem = string(get(exchange, "problem"))
    heard = answered(protocol, answer) if status is not None and status < 400 else SentMessage("assistant")
    failed = bool(problem or get(answer, "error"))
    conversation.answer = None if heard.empty and (failed or status is None or status >= 400) else heard
    conversation.whole = not failed
    conversation.exchange = exchange
    conversation.ids.add(string(get(answer, "id")))
    conversation.ids.discard("")
    run.exit = stopped(protocol, answer) if not failed and status is not None and status < 400 else problem or f"status {status}"
    run.model = run.model or string(get(answer, "model")) or string(get(request, "model")) or None
    if conversation.answer is None:
        run.aside[f"call that failed ({problem.partition(' (')[0] or f'status {status}'})"] += 1


def _say(conversation: Conversation, said: list[SentMessage], *, linked: bool) -> None:
    """What a request brings that the conversation does not hold yet. Its first message may be the last answer again."""
    again = bool(said) and said[0].role == "assistant"
    repeated = again and conversation.answer is not None
    _settle(conversation, kept=again or linked)
    run = conversation.run
    for one in said[1:] if repeated else said:
        if one.role == "assistant":
            run.turn(one.text, one.reasoning, flags=("copied_context",))
            for call in one.calls:
                run.call(call.name, call.arguments, call.call_id)
            continue
        for result in one.results:
            failure = (result.text.split("\n", 1)[0] or "error") if result.failed else None
            run.answer(result.text, result.call_id, error=failure)
        if one.text or not one.results:
            run.say(one.role, one.text)
    conversation.answer = None


def _settle(conversation: Conversation, *, kept: bool) -> None:
    """Put the last answer down as a turn. One that broke off counts only if the client kept it, or if it is the last word."""
    heard, run = conversation.answer, conversation.run
    if heard is None:
        return
    if not kept:
        run.aside["answer that broke off and was asked for again"] += 1
        return
    run.taken += 1
    protocol, answer = string(get(conversation.exchange, "protocol")), get(conversation.exchange, "answer")
    row = run.turn(heard.text, heard.reasoning, spent(protocol, conversation.exchange))
    for call in heard.calls:
        run.call(call.name, call.arguments, call.call_id)
    if not conversation.whole or stopped(protocol, answer) in _CUT:
        flag(row, "truncated")


ADAPTER = Proxy()
