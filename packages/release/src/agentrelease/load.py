"""Read a release: pandas frames for a notebook, Arrow tables for the verifier."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from trajschema.manifest import Manifest

from agentrelease.configs import CONFIGS, file_of
from agentrelease.errors import NotARelease
from agentrelease.manifest import read_manifest
from agentrelease.splits import SPLITS


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
        table = pq.ParquetFile(folder / path).read(use_threads=False).cast(CONFIGS[config].schema)
    except (FileNotFoundError, pa.ArrowException, OSError, ValueError) as problem:
        raise NotARelease(folder, f"{path} cannot be read ({problem})") from problem
    return table.append_column(pa.field("split", pa.string()), pa.array([split] * table.num_rows, pa.string()))
