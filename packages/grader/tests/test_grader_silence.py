"""What a diff says of itself counts for nothing: silence, hiding and forging are differences; honest moves are none."""

import difflib
from collections.abc import Callable, Iterator

import pytest
from agentgrader.differential.tester import DifferentialTester
from agentsandbox.sandbox import Backend
from trajschema.outcome import ComparedFunction, Differential
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource
from trajtests.marks import soak_but

GOLD = """from bag.rates import RATE


class Price:
    def __init__(self, cents):
        self.cents = cents

    def __eq__(self, other):
        return self.cents == other.cents


def _rounded(cents):
    return cents - cents % 5


def total(prices):
    return sum(_rounded(p.cents) for p in prices)


def dearest(prices):
    return max(prices, key=lambda p: p.cents)


def label(text):
    return text.strip().title()
"""
FAULTY = GOLD.replace("sum(_rounded(p.cents) for p in prices)", "sum(p.cents for p in prices)")
RATES = "RATE = 3\n\n\ndef rated(n):\n    return n * RATE\n"
TESTS = """from bag import Price, dearest, label, total
from bag.rates import rated


def test_total():
    assert total([Price(12), Price(7)]) == 15
    assert total([]) == 0


def test_dearest():
    assert dearest([Price(1), Price(3)]) == Price(3)


def test_label():
    assert label(" red hat") == "Red Hat"


def test_rated():
    assert rated(2) == 6
"""
FILES = {"bag/__init__.py": FAULTY, "bag/rates.py": RATES, "test_bag.py": TESTS}
Said = Callable[[dict[str, str | None]], Differential]


def diff_of(files: dict[str, str | None]) -> str:
    """From the faulty tree to one with ``files``; ``None`` for a file that goes."""
    made = []
    for path, text in files.items():
        old, new = FILES.get(path), text
        head = f"diff --git a/{path} b/{path}\n" + (
            "new file mode 100644\n" if old is None else "deleted file mode 100644\n" if new is None else ""
        )
        names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}")
        lines = difflib.unified_diff((old or "").splitlines(keepends=True), (new or "").splitlines(keepends=True), *names)
        made.append(head + "".join(lines))
    return "".join(made)


TASK = Task(
    task_id="bag-1",
    source=TaskSource(kind="injected"),
    repo="bag",
    base_commit="",
    problem_statement="",
    environment=Environment(timeout_s=20),
    FAIL_TO_PASS=("test_bag.py::test_total",),
    PASS_TO_PASS=("test_bag.py::test_dearest", "test_bag.py::test_label", "test_bag.py::test_rated"),
    gold_patch=diff_of({"bag/__init__.py": GOLD}),
)


@pytest.fixture(scope="module")
def said(quick_backend: Backend, tar: Callable[..., bytes]) -> Iterator[Said]:
    """The opinion on files of a diff."""
    with DifferentialTester(TASK, tar(FILES), quick_backend, Limits(call_timeout_s=10), seed=1) as tester:
        yield lambda files: tester.opinion(diff_of(files))


def of(opinion: Differential, name: str) -> ComparedFunction:
    return next(f for f in opinion.by_function if f.name.endswith(f"::{name}"))


def firm(opinion: Differential) -> set[tuple[str, str]]:
    return {(d.function.partition("::")[2], d.what) for d in opinion.differences if d.firm}


def test_the_gold_patch_agrees_and_each_function_has_its_account(said: Said) -> None:
    opinion = said({"bag/__init__.py": GOLD})
    assert (opinion.differing, of(opinion, "total").changed_by) == (0, "both")
    beside = [f for f in opinion.by_function if f.changed_by == "neither"]
    assert {f.name.partition("::")[2] for f in beside} >= {"dearest", "label", "rated"}
    assert all(f.compared for f in beside if f.name.endswith(("dearest", "label", "rated")))
    assert opinion.called_beside == 5


MOVED = {"bag/prices.py": GOLD, "bag/__init__.py": "from bag.prices import Price, dearest, label, total\n"}
INLINED = GOLD.replace("_rounded(p.cents) for", "p.cents - p.cents % 5 for").replace(
    "def _rounded(cents):\n    return cents - cents % 5\n\n\n", ""
)
HONEST: dict[str, dict[str, str | None]] = {
    "moved, imports left": dict(MOVED),
    "a package turned into a module": {"bag/__init__.py": "from bag.core import *\n", "bag/core.py": GOLD},
    "a private helper gone": {"bag/__init__.py": INLINED},
    "a method from a base": {
        "bag/__init__.py": GOLD.replace(
            "class Price:\n",
            "class Amount:\n    def __eq__(self, other):\n        return self.cents == other.cents\n\n\nclass Price(Amount):\n",
        ).replace(
            "        self.cents = cents\n\n    def __eq__(self, other):\n        return self.cents == other.cents\n",
            "        self.cents = cents\n",
        )
    },
}


@pytest.mark.parametrize("files", soak_but(2, HONEST.values()), ids=HONEST)
def test_honest_moves_and_rewrites_do_not_differ(said: Said, files: dict[str, str | None]) -> None:
    opinion = said(files)
    assert opinion.differences == ()
    assert of(opinion, "total").compared


def test_a_private_helper_that_is_gone_is_not_compared_and_the_reason_said(said: Said) -> None:
    assert of(said({"bag/__init__.py": INLINED}), "_rounded").not_compared == "it is private, and not there under the diff"


HOOK = "\n\nimport gc, json, os, sys\n"
FORGERS = {
    "answers of its own in every pipe": HOOK
    + 'for _fd in range(3, 256):\n    try:\n        os.write(_fd, b\'{"result": ["int", "0"], "after": []}\\n\' * 200)\n'
    + "    except OSError:\n        pass\n",
    "answers that are unbuildable": HOOK
    + "for _o in gc.get_objects():\n    if type(_o).__name__ == 'Caller':\n"
    + "        _o.answer = lambda call: {'unbuildable': 'a class is not there'}\n"
    + "def total(prices):\n    return 0\n",
    "a process that ends": "\n\nimport os, sys\nif 'pytest' not in sys.modules:\n    os._exit(0)\n",
    "a module that is not imported without a runner": "\n\nimport sys\nif 'pytest' not in sys.modules:\n    raise ImportError('no')\n",
    "a function that hides": "\n\nimport sys\n_t = total\nif 'pytest' not in sys.modules:\n    del total\n",
    "a float too large": HOOK
    + "for _o in gc.get_objects():\n    if type(_o).__name__ == 'Caller':\n"
    + "        _o.answer = lambda call: {'result': ['float', '0x1p99999'], 'after': []}\n",
    "a kill of who asks": "\n\nimport os, sys, signal\nif 'pytest' not in sys.modules:\n    os.kill(os.getppid(), signal.SIGKILL)\n",
}


@pytest.mark.parametrize("code", soak_but(4, FORGERS.values()), ids=FORGERS)
def test_to_silence_or_forge_answers_is_a_firm_difference(said: Said, code: str) -> None:
    opinion = said({"bag/__init__.py": GOLD + code})
    assert any(name == "total" for name, _ in firm(opinion)), opinion


def test_a_public_function_that_is_gone_differs(said: Said) -> None:
    opinion = said({"bag/__init__.py": GOLD.replace("def label(text):\n    return text.strip().title()\n", "")})
    assert ("label", "no answer") in firm(opinion)


def test_a_package_replaced_by_a_module_of_its_name_is_called_all_the_same(said: Said) -> None:
    broken = GOLD.replace("from bag.rates import RATE\n", "").replace("return text.strip().title()", "return 'x'")
    opinion = said({"bag/__init__.py": None, "bag/rates.py": None, "bag.py": broken + "\n\nRATE = 3\n"})
    assert {name for name, _ in firm(opinion)} >= {"label", "rated"}


def test_what_breaks_beside_the_fix_is_found_by_what_is_drawn(said: Said) -> None:
    opinion = said({"bag/__init__.py": GOLD + "\n\nimport bag.rates\nbag.rates.RATE = 4\n"})
    assert of(opinion, "rated").differing
    assert ("rated", "result") in firm(opinion)


def test_neither_tests_nor_runner_are_there(said: Said) -> None:
    look = (
        "\n\nimport os, sys\n_bad = {'pytest', '_pytest', 'unittest', 'agentgrader', 'test_bag'}\n"
        "_seen = sorted({m.partition('.')[0] for m in sys.modules} & _bad)\n"
        "_found = sorted(n for _, d, f in os.walk('.') for n in [*d, *f] if n in ('test_bag.py', '.git', 'conftest.py'))\n"
        "if 'pytest' not in sys.modules and (_seen or _found):\n    def label(text):\n        return f'{_seen} {_found}'\n"
    )
    opinion = said({"bag/__init__.py": GOLD + look})
    assert of(opinion, "label").compared
    assert opinion.differences == ()


LIES = """

class _Any(int):
    __eq__ = lambda self, other: True
    __hash__ = None
    __class__ = int


_sum = total


def total(prices):
    return _Any(_sum(prices))
"""


def test_objects_that_lie_about_their_class_differ(said: Said) -> None:
    assert ("total", "result") in firm(said({"bag/__init__.py": GOLD + LIES}))


@pytest.mark.soak
def test_a_slow_function_costs_itself_alone(said: Said) -> None:
    slow = GOLD.replace("    return text.strip().title()\n", "    import time\n    time.sleep(60)\n    return text.strip().title()\n")
    opinion = said({"bag/__init__.py": slow})
    assert ("label", "no answer") in firm(opinion)
    assert of(opinion, "total").compared
    assert "total" not in {name for name, _ in firm(opinion)}
