"""What a call costs, from a dated price file."""

import tomllib
from datetime import date
from importlib import resources
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentllm.usage import TokenUsage


class PriceFileError(ValueError):
    """The price file cannot be read. Names the file and what is wrong."""


class Rates(BaseModel):
    """US dollars per million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    cache_write_5m: float = Field(ge=0)
    cache_write_1h: float = Field(ge=0)
    cache_read: float = Field(ge=0)
    output: float = Field(ge=0)

    def of(self, usage: TokenUsage) -> float:
        """Dollars for ``usage``: each count at its own price."""
        return (
            usage.input * self.input
            + usage.cache_write_5m * self.cache_write_5m
            + usage.cache_write_1h * self.cache_write_1h
            + usage.cache_read * self.cache_read
            + usage.output * self.output
        ) / 1e6


class ModelPrice(BaseModel):
    """US dollars per million tokens, for a model that the price list does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0, description="Prompt tokens.")
    output: float = Field(ge=0, description="Answer tokens.")
    cache_read: float | None = Field(None, ge=0, description="Prompt tokens read from a cache; as `input` if left out.")
    cache_write: float | None = Field(None, ge=0, description="Prompt tokens written to a cache; as `input` if left out.")

    @property
    def rates(self) -> Rates:
        """The same as rates of a call."""
        written = self.input if self.cache_write is None else self.cache_write
        read = self.input if self.cache_read is None else self.cache_read
        return Rates(input=self.input, output=self.output, cache_read=read, cache_write_5m=written, cache_write_1h=written)


class LongPromptRates(Rates):
    """Rates of a whole call whose prompt is longer than ``above`` tokens."""

    above: int = Field(gt=0)


class Price(Rates):
    """Rates of a model from a day on."""

    model: str
    since: date
    long_prompt: LongPromptRates | None = None


class PriceList(BaseModel):
    """All rates that are known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: date = Field(description="Day on which the list was last compared with its sources.")
    batch_factor: float = Field(gt=0, le=1, description="Factor for calls made through the Batches API.")
    price: tuple[Price, ...]

    def cost(self, model: str, usage: TokenUsage, day: date, *, batch: bool = False) -> float | None:
        """Dollars for a call on ``day``; ``None`` where the list has no rates for the model on that day.

        A dated model name (``claude-haiku-4-5-20251001``) has the rates of the name without the date.
        """
        rates = self.rates(model, usage.prompt, day)
        return None if rates is None else rates.of(usage) * (self.batch_factor if batch else 1.0)

    def rates(self, model: str, prompt: int, day: date) -> Rates | None:
        """Rates of a call with ``prompt`` tokens on ``day``; ``None`` where the list has none."""
        rows = [p for p in self.price if p.since <= day and (p.model == model or _undated(model) == p.model)]
        if not rows:
            return None
        row = max(rows, key=lambda p: p.since)
        return row.long_prompt if row.long_prompt and prompt > row.long_prompt.above else row


def read_prices(path: Path | None = None) -> PriceList:
    """The price list in ``path``, or the one that ships with the package.

    Raises:
        PriceFileError: the file is missing, is no TOML, or breaks the layout.
    """
    try:
        text = path.read_text("utf-8") if path else resources.files("agentllm").joinpath("prices.toml").read_text("utf-8")
        return PriceList.model_validate(tomllib.loads(text))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise PriceFileError(f"price file {path or 'of the package'}: {error}; see agentllm/prices.toml for the layout") from error


def _undated(model: str) -> str:
    head, _, tail = model.rpartition("-")
    return head if len(tail) == 8 and tail.isdigit() else model
