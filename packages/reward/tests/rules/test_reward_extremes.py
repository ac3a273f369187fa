"""Input that no one would write by hand: deep, long, or no JSON at all. It is scored, or refused with the field."""

from pathlib import Path
from typing import Any

import pytest
from agentreward import RewardConfig, RewardEngine
from agentreward.errors import InvalidRubrics, InvalidRun
from agentreward.reading import read_json, read_runs
from agentreward.rubric_files import rubric_set
from trajtests.marks import soak_but
from trajtests.reward_dict_runs import bash, edit, plain, write

ENGINE = RewardEngine(RewardConfig(model_weight=0.0))


def deep() -> list[Any]:
    found: list[Any] = []
    for _ in range(10_000):
        found = [found]
    return found


CIRCLE: dict[str, Any] = {}
CIRCLE["again"] = CIRCLE


@pytest.mark.parametrize("value", [deep(), CIRCLE, {(1, 2): 3}], ids=["deep", "circle", "keys"])
@pytest.mark.parametrize("field", ["id", "agent", "task", "step"])
def test_a_run_that_is_no_json_is_refused_with_its_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidRun, match=field):
        ENGINE.score({**plain([bash("ls")]), field.replace("step", "steps"): value})


@pytest.mark.parametrize("value", [deep(), CIRCLE, {(1, 2): 3}], ids=["deep", "circle", "keys"])
@pytest.mark.parametrize("field", ["tool", "params", "output", "exit_code", "error", "message"])
def test_a_step_that_is_no_json_is_refused_with_its_field(field: str, value: Any) -> None:
    with pytest.raises(InvalidRun, match=f"step 1: .*{field}"):
        ENGINE.score(plain([{**bash("ls"), field: value}]))


def test_a_file_that_is_nested_too_deep_is_refused_and_named(tmp_path: Path) -> None:
    file = tmp_path / "deep"
    for text, line in (("[" * 100_000, ""), ("{}\n" + "[" * 100_000, " line 2")):
        file.write_text(text)
        with pytest.raises(InvalidRun, match=f"deep{line}: no .*nested too deep"):
            list(read_runs(file))
    file.write_text("[" * 100_000)
    with pytest.raises(InvalidRun, match="nested too deep"):
        read_json(file)
    with pytest.raises(InvalidRubrics, match="deep: no YAML"):
        rubric_set(file)


LONG = {
    "options": "pytest " + "-q " * 300_000,
    "targets": "echo x" + " > a" * 300_000,
    "code": "python -c '" + "open(" * 200_000 + "'",
    "downloads": "sh " + "curl " * 200_000,
    "words": "echo " + "printf 1 " * 100_000,
}


@pytest.mark.parametrize("command", soak_but(2, LONG.values()), ids=LONG)
def test_a_command_of_a_megabyte_is_read_in_linear_time(command: str) -> None:
    assert ENGINE.score(plain([bash(command, "x")])).process_score is not None


def test_a_change_of_a_megabyte_is_read_in_linear_time() -> None:
    for text in ("_pytest.a", "print(", "def __eq__(self", "addopts ", "[1m "):
        assert ENGINE.score(plain([edit("src/a.py", "x", text * 100_000), write("pytest.ini", text * 100_000)])).process_score is not None


def test_many_tests_made_and_deleted_are_read_in_linear_time() -> None:
    steps = [step for i in range(3_000) for step in (write(f"tests/test_{i}.py", "x"), bash(f"rm tests/test_{i}.py"))]
    assert ENGINE.score(plain(steps)).tamper == ()
