"""All settings of a project, and where its files lie."""

from pathlib import Path
from typing import Any

from agentreward.aggregate.weights import Weights
from agentreward.rubric_files import rubric_set
from agentreward.rubrics import DEFAULT_RUBRICS, RubricSet
from agentrollout.config import Agents
from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from resources.settings.sections import Goal, Judge, Labels, Orchestration, Pairs, Release, Rubrics, Sandbox, Tasks


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="TRAJHUB__", env_nested_delimiter="__")

    data: str = Field(".trajhub", description="Data folder: lake, task store, Dagster home, release. Relative to the settings file.")
    lake: str = Field("lake", description="Where partitions are stored: a folder within the data folder, or any fsspec address.")
    tasks: Tasks = Tasks()
    agents: Agents = Agents()
    sandbox: Sandbox = Sandbox()
    rubrics: Rubrics = Rubrics()
    judge: Judge = Judge()
    rewards: Weights = Field(
        default=Weights(), description="How scores become rewards. Recomputes rewards and what follows, nothing before."
    )
    pairs: Pairs = Pairs()
    labels: Labels = Labels()
    release: Release = Release()
    goals: tuple[Goal, ...] = Field((), description="What the project wants to reach; none by default.")
    orchestration: Orchestration = Orchestration()
    root: Path = Field(Path("."), exclude=True, description="Folder of the settings file; set when it is read.")
    file_name: str = Field("trajhub.yaml", exclude=True, description="Name of the settings file; set when it is read.")

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, env_settings: PydanticBaseSettingsSource, **_: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file over defaults; the file is handed in by :func:`load`."""
        return env_settings, init_settings

    @property
    def file(self) -> Path:
        """Absolute path of the settings file."""
        return self.root.resolve() / self.file_name

    @property
    def data_dir(self) -> Path:
        """Absolute data folder."""
        return (self.root / self.data).resolve()

    @property
    def lake_url(self) -> str:
        """Absolute folder, or fsspec address, of the lake."""
        return self.lake if "://" in self.lake else str(self.data_dir / self.lake)

    @property
    def rubric_set(self) -> RubricSet:
        """What is asked of each step.

        Raises:
            InvalidRubrics: the file cannot be read, or holds no rubric set.
        """
        return rubric_set(self.root / self.rubrics.file) if self.rubrics.file else DEFAULT_RUBRICS

    @property
    def weights(self) -> Weights:
        """How scores become rewards: a custom rubric set brings weights, unless ``rewards.rubrics`` gives some."""
        if not self.rubrics.file or "rubrics" in self.rewards.model_fields_set:
            return self.rewards
        return self.rewards.model_copy(update={"rubrics": self.rubric_set.weights})

    @property
    def logs_dir(self) -> Path:
        """Absolute folder of the logs that external agents wrote themselves, each under its content."""
        return self.data_dir / "logs"

    @property
    def checkpoints_dir(self) -> Path:
        """Absolute folder of finished attempts whose task is not stored yet."""
        return self.data_dir / "spool"

    @property
    def imports_dir(self) -> Path:
        """Absolute folder of what `trajhub import` imported."""
        return self.data_dir / self.tasks.imports

    @property
    def release_dir(self) -> Path:
        """Absolute folder of the release."""
        return self.data_dir / self.release.path

    @property
    def lock_file(self) -> Path:
        """Absolute path of the lock that whoever writes holds."""
        return self.data_dir / "lock.json"

    @property
    def labels_file(self) -> Path:
        """Absolute path of the label file."""
        return self.root / self.labels.path
