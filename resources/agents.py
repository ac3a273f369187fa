"""The agents that the settings name."""

import dagster as dg
from agentrollout.config import AgentRun, Agents
from pydantic import Field

from resources.judge import ModelPriceConfig
from resources.section import SectionResource
from resources.settings import Settings


class AgentEntry(dg.Config, AgentRun):
    """One agent as the Launchpad shows it."""

    provider: str | None = Field(None, description="anthropic or openai, for a model.")  # type: ignore[assignment]
    price: ModelPriceConfig | None = None


class AgentsResource(SectionResource, Agents):
    """Who acts. Keys of models are read from the environment by the name of their variable."""

    section = "agents"
    run: list[AgentEntry] = Field(description="The agents, each with its attempts.")  # type: ignore[assignment]

    @classmethod
    def of(cls, settings: Settings) -> "AgentsResource":
        """The agents of a project."""
        entries = [AgentEntry(**entry.model_dump(mode="json")) for entry in settings.agents.run]
        return cls(**settings.agents.model_dump(mode="json", exclude={"run"}), run=entries)
