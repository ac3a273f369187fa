"""How the sandbox's benchmark ends, on figures that are given."""

import json
from typing import Any

import pytest
import sandbox

CALL = {"ours": 0.001, "docker-py": 0.1, "command line": 0.1}
FIGURES: dict[str, Any] = {
    **{case: CALL for case in ("shell", "read", "write", "one test", "one test, for an agent")},
    "life": {"ours": 1.0, "bare": 1.0, "plain": 1.0},
    "reset": {"typical": 0.01, "hostile": 0.01, "git by docker exec": 0.1},
    "50 MB output": {"ours": 0.5, "docker-py": 1.0, "command line": 1.0, "added_mb": 1.0, "server_added_mb": 1.0},
    "load": {"single": 1.0, "p95": 2.0, "peak_mb": 100.0},
    "peer": {},
    "peer missing": "the other package cannot be measured here",
}


@pytest.mark.parametrize(("hostile_s", "status", "missed"), [(0.01, 0, []), (0.03, 1, ["reset, hostile edits"])])
def test_it_fails_if_a_target_is_missed_and_not_for_want_of_the_other_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hostile_s: float, status: int, missed: list[str]
) -> None:
    figures = {**FIGURES, "reset": {**FIGURES["reset"], "hostile": hostile_s}}
    monkeypatch.setattr(sandbox, "measured", lambda rounds, tell: figures)
    assert sandbox.main(["--json"]) == status
    said = capsys.readouterr().out
    assert FIGURES["peer missing"] in said
    assert json.loads(said.splitlines()[-1])["missed"] == missed
