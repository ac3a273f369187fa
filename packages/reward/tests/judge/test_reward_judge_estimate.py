"""What a judge would cost, said before it is asked, against what the wire then carries."""

from datetime import date

import pytest
from agentllm.prices import Rates, read_prices
from agentreward.judge.config import JudgeConfig
from agentreward.judge.estimate import BYTES_A_TOKEN, estimate
from agentreward.judge.scoring import questions, score_judge
from trajtests.judge_cases import CONFIG, K, client, long_run, scores_all, wire_size
from trajtests.llm.fake_server import FakeServer
from trajtests.reward_cases import run

RATES = Rates(input=2, cache_write_5m=2, cache_write_1h=2, cache_read=2, output=10)


def test_calls_and_tokens_are_those_that_will_be_sent() -> None:
    trajectory = long_run(130)
    config = JudgeConfig(replicates=2)
    expected = estimate(questions(K, trajectory, config), lambda prompt: RATES)
    with FakeServer(scores_all) as server:
        score_judge(K, trajectory, client(server), config)
        assert expected.calls == len(server.requests) == 6
        assert expected.prompt_tokens * BYTES_A_TOKEN == pytest.approx(wire_size(server.requests), rel=0.1)
    assert expected.answer_tokens == 2 * 130 * 5 * 90
    assert expected.cost_usd == pytest.approx((expected.prompt_tokens * 2 + expected.answer_tokens * 10) / 1e6)


def test_a_batch_costs_its_share_and_a_model_without_a_price_has_no_cost() -> None:
    asked = questions(K, long_run(50), CONFIG)
    whole, batch = estimate(asked, lambda prompt: RATES), estimate(asked, lambda prompt: RATES, 0.5)
    assert whole.cost_usd == pytest.approx(2 * (batch.cost_usd or 0))
    assert estimate(asked, lambda prompt: None).cost_usd is None


def test_each_call_is_priced_by_the_length_of_its_own_prompt() -> None:
    prices = read_prices()
    asked = questions(K, long_run(50), JudgeConfig(model="claude-haiku-5-5"))
    found = estimate(asked, lambda prompt: prices.rates("claude-haiku-5-5", prompt, date(2026, 11, 1)))
    assert found.cost_usd == pytest.approx((found.prompt_tokens * 0.1 + found.answer_tokens * 0.5) / 1e6)


def test_nothing_to_ask_costs_nothing() -> None:
    found = estimate(questions(K, run(), CONFIG), lambda prompt: None)
    assert (found.calls, found.cost_usd) == (0, 0)
