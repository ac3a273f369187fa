"""Which functions are called beside those that are changed."""

import pytest
from agentgrader.differential.targets import MAX_FUNCTIONS, MAX_SAMPLED, Targets, called, sampled, targets
from agentgrader.probes.outline import outline
from agentgrader.syntax import parse

MANY = {("a.py", f"C.method_{i}") for i in range(5 * MAX_SAMPLED)}


@pytest.mark.parametrize("seed", range(5))
def test_what_new_code_names_is_drawn_before_the_rest(seed: int) -> None:
    named = {("b.py", "parse"), ("b.py", "Parser.search"), ("c.py", "Box.size@setter")}
    drawn = {t.function for t in sampled(MANY | named, {"parse", "search", "size", "Parser"}, seed)}
    assert named <= drawn
    assert len(drawn) == MAX_SAMPLED


def test_each_seed_draws_others() -> None:
    assert len({tuple(sampled(MANY, set(), seed)) for seed in range(10)}) > 1


BASE, GOLD = "def f(x):\n    return x\n\n\ndef g(x):\n    return x\n", "def f(x):\n    return x + 1\n\n\ndef g(x):\n    return x\n"


def _targets(base: dict[str, str], gold: dict[str, str], theirs: dict[str, str]) -> Targets:
    paths = {*base, *gold, *theirs}
    sides = ({path: outline(parse(side[path])) if path in side else None for path in paths} for side in (base, gold, theirs))
    return targets(*sides)


def _chosen(**files: str) -> dict[str, tuple[str, int]]:
    found = _targets({"a.py": BASE, "b.py": ""}, {"a.py": GOLD, "b.py": ""}, {f"{name}.py": text for name, text in files.items()})
    return {t.key: (t.changed_by, t.rank) for t in found.functions}


def test_a_function_that_only_moves_is_called_but_is_no_change() -> None:
    f, g = GOLD.split("\n\n\n")
    assert _chosen(a=f"from b import g\n{f}\n", b=g) == {"f": ("both", 1), "g": ("neither", 0)}
    assert _chosen(a=f"from b import g\n{f}\n", b="def g(x):\n    return -x\n") == {"f": ("both", 1), "g": ("diff", 0)}


def test_a_class_elsewhere_may_have_the_name_of_a_function_that_is_gone() -> None:
    assert _chosen(a=GOLD.split("\n\n\n")[0], b="class g:\n    pass\n")["g"] == ("diff", 0)


TOP = "LIMIT = 1\n\n\nclass C:\n    size = LIMIT\n"


@pytest.mark.parametrize(
    ("theirs", "names"),
    [
        ({"a.py": TOP + GOLD}, []),
        ({"a.py": "import re\n" + TOP + "MORE = re.compile('x')\n" + GOLD + "def more():\n    return MORE\n"}, []),
        ({"a.py": "from b import LIMIT\n" + TOP[9:] + GOLD, "b.py": "LIMIT = 1\n"}, []),
        ({"a.py": TOP.replace("1", "2") + GOLD}, [("a.py", "LIMIT")]),
        ({"a.py": TOP[9:] + GOLD}, [("a.py", "LIMIT")]),
        ({"a.py": TOP + "LIMIT = 3\n" + GOLD}, [("a.py", "LIMIT")]),
        ({"a.py": TOP.replace("size = LIMIT", "size = 7") + GOLD}, [("a.py", "C.size")]),
        ({"a.py": TOP + GOLD + "C.size = 3\n"}, [("a.py", "<top level>")]),
        ({"a.py": TOP + GOLD, "b.py": "import a\na.g = a.f\n"}, [("b.py", "<top level>")]),
        ({"a.py": TOP + GOLD, "b.py": "if True:\n    import a\n    setattr(a, 'g', a.f)\n"}, [("b.py", "<top level>")]),
    ],
)
def test_what_the_diff_alone_changes_outside_of_functions_is_known(theirs: dict[str, str], names: list[tuple[str, str]]) -> None:
    assert list(_targets({"a.py": TOP + BASE}, {"a.py": TOP + GOLD}, theirs).altered) == names


def test_what_the_gold_patch_changes_outside_of_functions_is_its_own() -> None:
    mended = TOP.replace("1", "2")
    assert _targets({"a.py": TOP + BASE}, {"a.py": mended + BASE}, {"a.py": mended + BASE}).altered == ()
    assert _targets({"a.py": TOP + BASE}, {"a.py": mended + BASE}, {"a.py": TOP + GOLD}).altered == ()


def test_no_function_of_the_fix_is_left_out_however_many_others_the_diff_changes() -> None:
    others = "".join(f"\n\ndef other_{i}(x):\n    return {{}}\n" for i in range(3 * MAX_FUNCTIONS))
    base, fixed, theirs = ({"a.py": outline(parse(GOLD + others.replace("{}", value)))} for value in ("0", "0", "1"))
    base["a.py"]["functions"]["f"]["digest"] = "faulty"
    for seed in range(5):
        taken = called(targets(base, fixed, theirs), set(), seed)
        assert "f" in {t.key for t in taken}
        assert len(taken) == MAX_FUNCTIONS
