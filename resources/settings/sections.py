"""The sections of ``trajhub.yaml``: everything that can be set in them, with its default and its meaning."""

import os
from typing import Any, Literal

from agentllm.chat import KEY_VARIABLES
from agentllm.prices import ModelPrice
from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A frozen part of the settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Repository(Section):
    """A repository of one's own that faults are put into: pure Python, tests that pytest runs, no dependency but pytest."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Short name; the ids of its tasks begin with it.")
    path: str = Field(min_length=1, description="Its folder, relative to the settings file.")
    sources: tuple[str, ...] = Field(min_length=1, description="Files and folders, relative to `path`, that may get a fault.")
    tests: tuple[str, ...] = Field(min_length=1, description="Files and folders, relative to `path`, that are run.")
    also: tuple[str, ...] = Field((), description="What the tests need besides: a conftest.py above them, a licence, data.")
    exclude: tuple[str, ...] = Field((), description="Glob patterns of files among all these that are left out.")
    python_path: tuple[str, ...] = Field((".",), description="Folders, relative to `path`, that modules are imported from.")
    licence: str = Field("", description="SPDX expression; stands in every task and in the release.")
    repository: str = Field("", description="Address where a stranger finds it.")
    timeout_s: float = Field(60, gt=0, description="Limit for one run of its whole suite, seconds.")


class TaskSourceEntry(Section):
    """A source of tasks beside libraries and repositories."""

    use: str = Field(min_length=1, description="Name of a source (`agenttasks.sources`), or module:function beside the settings file.")
    options: dict[str, Any] = Field({}, description="What the source is told.")


class Tasks(Section):
    """Where tasks come from."""

    libraries: tuple[str, ...] = Field(
        ("cachetools", "inflection", "parse", "semver", "toolz", "humanize"), description="Pinned libraries that faults are put into."
    )
    repositories: tuple[Repository, ...] = Field((), description="Folders of one's own that faults are put into, beside the libraries.")
    count: int = Field(25, ge=0, description="Validated tasks wanted from libraries and repositories together.")
    seed: int = Field(1, description="Chooses the faults. A larger count keeps the tasks of a smaller one.")
    comparable: bool = Field(False, description="Only tasks from these of which a pass can be confirmed, as their certificates say.")
    sources: tuple[TaskSourceEntry, ...] = Field((), description="Other sources of tasks, in order; what two of them give counts once.")
    imports: str = Field("imports", description="Folder, within the data folder, of task files brought in by `trajhub import`.")

    @model_validator(mode="after")
    def _names_differ(self) -> "Tasks":
        names = [*self.libraries, *(entry.name for entry in self.repositories)]
        twice = sorted({entry.name for entry in self.repositories if names.count(entry.name) > 1})
        if twice:
            raise ValueError(f"repositories need names of their own; used twice: {', '.join(twice)}")
        return self


class Sandbox(Section):
    """Where agents act and graders run."""

    backend: Literal["auto", "docker", "bubblewrap", "local"] = Field(
        "auto",
        description="auto takes docker if an engine answers, else bubblewrap, else plain processes (no isolation, embedded agents only).",
    )
    image: str | None = Field(None, description="Container image to use instead of the recipe's.")
    images_gb: float = Field(
        50, gt=0, description="Disk for container images that were built or pulled for boxes, GB; the least recently used make room."
    )
    cpus: float = Field(1.0, gt=0, description="Cores of one box.")
    memory_mb: int = Field(1024, ge=64, description="Memory of one box, MiB.")
    pids: int = Field(256, ge=8, description="Processes of one box.")
    disk_mb: int = Field(256, ge=8, description="Writable space of one box, MiB.")
    inodes: int = Field(65_536, ge=1_000, description="Files, folders and links in each writable folder of one box.")
    reach: tuple[str, ...] = Field((), description="Addresses (host:port) that agents reach from their boxes; none by default.")
    call_timeout_s: float = Field(30, gt=0, description="Limit of one tool call, seconds.")
    output_bytes: int = Field(30_000, ge=1_000, description="Output kept of one call, head and tail, bytes.")
    allow_local: bool = Field(
        False, description="Whether plain processes (no isolation) may run agents that are not embedded, and grade what they did."
    )


class Rubrics(Section):
    """What is asked of each step."""

    file: str = Field("", description="YAML file of a rubric set of your own, relative to the settings file; the five rubrics if empty.")
    rules: dict[str, str] = Field(
        default_factory=dict, description="Rubric of that set → the function that judges it, as module:function beside the settings file."
    )

    @model_validator(mode="after")
    def _together(self) -> "Rubrics":
        if self.rules and not self.file:
            raise ValueError("`rules` are for rubrics of your own; name their `file`")
        return self


class Judge(Section):
    """The language model that scores steps beside the rules."""

    enabled: Literal["auto", "never"] = Field("auto", description="auto judges when the key is set in the environment.")
    provider: Literal["anthropic", "openai"] = Field(
        "anthropic", description="anthropic (Messages) or openai (Chat Completions, at OpenAI or any server that speaks it)."
    )
    model: str = Field("claude-sonnet-5-5", min_length=1, description="Model name; provider openai needs one of its own.")
    base_url: str | None = Field(None, description="Address of another server that speaks the provider's protocol.")
    key_variable: str | None = Field(
        None, description="Environment variable that holds the key; the provider's usual one if left out, none if empty."
    )
    temperature: float | None = Field(
        None, ge=0, le=2, description="Sent to a service that takes it; where one does not, that is said once and recorded."
    )
    max_tokens: int = Field(
        32_000, ge=5_000, description="Longest answer that the model can give; a run whose scores need more is judged in parts."
    )
    replicates: int = Field(1, ge=1, description="Independent judgements of each run; their mean is the score.")
    rejudge_above: float | None = Field(
        None, ge=0, le=1, description="Replicates that differ by more: the step is judged again by what was known then. Never if left out."
    )
    concurrency: int = Field(8, ge=1, description="Requests at once, whatever the number of cores.")
    max_retries: int = Field(4, ge=0, description="Retries of a rate-limited or failed request, with back-off.")
    batch: Literal["never", "auto"] = Field(
        "never", description="auto hands in many missing judgements as one batch: half the price, an answer within a day."
    )
    batch_from: int = Field(100, ge=1, description="Least number of missing judgements for a batch.")
    price: ModelPrice | None = Field(
        None, description="What the model costs, where the price list does not say; 0 for a server of your own."
    )

    @model_validator(mode="after")
    def _whole(self) -> "Judge":
        if self.provider == "openai" and "model" not in self.model_fields_set:
            raise ValueError("provider openai needs a `model`")
        if self.provider == "openai" and self.batch == "auto":
            raise ValueError("`batch: auto` is for provider anthropic")
        return self

    @property
    def key_name(self) -> str:
        """Environment variable that holds the key; empty where none is needed."""
        return KEY_VARIABLES[self.provider] if self.key_variable is None else self.key_variable

    @property
    def active(self) -> bool:
        """Whether judge scores will be asked for."""
        return self.enabled == "auto" and (not self.key_name or bool(os.environ.get(self.key_name)))


class Pairs(Section):
    """Which runs make a preference pair."""

    min_margin: float = Field(0.05, gt=0, le=1, description="Least difference of totals.")
    max_per_task: int = Field(6, ge=1, description="Most pairs of one task.")


class Labels(Section):
    """What people said."""

    path: str = Field("labels.jsonl", description="JSON lines of human labels; a missing file means no labels.")


class Release(Section):
    """What leaves."""

    name: str = Field("agent-trajectories", description="Name of the data set.")
    path: str = Field("release", description="Folder, within the data folder.")


class Goal(Section):
    """What the project wants to reach; shown in `trajhub status` and in the report."""

    name: str = Field(min_length=1, description="What it is called there.")
    measure: Literal["tasks", "rollouts", "trajectories", "pairs", "labels", "pearson_r"] = Field(
        description="What is measured: a count, or how well rewards agree with people."
    )
    at_least: float = Field(description="The figure to reach.")


class Orchestration(Section):
    """How the graph runs."""

    workers: int = Field(0, ge=0, description="Tasks worked on at once; 0 takes the number of cores.")
    partitions_per_run: int = Field(
        0, ge=0, description="0: one run for any range; otherwise a backfill makes runs of at most this many tasks."
    )
    storage_url: str | None = Field(
        None, description="postgresql+psycopg2:// address for Dagster's own records; SQLite in the data folder otherwise."
    )
    nightly: str = Field("0 2 * * *", description="Cron line of the nightly refresh.")
