"""Build a release: Parquet configs split by repository, the card, the calibration and the manifest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from trajruntime.atomic_dir import put_in_place, staging
from trajschema.ids import canonical_json, sha256_bytes
from trajschema.manifest import Lineage, Manifest, ManifestFile

from agentrelease.card import CardData, render_card
from agentrelease.cleaning.scrub import scrubbed
from agentrelease.cleaning.secrets import redacted
from agentrelease.configs import CONFIGS, file_of
from agentrelease.errors import NotARelease
from agentrelease.exports.derive import derived_tables, repository_splits, row_splits
from agentrelease.manifest import MANIFEST, read_manifest, release_id, unlisted
from agentrelease.records import Records, records_of
from agentrelease.settings import settings_of
from agentrelease.splits import SPLITS
from agentrelease.tables import ReleaseTables, conform

_DICTIONARY_BYTES = 64 * 2**20
"""A pair repeats the text of its runs. With a large dictionary, each text is stored once a file, however many pairs show it."""


def build_release(
    folder: Path,
    tables: ReleaseTables,
    *,
    name: str,
    code: Mapping[str, Any],
    configuration: Mapping[str, Any],
    lineage: Sequence[Lineage],
    pages: Mapping[str, str] | None = None,
) -> Manifest:
    """Write the release ``name`` to ``folder``; an older release there is replaced atomically, at the end.

    Secrets in what runs did, saw and said are replaced by marks (:mod:`agentrelease.cleaning.secrets`), and so are those in
    ``pages``, texts by file name that lie beside the card (a report); tasks are public code and stay as they are. The same tables,
    in any order of rows, give the same bytes. ``configuration`` must hold ``weights`` (the fields of
    ``agentreward.aggregate.weights.Weights``) and ``pairs`` (``min_margin``, ``max_pairs_per_task``), from which a verifier
    recomputes, and should hold ``tools``, the function definitions that agents in our sandbox are
    given. Rows whose task is not in ``tables.tasks`` go to train.

    Raises:
        BadTable: a table lacks columns of its record.
        MissingConfiguration: ``weights`` or ``pairs`` is missing.
        NotARelease: ``folder`` holds something that no release of ours listed.
        pydantic.ValidationError: a row breaks the contract.
    """
    settings = settings_of(configuration)
    folder = folder.resolve()
    refuse_foreign(folder)
    found: Counter[str] = Counter()
    base = {name: table if name == "tasks" else scrubbed(table, found) for name, table in conform(tables).items()}
    records = records_of(base)
    whole = {**base, **derived_tables(records, settings.tools)}
    with staging(folder) as staged:
        rows = _write_configs(staged, {c: whole[c] for c in CONFIGS}, records)
        card = CardData(name, records, rows, repository_splits(records), tables.calibration, _judged(base["scores"]), found)
        (staged / "README.md").write_text(render_card(card), encoding="utf-8")
        (staged / "calibration.json").write_text(tables.calibration.model_dump_json(indent=2) + "\n", encoding="utf-8")
        for page, text in (pages or {}).items():
            (staged / page).write_text(redacted(text), encoding="utf-8")
        manifest = _manifest(staged, code, configuration, lineage)
        (staged / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        put_in_place(staged, folder)
    return manifest


def refuse_foreign(folder: Path) -> None:
    """Let nothing be replaced that a release of ours did not put there.

    Raises:
        NotARelease: ``folder`` is a file, has no manifest, or holds files that its manifest does not list.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    strangers = unlisted(folder, read_manifest(folder))
    if strangers:
        raise NotARelease(folder, f"it also holds {', '.join(strangers[:5])}")


def _write_configs(staged: Path, tables: Mapping[str, pa.Table], records: Records) -> dict[str, dict[str, int]]:
    splits = repository_splits(records)
    rows: dict[str, dict[str, int]] = {}
    for config, table in tables.items():
        of_row = pa.array(row_splits(config, table, records, splits), pa.string())
        for split in SPLITS:
            part = table.filter(pc.equal(of_row, split))
            # An empty Parquet file stops `datasets` with "BatchSize must be greater than 0", so there is none.
            if part.num_rows:
                _write(staged / file_of(config, split), part)
                rows.setdefault(config, {})[split] = part.num_rows
    return rows


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.combine_chunks(), path, compression="zstd", compression_level=9, dictionary_pagesize_limit=_DICTIONARY_BYTES)


def _judged(scores: pa.Table) -> int:
    return int(pc.sum(pc.and_(pc.equal(scores["layer"], "judge"), pc.is_valid(scores["score"]))).as_py() or 0)


def _manifest(staged: Path, code: Mapping[str, Any], configuration: Mapping[str, Any], lineage: Sequence[Lineage]) -> Manifest:
    paths = sorted(path for path in staged.rglob("*") if path.is_file())
    files = tuple(_file(path, staged) for path in paths)
    return Manifest(
        release_id=release_id(files),
        code=canonical_json(dict(code)).decode(),
        configuration=canonical_json(dict(configuration)).decode(),
        files=files,
        lineage=tuple(sorted(lineage, key=lambda line: (line.asset, line.partition, line.key))),
    )


def _file(path: Path, staged: Path) -> ManifestFile:
    data = path.read_bytes()
    rows = pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None
    return ManifestFile(path=path.relative_to(staged).as_posix(), sha256=sha256_bytes(data), bytes=len(data), rows=rows)
