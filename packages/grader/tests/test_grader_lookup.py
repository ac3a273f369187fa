"""Functions are compared as their users call them: in every state that attributes can have, by every name, through the instance."""

import difflib
from collections.abc import Callable, Iterator

import pytest
from agentgrader.confirmation import confirmed
from agentgrader.differential.tester import DifferentialTester
from agentsandbox.sandbox import Backend
from trajschema.outcome import Differential, Outcome
from trajschema.rollout import Limits
from trajschema.task import Environment, Task, TaskSource
from trajtests.marks import soak_but

GOLD = """class Shelf:
    def __init__(self, limit):
        self.limit = limit
        self.items = []

    def room(self, more):
        return self.limit - len(self.items) - more

    @property
    def is_full(self):
        return len(self.items) >= self.limit

    @staticmethod
    def rows(items, width):
        return [items[i : i + width] for i in range(0, len(items), width)]


def widest(shelves):
    if not shelves:
        return None
    return max(s.limit for s in shelves)
"""
FAULTY = GOLD.replace("- len(self.items) - more", "- more").replace(">= self.limit", "> self.limit").replace("max(s", "min(s")
FAULTY = FAULTY.replace("len(items), width)", "len(items) - 1, width)")
EXPORTS = "from shelves.core import Shelf, widest\n"
TESTS = """from shelves.core import Shelf, widest


def test_room():
    shelf = Shelf(3)
    shelf.items += ["book"]
    assert shelf.room(1) == 1
    assert not shelf.is_full
    shelf.items += ["cup", "vase"]
    assert shelf.is_full


def test_rows():
    assert Shelf.rows([1, 2, 3], 2) == [[1, 2], [3]]
    assert widest([Shelf(3), Shelf(5)]) == 5
    assert widest([]) is None
"""
FILES = {"shelves/__init__.py": EXPORTS, "shelves/core.py": FAULTY, "test_shelves.py": TESTS}


def diff_of(files: dict[str, str]) -> str:
    made = []
    for path, text in files.items():
        names = (f"a/{path}" if path in FILES else "/dev/null", f"b/{path}")
        lines = difflib.unified_diff(FILES.get(path, "").splitlines(keepends=True), text.splitlines(keepends=True), *names)
        head = "" if path in FILES else "new file mode 100644\n"
        made.append(f"diff --git a/{path} b/{path}\n{head}" + "".join(lines))
    return "".join(made)


TASK = Task(
    task_id="shelves-1",
    source=TaskSource(kind="injected"),
    repo="shelves",
    base_commit="",
    problem_statement="",
    environment=Environment(timeout_s=20),
    FAIL_TO_PASS=("test_shelves.py::test_room", "test_shelves.py::test_rows"),
    PASS_TO_PASS=(),
    gold_patch=diff_of({"shelves/core.py": GOLD}),
)
Said = Callable[..., Differential]


@pytest.fixture(scope="module")
def said(quick_backend: Backend, tar: Callable[..., bytes]) -> Iterator[Said]:
    """The opinion on changes of the gold patch's file, and on other files."""

    def text(changes: dict[str, str]) -> str:
        assert all(GOLD.count(old) == 1 for old in changes)
        made = GOLD
        for old, new in changes.items():
            made = made.replace(old, new)
        return made

    with DifferentialTester(TASK, tar(FILES), quick_backend, Limits(call_timeout_s=10), seed=1) as tester:

        def ask(changes: dict[str, str], files: dict[str, str] | None = None) -> Differential:
            return tester.opinion(diff_of({"shelves/core.py": text(changes), **(files or {})}))

        yield ask


def word(opinion: Differential) -> tuple[str | None, str]:
    judged = confirmed(Outcome(rollout_id="r", task_id="t", verdict="resolved"), opinion)
    return judged.confirmation, judged.confirmation_reason


def test_the_gold_patch_is_confirmed(said: Said) -> None:
    assert word(said({}))[0] == "confirmed"


ROOM = "    def room(self, more):\n        return self.limit - len(self.items) - more\n"
DESCRIPTOR = """class _Found:
    def __init__(self, function):
        self.function = function

    def __call__(self, *args):
        return self.function(*args)

    def __get__(self, instance, owner):
        return self if instance is None else lambda more: instance.limit - more


"""
LOOKED_UP_OTHERWISE = {
    "a descriptor of its own": {"class Shelf:": f"{DESCRIPTOR}class Shelf:", ROOM: f"    @_Found\n{ROOM}"},
    "attributes of the instance": {
        ROOM: ROOM + "\n    def __getattribute__(self, name):\n"
        "        return (lambda more: 0) if name == 'room' else object.__getattribute__(self, name)\n"
    },
    "a property of its own": {
        "class Shelf:": "class _Asked(property):\n    def __get__(self, instance, owner=None):\n        return False\n\n\nclass Shelf:",
        "@property": "@_Asked",
    },
    "a metaclass": {
        "class Shelf:": "class _Kind(type):\n    def __getattribute__(cls, name):\n"
        "        return (lambda items, width: []) if name == 'rows' else type.__getattribute__(cls, name)\n\n\n"
        "class Shelf(metaclass=_Kind):"
    },
}


@pytest.mark.parametrize("changes", soak_but(2, LOOKED_UP_OTHERWISE.values()), ids=LOOKED_UP_OTHERWISE)
def test_what_users_get_for_a_method_is_what_counts(said: Said, changes: dict[str, str]) -> None:
    assert word(said(changes))[0] == "doubted"


@pytest.mark.parametrize(
    "exported",
    [
        "from shelves.core import Shelf\n\n\ndef widest(shelves):\n    return 1\n",
        "from shelves.core import widest\nfrom shelves.fake import Shelf\n",
    ],
)
def test_every_name_that_a_package_hands_out_is_called(said: Said, exported: str) -> None:
    fake = "class Shelf:\n    def __init__(self, limit):\n        self.limit = 0\n\n    def room(self, more):\n        return 7\n"
    opinion = said({}, {"shelves/__init__.py": exported, "shelves/fake.py": fake})
    assert word(opinion)[0] == "doubted"


def test_an_export_that_is_gone_or_moved_is_no_difference(said: Said) -> None:
    opinion = said({}, {"shelves/__init__.py": "from shelves.things import Shelf\n", "shelves/things.py": EXPORTS})
    assert (opinion.differing, opinion.unreached) == (0, ())


@pytest.mark.parametrize("condition", ["self.limit > 1000", "len(self.items) == 11"])
def test_a_state_that_no_test_has_is_tried(said: Said, condition: str) -> None:
    wrong = f"{{}}        if {condition}:\n            return 0\n"
    opinion = said({"    def room(self, more):\n": wrong.format("    def room(self, more):\n")})
    assert opinion.differing
    assert word(opinion)[0] != "confirmed"


WIDEST, MANY = "return max(s.limit for s in shelves)", "shelves == 70_001"
UNREACHED = {
    "a branch": f"if {MANY}:\n        return 0\n    {WIDEST}",
    "the rest": f"if not {MANY}:\n        {WIDEST}\n    return 0",
    "a choice": f"return 0 if {MANY} else max(s.limit for s in shelves)",
    "an alternative": f"return {MANY} and shelves or max(s.limit for s in shelves)",
    "an error caught": f"try:\n        {WIDEST}\n    except KeyError:\n        return 0",
    "a function inside": "def other():\n        return 0\n\n    return max((s.limit for s in shelves), default=other)",
}


@pytest.mark.parametrize("change", soak_but(2, UNREACHED.values()), ids=UNREACHED)
def test_new_code_that_no_call_reaches_leaves_a_pass_unconfirmed(said: Said, change: str) -> None:
    opinion = said({WIDEST: change})
    found, why = word(opinion)
    assert (opinion.differing, found) == (0, "unconfirmed")
    assert "shelves/core.py:" in why


HONEST = {
    "locals renamed": {"[items[i : i + width] for i in": "[items[k : k + width] for k in"},
    "a branch put otherwise": {
        f"if not shelves:\n        return None\n    {WIDEST}": "return max(s.limit for s in shelves) if shelves else None",
    },
    "a helper": {
        "def widest(shelves):\n": "def _limits(shelves):\n    return [s.limit for s in shelves]\n\n\ndef widest(shelves):\n",
        "max(s.limit for s in shelves)": "max(_limits(shelves))",
    },
}


@pytest.mark.parametrize("changes", HONEST.values(), ids=HONEST)
def test_right_code_in_other_words_is_confirmed(said: Said, changes: dict[str, str]) -> None:
    assert word(said(changes))[0] == "confirmed"
