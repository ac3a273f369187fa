"""Which functions are called beside those that are changed."""

import pytest
from agentgrader.differential.targets import MAX_SAMPLED, Target, Targets, sampled, targets
from agentgrader.probes.outline import outline
from agentgrader.syntax import parse

MANY = {("a.py", f"C.method_{i}") for i in range(5 * MAX_SAMPLED)}


@pytest.mark.parametrize("seed", range(5))
def test_what_new_code_names_is_drawn_before_the_rest(seed: int) -> None:
    named = {("b.py", "parse"), ("b.py", "Parser.search"), ("c.py", "Box.size@setter")}
    drawn = {t.function for t in sampled(MANY | named, Targets(), {"parse", "search", "size", "Parser"}, seed)}
    assert named <= drawn
    assert len(drawn) == MAX_SAMPLED


def test_what_is_chosen_anyway_is_not_drawn() -> None:
    chosen = Targets((Target("a.py", "C.method_1", rank=0),), ((Target("a.py", "C.method_2", rank=1), "why"),))
    drawn = [sampled(MANY, chosen, {"method_1", "method_2"}, seed) for seed in range(10)]
    assert not {("a.py", "C.method_1"), ("a.py", "C.method_2")} & {t.function for some in drawn for t in some}
    assert len({tuple(some) for some in drawn}) > 1, "each seed draws others"


BASE, GOLD = "def f(x):\n    return x\n\n\ndef g(x):\n    return x\n", "def f(x):\n    return x + 1\n\n\ndef g(x):\n    return x\n"


def _chosen(**files: str) -> dict[str, tuple[str, int]]:
    sides = ({"a.py": BASE, "b.py": ""}, {"a.py": GOLD, "b.py": ""}, {f"{name}.py": text for name, text in files.items()})
    base, gold, theirs = ({path: outline(parse(text)) for path, text in side.items()} for side in sides)
    return {t.key: (t.changed_by, t.rank) for t in targets(base, gold, theirs).functions}


def test_a_function_that_only_moves_is_called_but_is_no_change() -> None:
    f, g = GOLD.split("\n\n\n")
    assert _chosen(a=f"from b import g\n{f}\n", b=g) == {"f": ("both", 1), "g": ("neither", 0)}
    assert _chosen(a=f"from b import g\n{f}\n", b="def g(x):\n    return -x\n") == {"f": ("both", 1), "g": ("diff", 0)}


def test_a_class_elsewhere_may_have_the_name_of_a_function_that_is_gone() -> None:
    assert _chosen(a=GOLD.split("\n\n\n")[0], b="class g:\n    pass\n")["g"] == ("diff", 0)
