"""Problem statements: facts of the failing run, nothing that gives the fault away."""

import re

from agenttasks.faults.operators import candidates
from agenttasks.libraries.library import Library
from agenttasks.validation.statement import SHOWN, failure_message, problem_statement
from hypothesis import given
from hypothesis import strategies as st

LIBRARY = Library("pkg", "1.0", "", "MIT", "", "", sources=("src/pkg",), tests=("tests",))
MUTATIONS = candidates("def f(a, b):\n    return a < b\n", "src/pkg/core.py", ["comparison"])
OUTPUT = """F                                                                        [100%]
=================================== FAILURES ===================================
Traceback (most recent call last):
  File "/testbed/tests/test_core.py", line 9, in test_f
    assert f(1, 2) == 0
  File "/testbed/src/pkg/core.py", line 3, in f
    return a < b
           ^^^^^
AssertionError: assert <pkg.F at 0x7f0a1b2c3d4e> == 0
 +  where 1 = f(1, 2)
 +  see core.py
=========================== short test summary info ============================
FAILED tests/test_core.py::test_f - AssertionError
"""

test_ids = st.lists(st.text("ab :[]-,/é", min_size=1).map(lambda t: f"tests/test_x.py::test[{t}]"), min_size=1, max_size=9, unique=True)


@given(test_ids)
def test_the_first_failing_tests_are_read_back(failing: list[str]) -> None:
    statement = problem_statement(LIBRARY, LIBRARY.environment(), failing, "", MUTATIONS)
    assert re.findall(r"^FAIL (.+)$", statement, re.MULTILINE) == failing[:SHOWN]
    assert statement.startswith(f"{len(failing)} test")


def test_the_message_is_that_of_the_exception_without_addresses_and_without_the_changed_file() -> None:
    assert failure_message(OUTPUT, MUTATIONS) == ["AssertionError: assert <pkg.F at <address>> == 0", "+  where 1 = f(1, 2)"]


def test_a_statement_says_how_to_run_the_tests_and_not_what_was_changed() -> None:
    statement = problem_statement(LIBRARY, LIBRARY.environment(), ["tests/test_core.py::test_f"], OUTPUT, MUTATIONS)
    assert "python -m pytest -q tests" in statement
    assert "assert <pkg.F at <address>> == 0" in statement
    assert "src/pkg" not in statement
    assert "comparison" not in statement
    assert "<=" not in statement
