"""Conversations with tools: both providers by their own SDKs, against a server on loopback that misbehaves."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from agentllm import errors
from agentllm import retries as module
from agentllm.chat import Chat, open_provider
from agentllm.conversation import AssistantMessage, Request, ToolMessage, ToolResult, ToolUse, UserMessage
from agentllm.cost_limit import CostLimiter
from agentllm.prices import Rates
from trajtests.llm.behaviour import Behaviour, failure, garbage, half, hang_up, overloaded, rate_limited, slow
from trajtests.llm.fake_server import FakeServer
from trajtests.llm.turns import declines, says

BOTH = pytest.mark.parametrize("provider", ["anthropic", "openai"])
EMPTY = {"type": "object", "properties": {}}
TOOLS = {
    "anthropic": ({"name": "look", "input_schema": EMPTY}, {"name": "go", "input_schema": EMPTY}),
    "openai": ({"type": "function", "function": {"name": "look", "parameters": EMPTY}},),
}
RATES = Rates(input=2, cache_write_5m=2, cache_write_1h=2, cache_read=1, output=10)
GOOD = says("done")
TALK = (
    UserMessage("the task"),
    AssistantMessage("I look", (ToolUse("a", "look", '{"at": 1}'), ToolUse("b", "look at this", "not json"))),
    ToolMessage((ToolResult("a", "42"), ToolResult("b", "no such tool", failed=True))),
    AssistantMessage(""),
    UserMessage("call a tool"),
)


def talk(provider: str, server: FakeServer, **more: object) -> Chat:
    return Chat(open_provider(provider, server.url, server.key_env), "claude-sonnet-5-5", **{"retries": 2, "timeout_s": 5.0, **more})  # type: ignore[arg-type]


def request(provider: str, **more: object) -> Request:
    return replace(Request("be good", TOOLS[provider], (UserMessage("hello"),)), **more)  # type: ignore[arg-type]


@BOTH
def test_text_thoughts_and_two_calls_come_back_with_usage_and_cost(provider: str) -> None:
    turn = says("I see", ("look", {"at": 1}), ("go", {"to": "b"}), thoughts="hm", prompt=1_000_000, cached=400_000, output=100_000)
    with FakeServer([turn]) as server:
        reply = talk(provider, server, rates=RATES).reply(request(provider))
    assert (reply.text, reply.reasoning, reply.stop, reply.retries) == ("I see", "hm", "calls", 0)
    assert [(c.name, c.arguments) for c in reply.calls] == [("look", '{"at": 1}'), ("go", '{"to": "b"}')]
    assert len({c.id for c in reply.calls}) == 2
    assert (reply.usage.input, reply.usage.cache_read, reply.usage.output) == (600_000, 400_000, 100_000)
    assert reply.cost_usd == pytest.approx(1.2 + 0.4 + 1.0)
    assert reply.seconds > 0


@BOTH
def test_arguments_that_are_no_json_come_back_as_they_were_written(provider: str) -> None:
    with FakeServer([says("", ("look", '{"at": '))]) as server:
        (call,) = talk(provider, server).reply(request(provider)).calls
    assert call.arguments == '{"at": '


@BOTH
@pytest.mark.parametrize(("turn", "stop"), [(says("x", stop="length"), "length"), (declines("no"), "refusal"), (says(""), "end")])
def test_every_way_to_stop_has_a_name(provider: str, turn: Behaviour, stop: str) -> None:
    with FakeServer([turn]) as server:
        reply = talk(provider, server).reply(request(provider))
    assert (reply.stop, reply.calls) == (stop, ())
    assert reply.text == {"length": "x", "refusal": "no", "end": ""}[stop]


def test_messages_carry_cache_marks_results_and_no_empty_text() -> None:
    with FakeServer([GOOD]) as server:
        talk("anthropic", server).reply(request("anthropic", messages=TALK, stable=3, temperature=0.5, seed=3))
        (sent,) = server.requests
    mark = {"type": "ephemeral"}
    assert sent["system"] == [{"type": "text", "text": "be good", "cache_control": mark}]
    assert [tool.get("cache_control") for tool in sent["tools"]] == [None, mark]
    roles = [m["role"] for m in sent["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert sent["messages"][1]["content"][1:] == [
        {"type": "tool_use", "id": "a", "name": "look", "input": {"at": 1}},
        {"type": "tool_use", "id": "b", "name": "look_at_this", "input": {"unreadable": "not json"}},
    ]
    results = sent["messages"][2]["content"]
    assert results[0] == {"type": "tool_result", "tool_use_id": "a", "content": "42"}
    assert results[1] == {"type": "tool_result", "tool_use_id": "b", "content": "no such tool", "is_error": True, "cache_control": mark}
    assert sent["messages"][3]["content"][0]["text"]
    assert not {"temperature", "top_p", "seed"} & set(sent)


def test_chat_completions_carry_calls_results_and_sampling() -> None:
    with FakeServer([GOOD]) as server:
        talk("openai", server).reply(request("openai", messages=TALK, temperature=0.5, top_p=0.9, seed=3, max_tokens=77))
        (sent,) = server.requests
    assert [m["role"] for m in sent["messages"]] == ["system", "user", "assistant", "tool", "tool", "assistant", "user"]
    first, second = sent["messages"][2]["tool_calls"]
    assert first == {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
    assert second["function"] == {"name": "look_at_this", "arguments": '{"unreadable": "not json"}'}
    assert sent["messages"][4] == {"role": "tool", "tool_call_id": "b", "content": "no such tool"}
    assert (sent["temperature"], sent["top_p"], sent["seed"], sent["max_tokens"]) == (0.5, 0.9, 3, 77)


@BOTH
def test_signed_thoughts_go_back_with_their_turn(provider: str) -> None:
    with FakeServer([says("I see", ("look", {}), thoughts="hm"), GOOD]) as server:
        client = talk(provider, server)
        reply = client.reply(request(provider))
        (call,) = reply.calls
        turns = (UserMessage("hello"), AssistantMessage(reply.text, reply.calls, reply.carried), ToolMessage((ToolResult(call.id, "42"),)))
        client.reply(request(provider, messages=turns))
        turn = next(m for m in server.requests[1]["messages"] if m["role"] == "assistant")
    if provider == "anthropic":
        assert turn["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "signed"}
    else:
        assert turn["reasoning_content"] == "hm"


@BOTH
@pytest.mark.parametrize("fault", [rate_limited(), overloaded(), failure(500), hang_up(), half(GOOD), garbage()])
def test_a_passing_fault_is_retried_and_counted(provider: str, fault: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.001)
    with FakeServer([fault, GOOD]) as server:
        client = talk(provider, server)
        assert client.reply(request(provider)).retries == 1
        assert len(server.requests) == 2
    assert (client.ledger.total.retries, client.ledger.total.failed) == (1, 0)


@BOTH
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (rate_limited(), errors.RateLimited),
        (overloaded(), errors.Overloaded),
        (hang_up(), errors.ConnectionLost),
        (half(GOOD), errors.ConnectionLost),
        (garbage(), errors.BadResponse),
        (garbage("[]"), errors.BadResponse),
    ],
)
def test_a_lasting_fault_is_a_service_failure(
    provider: str, fault: Behaviour, kind: type[errors.ServiceFailure], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.001)
    with FakeServer([fault]) as server:
        with pytest.raises(kind):
            talk(provider, server).reply(request(provider))
        assert len(server.requests) == 3


@BOTH
def test_the_service_says_how_long_to_wait(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waited.append)
    with FakeServer([rate_limited(retry_after="7"), GOOD]) as server:
        talk(provider, server).reply(request(provider))
        assert 7.0 in waited
    with FakeServer([rate_limited(retry_after="100000")]) as server:
        with pytest.raises(errors.RateLimited):
            talk(provider, server).reply(request(provider))
        assert len(server.requests) == 1


@BOTH
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (failure(401, text="bad key"), errors.RequestRejected),
        (failure(404, text="no such model"), errors.RequestRejected),
        (failure(429, text="insufficient_quota: add money"), errors.RequestRejected),
        (failure(413), errors.TooLong),
        (failure(400, text="This model's maximum context length is 8192 tokens"), errors.TooLong),
    ],
)
def test_what_no_retry_mends_is_raised_at_once(provider: str, fault: Behaviour, kind: type[errors.LLMError]) -> None:
    with FakeServer([fault]) as server:
        with pytest.raises(kind):
            talk(provider, server).reply(request(provider))
        assert len(server.requests) == 1


@BOTH
def test_a_model_that_is_at_work_at_the_deadline_is_out_of_time_and_a_service_that_failed_is_not(provider: str) -> None:
    with FakeServer([slow(GOOD, 2.0)]) as server, pytest.raises(errors.OutOfTime):
        talk(provider, server).reply(request(provider, deadline=time.monotonic() + 0.2))
    with FakeServer([rate_limited(retry_after="60")]) as server, pytest.raises(errors.RateLimited):
        talk(provider, server).reply(request(provider, deadline=time.monotonic() + 5.0))


@BOTH
def test_a_key_is_never_logged(provider: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_VARIABLE", "sk-secret-value")
    with caplog.at_level(logging.DEBUG), FakeServer([failure(401), GOOD]) as server:
        client = Chat(open_provider(provider, server.url, "SECRET_KEY_VARIABLE"), "m")
        with pytest.raises(errors.RequestRejected) as caught:
            client.reply(request(provider))
        client.reply(request(provider))
        assert any("sk-secret-value" in str(h) for h in server.headers)
    assert "sk-secret-value" not in caplog.text + repr(client) + str(caught.value)


def test_a_local_server_needs_no_key_and_others_say_which_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(errors.NotConfigured, match="OPENAI_API_KEY"):
        open_provider("openai")
    with pytest.raises(errors.NotConfigured, match="anthropic, openai"):
        open_provider("nobody")
    with FakeServer([GOOD]) as server:
        assert Chat(open_provider("openai", server.url, ""), "local").reply(request("openai")).text == "done"


def test_a_model_without_a_price_costs_nothing_known() -> None:
    with FakeServer([says("x", model="someone-elses")]) as server:
        client = Chat(open_provider("openai", server.url, server.key_env), "someone-elses")
        assert not client.priced
        assert client.reply(request("openai")).cost_usd is None


@BOTH
@pytest.mark.parametrize("threads", [1, 8])
def test_a_cost_limit_is_exceeded_by_one_call_at_most(provider: str, threads: int) -> None:
    with FakeServer([slow(says("x", prompt=10, output=8_000), 0.01)]) as server:  # 0.08 dollars: all that the request allows
        limiter = CostLimiter(0.5)
        client = talk(provider, server, rates=RATES, cost_limiter=limiter)

        def ask(_: int) -> str:
            try:
                return client.reply(request(provider)).text
            except errors.OutOfMoney as refused:
                return str(refused)

        with ThreadPoolExecutor(threads) as pool:
            said = list(pool.map(ask, range(30)))
    assert 0.5 <= limiter.spent_usd <= 0.5 + 0.081
    assert said.count("x") == 7
    assert all("money limit of the run, 0.5 USD" in text for text in said if text != "x")


def test_a_closed_limiter_lets_nobody_in_and_wakes_who_waits() -> None:
    limiter = CostLimiter(1.0)
    with ThreadPoolExecutor(1) as pool, limiter.call(0.9) as pay:
        waiting = pool.submit(lambda: limiter.call(0.9).__enter__())
        pay(0.1)
        limiter.close("the run was stopped")
        with pytest.raises(errors.OutOfMoney, match="stopped"):
            waiting.result(timeout=5)
