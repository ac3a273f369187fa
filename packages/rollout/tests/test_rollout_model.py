"""A language model as an agent: one loop with every other agent, in a real box, against a server that misbehaves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agentgrader.grade import grade
from agentllm import retries
from agentllm.chat import Chat, open_provider
from agentllm.conversation import AssistantMessage, ToolMessage, UserMessage
from agentllm.cost_limit import CostLimiter
from agentllm.prices import Rates
from agentrecorder.events import trajectory_of
from agentrollout.loop import Budget, rollout
from agentrollout.models.agent import Sampling, conversation, model_agent
from agentrollout.policies.calls import file_read, shell, submit, turn
from agentrollout.policy import Exchange, TaskView
from agentrollout.tool_loop import NO_CALL
from agentsandbox.backends import choose
from agentsandbox.errors import BackendUnavailable
from agentsandbox.sandbox import Backend
from trajschema.rollout import Limits, Rollout
from trajschema.task import Task
from trajschema.trajectory import Observation
from trajtests.llm.behaviour import failure, half, overloaded, rate_limited, slow
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import declines, says

BOTH = pytest.mark.parametrize("provider", ["anthropic", "openai"])
PATH = "src/tiny/shelf.py"
RATES = Rates(input=1, cache_write_5m=1, cache_write_1h=1, cache_read=0, output=10)
LOOK = ("shell", {"command": "git status --short"})
SUBMIT = says("Done.", ("submit", {}))
VIEW = TaskView("It fails.", "/testbed", ("pytest", "-q"), (), (), 25, 60.0)


@pytest.fixture(scope="session")
def isolating(environments: Path) -> Backend:
    """Boxes that hold in agents which are not ours."""
    try:
        return choose("bubblewrap", environments=environments)
    except BackendUnavailable as problem:
        pytest.skip(f"no bubblewrap: {problem.what}")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE_S", 0.001)


Act = Callable[..., Rollout]


@pytest.fixture
def act(task: Task, tree: bytes, isolating: Backend) -> Act:
    """Runs an attempt of the model behind a server."""

    def run(
        provider: str, server: FakeServer, budget: Budget | None = None, temperature: float | None = None, usd: float | None = None
    ) -> Rollout:
        chat = Chat(open_provider(provider, server.url, server.key_env), "some-model", 2, 10.0, CostLimiter(usd), RATES)
        spec = model_agent("some", provider, chat, Sampling(temperature=temperature), code="0")
        return rollout(task, tree, spec.agent, 0, 1, isolating, Limits(), budget or Budget(), spec)

    return run


def edit(before: str, after: str) -> tuple[str, dict[str, Any]]:
    return ("file_edit", {"path": PATH, "old_string": before, "new_string": after})


@BOTH
def test_a_task_is_solved_through_every_fault_and_the_record_shows_each_turn(
    provider: str, act: Act, task: Task, tree: bytes, isolating: Backend
) -> None:
    script = [
        rate_limited(),
        says("I look.", LOOK, ("file_read", {"path": PATH})),
        overloaded(),
        says("I think aloud."),
        half(says("never whole")),
        says("I guess a tool.", ("teleport", {"to": "bug"})),
        says("I repair.", edit("self.low < number", "self.low <= number"), edit("max(items) + min", "max(items) - min")),
        says("I slip.", ("shell", '{"command": "ls')),
        declines("I would rather not."),
        failure(500),
        says("I test.", ("shell", {"command": "python -m pytest -q tests"})),
        SUBMIT,
    ]
    with FakeServer(script) as server:
        run = act(provider, server, temperature=0.2 if provider == "openai" else None)
        assert len(server.requests) == len(script)
    assert (run.exit, run.exit_reason) == ("submitted", "")
    assert grade(task, tree, run.final_diff, isolating, Limits(), rollout_id=run.rollout_id, grader_version="1").verdict == "resolved"
    trajectory = trajectory_of(run)
    assert trajectory.unread == ()
    assert (trajectory.agent, trajectory.model) == ("some", "some-model")
    told = [(s.source, s.message, len(s.tool_calls), s.flags) for s in trajectory.steps[1:]]
    assert told == [
        ("agent", "I look.", 2, ()),
        ("agent", "I think aloud.", 0, ("malformed",)),
        ("user", NO_CALL, 0, ()),
        ("agent", "I guess a tool.", 1, ("malformed",)),
        ("agent", "I repair.", 2, ()),
        ("agent", "I slip.", 1, ("malformed",)),
        ("agent", "I would rather not.", 0, ("malformed",)),
        ("user", NO_CALL, 0, ()),
        ("agent", "I test.", 1, ()),
        ("agent", "Done.", 1, ()),
    ]
    answers = [o for s in trajectory.steps for o in s.observations]
    assert "unknown tool 'teleport'" in str(answers[2].error)
    assert "not JSON" in str(answers[5].error)
    assert all(s.usage and s.usage.prompt_tokens == 1_000 for s in trajectory.steps if s.source == "agent")
    assert (run.usage.prompt_tokens, run.usage.completion_tokens) == (8_000, 400)
    assert run.usage.cost_usd == pytest.approx(8 * (0.001 + 0.0005))
    parameters = json.loads(run.agent.parameters)
    assert (parameters["provider"], parameters["max_tokens"]) == (provider, 8_000)


@BOTH
def test_three_malformed_turns_in_a_row_end_the_run(provider: str, act: Act) -> None:
    with FakeServer([says("hm"), says("", LOOK), says("hm"), says(""), declines()]) as server:
        run = act(provider, server)
    assert (run.exit, run.exit_reason) == ("limit", "3 turns in a row were malformed")
    assert run.usage.steps == 5


@BOTH
@pytest.mark.parametrize(
    ("budget", "reason", "steps"),
    [
        (Budget(steps=2), "2 turns were taken", 2),
        (Budget(tokens=3_000), "3150 of 3000 tokens were used", 3),
        (Budget(usd=0.005), r"0.0060 of 0.005 US dollars were spent", 4),
    ],
)
def test_each_budget_ends_the_run_and_keeps_its_diff(provider: str, act: Act, budget: Budget, reason: str, steps: int) -> None:
    with FakeServer([says("", ("file_write", {"path": "note.txt", "content": "mine\n"})), says("", LOOK)]) as server:
        run = act(provider, server, budget)
    assert (run.exit, run.exit_reason, run.usage.steps) == ("limit", reason, steps)
    assert "+mine" in run.final_diff


@BOTH
def test_a_straggler_is_cut_at_its_time_and_keeps_what_it_did(provider: str, act: Act) -> None:
    with FakeServer([says("", ("file_write", {"path": "note.txt", "content": "mine\n"})), slow(SUBMIT, 8.0)]) as server:
        run = act(provider, server, Budget(seconds=1.5))
    assert run.exit == "limit"
    assert "1.5 seconds had passed" in run.exit_reason
    assert "+mine" in run.final_diff


@BOTH
def test_a_full_context_is_a_limit_and_a_service_that_is_away_is_infrastructure(provider: str, act: Act) -> None:
    with FakeServer([says("", LOOK), failure(400, text="prompt is too long: 300000 tokens")]) as server:
        full = act(provider, server)
    assert (full.exit, "context window is full" in full.exit_reason) == ("limit", True)
    with FakeServer([says("", LOOK), overloaded()]) as server:
        away = act(provider, server)
        assert len(server.requests) == 1 + 3
    assert (away.exit, "HTTP 529" in away.exit_reason) == ("infrastructure", True)
    with FakeServer([failure(401, text="bad key")]) as server:
        assert act(provider, server).exit == "infrastructure"


@BOTH
def test_a_reached_cost_limit_ends_the_attempt_as_unfinished(provider: str, act: Act) -> None:
    with FakeServer([says("", LOOK, output=1_000)]) as server:
        run = act(provider, server, usd=0.03)
        assert len(server.requests) == 3
    assert (run.exit, "money limit of the run" in run.exit_reason) == ("infrastructure", True)


def test_an_answer_that_is_cut_off_says_so(act: Act) -> None:
    with FakeServer([says("I was about to", stop="length"), says("half a call", LOOK, stop="length"), SUBMIT]) as server:
        steps = trajectory_of(act("anthropic", server)).steps
    assert [s.flags for s in steps if s.source == "agent"] == [("malformed", "truncated"), ("truncated",), ()]


def seen(*texts: str) -> tuple[Observation, ...]:
    return tuple(Observation(tool_call_id=f"call_{n}", content=text) for n, text in enumerate(texts))


def heard(history: list[Exchange], full: int) -> tuple[list[str], int]:
    messages, stable = conversation(VIEW, history, full, {})
    return [r.text for m in messages if isinstance(m, ToolMessage) for r in m.results], stable


def test_old_observations_fold_to_a_line_and_what_will_come_again_is_named() -> None:
    pair = Exchange(turn("", shell("a"), shell("b")), seen("1\n2\n3\n", "one line"))
    single = Exchange(turn("", file_read("x")), seen("4\n5"))
    history = [pair, single, single]
    texts, stable = heard(history, 2)
    assert texts == ["[3 lines of output are left out here; call again to see them]", "one line", "4\n5", "4\n5"]
    assert stable == 4
    again, _ = heard([*history, single], 2)
    assert again[:2] == texts[:2]
    assert heard(history, 99) == (["1\n2\n3", "one line", "4\n5", "4\n5"], 7)
    assert all("left out" in text or "\n" not in text for text in heard(history, 0)[0])


def test_the_prefix_that_is_named_stable_is_the_same_in_the_next_request() -> None:
    exchange = Exchange(turn("", file_read("x")), seen("4\n5"))
    silent = Exchange(turn("hm"), (), NO_CALL)
    for full in (1, 2, 5):
        history = [exchange, silent, exchange, exchange, exchange, silent, exchange]
        for length in range(len(history)):
            now, stable = conversation(VIEW, history[:length], full, {})
            later, _ = conversation(VIEW, history[: length + 1], full, {})
            assert later[:stable] == now[:stable]


def test_a_turn_without_a_call_is_followed_by_what_was_said() -> None:
    messages, _ = conversation(VIEW, [Exchange(turn("hm"), (), NO_CALL), Exchange(turn("", submit()), seen(""))], 5, {})
    assert [type(m) for m in messages] == [UserMessage, AssistantMessage, UserMessage, AssistantMessage, ToolMessage]
    assert "It fails." in str(messages[0])
    assert messages[-1].results[0].text == "(no output)"  # type: ignore[union-attr]
