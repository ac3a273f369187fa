"""A recording replays the same; what was tampered with differs, and only that."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from agentsandbox.eventlog import trajectory_of
from agentsandbox.records import bare_task
from agentsandbox.replay.compare import View, difference, holds_still, is_unordered, left_out, view
from agentsandbox.replay.run import ReplayReport, replay
from agentsandbox.sandbox import Backend
from agentsandbox.session import Session
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from trajschema.event import Event
from trajschema.normalise import normalise
from trajschema.rollout import Limits
from trajschema.task import Environment, Task
from trajschema.trajectory import Observation, Step, ToolCall, Trajectory

LIMITS = Limits(call_timeout_s=20, output_bytes=2000)
FILES = {
    "calc.py": "import random\n\n\ndef add(a, b):\n    return a - b\n\n\ndef pick():\n    return random.random()\n",
    "tests/test_calc.py": "from calc import add, pick\n\n\ndef test_add(tmp_path):\n    assert add(1, 2) == pick(), tmp_path\n",
}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("file_read", {"path": "calc.py"}),
    ("search", {"pattern": "add"}),
    ("shell", {"command": "find . -name '*.py'; ls -l"}),
    ("shell", {"command": "echo out; echo err >&2; exit 3"}),
    ("shell", {"command": "python -m pytest -q"}),
    ("shell", {"command": 'seq 1 2000; date; mktemp; python -c \'print(object(), {"b", "a"})\''}),
    ("file_edit", {"path": "calc.py", "old_string": "a - b", "new_string": "a + b"}),
    ("file_edit", {"path": "calc.py", "old_string": "nowhere", "new_string": "x"}),
    ("file_read", {"file": "calc.py"}),
    ("git", {"args": ["status", "--short"]}),
    ("shell", {"command": "printf '\\377\\0x\\n' > new.bin; cat new.bin"}),
    ("submit", {}),
)


class Events:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def emit(self, event: Event) -> None:
        self.lines.append(event.model_dump_json())


@pytest.fixture(scope="session")
def tree(tar: Callable[..., bytes]) -> bytes:
    return tar(FILES)


@pytest.fixture(scope="session")
def task(tree: bytes) -> Task:
    return bare_task(tree, Environment())


def recorded(backend: Backend, task: Task, tree: bytes, calls: tuple[tuple[str, dict[str, Any]], ...] = CALLS) -> Trajectory:
    sink = Events()
    with backend.open(LIMITS, task.environment) as box:
        box.load(tree)
        session = Session(box, sink, task.task_id)
        for tool, arguments in calls:
            session.call(tool, arguments)
        session.end("submitted")
    return trajectory_of("\n".join(sink.lines).encode())


@pytest.fixture(scope="session")
def recording(quick_backend: Backend, task: Task, tree: bytes) -> Trajectory:
    return recorded(quick_backend, task, tree)


def with_step(trajectory: Trajectory, index: int, step: Step) -> Trajectory:
    return trajectory.model_copy(update={"steps": (*trajectory.steps[:index], step, *trajectory.steps[index + 1 :])})


def differing(report: ReplayReport) -> list[int]:
    return [step.step_id for step in report.steps if step.status == "differs"]


def test_a_recording_replays_the_same(backend: Backend, task: Task, tree: bytes) -> None:
    trajectory = recorded(backend, task, tree)
    report = replay(trajectory, task, tree, backend, LIMITS)
    assert [call.diff for step in report.steps for call in step.calls if call.status != "same"] == []
    assert report.status == report.end.status == "same"
    assert report.counts == {"same": len(CALLS), "differs": 0, "not_replayable": 0}
    assert report.provenance.backend == backend.name
    assert "+    return a + b" in trajectory.final_diff


def test_a_recording_of_one_backend_replays_the_same_on_another(
    strong_backend: Backend, recording: Trajectory, task: Task, tree: bytes
) -> None:
    calls = {call.status for step in replay(recording, task, tree, strong_backend, LIMITS).steps[:4] for call in step.calls}
    assert calls == {"same"}


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_tampering_with_one_observation_is_found_where_it_was_done(
    quick_backend: Backend, recording: Trajectory, task: Task, tree: bytes, data: st.DataObject
) -> None:
    index = data.draw(st.sampled_from([n for n, step in enumerate(recording.steps) if step.tool_calls]))
    step = recording.steps[index]
    (seen,) = step.observations
    forged = data.draw(forgeries(seen))
    unordered = is_unordered(step.tool_calls[0].name, json.loads(step.tool_calls[0].arguments))
    assume(view(forged, unordered=unordered) != view(seen, unordered=unordered))
    tampered = with_step(recording, index, step.model_copy(update={"observations": (forged,)}))
    report = replay(tampered, task, tree, quick_backend, LIMITS)
    assert differing(report) == [step.step_id]
    assert report.status == "differs"


def forgeries(seen: Observation) -> st.SearchStrategy[Observation]:
    """The observation with its text, its exit status or its error changed."""
    lines = seen.content.split("\n")
    place = st.integers(0, len(lines) - 1)
    words = st.sampled_from(["1 passed", "FAILED", "x", "0", "é"])
    changed = st.builds(lambda n, word: "\n".join([*lines[:n], lines[n] + word, *lines[n + 1 :]]), place, words)
    dropped = place.map(lambda n: "\n".join([*lines[:n], *lines[n + 1 :]]))
    return st.one_of(
        (changed | dropped).map(lambda text: seen.model_copy(update={"content": text})),
        st.sampled_from([None, 0, 1, 139]).map(lambda code: seen.model_copy(update={"exit_code": code})),
        st.sampled_from([None, "timed out"]).map(lambda error: seen.model_copy(update={"error": error})),
    )


def test_an_answer_that_varies_from_run_to_run_is_not_taken_for_a_forged_one(quick_backend: Backend, task: Task, tree: bytes) -> None:
    calls = (("shell", {"command": "echo $RANDOM $RANDOM"}), ("shell", {"command": "echo steady"}))
    report = replay(recorded(quick_backend, task, tree, calls), task, tree, quick_backend, LIMITS)
    assert [call.status for step in report.steps for call in step.calls] == ["not_replayable", "same"]
    assert "varies" in report.steps[0].calls[0].why
    assert report.status == "same"


VARYING = (("shell", {"command": "ls; python3 -c 'import random; print(random.SystemRandom().random())'; echo $RANDOM; cat calc.py"}),)


def forged(trajectory: Trajectory, **changes: Any) -> Trajectory:
    """The recording with its last observation changed."""
    step = trajectory.steps[-1]
    (seen,) = step.observations
    return with_step(trajectory, len(trajectory.steps) - 1, step.model_copy(update={"observations": (seen.model_copy(update=changes),)}))


@pytest.mark.soak
def test_of_an_answer_that_varies_only_the_lines_that_vary_are_passed_over(quick_backend: Backend, task: Task, tree: bytes) -> None:
    log = recorded(quick_backend, task, tree, VARYING)
    report = replay(log, task, tree, quick_backend, LIMITS)
    assert (report.status, report.steps[0].calls[0].why) == ("same", "not compared: lines that vary from run to run")
    for old, new in (("return a - b", "return a + b"), ("calc.py\n", ""), ("tests\n", "tests\nmore\n")):
        assert old in log.steps[-1].observations[0].content
        tampered = forged(log, content=log.steps[-1].observations[0].content.replace(old, new))
        assert differing(replay(tampered, task, tree, quick_backend, LIMITS)) == [log.steps[-1].step_id]
    assert replay(forged(log, exit_code=1), task, tree, quick_backend, LIMITS).status == "differs"


@pytest.mark.parametrize("command", ["seq 5000", "printf 'a\\377b'"], ids=["cut", "no text"])
def test_size_and_hash_of_what_the_text_does_not_tell_are_compared(quick_backend: Backend, task: Task, tree: bytes, command: str) -> None:
    log = recorded(quick_backend, task, tree, (("shell", {"command": command}),))
    honest = replay(log, task, tree, quick_backend, LIMITS)
    assert (honest.status, honest.steps[0].calls[0].why) == ("same", "")
    for changes in ({"content_sha256": "0" * 64}, {"total_bytes": 5}):
        report = replay(forged(log, **changes), task, tree, quick_backend, LIMITS)
        assert report.status == "differs"
        assert f"-{'sha256' if 'content_sha256' in changes else 'total bytes'}: " in report.steps[0].calls[0].diff


def test_the_middle_of_a_cut_output_with_a_clock_is_said_not_to_be_compared(quick_backend: Backend, task: Task, tree: bytes) -> None:
    log = recorded(quick_backend, task, tree, (("shell", {"command": "date +%FT%T.%N; seq 5000"}),))
    report = replay(log, task, tree, quick_backend, LIMITS)
    assert report.status == "same"
    assert "the middle of an output that was cut" in report.steps[0].calls[0].why


def test_a_replay_that_compared_no_call_is_not_the_same(quick_backend: Backend, task: Task, tree: bytes) -> None:
    report = replay(
        recorded(quick_backend, task, tree, (("shell", {"command": "echo $RANDOM$RANDOM"}),)), task, tree, quick_backend, LIMITS
    )
    assert (report.end.status, report.status) == ("same", "not_replayable")


def test_a_file_whose_content_varies_makes_no_difference_at_the_end(quick_backend: Backend, task: Task, tree: bytes) -> None:
    calls = (("shell", {"command": "head -c 9 /dev/urandom | base64 > new.txt; echo steady > old.txt"}),)
    log = recorded(quick_backend, task, tree, calls)
    assert replay(log, task, tree, quick_backend, LIMITS).end.status == "same"
    tampered = log.model_copy(update={"final_diff": log.final_diff.replace("+steady", "+forged")})
    assert replay(tampered, task, tree, quick_backend, LIMITS).end.status == "differs"


def test_a_forged_diff_of_the_end_is_found(quick_backend: Backend, recording: Trajectory, task: Task, tree: bytes) -> None:
    forged = recording.model_copy(update={"final_diff": recording.final_diff.replace("a + b", "3.0")})
    report = replay(forged, task, tree, quick_backend, LIMITS)
    assert differing(report) == []
    assert report.end.status == report.status == "differs"
    assert "+-+    return 3.0" in report.end.diff or "-+    return 3.0" in report.end.diff


def test_a_left_out_call_shows_in_what_follows(quick_backend: Backend, recording: Trajectory, task: Task, tree: bytes) -> None:
    edit = next(n for n, s in enumerate(recording.steps) if s.tool_calls and s.tool_calls[0].name == "file_edit")
    report = replay(
        with_step(recording, edit, recording.steps[edit].model_copy(update={"tool_calls": ()})), task, tree, quick_backend, LIMITS
    )
    assert report.end.status == "differs"


def converted(*calls: tuple[str, str, str, str]) -> Trajectory:
    """An outside log: canonical name, raw name, arguments, and what was seen."""
    steps = tuple(
        Step(
            step_id=n,
            source="agent",
            tool_calls=(ToolCall(tool_call_id=f"c{n}", name=name, raw_name=raw, arguments=arguments),),  # type: ignore[arg-type]
            observations=(Observation(tool_call_id=f"c{n}", content=seen),),
        )
        for n, (name, raw, arguments, seen) in enumerate(calls, 1)
    )
    return Trajectory(trajectory_id="t", task_id="x", agent="a", source_format="elsewhere", steps=steps)


def test_of_a_converted_log_each_call_is_replayed_that_can_be(quick_backend: Backend, task: Task, tree: bytes) -> None:
    log = converted(
        ("shell", "execute_bash", '{"command": "cat tests/test_calc.py | wc -l"}', "5\n"),
        ("file_read", "str_replace_editor", '{"command": "view", "path": "calc.py"}', "..."),
        ("other", "browser", "{}", "a page"),
        ("think", "think", '{"thought": "hm"}', "Your thought has been logged."),
        ("shell", "bash", "{half", "?"),
        ("shell", "bash", '{"command": "curl -s --max-time 1 http://192.0.2.1/"}', "<html>"),
    )
    report = replay(log, task, tree, quick_backend, LIMITS)
    assert [step.status for step in report.steps] == ["same", *["not_replayable"] * 5]
    said = [step.calls[0].why for step in report.steps]
    for why, part in zip(said[1:], ("unknown argument", "no tool 'browser'", "thought", "malformed", "network"), strict=True):
        assert part in why
    assert report.end.status == "not_replayable"
    assert report.status == "same"


texts = st.text(st.sampled_from("ab 1.\n"), max_size=12)


@given(texts, texts)
def test_texts_differ_just_when_their_normal_forms_do(one: str, other: str) -> None:
    told = difference(view(Observation(content=one), unordered=False), view(Observation(content=other), unordered=False))
    assert bool(told) == (normalise(one) != normalise(other))


lines = st.lists(st.sampled_from("abc"), max_size=8).map(tuple)


@given(lines, lines, lines, st.booleans())
def test_what_one_of_the_replays_said_never_differs(
    one: tuple[str, ...], two: tuple[str, ...], three: tuple[str, ...], unordered: bool
) -> None:
    views = [View(tuple(sorted(v)) if unordered else v, unordered=unordered) for v in (one, two, three)]
    assert [difference(v, *views) for v in views] == ["", "", ""]


@pytest.mark.parametrize(
    ("recorded", "same"),
    [("a 5 b c", True), ("a b c", False), ("a 5 6 b c", False), ("5 b c", False), ("a 5 x c", False), ("a 5 b c d", False), ("", False)],
)
def test_a_line_that_varies_stands_for_one_line(recorded: str, same: bool) -> None:
    views = [View(tuple(text.split())) for text in (recorded, "a 1 b c", "a 2 b c")]
    assert (difference(*views) == "") is same
    assert holds_still(*views[1:])
    assert left_out(*views) == "not compared: lines that vary from run to run"


@pytest.mark.parametrize(("recorded", "same"), [("a b", True), ("a 7 8 9 b", True), ("a 7 8 9", False), ("7 a b", False), ("b a", False)])
def test_lines_that_vary_in_number_stand_for_any_number(recorded: str, same: bool) -> None:
    assert (difference(*(View(tuple(text.split())) for text in (recorded, "a 1 b", "a 2 3 b"))) == "") is same


@pytest.mark.parametrize(("recorded", "same"), [("0 a b", True), ("a b z", True), ("a b", False), ("0 1 b", False), ("0 a b z", False)])
def test_in_a_listing_a_line_that_varies_may_stand_anywhere(recorded: str, same: bool) -> None:
    assert (difference(*(View(tuple(text.split()), unordered=True) for text in (recorded, "1 a b", "a b c"))) == "") is same


@given(st.permutations(["a.py", "b.py", "c/d.py", "e"]))
def test_the_order_of_a_listing_means_nothing(lines: list[str]) -> None:
    one, other = (Observation(content="\n".join(names)) for names in (lines, sorted(lines)))
    assert not difference(view(one, unordered=True), view(other, unordered=True))


@pytest.mark.parametrize(
    ("command", "unordered"),
    [
        ("ls", True),
        ("cd src && find . -name '*.py' | grep -v test | head -5", True),
        ("git status --short", True),
        ("grep -rn 'x; y' src 2>/dev/null", True),
        ("grep -n x a.py", False),
        ("cat a.py", False),
        ("ls | xargs cat", False),
        ("find . -exec cat {} +", True),
        ("git log", False),
        ("ls; cat 'unbalanced", False),
        ("", False),
    ],
)
def test_a_listing_is_a_command_that_lists_and_does_nothing_else(command: str, unordered: bool) -> None:
    assert is_unordered("shell", {"command": command}) is unordered


def test_a_report_is_frozen(quick_backend: Backend, recording: Trajectory, task: Task, tree: bytes) -> None:
    report = replay(recording, task, tree, quick_backend, LIMITS)
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.task_id = "x"  # type: ignore[misc]
