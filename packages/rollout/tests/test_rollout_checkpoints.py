"""Checkpoints: a finished attempt is found again until its task is stored."""

from pathlib import Path

import pytest
from agentrollout.checkpoints import AttemptCheckpoints
from trajtests.rollouts import rollout_of


def test_an_attempt_is_found_by_task_id_and_stamp_until_its_task_is_cleared(tmp_path: Path) -> None:
    checkpoints = AttemptCheckpoints(tmp_path / "checkpoints")
    checkpoints.put(rollout_of(1), "aa")
    checkpoints.put(rollout_of(2), "aa")
    assert checkpoints.get("tiny-1", rollout_of(1).rollout_id, "aa") == rollout_of(1)
    assert checkpoints.get("tiny-1", rollout_of(1).rollout_id, "bb") is None
    assert checkpoints.get("tiny-2", rollout_of(1).rollout_id, "aa") is None
    checkpoints.clear("tiny-1")
    assert checkpoints.get("tiny-1", rollout_of(1).rollout_id, "aa") is None
    checkpoints.clear("tiny-1")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": "trajhub-0.1"}'])
def test_a_damaged_file_counts_as_absent(tmp_path: Path, text: str) -> None:
    checkpoints = AttemptCheckpoints(tmp_path)
    checkpoints.put(rollout_of(1), "aa")
    (file,) = tmp_path.rglob("*.json")
    file.write_text(text)
    assert checkpoints.get("tiny-1", rollout_of(1).rollout_id, "aa") is None
