"""The assistant's look-ups: what is asked, and what is tried again."""

from collections.abc import Iterator

import pytest
import stamina

from opendeep.common.errors import ModelUnavailableError
from opendeep.config.prompt_config import SEARCH_SYSTEM_PROMPT
from opendeep.llm_integrations.grounding import GroundedAnswer
from opendeep.tools.information_retriever_svc import InformationRetrieverService
from opendeep.tools.places_client import BusinessInfo


@pytest.fixture(autouse=True)
def _without_pauses() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3, cap=True):
        yield


class FarEnd:
    """A directory and a web search that fail a few times first."""

    def __init__(self, *errors: ModelUnavailableError) -> None:
        self.errors = list(errors)
        self.asked: list[str] = []

    async def search_text(self, query: str) -> list[BusinessInfo]:
        """Find nothing, or fail."""
        self._answer(query)
        return []

    async def search(self, question: str, *, system_prompt: str) -> GroundedAnswer:
        """Answer, or fail."""
        assert system_prompt == SEARCH_SYSTEM_PROMPT
        self._answer(question)
        return GroundedAnswer(text="yes")

    def _answer(self, query: str) -> None:
        self.asked.append(query)
        if self.errors:
            raise self.errors.pop(0)


def retriever(far_end: FarEnd) -> InformationRetrieverService:
    """Make the service over one far end."""
    return InformationRetrieverService(far_end, far_end)


async def test_location_is_part_of_the_query() -> None:
    """A location narrows the search down."""
    far_end = FarEnd()
    service = retriever(far_end)
    assert await service.get_authoritative_business_info("dentist", "New York") == ()
    await service.get_authoritative_business_info("dentist")
    assert far_end.asked == ["dentist in New York", "dentist"]


async def test_what_may_succeed_later_is_tried_again() -> None:
    """A retryable failure is tried again, in both look-ups."""
    for ask in ("get_authoritative_business_info", "search_internet"):
        far_end = FarEnd(ModelUnavailableError("Down."), ModelUnavailableError("Down."))
        await getattr(retriever(far_end), ask)("dentist")
        assert len(far_end.asked) == 3


async def test_three_failures_are_enough() -> None:
    """The third failure is told."""
    far_end = FarEnd(*[ModelUnavailableError("Down.")] * 3)
    with pytest.raises(ModelUnavailableError):
        await retriever(far_end).search_internet("dentist")
    assert len(far_end.asked) == 3


async def test_what_cannot_succeed_is_told_at_once() -> None:
    """A refused key is not tried again."""
    far_end = FarEnd(ModelUnavailableError("Key.", retryable=False))
    with pytest.raises(ModelUnavailableError):
        await retriever(far_end).get_authoritative_business_info("dentist")
    assert len(far_end.asked) == 1
