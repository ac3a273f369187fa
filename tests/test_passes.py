"""Stored passes by confirmation: what `trajhub status` and the asset show of them."""

from pathlib import Path

import pytest
from trajschema.arrow import to_table
from trajschema.outcome import Outcome

from pipelines.status import show, status
from resources.confirmations import stored_passes
from resources.lake import Key, Lake
from resources.settings import load

KEY = Key("0" * 8, "1" * 8, "2" * 8)


def outcomes(*words: str | None) -> list[Outcome]:
    passes = [Outcome(rollout_id=str(i), task_id="t", verdict="resolved", confirmation=word) for i, word in enumerate(words)]  # type: ignore[arg-type]
    return [*passes, Outcome(rollout_id="x", task_id="t", verdict="unresolved")]


def test_passes_are_counted_over_partitions_and_each_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(str(tmp_path))
    lake.write("outcomes", "a", KEY, to_table(Outcome, outcomes("confirmed", "doubted", "confirmed")))
    before = to_table(Outcome, outcomes(None)).drop_columns(["confirmation", "confirmation_reason"])
    lake.write("outcomes", "b", KEY, before)
    expected = {"confirmed": 2, "doubted": 1, "unconfirmed": 1}
    assert stored_passes(lake, lake.stored("outcomes")) == expected, "what was graded before confirmations is unconfirmed"
    assert lake.note("outcomes", ".confirmations.json") is None, "who only looks writes nothing"
    assert stored_passes(lake, lake.stored("outcomes"), keep=True) == expected
    with monkeypatch.context() as context:
        context.delattr(Lake, "read")
        assert stored_passes(lake, lake.stored("outcomes")) == expected
    lake.write("outcomes", "b", KEY, to_table(Outcome, outcomes("confirmed")))
    assert stored_passes(lake, lake.stored("outcomes")) == {"confirmed": 3, "doubted": 1, "unconfirmed": 0}


def test_status_shows_the_three_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load(tmp_path / "trajhub.yaml")
    assert status(settings)["passes"] == {"confirmed": 0, "doubted": 0, "unconfirmed": 0}
    Lake(settings.lake_url).write("outcomes", "a", KEY, to_table(Outcome, outcomes("unconfirmed", "doubted")))
    page = status(settings)
    assert page["passes"] == {"confirmed": 0, "doubted": 1, "unconfirmed": 1}
    show(page)
    assert "passes: 0 confirmed, 1 doubted, 1 unconfirmed" in capsys.readouterr().out
