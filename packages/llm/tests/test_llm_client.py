"""The client against a real HTTP server on loopback that misbehaves."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from agentllm import errors
from agentllm.client import Client
from agentllm.prices import read_prices
from pydantic import BaseModel, Field
from trajtests.llm.behaviour import (
    Behaviour,
    cut_off,
    failure,
    garbage,
    half,
    hang_up,
    message,
    overloaded,
    rate_limited,
    refusal,
    reply,
)
from trajtests.llm.fake_server import FakeServer


class Mark(BaseModel):
    score: float = Field(ge=0, le=1)
    quote: str


GOOD = reply({"score": 0.75, "quote": "it ran the tests"})


def client(server: FakeServer, **more: object) -> Client:
    return Client(base_url=server.url, api_key_env=server.key_env, max_retries=2, timeout_s=5.0, today=lambda: date(2026, 11, 1), **more)  # type: ignore[arg-type]


def test_a_good_answer_is_parsed_and_counted() -> None:
    with FakeServer([reply({"score": 1, "quote": "x"}, input_tokens=1_000_000, output_tokens=1_000_000)]) as server:
        judge = client(server)
        answer = judge.ask("system text", "question", Mark)
    assert answer.value == Mark(score=1, quote="x")
    assert (answer.usage.input, answer.usage.output, answer.cached) == (1_000_000, 1_000_000, False)
    assert answer.cost_usd == pytest.approx(12.0)
    assert judge.ledger.total.calls == 1
    assert judge.ledger.total.cost_usd == pytest.approx(12.0)


def test_the_wire_carries_schema_system_cache_mark_and_bearer_key() -> None:
    with FakeServer([GOOD]) as server:
        client(server).ask("system text", "question", Mark, model="claude-opus-5-5", max_tokens=77)
        sent, headers = server.requests[0], server.headers[0]
    assert sent["model"] == "claude-opus-5-5"
    assert sent["max_tokens"] == 77
    assert sent["system"][0]["text"] == "system text"
    assert sent["system"][0]["cache_control"]["type"] == "ephemeral"
    assert sent["messages"] == [{"role": "user", "content": [{"type": "text", "text": "question"}]}]
    assert set(sent["output_config"]["format"]["schema"]["properties"]) == {"score", "quote"}
    assert not {"temperature", "top_p", "top_k"} & set(sent)
    assert "fake" in headers.get("authorization", "") + headers.get("x-api-key", "")


@pytest.mark.parametrize("fault", [rate_limited(), overloaded(), failure(500), hang_up(), half(GOOD)])
def test_a_passing_fault_is_retried(fault: Behaviour) -> None:
    with FakeServer([fault, GOOD]) as server:
        judge = client(server)
        assert judge.ask("s", "q", Mark).value.score == 0.75
        assert len(server.requests) == 2
    assert judge.ledger.total.retries == 1
    assert judge.ledger.total.failed == 0


@pytest.mark.parametrize(
    ("fault", "kind", "tries"),
    [
        (rate_limited(), errors.RateLimited, 3),
        (overloaded(), errors.Overloaded, 3),
        (hang_up(), errors.ConnectionLost, 3),
        (half(GOOD), errors.ConnectionLost, 3),
        (garbage(), errors.BadResponse, 3),
        (garbage('{"content": null}'), errors.BadResponse, 3),
        (garbage("[]"), errors.BadResponse, 3),
    ],
)
def test_a_lasting_fault_is_a_service_failure(fault: Behaviour, kind: type[errors.ServiceFailure], tries: int) -> None:
    with FakeServer([fault]) as server:
        judge = client(server)
        with pytest.raises(kind) as caught:
            judge.ask("s", "q", Mark)
        assert len(server.requests) == tries
    assert isinstance(caught.value, errors.ServiceFailure)
    assert caught.value.remedy in str(caught.value)
    assert judge.ledger.total.failed == 1


@pytest.mark.parametrize(
    ("fault", "kind", "word"),
    [
        (refusal("not this"), errors.Refused, "not this"),
        (cut_off('{"score": 0.5, "quo'), errors.CutOff, "cut off"),
        (message("", stop_reason="model_context_window_exceeded"), errors.CutOff, "context window"),
        (message("I think it was good."), errors.Unparsable, "schema"),
        (message('{"score": 0.5, "quo'), errors.Unparsable, "schema"),
        (reply({"score": 7, "quote": "x"}), errors.Unparsable, "score"),
        (reply({"score": 0.5}), errors.Unparsable, "quote"),
        (message(""), errors.Unparsable, "schema"),
    ],
)
def test_an_answer_without_a_value_is_unusable_and_billed(fault: Behaviour, kind: type[errors.UnusableAnswer], word: str) -> None:
    with FakeServer([fault]) as server:
        judge = client(server)
        with pytest.raises(kind, match=word) as caught:
            judge.ask("s", "q", Mark)
    assert isinstance(caught.value, errors.UnusableAnswer)
    assert caught.value.usage is not None
    assert caught.value.usage.output == 20
    assert judge.ledger.total.calls == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_wrong_request_is_rejected_at_once(status: int) -> None:
    with FakeServer([failure(status, text="no such thing")]) as server:
        with pytest.raises(errors.RequestRejected, match="no such thing"):
            client(server).ask("s", "q", Mark)
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [failure(413), failure(400, text="prompt is too long: 2000000 tokens")])
def test_a_request_that_does_not_fit_is_too_long(fault: Behaviour) -> None:
    with FakeServer([fault]) as server, pytest.raises(errors.TooLong):
        client(server).ask("s", "q", Mark)


def test_the_same_question_is_asked_once(tmp_path: Path) -> None:
    with FakeServer([GOOD]) as server:
        first = client(server, cache=tmp_path).ask("s", "q", Mark)
        again = client(server, cache=tmp_path)
        second = again.ask("s", "q", Mark)
        assert len(server.requests) == 1
        assert second.value == first.value
        assert (second.cached, second.cost_usd) == (True, 0.0)
        assert again.ledger.total.cached == 1
        for change in ({"system": "S"}, {"prompt": "Q"}, {"model": "claude-opus-5-5"}, {"max_tokens": 9}):
            before = len(server.requests)
            again.ask(**{"system": "s", "prompt": "q", "output": Mark, **change})  # type: ignore[arg-type]
            assert len(server.requests) == before + 1


def test_a_failed_answer_is_not_cached(tmp_path: Path) -> None:
    with FakeServer([refusal(), GOOD]) as server:
        judge = client(server, cache=tmp_path)
        with pytest.raises(errors.Refused):
            judge.ask("s", "q", Mark)
        assert judge.ask("s", "q", Mark).value.score == 0.75


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"text": 3}', '{"text": "no json"}'])
def test_a_damaged_cache_file_counts_as_absent(tmp_path: Path, rubbish: str) -> None:
    with FakeServer([GOOD]) as server:
        judge = client(server, cache=tmp_path)
        judge.ask("s", "q", Mark)
        (file,) = tmp_path.rglob("*.json")
        file.write_text(rubbish)
        assert judge.ask("s", "q", Mark).value.score == 0.75
        assert len(server.requests) == 2
        assert judge.ask("s", "q", Mark).cached


def test_an_answer_that_cannot_be_kept_is_given_and_that_is_said_once(tmp_path: Path) -> None:
    folder = tmp_path / "a file"
    folder.write_text("")
    with FakeServer([GOOD]) as server:
        judge = client(server, cache=folder)
        with pytest.warns(UserWarning, match="a file.*name a cache folder that can be written"):
            assert judge.ask("s", "q", Mark).value.score == 0.75
        assert judge.ask("s", "q2", Mark).value.score == 0.75
    assert len(judge.notes()) == 1


def test_threads_share_a_client_and_lose_nothing() -> None:
    def flaky(body: dict[str, object], seen: dict[str, int] = {}) -> Behaviour:  # noqa: B006 counts tries by question
        question = str(body["messages"])
        seen[question] = seen.get(question, 0) + 1
        return rate_limited() if seen[question] == 1 and hash(question) % 5 == 0 else GOOD

    with FakeServer(flaky) as server:
        judge = client(server)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i: judge.ask("s", f"q{i}", Mark).value.score, range(40)))
    assert answers == [0.75] * 40
    assert judge.ledger.total.calls == 40
    assert judge.ledger.total.usage.output == 40 * 20


def test_a_model_without_a_price_has_no_cost() -> None:
    with FakeServer([reply({"score": 1, "quote": ""}, model="someone-elses")]) as server:
        judge = client(server)
        assert judge.ask("s", "q", Mark, model="someone-elses").cost_usd is None
        assert judge.ledger.total.cost_usd is None


def test_no_key_and_unknown_provider_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(errors.NotConfigured, match="SOME_KEY"):
        Client(api_key_env="SOME_KEY")
    with pytest.raises(errors.NotConfigured, match="anthropic"):
        Client(provider="nobody", api_key_env="SOME_KEY")


def test_the_price_list_can_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        'as_of = "2026-01-01"\nbatch_factor = 0.5\n[[price]]\nmodel = "claude-sonnet-5-5"\nsince = "2026-01-01"\n'
        "input = 0\ncache_write_5m = 0\ncache_write_1h = 0\ncache_read = 0\noutput = 1000000\n"
    )
    with FakeServer([GOOD]) as server:
        assert client(server, prices=read_prices(path)).ask("s", "q", Mark).cost_usd == 20.0


def test_standin_scripts_may_be_functions() -> None:
    script: Callable[[dict[str, object]], Behaviour] = lambda body: reply({"score": 0, "quote": str(body["model"])})  # noqa: E731
    with FakeServer(script) as server:
        assert client(server).ask("s", "q", Mark, model="claude-opus-5-5").value.quote == "claude-opus-5-5"
