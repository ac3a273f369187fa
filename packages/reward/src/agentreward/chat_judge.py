"""Structured answers by Chat Completions: the schema goes into the prompt, so that every server that speaks it can judge."""

import json
import re
import threading
import warnings
from typing import TypeVar

from agentllm.chat import Chat, open_provider
from agentllm.question import Answer
from agentllm.conversation import Reply, Request, Said
from agentllm.errors import CutOff, Refused, RequestRejected, Unparsable, UnusableAnswer
from pydantic import BaseModel, ValidationError

T = TypeVar("T", bound=BaseModel)
_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?```\s*$", re.DOTALL)


class ChatJudge:
    """Asks a server that speaks Chat Completions. Where it refuses ``temperature``, asks without one, and says so once.

    Raises:
        NotConfigured: no key, or the SDK is not installed.
    """

    def __init__(self, base_url: str | None, key_variable: str, temperature: float | None) -> None:
        self._provider = open_provider("openai", base_url, key_variable)
        self._temperature = temperature
        self._note: str | None = None
        self._lock = threading.Lock()

    def notes(self) -> tuple[str, ...]:
        """What did not go as configured so far."""
        return (self._note,) if self._note else ()

    def ask(self, system: str, prompt: str, output: type[T], *, model: str | None = None, max_tokens: int = 16_000) -> Answer[T]:
        """See :meth:`agentllm.client.Client.ask`."""
        schema = json.dumps(output.model_json_schema(), separators=(",", ":"))
        request = Request(
            f"{system}\nAnswer with one JSON object and nothing else. It follows this JSON Schema:\n{schema}",
            (),
            (Said(prompt),),
            max_tokens=max_tokens,
            temperature=None if self._note else self._temperature,
        )
        chat = Chat(self._provider, model or "", retries=4)
        try:
            reply = chat.reply(request)
        except RequestRejected as error:
            if request.temperature is None or "temperature" not in str(error).lower():
                raise
            self._refused(error)
            reply = chat.reply(Request(request.system, (), request.messages, max_tokens=max_tokens))
        return Answer(_value(reply, output), reply.model, reply.usage, reply.cost_usd, False)

    def _refused(self, error: RequestRejected) -> None:
        with self._lock:
            if self._note is None:
                self._note = f"temperature {self._temperature} was not sent: the service refuses it ({error.what[:200]})"
                warnings.warn(self._note, stacklevel=2)


def _value(reply: Reply, output: type[T]) -> T:
    def unusable(kind: type[UnusableAnswer], what: str, remedy: str) -> UnusableAnswer:
        return kind(what, remedy, usage=reply.usage, cost_usd=reply.cost_usd)

    if reply.stop == "refusal":
        raise unusable(Refused, f"the model declined: {reply.text[:200] or 'no explanation'}", "use another model")
    if reply.stop == "length":
        raise unusable(CutOff, f"the answer was cut off after {reply.usage.output} tokens", "raise max_tokens")
    fenced = _FENCE.match(reply.text)
    try:
        return output.model_validate_json(fenced[1] if fenced else reply.text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the answer"
        raise unusable(Unparsable, f"the answer does not follow the schema: {where}: {first['msg']}", "ask again") from error
