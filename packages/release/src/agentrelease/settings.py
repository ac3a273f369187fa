"""The part of a release's configuration that its content can be recomputed from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from agentreward.aggregate.weights import Weights
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentrelease.errors import MissingConfiguration

M = TypeVar("M", bound=BaseModel)


class PairSettings(BaseModel):
    """What pairs were built with."""

    model_config = ConfigDict(frozen=True)

    min_margin: float = Field(gt=0)
    max_pairs_per_task: int = Field(ge=0)


@dataclass(frozen=True)
class Settings:
    """Weights of the rewards, bounds of the pairs, and definitions of the sandbox's tools."""

    weights: Weights
    pairs: PairSettings
    tools: tuple[Mapping[str, Any], ...]


def settings_of(configuration: Mapping[str, Any]) -> Settings:
    """``weights``, ``pairs`` and ``tools`` of a configuration; no ``tools`` means that none are known.

    Raises:
        MissingConfiguration: ``weights`` or ``pairs`` is missing or does not fit, or ``tools`` is no list of objects.
    """
    tools = configuration.get("tools", [])
    if not isinstance(tools, list | tuple) or not all(isinstance(tool, Mapping) for tool in tools):
        raise MissingConfiguration("tools", "a list of function definitions")
    weights = _read(Weights, configuration, "weights", "every number that rewards are made with (agentreward.aggregate.weights.Weights)")
    pairs = _read(PairSettings, configuration, "pairs", "min_margin and max_pairs_per_task")
    return Settings(weights, pairs, tuple(tools))


def _read(model: type[M], configuration: Mapping[str, Any], key: str, wanted: str) -> M:
    try:
        return model.model_validate(configuration[key])
    except (KeyError, ValidationError) as problem:
        raise MissingConfiguration(key, wanted) from problem
