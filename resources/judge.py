"""The judge that the settings ask for, or why there is none."""

import functools
from dataclasses import dataclass

from agentllm.client import Client

from resources.settings import Settings


@dataclass(frozen=True)
class JudgeResource:
    """Opens the model client on first use."""

    settings: Settings

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.settings.judge.model

    @property
    def why_not(self) -> str:
        """Why there is no judge; empty if there is one."""
        asked = self.settings.judge
        if asked.enabled == "never":
            return "the settings say judge.enabled: never"
        return "" if asked.active else f"no key in ${asked.key_variable}"

    @functools.cached_property
    def client(self) -> Client | None:
        """The client, or nothing where judging is off or the key is not set."""
        asked = self.settings.judge
        if not asked.active:
            return None
        return Client(
            provider=asked.provider,
            model=asked.model,
            base_url=asked.base_url,
            api_key_env=asked.key_variable,
            max_retries=asked.max_retries,
            cache=self.settings.data_dir / "judge-cache",
        )
