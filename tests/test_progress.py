"""What a person sees while a run goes on."""

import pytest

from resources.progress import Lines


def test_the_line_tells_how_far_and_what_it_cost(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(every=0.0)
    lines.start("rollouts", 3, 0)
    lines.note("rollouts", "5 of 9 attempts done, 4 under way, 0.12 USD")
    lines.advance("rollouts", "a", None)
    lines.finish("rollouts")
    said = capsys.readouterr().err
    assert "rollouts: 0/3, 5 of 9 attempts done, 4 under way, 0.12 USD" in said
    assert "rollouts: 1/3 done" in said
