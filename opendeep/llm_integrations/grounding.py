"""What a grounded web search takes and gives; free of the vendor's SDK, which is slow to import."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiConfig:
    """What the client needs to know; ``base_url`` is without a version."""

    base_url: str
    api_key: str
    model: str
    timeout_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSource:
    """A web page that supports an answer.

    Attributes:
        uri: often a redirect link that expires.
        quotes: the parts of the answer that rest on this page.
    """

    title: str
    uri: str
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundedAnswer:
    """A text with its sources; no sources means that the model did not search."""

    text: str
    sources: tuple[SearchSource, ...] = ()
