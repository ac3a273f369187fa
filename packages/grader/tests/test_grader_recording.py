"""Calls are recorded from doctests and unittest too; a hot function or a test that hangs costs the others nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from agentgrader.differential.tester import compare
from agentsandbox.sandbox import Backend
from trajschema.outcome import Differential
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource
from trajtests.marks import soak_but

CODE = 'def half(n):\n    """\n    >>> half(8)\n    4\n    """\n    return n // 2 + 1\n\n\ndef twice(n):\n    return n * 2\n'
GOLD = (
    '--- a/sums.py\n+++ b/sums.py\n@@ -3,7 +3,7 @@\n     >>> half(8)\n     4\n     """\n-    return n // 2 + 1\n+    return n // 2\n'
    " \n \n def twice(n):\n"
)
NARROW = GOLD.replace("+    return n // 2", "+    return 4")
UNIT = (
    "import unittest\nfrom sums import half, twice\n\n\nclass T(unittest.TestCase):\n    def test_half(self):\n"
    "        self.assertEqual(half(8), 4)\n"
)
HANG = (
    "from sums import half, twice\n\n\ndef test_half():\n    assert half(8) == 4\n\n\ndef test_hang():\n    while True:\n        twice(1)\n"
)
HOT = (
    "from sums import half, twice\n\n\ndef test_hot():\n    assert sum(twice(list(range(900))) is None for _ in range(3000)) == 0\n\n\n"
    "def test_half():\n    assert half(8) == 4\n"
)
CASES: dict[str, tuple[str, tuple[str, ...], str, dict[str, Any]]] = {
    "unittest": ("test_sums.T.test_half", (), UNIT, {"test_command": ("python", "-m", "unittest")}),
    "doctest": (
        "sums.py::sums.half",
        (),
        "",
        {"test_command": ("python", "-m", "pytest", "--doctest-modules"), "test_paths": ("sums.py",)},
    ),
    "a hang": ("test_sums.py::test_half", ("test_sums.py::test_hang",), HANG, {"timeout_s": 4}),
    "a hot function": ("test_sums.py::test_half", ("test_sums.py::test_hot",), HOT, {"timeout_s": 8}),
}


@pytest.mark.parametrize("case", soak_but(2, CASES.values()), ids=CASES)
def test_calls_are_recorded_and_compared(
    case: tuple[str, tuple[str, ...], str, dict[str, Any]], quick_backend: Backend, tar: Callable[..., bytes]
) -> None:
    to_fix, to_keep, tests, environment = case
    task = Task(
        task_id="sums-1",
        source=TaskSource(kind="injected"),
        repo="sums",
        base_commit="",
        problem_statement="",
        environment=Environment(**{"timeout_s": 20, **environment}),
        FAIL_TO_PASS=(to_fix,),
        PASS_TO_PASS=to_keep,
        gold_patch=GOLD,
    )
    said: Differential = compare(
        task, tar({"sums.py": CODE, "test_sums.py": tests}), NARROW, quick_backend, Limits(call_timeout_s=10), seed=1
    )
    assert said.recorded
    assert {d.function for d in said.differences} == {"sums.py::half"}
