"""The assistant's look-ups: businesses from a directory, everything else from a web search."""

from collections.abc import Sequence
from typing import Protocol

import stamina

from opendeep.common.errors import UnavailableError
from opendeep.config.prompt_config import SEARCH_SYSTEM_PROMPT
from opendeep.llm_integrations.grounding import GroundedAnswer
from opendeep.tools.places_client import BusinessInfo

_CALL = stamina.AsyncRetryingCaller(attempts=3, timeout=20.0, wait_initial=0.3)


class BusinessDirectory(Protocol):
    """Finds businesses by words."""

    async def search_text(self, query: str) -> Sequence[BusinessInfo]:
        """Return businesses, the best first.

        Raises:
            ModelUnavailableError: the directory failed.
        """
        ...


class WebSearch(Protocol):
    """Answers questions from the web."""

    async def search(self, question: str, *, system_prompt: str) -> GroundedAnswer:
        """Return an answer with its sources.

        Raises:
            ModelUnavailableError: the search failed.
        """
        ...


def _is_worth_a_retry(error: Exception) -> bool:
    return isinstance(error, UnavailableError) and error.retryable


class InformationRetrieverService:
    """Looks things up; what may succeed later is tried again with back-off and jitter."""

    def __init__(self, directory: BusinessDirectory, web: WebSearch) -> None:
        self._directory = directory
        self._web = web

    async def get_authoritative_business_info(
        self, query: str, location: str | None = None
    ) -> tuple[BusinessInfo, ...]:
        """Return businesses for ``query`` (a name or a kind), near ``location`` if given.

        Raises:
            ModelUnavailableError: the directory failed, retries included.
        """
        text = f"{query} in {location}" if location else query
        return tuple(await _CALL(_is_worth_a_retry, self._directory.search_text, text))

    async def search_internet(self, query: str) -> GroundedAnswer:
        """Return an answer from a web search, with its sources.

        Raises:
            ModelUnavailableError: the search failed, retries included.
        """
        return await _CALL(
            _is_worth_a_retry, self._web.search, query, system_prompt=SEARCH_SYSTEM_PROMPT
        )
