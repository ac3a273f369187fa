"""Checkpoints: a finished attempt is found again until its task is stored."""

from pathlib import Path

import pytest
from agentrollout.checkpoints import AttemptCheckpoints
from trajschema.ids import sha256_bytes
from trajschema.rollout import Agent, Limits, Provenance, RawLog, Rollout, Usage


def made(number: int = 0) -> Rollout:
    return Rollout(
        rollout_id=f"{number:016x}",
        task_id="tiny-1",
        agent=Agent(name="x"),
        attempt=number,
        seed=1,
        exit="submitted",
        raw_log=RawLog(format="trajhub-events", sha256=sha256_bytes(b"")),
        usage=Usage(),
        provenance=Provenance(backend="local", limits=Limits()),
    )


def test_an_attempt_is_found_by_task_id_and_stamp_until_its_task_is_cleared(tmp_path: Path) -> None:
    checkpoints = AttemptCheckpoints(tmp_path / "checkpoints")
    checkpoints.put(made(1), "aa")
    checkpoints.put(made(2), "aa")
    assert checkpoints.get("tiny-1", made(1).rollout_id, "aa") == made(1)
    assert checkpoints.get("tiny-1", made(1).rollout_id, "bb") is None
    assert checkpoints.get("tiny-2", made(1).rollout_id, "aa") is None
    checkpoints.clear("tiny-1")
    assert checkpoints.get("tiny-1", made(1).rollout_id, "aa") is None
    checkpoints.clear("tiny-1")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": "trajhub-0.1"}'])
def test_a_damaged_file_counts_as_absent(tmp_path: Path, text: str) -> None:
    checkpoints = AttemptCheckpoints(tmp_path)
    checkpoints.put(made(1), "aa")
    (file,) = tmp_path.rglob("*.json")
    file.write_text(text)
    assert checkpoints.get("tiny-1", made(1).rollout_id, "aa") is None
