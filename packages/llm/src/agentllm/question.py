"""A question with a typed answer, and how an answer is read."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from trajschema.ids import digest
from trajschema.record import first_problem

from agentllm.cache import AnswerCache
from agentllm.conversation import Content, Request, UserMessage
from agentllm.errors import CutOff, Refused, Unparsable, UnusableAnswer
from agentllm.usage import TokenUsage

T = TypeVar("T", bound=BaseModel)
_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?```\s*$", re.DOTALL)


@dataclass(frozen=True)
class Question(Generic[T]):
    """What :meth:`agentllm.client.Client.ask` is asked.

    ``sample`` numbers several answers to the same words; each is kept under its own number. ``again`` says that the same
    words will be sent again soon, so that the provider's prompt cache is told to keep them.
    """

    system: str
    prompt: str
    output: type[T]
    model: str | None = None
    max_tokens: int = 16_000
    sample: int = 0
    again: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the answer."""
        return _schema(self.output)

    def key(self, provider: str, model: str, temperature: float | None) -> str:
        """Content of the question: whom it goes to, and every word of it. 64 hexadecimal digits. ``model`` is who is asked otherwise."""
        words = [self.system, self.prompt, self.schema, self.max_tokens, self.sample]
        return digest([provider, self.model or model, temperature, *words])

    def stored(self, cache: AnswerCache, key: str) -> "Answer[T] | None":
        """The answer that ``cache`` has under ``key``; ``None`` where there is none that can be read."""
        found = cache.get(key)
        try:
            return None if found is None else Answer(self.parse(found["text"]), str(found.get("model")), TokenUsage(), 0.0, True)
        except ValidationError:
            return None

    def request(self, temperature: float | None) -> Request:
        """The same as one turn of a conversation."""
        return Request(
            self.system,
            (),
            (UserMessage(self.prompt),),
            stable=int(self.again),
            max_tokens=self.max_tokens,
            temperature=temperature,
            schema=self.schema,
        )

    def read(self, content: Content, cost_usd: float | None) -> T:
        """The value in an answer; a fence around the JSON is passed over.

        Raises:
            UnusableAnswer: there is none. Bounds on numbers are only hints to the model; pydantic checks them here.
        """

        def unusable(kind: type[UnusableAnswer], what: str, remedy: str) -> UnusableAnswer:
            return kind(what, remedy, usage=content.usage, cost_usd=cost_usd)

        if content.stop == "refusal":
            raise unusable(Refused, f"the model declined: {content.text[:200] or 'no explanation'}", "use another model")
        if content.stop == "length":
            what = f"the answer was cut off after {content.usage.output} tokens: its limit, or the context window, was reached"
            raise unusable(CutOff, what, "ask for less at once, or raise max_tokens")
        try:
            return self.parse(content.text)
        except ValidationError as error:
            raise unusable(Unparsable, f"the answer does not follow the schema: {first_problem(error)}", "ask again") from error

    def parse(self, text: str) -> T:
        """The value that ``text`` spells.

        Raises:
            pydantic.ValidationError: it spells none.
        """
        fenced = _FENCE.match(text)
        return self.output.model_validate_json(fenced[1] if fenced else text)


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A parsed answer and what it cost. ``cost_usd`` is missing for a model without a price, and 0 from the cache."""

    value: T
    model: str
    usage: TokenUsage
    cost_usd: float | None
    cached: bool


@lru_cache(maxsize=64)
def _schema(output: type[BaseModel]) -> dict[str, Any]:
    return output.model_json_schema()
