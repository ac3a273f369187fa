"""Every format as a small log on the disk, and where real logs lie."""

import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trajtests import recorder_chats as chats
from trajtests import recorder_logs as logs
from trajtests.recorder_logs import Json, Say

_BESIDE = Path(*Path(__file__).resolve().parts[:-6]) / "shared" / "corpus"
_GIVEN = Path(os.environ.get("TRAJHUB_CORPUS") or _BESIDE)
CORPUS = _GIVEN if _GIVEN.is_dir() else None
"""Folder of real logs, which are no part of this repository; ``None`` where it is absent."""


@dataclass(frozen=True)
class Case:
    """A format. ``make(n, say)``: a log of n turns, each with one call and its answer ``say(i)``."""

    name: str
    shape: Literal["document", "lines", "rows", "table", "folder", "archive"]
    """One value; lines that make one run; a line for each run; an array of rows; a folder; a ZIP."""
    make: Callable[[int, Say], Json]

    def write(self, folder: Path, n: int = 3, say: Say = lambda i: f"def f{i}(): pass") -> Path:
        """The log in ``folder``, with rows twice."""
        path = folder / f"{self.name}.log"
        made = self.make(n, say)
        match self.shape:
            case "document":
                path.write_bytes(dump(made))
            case "lines":
                path.write_bytes(lines(made))
            case "rows":
                path.write_bytes(lines([made, made]))
            case "table":
                path.write_bytes(dump([made, made]))
            case "archive":
                _zip(path, made)
            case "folder":
                path.mkdir()
                _spread(path, made)
        return path

    @property
    def runs(self) -> int:
        """How many a written log holds."""
        return 2 if self.shape in ("rows", "table") else 1


def dump(value: Json) -> bytes:
    """A JSON text."""
    return json.dumps(value).encode()


def lines(values: list[Json]) -> bytes:
    """JSON lines."""
    return b"".join(dump(value) + b"\n" for value in values)


def _zip(path: Path, sample: Json) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_journal/start.json", dump({"version": 2, "eval": chats.INSPECT["eval"], "plan": chats.INSPECT["plan"]}))
        archive.writestr("samples/1_epoch_1.json", dump(sample))
        archive.writestr("header.json", dump(chats.INSPECT))


def _spread(path: Path, made: Json) -> None:
    if isinstance(made, dict):
        for name, table in made.items():
            (path / name).write_bytes(dump(table))
        return
    (path / "base_state.json").write_bytes(dump({"id": "s", "agent": {"kind": "Agent", "llm": {"model": "small-model"}}, "stats": {}}))
    (path / "events").mkdir()
    for number, event in enumerate(made):
        (path / "events" / f"event-{number:05}-{number:08x}.json").write_bytes(dump(event))


CASES = (
    Case("swe-agent-0", "document", logs.swe_agent_old),
    Case("swe-agent-1", "document", logs.swe_agent),
    Case("nebius", "table", logs.nebius),
    Case("nebius-rows", "rows", logs.nebius),
    Case("mini-1", "document", logs.mini_1),
    Case("mini-2", "document", logs.mini_2),
    Case("openhands-events", "document", logs.openhands_events),
    Case("openhands-eval", "rows", logs.openhands_row),
    Case("openhands-pairs", "rows", logs.openhands_pairs),
    Case("openhands-feedback", "table", logs.openhands_feedback),
    Case("openhands-v1", "folder", logs.openhands_v1),
    Case("openhands-v1-eval", "rows", logs.openhands_v1_row),
    Case("openhands-v1-lines", "lines", logs.openhands_v1),
    Case("atif", "document", logs.atif),
    Case("adp", "table", logs.adp),
    Case("claude-code", "lines", chats.claude_code),
    Case("codex", "lines", chats.codex),
    Case("gemini", "document", chats.gemini),
    Case("gemini-lines", "lines", chats.gemini_lines),
    Case("cline", "document", chats.cline),
    Case("opencode", "folder", chats.opencode),
    Case("swe-gym", "rows", chats.swe_gym),
    Case("swe-smith", "rows", chats.swe_smith),
    Case("sharegpt", "table", chats.sharegpt),
    Case("nemo-gym", "rows", chats.nemo_gym),
    Case("inspect", "document", chats.inspect_log),
    Case("inspect-archive", "archive", chats.inspect_sample),
)
