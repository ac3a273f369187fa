"""Read a release: pandas frames for a notebook, Arrow tables for the verifier."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from trajschema.arrow import from_table, to_table
from trajschema.manifest import Manifest

from agentrelease.configs import CONFIGS, file_of
from agentrelease.errors import NotARelease
from agentrelease.manifest import read_manifest
from agentrelease.splits import SPLITS

_ADDED = ("confirmation",)
"""Columns of derived configs that older releases lack."""


def load_release(folder: Path | str) -> dict[str, pd.DataFrame]:
    """Frame by config, all splits in one, told apart by the column ``split``. A config without rows is an empty frame.

    Raises:
        NotARelease: ``folder`` has no manifest of ours, or a file that it lists is missing or damaged.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    return {config: load_config(folder, manifest, config).to_pandas() for config in CONFIGS}


def load_config(folder: Path, manifest: Manifest, config: str) -> pa.Table:
    """One config with its column ``split``, as an Arrow table.

    Raises:
        NotARelease: a file that the manifest lists is missing or damaged.
    """
    listed = {file.path for file in manifest.files}
    parts = [_part(folder, config, split) for split in SPLITS if file_of(config, split) in listed]
    empty = CONFIGS[config].schema.append(pa.field("split", pa.string())).empty_table()
    return pa.concat_tables([empty, *parts])


def _part(folder: Path, config: str, split: str) -> pa.Table:
    path = file_of(config, split)
    try:
        table = as_config(config, pq.ParquetFile(folder / path).read(use_threads=False))
    except (FileNotFoundError, pa.ArrowException, OSError, ValueError, LookupError) as problem:
        raise NotARelease(folder, f"{path} cannot be read ({problem})") from problem
    return table.append_column(pa.field("split", pa.string()), pa.array([split] * table.num_rows, pa.string()))


def as_config(config: str, table: pa.Table) -> pa.Table:
    """``table`` with the columns of ``config``. What an older release does not have has its default, or is missing in every row.

    Raises:
        ValueError: columns are missing that always were there, or unknown (pydantic's and Arrow's errors are such).
        KeyError: the same.
    """
    schema, record = CONFIGS[config].schema, CONFIGS[config].record
    try:
        return table.cast(schema)
    except (ValueError, pa.ArrowException):
        if record is not None:
            return to_table(record, from_table(record, table))
        absent = [name for name in _ADDED if name in schema.names and name not in table.column_names]
        for name in absent:
            table = table.append_column(schema.field(name), pa.nulls(table.num_rows, schema.field(name).type))
        return table.select(schema.names).cast(schema) if absent else table.cast(schema)
