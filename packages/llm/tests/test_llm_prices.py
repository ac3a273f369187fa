"""Costs come from a dated file; what is not in it is missing."""

from datetime import date
from pathlib import Path

import pytest
from agentllm.prices import PriceFileError, read_prices
from agentllm.usage import TokenUsage, usage_of
from hypothesis import given
from hypothesis import strategies as st

MILLION = 1_000_000
DAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("field", "dollars"), [("input", 2.0), ("cache_write_5m", 2.5), ("cache_write_1h", 4.0), ("cache_read", 0.1), ("output", 10.0)]
)
def test_each_token_class_has_its_own_price(field: str, dollars: float) -> None:
    cost = read_prices().cost("claude-sonnet-5-5", TokenUsage(**{field: MILLION}), DAY)
    assert cost == pytest.approx(dollars)


def test_a_price_holds_from_its_day() -> None:
    read = TokenUsage(cache_read=MILLION)
    prices = read_prices()
    assert prices.cost("claude-sonnet-5-5", read, date(2026, 10, 6)) == pytest.approx(0.2)
    assert prices.cost("claude-sonnet-5-5", read, date(2026, 10, 7)) == pytest.approx(0.1)
    assert prices.cost("claude-sonnet-5-5", read, date(2020, 1, 1)) is None


def test_long_prompts_batches_and_dated_names() -> None:
    prices = read_prices()
    assert prices.cost("claude-haiku-5-5", TokenUsage(input=100_000), DAY) == pytest.approx(0.01)
    assert prices.cost("claude-haiku-5-5", TokenUsage(input=200_000), DAY) == pytest.approx(0.1)
    assert prices.cost("claude-opus-5", TokenUsage(output=MILLION), DAY, batch=True) == pytest.approx(12.5)
    assert prices.cost("claude-haiku-4-5-20251001", TokenUsage(output=MILLION), DAY) == pytest.approx(5.0)
    assert prices.cost("unheard-of", TokenUsage(output=MILLION), DAY) is None


def test_the_usage_block_of_the_protocol_is_split_by_price() -> None:
    split = {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4}
    block = {"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 7, "cache_read_input_tokens": 5, "cache_creation": split}
    assert usage_of(block) == TokenUsage(input=1, cache_write_5m=3, cache_write_1h=4, cache_read=5, output=2)
    assert usage_of({"cache_creation_input_tokens": 7, "cache_creation": None}) == TokenUsage(cache_write_5m=7)
    assert usage_of({"input_tokens": None}) == TokenUsage()


counts = st.builds(TokenUsage, **{n: st.integers(0, 10**7) for n in ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output")})


@given(counts, counts)
def test_costs_add_up(a: TokenUsage, b: TokenUsage) -> None:
    prices = read_prices()
    parts = [prices.cost("claude-opus-5-5", u, DAY) for u in (a, b, a + b)]
    assert parts[2] == pytest.approx((parts[0] or 0) + (parts[1] or 0))


def test_a_bad_price_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match=r"none\.toml"):
        read_prices(tmp_path / "none.toml")
    path = tmp_path / "bad.toml"
    path.write_text("price = 3")
    with pytest.raises(PriceFileError, match=r"bad\.toml"):
        read_prices(path)
