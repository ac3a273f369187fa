"""Real logs: turns, calls and answers that were counted apart from the adapters, and every item accounted for."""

import json
from pathlib import Path
from typing import Any

import pytest
from agentrecorder.convert import ConversionFailure, Converted, convert
from trajtests.recorder_cases import CORPUS

COUNTS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "corpus_counts.json").read_text())
"""File → how many runs, turns of the agent, calls and answers to them it holds, in sum; ``None``: not told by the format."""

pytestmark = pytest.mark.skipif(CORPUS is None, reason="no corpus of real logs beside the checkout, nor at TRAJHUB_CORPUS")


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_a_real_log_holds_as_many_turns_calls_and_answers_as_were_counted_by_hand(name: str) -> None:
    assert CORPUS is not None
    found = list(convert(CORPUS / name))
    runs = [one.run for one in found if isinstance(one, Converted)]
    expected = COUNTS[name]
    counted = {
        "runs": len(runs),
        "turns": sum(run.turns for run in runs),
        "calls": sum(run.calls for run in runs),
        "results": sum(run.results for run in runs),
    }
    assert counted == {key: counted[key] if expected[key] is None else expected[key] for key in counted}, expected.get("why", "")
    assert not [one for one in found if isinstance(one, ConversionFailure)]


@pytest.mark.parametrize("name", sorted(COUNTS))
def test_every_real_run_is_a_trajectory_of_the_contract(name: str) -> None:
    assert CORPUS is not None
    for one in convert(CORPUS / name):
        if isinstance(one, Converted):
            record = one.run.trajectory(one.sha256, one.index)
            assert [step.step_id for step in record.steps] == list(range(1, len(record.steps) + 1))
            ids = [call.tool_call_id for step in record.steps for call in step.tool_calls]
            assert len(ids) == len(set(ids))
