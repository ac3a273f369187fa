"""``agentsandbox images`` on the real engine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from agentsandbox.images import recipe_name
from agentsandbox.images.command import main
from agentsandbox.images.show import ago, size
from trajtests.fake_registry import Registry
from trajtests.image_cases import cleaned, engine


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Any]:
    with engine() as found, cleaned(found, tmp_path / "state"):
        yield found


@pytest.mark.docker
def test_build_list_and_prune(client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps({"commands": ["echo x > /etc/x"]}))
    place = ["--folder", str(tmp_path / "state")]
    assert main([*place, "build", str(file)]) == 0
    name = capsys.readouterr().out.split()[0]
    assert main([*place, "list"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "built" in rows[name]
    assert recipe_name() in rows
    assert main(place) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} == set(rows)
    assert main([*place, "prune", "--budget-gb", "100"]) == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert main([*place, "prune", "--dry-run"]) == 0
    assert f"would remove {name}" in capsys.readouterr().out
    assert client.images.get(name)


@pytest.mark.docker
def test_a_failure_is_said_with_its_remedy(client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Registry() as registry:
        reference = registry.reference("none:1")
        assert main(["--folder", str(tmp_path), "pull", reference]) == 1
    said = capsys.readouterr().err
    assert reference in said
    assert "check name and tag" in said


@pytest.mark.docker
@pytest.mark.parametrize("reference", ["bad ref!!", "Capital/name", "a:b:c"])
def test_a_reference_that_is_none_is_called_so(client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], reference: str) -> None:
    assert main(["--folder", str(tmp_path), "pull", reference]) == 1
    said = capsys.readouterr().err
    assert f"{reference!r} is no valid image reference" in said
    assert "NAME:TAG" in said


@pytest.mark.parametrize(
    ("text", "message"),
    [("[]", "a JSON object"), ('{"pip": ["x"]}', "is not a requirement"), ("{", "Expecting")],
    ids=["list", "pin", "cut"],
)
def test_a_recipe_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    (tmp_path / "r.json").write_text(text)
    assert main(["--folder", str(tmp_path), "build", str(tmp_path / "r.json")]) == 1
    assert message in capsys.readouterr().err


def test_a_recipe_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(tmp_path / "none.json")]) == 1
    said = capsys.readouterr().err
    assert f"the recipe {tmp_path / 'none.json'} cannot be read: No such file" in said
    assert "Errno" not in said


def test_sizes_and_spans() -> None:
    assert [size(n) for n in (5, 275_600_000, 2_500_000_000)] == ["5 B", "276 MB", "2.5 GB"]
    assert [ago(s) for s in (5, 90, 7200, 200_000)] == ["now", "2 min ago", "2 h ago", "2 d ago"]
