"""A release as it was read: what the checks on rows look at."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from trajschema.score import StepScore

from agentrelease.records import Records
from agentrelease.settings import Settings


@dataclass(frozen=True)
class Release:
    """Tables by config, each with its column ``split``; their records; and the settings that the manifest names."""

    tables: Mapping[str, pa.Table]
    records: Records
    scores: tuple[StepScore, ...]
    settings: Settings
