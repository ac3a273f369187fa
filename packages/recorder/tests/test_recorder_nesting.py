"""Values nested more deeply than Python can follow are said to be so, and written without an error."""

import pytest
from agentrecorder.containers.json_values import NotJson, dumps, loads, recovered
from agentrecorder.run import Run


@pytest.mark.parametrize("depth", [100, 300, 600, 900, 990, 1100, 50_000])
def test_a_deeply_nested_value_is_read_or_refused(depth: int) -> None:
    for inner in (b'"x"', b'"\\ud800"', b"NaN"):
        try:
            value = loads(b"[" * depth + inner + b"]" * depth)
        except NotJson:
            continue
        assert dumps(value)
        Run("any").leave("here", "odd", value)


def test_a_damaged_value_is_written_as_its_text() -> None:
    assert dumps(recovered(memoryview(b"[1, tru, ["))) == '"[1, tru, ["'
