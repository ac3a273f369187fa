"""The JSON Schema files that stand in the folder are the ones that the models give."""

from pathlib import Path

import pytest
from trajschema.generate import RECORDS, json_schemas, main

FOLDER = Path(__file__).resolve().parents[1]


@pytest.mark.skipif(not (FOLDER / "pyproject.toml").exists(), reason="the files stand in the checkout, which is not here")
def test_the_files_do_not_drift() -> None:
    stored = {p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.json")}
    assert stored == json_schemas(), "run `make schema`"


def test_every_record_and_the_events_have_a_file() -> None:
    assert set(json_schemas()) == {f"{name}.json" for name in (*RECORDS, "event")}


def test_the_command_writes_them_into_the_folder_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["generate", str(tmp_path / "out")])
    main()
    assert {p.name: p.read_text(encoding="utf-8") for p in (tmp_path / "out").iterdir()} == json_schemas()
