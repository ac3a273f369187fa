"""Batches by the real SDK, against the fake server: half the price, resumed after a kill, and nothing lost with one bad item."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from agentllm import batches as module
from agentllm.batches import Batches, Filled
from agentllm.client import Client
from agentllm.errors import NotConfigured, Overloaded, Refused, RequestRejected, ServiceFailure
from agentllm.question import Question
from pydantic import BaseModel
from trajtests.llm.behaviour import Behaviour, failure, garbage, half, hang_up, overloaded, rate_limited, refusal, reply
from trajtests.llm.fake_batches import FakeBatches
from trajtests.llm.fake_server import FakeServer


class Mark(BaseModel):
    score: float


GOOD = reply({"score": 0.5}, input_tokens=1_000_000, output_tokens=1_000_000)
QUESTIONS = [Question("s", f"q{i}", Mark) for i in range(5)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.001)


def client(server: FakeServer, cache: Path | None) -> Client:
    return Client(base_url=server.url, api_key_env=server.key_env, max_retries=2, cache=cache, today=lambda: date(2026, 11, 1))


def asked(client: Client) -> list[float]:
    return [client.ask(**vars(q)).value.score for q in QUESTIONS]


def text(body: dict[str, Any]) -> str:
    return str(body["messages"][0]["content"][0]["text"])


def test_one_batch_answers_all_at_half_the_price_and_asking_afterwards_is_free(tmp_path: Path) -> None:
    said: list[str] = []
    with FakeServer([GOOD], batches=FakeBatches(polls=2)) as server:
        ours = client(server, tmp_path)
        assert Batches(ours, said.append).fill(QUESTIONS) == Filled(5, 5)
        assert asked(ours) == [0.5] * 5
        assert server.requests == []
        assert server.batches is not None
        assert [len(items) for items in server.batches.items.values()] == [5]
    total = ours.ledger.total
    assert (total.calls, total.cached, total.failed) == (5, 5, 0)
    assert total.cost_usd == pytest.approx(5 * 12.0 / 2)
    assert said[0] == "batch msgbatch_1: 0 of 5 answered"
    assert said[-1] == "batch msgbatch_1: ended, 5 of 5 answered"


def test_what_is_in_the_cache_is_not_handed_in_again(tmp_path: Path) -> None:
    with FakeServer([GOOD], batches=FakeBatches()) as server:
        ours = client(server, tmp_path)
        ours.ask(**vars(QUESTIONS[0]))
        assert Batches(ours).fill([*QUESTIONS, QUESTIONS[1]]) == Filled(4, 4)
        assert Batches(ours).fill(QUESTIONS) == Filled(0, 0)


def test_a_batch_of_a_killed_process_is_picked_up_and_not_paid_twice(tmp_path: Path) -> None:
    def killed(_: str) -> None:
        raise KeyboardInterrupt

    with FakeServer([GOOD], batches=FakeBatches(polls=1)) as server:
        with pytest.raises(KeyboardInterrupt):
            Batches(client(server, tmp_path), killed).fill(QUESTIONS[:3])
        next_one = client(server, tmp_path)
        assert set(Batches(next_one).pending()) == {"msgbatch_1"}
        assert Batches(next_one).fill(QUESTIONS) == Filled(5, 5)
        assert server.batches is not None
        assert [len(items) for items in server.batches.items.values()] == [3, 2]
        assert asked(next_one) == [0.5] * 5
        assert server.requests == []
        assert Batches(next_one).pending() == {}


@pytest.mark.parametrize("fault", [failure(500), hang_up(), garbage(), refusal(), reply({"no": "score"})])
def test_an_item_that_fails_leaves_no_answer_and_is_asked_on_its_own(fault: Behaviour, tmp_path: Path) -> None:
    first: set[str] = set()

    def script(body: dict[str, Any]) -> Behaviour:
        if text(body) == "q3" and "q3" not in first:
            first.add("q3")
            return fault
        return GOOD

    with FakeServer(script, batches=FakeBatches()) as server:
        ours = client(server, tmp_path)
        Batches(ours).fill(QUESTIONS)
        assert asked(ours) == [0.5] * 5
        assert [text(body) for body in server.requests] == ["q3"]


def test_a_refusal_stays_a_refusal(tmp_path: Path) -> None:
    with FakeServer([refusal("no")], batches=FakeBatches()) as server:
        ours = client(server, tmp_path)
        assert Batches(ours).fill(QUESTIONS[:1]) == Filled(1, 0)
        with pytest.raises(Refused):
            asked(ours)


@pytest.mark.parametrize("fault", [rate_limited(), overloaded(), hang_up()])
def test_a_passing_fault_of_the_service_is_retried(fault: Behaviour, tmp_path: Path) -> None:
    with FakeServer([GOOD], batches=FakeBatches(faults=[fault])) as server:
        assert Batches(client(server, tmp_path)).fill(QUESTIONS) == Filled(5, 5)


def test_a_lasting_fault_leaves_the_batch_to_the_next_run(tmp_path: Path) -> None:
    with FakeServer([GOOD], batches=FakeBatches(polls=0)) as server:
        assert server.batches is not None
        original = server.batches.answer

        def ended_then_down(*args: Any) -> Behaviour | None:
            return overloaded() if args[1].endswith("/results") else original(*args)

        server.batches.answer = ended_then_down  # type: ignore[method-assign]
        with pytest.raises(Overloaded):
            Batches(client(server, tmp_path)).fill(QUESTIONS)
        server.batches.answer = original  # type: ignore[method-assign]
        assert Batches(client(server, tmp_path)).fill(QUESTIONS) == Filled(5, 5)
        assert len(server.batches.items) == 1


def test_half_the_results_are_no_results(tmp_path: Path) -> None:
    with FakeServer([GOOD], batches=FakeBatches(polls=0)) as server:
        assert server.batches is not None
        original = server.batches.answer

        def broken(*args: Any) -> Behaviour | None:
            found = original(*args)
            return half(found) if found is not None and args[1].endswith("/results") else found

        server.batches.answer = broken  # type: ignore[method-assign]
        with pytest.raises(ServiceFailure):
            Batches(client(server, tmp_path)).fill(QUESTIONS)
        assert len(Batches(client(server, tmp_path)).pending()) == 1


def test_a_batch_that_the_service_no_longer_knows_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "batches").mkdir()
    with FakeServer([GOOD], batches=FakeBatches()) as server:
        ours = client(server, tmp_path)
        (tmp_path / "batches" / "msgbatch_9.json").write_text(f'["{ours.key(QUESTIONS[0])}"]')
        with pytest.raises(RequestRejected):
            Batches(ours).fill(QUESTIONS)
        assert Batches(ours).fill(QUESTIONS) == Filled(5, 5)


def test_a_damaged_note_of_a_batch_counts_as_absent(tmp_path: Path) -> None:
    (tmp_path / "batches").mkdir()
    (tmp_path / "batches" / "msgbatch_8.json").write_text('["half')
    with FakeServer([GOOD], batches=FakeBatches()) as server:
        assert Batches(client(server, tmp_path)).fill(QUESTIONS) == Filled(5, 5)


def test_a_batch_needs_a_cache_and_a_service_that_has_one(tmp_path: Path) -> None:
    with FakeServer([GOOD]) as server:
        with pytest.raises(NotConfigured):
            Batches(client(server, None))
        with pytest.raises(NotConfigured):
            Batches(Client(provider="openai", base_url=server.url, api_key_env=server.key_env, cache=tmp_path))
