"""What a voice session costs, from the usage that the provider reports.

Prices are in ``realtime_prices.json``, with their date. A model without a price costs nothing
here, and its tokens are still counted.
"""

import json
from dataclasses import dataclass
from importlib import resources

from opendeep.audio_processing_service.realtime_events import CachedTokens, Usage
from opendeep.audio_processing_service.voice_agent import VoiceUsage

_PER_TOKEN = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrices:
    """US dollars per million tokens."""

    text_in: float = 0.0
    text_cached: float = 0.0
    text_out: float = 0.0
    audio_in: float = 0.0
    audio_cached: float = 0.0
    audio_out: float = 0.0


FREE = TokenPrices()


def prices_of(model: str) -> TokenPrices | None:
    """Look up a model; dated names (``gpt-realtime-2.1-2026-10-01``) cost what their family does.

    Returns:
        None for a model that the list does not know.
    """
    text = resources.files(__package__).joinpath("realtime_prices.json").read_text("utf-8")
    models: dict[str, dict[str, float]] = json.loads(text)["models"]
    families = [name for name in models if model == name or model.startswith(f"{name}-20")]
    return TokenPrices(**models[max(families, key=len)]) if families else None


class CostMeter:
    """Adds up the usage of a session's responses."""

    def __init__(self, prices: TokenPrices) -> None:
        self._prices = prices
        self._tokens = dict.fromkeys(
            ("text_in", "text_cached", "text_out", "audio_in", "audio_cached", "audio_out"), 0
        )

    def add(self, usage: Usage | None) -> None:
        """Count one response; parts that the provider left out count as zero."""
        if usage is None:
            return
        if usage.input_token_details is not None:
            given = usage.input_token_details
            # Cached tokens without their kinds are taken for text.
            cached = given.cached_tokens_details or CachedTokens(text_tokens=given.cached_tokens)
            self._add("text", given.text_tokens, cached.text_tokens)
            self._add("audio", given.audio_tokens, cached.audio_tokens)
        if usage.output_token_details is not None:
            self._tokens["text_out"] += usage.output_token_details.text_tokens or 0
            self._tokens["audio_out"] += usage.output_token_details.audio_tokens or 0

    def _add(self, kind: str, tokens: int | None, cached: int | None) -> None:
        self._tokens[f"{kind}_cached"] += cached or 0
        self._tokens[f"{kind}_in"] += max((tokens or 0) - (cached or 0), 0)

    def usage(self) -> VoiceUsage:
        """Tell the sums; ``text_in`` and ``audio_in`` are without the cached tokens."""
        prices = self._prices
        cost = _PER_TOKEN * (
            self._tokens["text_in"] * prices.text_in
            + self._tokens["text_cached"] * prices.text_cached
            + self._tokens["text_out"] * prices.text_out
            + self._tokens["audio_in"] * prices.audio_in
            + self._tokens["audio_cached"] * prices.audio_cached
            + self._tokens["audio_out"] * prices.audio_out
        )
        tokens = {kind: count for kind, count in self._tokens.items() if count}
        return VoiceUsage(cost_usd=cost, tokens=tokens)
