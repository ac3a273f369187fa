"""Settings: every wrong key or value is one clear error that names it."""

from pathlib import Path

import pytest

from resources.settings import Settings, SettingsError, load


def write(folder: Path, text: str) -> Path:
    file = folder / "trajhub.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tasks: {cuont: 3}", r"unknown key 'tasks.cuont'; did you mean 'count'\?"),
        ("jugde: {}", r"unknown key 'jugde'; did you mean 'judge'\?"),
        ("agents: {run: [{nmae: x}]}", r"unknown key 'agents.run.0.nmae'; did you mean 'name'\?"),
        ("zzzz: 1", r"unknown key 'zzzz'; known keys: agents, data"),
        ("rewards: {outcome: 3}", r"rewards.outcome: .*less than or equal to 1.*found 3"),
        ("sandbox: {backend: vmware}", r"sandbox.backend: .*'docker'"),
        ("- a list", "a mapping of settings is expected, found list"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_and_the_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        load(write(tmp_path, text))
    assert str(tmp_path / "trajhub.yaml") in str(caught.value)


def test_a_file_of_another_encoding_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "trajhub.yaml").write_bytes(b"\xff\xfe\x00tasks")
    with pytest.raises(SettingsError, match="cannot be read as YAML"):
        load(tmp_path / "trajhub.yaml")


def test_no_file_means_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "trajhub.yaml").model_dump() == Settings(root=tmp_path).model_dump()


def test_the_environment_overrides_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAJHUB__TASKS__COUNT", "5")
    found = load(write(tmp_path, "tasks: {count: 3, seed: 9}")).tasks
    assert (found.count, found.seed) == (5, 9)


def test_every_setting_is_documented() -> None:
    def undocumented(model: type, path: str) -> list[str]:
        missing = []
        for name, info in model.model_fields.items():
            section = info.annotation
            if isinstance(section, type) and hasattr(section, "model_fields"):
                missing += undocumented(section, f"{path}{name}.")
            elif not info.description and name not in ("run", "provider"):
                missing.append(path + name)
        return missing

    assert undocumented(Settings, "") == []
