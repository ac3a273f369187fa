"""Trajectories for the tests: a small builder, and strategies that mix what agents do with what no world would answer."""

import json
from typing import Any

from agentreward.aggregate.fusion import reward
from agentreward.aggregate.weights import Weights
from agentreward.rules.scorer import agent_steps, scored_run
from hypothesis import strategies as st
from trajschema.outcome import Outcome
from trajschema.score import Reward, StepScore
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory

TASK = "Fix parse_date in src/dates.py: test_month in tests/test_dates.py fails."
RAISED = "Traceback (most recent call last):\nAssertionError: 13"
SOURCE = "def parse_date(text):\n    month = int(text[5:7]) + 1\n    return month\n"


def call(name: str, raw: str = "", /, **arguments: Any) -> ToolCall:
    return ToolCall(tool_call_id="c", name=name, raw_name=raw or name, arguments=json.dumps(arguments))


def seen(content: str = "", exit_code: int | None = 0, error: str | None = None, **more: Any) -> Observation:
    return Observation(content=content, exit_code=exit_code, error=error, **more)


def turn(*pairs: tuple[ToolCall, Observation], message: str = "") -> Step:
    calls = tuple(c.model_copy(update={"tool_call_id": f"c{i}"}) for i, (c, _) in enumerate(pairs))
    answers = tuple(o.model_copy(update={"tool_call_id": f"c{i}"}) for i, (_, o) in enumerate(pairs))
    return Step(step_id=1, source="agent", message=message, tool_calls=calls, observations=answers)


def shell(command: str, output: str = "", exit_code: int = 0) -> Step:
    return turn((call("shell", "bash", command=command), seen(output, exit_code)))


def view(path: str, content: str = SOURCE, **span: int) -> Step:
    return turn((call("file_read", path=path, **span), seen(content, None)))


def missing_file(path: str) -> Step:
    return turn((call("file_read", path=path), seen("", None, f"{path}: no such file")))


def change(path: str, old: str, new: str, error: str | None = None) -> Step:
    return turn((call("file_edit", path=path, old_string=old, new_string=new), seen("" if error else "edited", None, error)))


def typed(path: str, line: int, new: str) -> Step:
    """An edit in the window of an editor, which tells the file in its answer only."""
    made = call("file_edit", "edit", start_line=line, end_line=line, replacement_text=new)
    return turn((made, seen(f"[File: /testbed/{path} (9 lines total)]\n{line}:{new}\n", None)))


def pytest_run(failed: int, passed: int, command: str = "python -m pytest -q") -> Step:
    parts = ([f"{failed} failed"] if failed else []) + ([f"{passed} passed"] if passed else [])
    return shell(command, f"....\n{', '.join(parts)} in 0.12s\n", 1 if failed else 0)


def submit() -> Step:
    return turn((call("submit"), seen("", None)))


def empty(message: str = "") -> Step:
    return turn(message=message)


def run(*steps: Step, task: str = TASK) -> Trajectory:
    everything = (Step(step_id=1, source="user", message=task), *steps)
    numbered = tuple(s.model_copy(update={"step_id": i}) for i, s in enumerate(everything, 1))
    return Trajectory(trajectory_id="t", agent="a", steps=numbered)


def outcome(verdict: str = "unresolved", fixed: int = 0, total: int = 2, broken: int = 0, tamper: tuple[str, ...] = ()) -> Outcome:
    return Outcome(
        rollout_id="r",
        task_id="k",
        verdict=verdict,
        fail_to_pass_total=total,
        fail_to_pass_fixed=total if verdict == "resolved" else fixed,
        pass_to_pass_total=5,
        pass_to_pass_broken=broken,
        tamper=tamper,
    )


def rewarded(trajectory: Trajectory, result: Outcome | None = None, weights: Weights | None = None) -> Reward:
    scores = score_rules(trajectory, scorer_version="v")
    return reward("t", agent_steps(trajectory), outcome() if result is None else result, scores, weights or Weights())


def process(*steps: Step) -> float:
    found = rewarded(run(*steps)).process
    assert found is not None
    return found


HONEST = (
    shell("grep -rn parse_date src", "src/dates.py:1:def parse_date(text):"),
    view("src/dates.py"),
    pytest_run(2, 8),
    change("src/dates.py", "    month = int(text[5:7]) + 1", "    month = int(text[5:7])"),
    pytest_run(0, 10),
    submit(),
)
AIMLESS = (
    shell("ls", "src tests"),
    missing_file("src/date.py"),
    view("setup.py", "from setuptools import setup"),
    change("src/dates.py", "return", "return None", "old_string occurs 3 times"),
    change("src/util.py", "x = 1", "x = 2"),
    pytest_run(2, 8),
    change("src/util.py", "x = 2", "x = 1"),
    pytest_run(2, 8),
    submit(),
)

ERROR = 'Traceback (most recent call last):\n  File "repro.py", line 2, in <module>\n'
FIX = change("src/dates.py", "    month = int(text[5:7]) + 1", "    month = int(text[5:7])")


def last(*steps: Step) -> dict[str, StepScore]:
    """Scores of the last step, by rubric."""
    rows = score_rules(run(*steps), scorer_version="v")
    return {r.rubric_id: r for r in rows if r.step_id == len(steps) + 1}


def value(rubric: str, *steps: Step) -> float:
    score = last(*steps)[rubric].score
    assert score is not None
    return score


def rule(rubric: str, *steps: Step) -> str:
    return str(last(*steps)[rubric].evidence[0].rule_id)


_PATHS = st.sampled_from(["src/dates.py", "src/util.py", "tests/test_dates.py", "README.md", "/testbed/src/dates.py"])
_TEXTS = st.sampled_from(["x = 1", "x = 2", "    return month", "month", ""])
_OUTPUTS = st.sampled_from(["", SOURCE, "x = 1\nx = 2\n", "src/dates.py:2: month", "Traceback (most recent call last)", "ok"])
_COMMANDS = st.sampled_from(
    [
        "ls",
        "cat src/dates.py",
        "sed -n 1,2p src/dates.py",
        "grep -rn month src",
        "git diff",
        "git checkout -- src/dates.py",
        "git stash",
        "sed -i s/1/2/ src/dates.py",
        "touch new.py",
        "rm src/util.py",
        "python repro.py",
        "echo hello",
        "echo x = 1 > src/util.py",
        "cd src && cat util.py | head -3",
        "true",
        "git log --all",
        "python - <<'EOF'\nopen('src/dates.py','w').write('x')\nEOF",
        "make",
        "'unbalanced",
    ]
)
_PYTEST = st.sampled_from(["pytest", "python -m pytest -q", "pytest tests/test_dates.py", "pytest -x", "cd /testbed && pytest -k month"])

single = st.one_of(
    st.builds(view, _PATHS, _OUTPUTS),
    st.builds(lambda p, a, b: view(p, start_line=a, end_line=a + b), _PATHS, st.integers(1, 9), st.integers(0, 9)),
    st.builds(missing_file, _PATHS),
    st.builds(change, _PATHS, _TEXTS, _TEXTS, st.sampled_from([None, None, "old_string not found in file"])),
    st.builds(
        lambda failed, seconds: shell("python repro.py", f"took {seconds}s\n{RAISED if failed else 'fine'}\n", int(failed)),
        st.booleans(),
        st.sampled_from(["1.0", "2.0"]),
    ),
    st.builds(change, st.just("repro.py"), _TEXTS, _TEXTS),
    st.builds(typed, st.sampled_from(["src/dates.py", "src/util.py"]), st.integers(1, 3), _TEXTS),
    st.builds(shell, _COMMANDS, _OUTPUTS, st.sampled_from([0, 0, 1, 2, 127])),
    st.builds(pytest_run, st.integers(0, 4), st.integers(0, 4), _PYTEST),
    st.builds(lambda p, t: turn((call("file_write", path=p, content=t), seen("written", None))), _PATHS, _TEXTS),
    st.builds(lambda q, o: turn((call("search", pattern=q), seen(o, None))), _TEXTS, _OUTPUTS),
    st.builds(submit),
    st.builds(empty, st.sampled_from(["", "I will now look around."])),
    st.builds(lambda t: turn((call("think", thought=t), seen("", None))), _TEXTS),
    st.builds(lambda t: turn((call("other", "browse", url=t), seen(t, None))), _TEXTS),
)


def _both(a: Step, b: Step) -> Step:
    return turn(*zip((*a.tool_calls, *b.tool_calls), (*a.observations, *b.observations), strict=True))


agent_step = st.one_of(single, single, st.builds(_both, single, single))
steps_lists = st.lists(agent_step, min_size=1, max_size=14)
idle_step = st.one_of(
    st.builds(empty, st.text(max_size=20)),
    st.builds(lambda t: turn((call("think", thought=t), seen(t, None))), st.text(max_size=20)),
    st.builds(lambda t: shell(f"echo {t}", t), st.sampled_from(["a", "b", "src/dates.py", "parse_date"])),
    st.sampled_from([shell("true"), shell("pwd", "/testbed"), shell("sleep 1"), shell(""), shell("cd src")]),
    st.builds(lambda t: change("src/dates.py", t, t), st.sampled_from(["x = 1", "    return month"])),
)
outcomes = st.one_of(
    st.just(outcome("resolved")),
    st.builds(lambda f, b: outcome("unresolved", f, 2, b), st.integers(0, 2), st.integers(0, 1)),
)


def score_rules(trajectory: Trajectory, **options: Any) -> list[StepScore]:
    """Rule scores of a run as records; ``options`` are those of :func:`agentreward.rules.scorer.scored_run`."""
    return list(scored_run(trajectory, **options).records())
