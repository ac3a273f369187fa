"""Answers to a request: the same but for clocks, however many there were."""

from agentreward.rules.state.requests import Request
from hypothesis import given
from hypothesis import strategies as st
from trajschema.normalise import normalise

PARTS = ["in 0.5s", "took 3 minutes", "10:11:12", "2026-01-02T10:11:12Z", "0x7f00aa11", "/tmp/abc", "pid 12", "? ^^^", "E   "]
texts = st.lists(st.sampled_from([*PARTS, "\r", "\n", " ", "x", "12"]), max_size=6).map("".join)
answers = st.tuples(texts, st.sampled_from([None, 0, 1]), st.sampled_from([None, "gone in 0.1s", "gone in 0.2s", "lost"]))


def plain(answer: tuple[str, int | None, str | None]) -> tuple[str, int | None, str]:
    return normalise(f"{answer[0]}\n"), answer[1], normalise(f"{answer[2] or ''}\n")


@given(st.lists(answers, min_size=1, max_size=6), answers)
def test_an_answer_is_known_if_one_like_it_was_given_since_the_last_change(
    heard: list[tuple[str, int | None, str | None]], asked: tuple[str, int | None, str | None]
) -> None:
    request = Request((0, 0), heard[0], 0, made=0)
    for step, answer in enumerate(heard[1:], 1):
        if not request.has(answer):
            request.add((0, 0), answer, step)
    assert request.has(asked) == (plain(asked) in {plain(a) for a in heard})
    request.add((1, 0), asked, 9)
    assert request.step == 9
    assert request.has(asked)
    assert request.has(heard[0]) == (plain(heard[0]) == plain(asked))
