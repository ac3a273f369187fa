"""A log that is too large to be read whole is read piece by piece, by the same adapters and with the same result."""

import json
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.containers import json_values, source
from agentrecorder.convert import Converted, convert
from trajtests.recorder_cases import CASES, CORPUS, Case

COUNTS = Path(__file__).parent / "corpus_counts.json"


def told(path: Path) -> list[Any]:
    """All that was read of each run, and where and why something was not."""
    runs = [found.run for found in convert(path) if isinstance(found, Converted)]
    return [
        (
            *(run.format, run.version, run.task_id, run.model, run.exit, run.claimed, run.final_diff, run.steps),
            *([(left.where, left.reason) for left in run.left], run.notes, run.aside, run.taken),
        )
        for run in runs
    ]


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Take every object and array of more than 200 bytes for a large one."""

    def begin() -> None:
        monkeypatch.setattr(json_values, "WHOLE_BYTES", 200)
        monkeypatch.setattr(source, "WHOLE_BYTES", 200)

    return begin


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_every_format_reads_the_same_in_pieces(case: Case, tmp_path: Path, in_pieces: Any) -> None:
    path = case.write(tmp_path, 4, lambda i: f"said {i}" * 40)
    whole = told(path)
    assert whole
    in_pieces()
    assert told(path) == whole


@pytest.mark.skipif(CORPUS is None, reason="no corpus of real logs lies beside the checkout")
def test_real_logs_read_the_same_in_pieces(in_pieces: Any) -> None:
    assert CORPUS is not None
    known = [CORPUS / name for name in json.loads(COUNTS.read_text(encoding="utf-8"))]
    logs = [path for path in known if path.is_file() and path.stat().st_size < 256 << 10]
    whole = {path: told(path) for path in logs}
    in_pieces()
    for path in logs:
        assert told(path) == whole[path], path
