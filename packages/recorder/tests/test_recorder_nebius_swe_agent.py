"""Rows of the SWE-agent-trajectories data set."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentrecorder.convert import Converted, convert
from agentrecorder.run import Run

Read = Callable[..., list[Run]]
DIFF = "\ndiff --git a/x b/x\n"


def said(role: str, text: str | None, system: str | None = None) -> dict[str, Any]:
    return {"role": role, "text": text, "system_prompt": system, "mask": role == "ai", "cutoff_date": None}


def row(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    start = [said("system", None, "SETTING"), said("user", "ISSUE")]
    return {"instance_id": "a__b-1", "model_name": "m", "target": False, "trajectory": [*start, *messages]} | more


def test_a_row_is_a_run_with_the_verdict_of_its_tests(read: Read) -> None:
    found = [
        said("ai", "I look.\n```\nls -F\n```"),
        said("user", "x.py"),
        said("ai", "No action."),
        said("user", "Your output was not formatted correctly."),
        said("ai", "Done.\n```\nsubmit\n```"),
    ]
    (run,) = read(row(*found, generated_patch=DIFF, exit_status="submitted"))
    assert [(s["source"], s["message"]) for s in run.steps[:3]] == [("system", "SETTING"), ("user", "ISSUE"), ("agent", "I look.")]
    assert (run.turns, run.calls, run.results, run.malformed) == (3, 2, 1, 1)
    assert (run.task_id, run.model, run.final_diff, run.exit) == ("a__b-1", "m", DIFF, "submitted")
    assert (run.claimed, run.claimed_by) == (False, "target")
    assert run.steps[-2]["source"] == "user"


def test_the_text_that_ends_a_run_is_not_the_model_s(read: Read) -> None:
    (run,) = read(row(said("ai", "a\n```\nls\n```"), said("user", "x"), said("ai", "Exit due to context window"), target=None))
    assert (run.turns, run.malformed, run.claimed) == (1, 0, None)
    assert run.steps[-1]["flags"] == ["synthetic"]


def test_rows_in_an_array_or_in_lines(read: Read) -> None:
    rows = [row(said("ai", "```\nls\n```")), row()]
    assert [r.turns for r in read(rows)] == [1, 0]
    assert [r.turns for r in read("\n".join(map(json.dumps, rows)), "rows.jsonl")] == [1, 0]


def test_real_rows_are_read_whole(corpus: Path) -> None:
    path = corpus / "adp" / "datasets" / "nebius_SWE-agent-trajectories" / "sample_raw.json"
    runs = [f.run for f in convert(path) if isinstance(f, Converted)]
    assert [r.claimed for r in runs] == [True] * 5
    assert (sum(r.turns for r in runs), sum(r.calls for r in runs), sum(r.results for r in runs)) == (49, 49, 44)
    assert not any(r.left for r in runs)
