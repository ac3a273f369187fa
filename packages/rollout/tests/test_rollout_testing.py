"""What an agent reads off a statement and off the output of tests."""

import json
import shlex

import pytest
from agentrollout.policies.testing import Verdict, run_tests, spread, stated_failures, verdict_of
from agentrollout.policy import TaskView
from hypothesis import given
from hypothesis import strategies as st
from trajschema.trajectory import Observation

VIEW = TaskView("", "/testbed", ("python", "-m", "pytest", "-q"), (), (), 25, 60.0)


def _verdict(text: str, error: str | None = None) -> Verdict:
    return verdict_of(Observation(content=text, error=error))


def test_failing_tests_are_read_off_the_statement_in_order() -> None:
    statement = "It fails.\n\nFAIL tests/a.py::test_b[x - y]\nFAIL tests/a.py::test_a\nFAIL tests/a.py::test_a\n(and 3 more)\n"
    assert stated_failures(statement) == ("tests/a.py::test_b[x - y]", "tests/a.py::test_a")


def test_a_verdict_counts_and_lists() -> None:
    summary = "FAILED t.py::test_a[1 - 2] - assert [1] == [2]\nERROR t.py::test_c - boom\nERROR u.py\n"
    verdict = _verdict(f"F.E\n{summary}1 failed, 2 passed, 2 errors in 0.12s\n")
    assert (verdict.passed, verdict.failed, verdict.finished, verdict.hung) == (2, 3, True, False)
    assert verdict.failing == ("t.py::test_a[1 - 2]", "t.py::test_c", "u.py")
    assert verdict.listed
    assert not verdict.green


@pytest.mark.parametrize(
    ("text", "green"), [("3 passed in 1.00s", True), ("1 skipped in 0.1s", False), ("1 failed in 0.1s", False), ("", False)]
)
def test_green_means_that_tests_passed_and_none_failed(text: str, green: bool) -> None:
    assert _verdict(text).green is green


def test_totals_printed_by_a_test_do_not_count() -> None:
    assert _verdict("9 passed in 0.1s\n1 failed, 2 passed in 0.20s\n").passed == 2


def test_a_run_without_totals_is_not_finished() -> None:
    verdict = _verdict("...", error="timed out")
    assert verdict.hung
    assert not verdict.finished


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1), min_size=1))
def test_ids_survive_the_shell(ids: list[str]) -> None:
    call = run_tests(VIEW, ids, setting="A=b")
    command: str = json.loads(call.arguments)["command"]
    assert shlex.split(command)[-len(ids) :] == ids
    assert command.startswith("A=b python -m pytest -q ")


@given(st.lists(st.integers(), unique=True).map(lambda ns: [str(n) for n in ns]), st.integers(0, 20))
def test_a_spread_keeps_order_and_size(items: list[str], count: int) -> None:
    chosen = spread(items, count)
    assert len(chosen) == min(count, len(items))
    assert list(chosen) == [i for i in items if i in chosen]
