"""What a session costs."""

import pytest

from opendeep.audio_processing_service import realtime_cost
from opendeep.audio_processing_service.realtime_events import (
    CachedTokens,
    InputTokens,
    OutputTokens,
    Usage,
)


def test_prices_are_found_by_family() -> None:
    """A dated model costs what its family does, and the mini is not taken for the large one."""
    large = realtime_cost.prices_of("gpt-realtime-2.1")
    assert large is not None
    assert large.audio_out == 64
    assert realtime_cost.prices_of("gpt-realtime-2.1-2026-10-01") == large
    mini = realtime_cost.prices_of("gpt-realtime-2.1-mini")
    assert mini is not None
    assert mini.audio_out == 20
    assert realtime_cost.prices_of("somebody-elses-model") is None


def test_cost_of_a_response() -> None:
    """Cached tokens are taken out of the full price, kind by kind."""
    prices = realtime_cost.prices_of("gpt-realtime-2.1")
    assert prices is not None
    meter = realtime_cost.CostMeter(prices)
    meter.add(
        Usage(
            input_token_details=InputTokens(
                text_tokens=1000,
                audio_tokens=2000,
                cached_tokens=700,
                cached_tokens_details=CachedTokens(text_tokens=400, audio_tokens=300),
            ),
            output_token_details=OutputTokens(text_tokens=100, audio_tokens=500),
        )
    )
    usage = meter.usage()
    assert usage.tokens == {
        "text_in": 600,
        "text_cached": 400,
        "text_out": 100,
        "audio_in": 1700,
        "audio_cached": 300,
        "audio_out": 500,
    }
    wanted = 600 * 4 + 400 * 0.4 + 100 * 24 + 1700 * 32 + 300 * 0.4 + 500 * 64
    assert usage.cost_usd == pytest.approx(wanted / 1e6)


def test_missing_details_count_as_zero() -> None:
    """Whatever the provider leaves out, nothing breaks and nothing is invented."""
    meter = realtime_cost.CostMeter(realtime_cost.FREE)
    meter.add(None)
    meter.add(Usage())
    meter.add(
        Usage(
            input_token_details=InputTokens(text_tokens=10, cached_tokens=4),
            output_token_details=OutputTokens(),
        )
    )
    meter.add(Usage(input_token_details=InputTokens(cached_tokens=3)))
    assert meter.usage().tokens == {"text_in": 6, "text_cached": 7}
    assert meter.usage().cost_usd == 0
