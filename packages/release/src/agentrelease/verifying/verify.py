"""Check a release without trusting who made it: hash, recompute, compare. Every check says what it did or what is wrong."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import ValidationError
from trajschema.arrow import from_table
from trajschema.manifest import Manifest
from trajschema.record import UnknownSchemaVersion
from trajschema.score import StepScore

from agentrelease.configs import CONFIGS
from agentrelease.errors import ReleaseError
from agentrelease.load import load_config
from agentrelease.manifest import read_manifest
from agentrelease.records import records_of
from agentrelease.release import Release
from agentrelease.settings import settings_of
from agentrelease.verifying import files as check_files
from agentrelease.verifying import rows as check_rows
from agentrelease.verifying import training as check_training
from agentrelease.verifying.recompute import pair_problems, reward_problems

_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """One thing that was checked."""

    name: str
    ok: bool
    detail: str
    """What was compared; or the first few things that are wrong, and how many there are."""


@dataclass(frozen=True)
class VerifyReport:
    """The outcome of all checks. A check that could not be made is not ok."""

    release_id: str | None
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


Problems = Callable[[Release], Iterator[str]]
_ROW_CHECKS: tuple[tuple[str, str, Problems], ...] = (
    ("ids", "ids are unique, and each names a row that exists", check_rows.id_problems),
    ("splits", "no repository in two splits, and every row in its task's", check_rows.split_problems),
    ("rewards", "rewards recomputed from scores and outcomes", reward_problems),
    ("pairs", "pairs rebuilt from the rewards", pair_problems),
    ("controls", "no control in preference_pairs, sft, dpo or their strict subsets", check_training.control_problems),
    (
        "confirmations",
        "no doubted pass taught or chosen, none but confirmed ones in strict configs",
        check_training.confirmation_problems,
    ),
    ("sft", "sft rows are resolved runs without tampering, and hold actions", check_training.sft_problems),
    ("dpo", "dpo rows have a prompt and two sides that act", check_training.dpo_problems),
    ("derived", "steps, signals, groups, sft, dpo and their strict subsets made again from the records", check_training.derived_problems),
    ("secrets", "no secret of a known form in what runs did, saw and said", check_rows.secret_problems),
)


def verify_release(folder: Path | str) -> VerifyReport:
    """Run every check on the release in ``folder``. Never raises for what is wrong with the release."""
    folder = Path(folder)
    try:
        manifest = read_manifest(folder)
    except ReleaseError as problem:
        skipped = "not checked: there is no manifest"
        names = ["files", "card", "contract", *(name for name, _, _ in _ROW_CHECKS)]
        return VerifyReport(None, (Check("manifest", False, str(problem)), *(Check(n, False, skipped) for n in names)))
    checks = [
        _check("manifest", "the release id follows from the files", check_files.manifest_problems(manifest)),
        _check("files", f"{len(manifest.files)} files hashed, none missing, none unlisted", check_files.file_problems(folder, manifest)),
        _check("card", "README.md names every Parquet file and no other", check_files.card_problems(folder, manifest)),
    ]
    return VerifyReport(manifest.release_id, (*checks, *_row_checks(folder, manifest)))


def _row_checks(folder: Path, manifest: Manifest) -> list[Check]:
    try:
        release = _read(folder, manifest)
    except (ReleaseError, ValidationError, UnknownSchemaVersion, pa.ArrowException, ValueError) as problem:
        skipped = "not checked: the rows cannot be read"
        return [Check("contract", False, str(problem)), *(Check(name, False, skipped) for name, _, _ in _ROW_CHECKS)]
    read = Check("contract", True, f"{sum(t.num_rows for t in release.tables.values())} rows follow the contract")
    return [read, *(_check(name, _counted(name, said, release), problems(release)) for name, said, problems in _ROW_CHECKS)]


def _counted(name: str, said: str, release: Release) -> str:
    config = {"rewards": "rewards", "pairs": "preference_pairs", "sft": "sft", "dpo": "dpo"}.get(name)
    return f"{release.tables[config].num_rows} {said}" if config else said


def _read(folder: Path, manifest: Manifest) -> Release:
    tables = {config: load_config(folder, manifest, config) for config in CONFIGS}
    rows = {config: table.drop_columns(["split"]) for config, table in tables.items()}
    configuration: Mapping[str, Any] = json.loads(manifest.configuration)
    return Release(tables, records_of(rows), tuple(from_table(StepScore, rows["scores"])), settings_of(configuration))


def _check(name: str, said: str, problems: Iterator[str]) -> Check:
    found = list(problems)
    if not found:
        return Check(name, True, said)
    more = f" … and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return Check(name, False, "; ".join(found[:_SHOWN]) + more)
