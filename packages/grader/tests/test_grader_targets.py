"""Which functions are called beside those that are changed."""

import pytest
from agentgrader.differential.targets import MAX_SAMPLED, Target, Targets, sampled

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
