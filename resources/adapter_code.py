"""The code of the log adapters that a task's trajectories were read with: only adapters of formats that its rollouts' logs have.

The formats are read from the stored rollouts, once for each content, and noted beside them, so that `status` opens no file.
"""

import json
from collections.abc import Mapping

from trajruntime.user_modules import source_digest

from resources.incremental.code import Sources
from resources.lake import CorruptPartition, Lake, Stored

_NOTE = ".formats.json"


class AdapterCode:
    """Hashes of the adapters for each partition of rollouts. :meth:`save` notes what was read, and needs the lake's lock."""

    def __init__(self, lake: Lake, sources: Sources) -> None:
        self._lake = lake
        self._sources = sources
        self._hashes: dict[str, str] = {}
        self._formats: dict[str, list[str]] = json.loads(lake.note("rollouts", _NOTE) or "{}")
        self._seen: dict[str, list[str]] = {}
        self._stored: Mapping[str, Stored] = {}

    def __call__(self, partition: str, stored: Mapping[str, Mapping[str, Stored]], *, settled: bool) -> dict[str, str]:
        """Format → hash of the code that reads it, for all formats but our own event log; empty where there is no other.

        Rollouts that are not ``settled`` will be computed again, so if their formats are not noted they are not read.
        """
        self._stored = stored["rollouts"]
        item = self._stored.get(partition)
        if item is None or not (settled or item.digest in self._formats):
            return {}
        if item.digest not in self._seen:
            try:
                self._seen[item.digest] = self._formats[item.digest] if item.digest in self._formats else self._read(item)
            except CorruptPartition:  # whoever computes from it says so
                return {}
        return {name: self._hash(name) for name in self._seen[item.digest]}

    def save(self) -> None:
        """Note the formats of all partitions asked for; those of partitions that are stored no more are forgotten."""
        there = {item.digest for item in self._stored.values()}
        known = {digest: formats for digest, formats in {**self._formats, **self._seen}.items() if digest in there}
        if known != self._formats:
            self._lake.write_note("rollouts", _NOTE, json.dumps(known))
            self._formats = known

    def _read(self, item: Stored) -> list[str]:
        column = self._lake.read(item, ["raw_log"]).column("raw_log").to_pylist()
        return sorted({log["format"] for log in column if log["path"]})

    def _hash(self, log_format: str) -> str:
        if log_format not in self._hashes:
            module = _module(log_format)
            theirs = source_digest(f"{module}:", self._sources.checkout) if module and module not in self._sources.files else ""
            self._hashes[log_format] = (theirs or (self._sources.fingerprint(module) if module else ""))[:8]
        return self._hashes[log_format]


def _module(log_format: str) -> str:
    """The module that reads a format; empty for our own records, which no adapter reads, and for an unknown format."""
    from agentrecorder.adapters import adapter_module
    from agentrecorder.errors import NoAdapter
    from agentrecorder.import_rollout import RECORD

    try:
        return "" if log_format == RECORD else adapter_module(log_format)
    except NoAdapter:
        return ""
