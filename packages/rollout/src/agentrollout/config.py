"""Which agents act, as a settings file says it: the sections ``agents`` and ``agents.run``."""

from typing import Literal

from agentllm.prices import ModelPrice
from pydantic import BaseModel, ConfigDict, Field, model_validator

from agentrollout.embedded import EMBEDDED


class AgentRun(BaseModel):
    """One agent and how often it tries each task: an embedded one, one of your own, or a language model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[\w.:-]+$",
        description="random, noisy, localising, oracle or noop; your own as module:attribute; any other name for a model.",
    )
    attempts: int = Field(1, ge=1, description="Attempts at each task, each with its own seed.")
    model: str | None = Field(None, min_length=1, description="Model name, as its service knows it. Makes this entry a model.")
    provider: Literal["anthropic", "openai"] | None = Field(
        None, description="anthropic (Messages) or openai (Chat Completions, at OpenAI or any server that speaks it)."
    )
    base_url: str | None = Field(None, description="Address of another server that speaks the provider's protocol.")
    key_variable: str | None = Field(
        None, description="Environment variable that holds the key; the provider's usual one if left out, none if empty."
    )
    concurrency: int = Field(8, ge=1, description="Requests to this model at once, whatever the number of cores.")
    temperature: float | None = Field(
        None, ge=0, le=2, description="Sampling temperature, provider openai only; the service's own if left out."
    )
    top_p: float | None = Field(None, gt=0, le=1, description="Nucleus sampling, provider openai only; the service's own if left out.")
    max_tokens: int = Field(8_000, ge=1, description="Tokens of one answer.")
    full_observations: int = Field(5, ge=1, description="Last observations that the model sees whole; older ones become a line each.")
    max_steps: int | None = Field(None, ge=1, description="Turns in one attempt; `agents.max_steps` if left out.")
    max_seconds: float | None = Field(None, gt=0, description="Wall seconds of one attempt; `agents.max_seconds` if left out.")
    attempt_tokens: int | None = Field(None, ge=1, description="Tokens that one attempt may send and receive; no limit if left out.")
    attempt_usd: float | None = Field(None, gt=0, description="US dollars that one attempt may cost; no limit if left out.")
    retries: int = Field(6, ge=0, description="Tries after the first of a rate-limited or failed request.")
    price: ModelPrice | None = Field(
        None, description="What the model costs, where the price list does not say; 0 for a server of your own."
    )

    @model_validator(mode="after")
    def _whole(self) -> "AgentRun":
        if self.model is None:
            fields = type(self).model_fields
            extra = sorted(n for n in self.model_fields_set - {"name", "attempts"} if getattr(self, n) != fields[n].default)
            if extra:
                raise ValueError(f"{', '.join(extra)}: only for an entry with a `model`")
        elif self.provider is None:
            raise ValueError("a model needs a `provider`: anthropic or openai")
        elif ":" in self.name or self.name in EMBEDDED:
            raise ValueError(f"a model needs a name of its own, not {self.name!r}")
        elif self.provider == "anthropic" and (self.temperature is not None or self.top_p is not None):
            raise ValueError("provider anthropic takes neither temperature nor top_p")
        return self


class Agents(BaseModel):
    """Who acts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: tuple[AgentRun, ...] = (
        AgentRun(name="oracle"),
        AgentRun(name="noop"),
        AgentRun(name="random", attempts=2),
        AgentRun(name="noisy", attempts=2),
        AgentRun(name="localising"),
    )
    seed: int = Field(7, description="Seed that every attempt's seed is drawn from.")
    max_steps: int = Field(20, ge=1, description="Agent turns in one attempt.")
    max_seconds: float = Field(120, gt=0, description="Wall seconds of one attempt.")
    money_limit_usd: float | None = Field(
        None, gt=0, description="US dollars that one run may spend on models that act; what it leaves out, the next run does."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> "Agents":
        names = [entry.name for entry in self.run]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each agent is listed once, with its `attempts`; listed twice: {', '.join(twice)}")
        return self
