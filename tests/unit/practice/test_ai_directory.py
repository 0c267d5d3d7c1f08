"""The practice directory through both of its doors."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from opendeep.practice.directory import directory_router
from opendeep.practice.directory_data import BUSINESSES, search

Json = dict[str, Any]
PLACES = "/places/v1/places:searchText"
GEMINI = "/gemini/v1beta/models/gemini-3.8-flash:generateContent"
MASK = "places.id,places.displayName,places.timeZone,places.regularOpeningHours.weekdayDescriptions"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the directory."""
    app = FastAPI()
    app.include_router(directory_router())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://practice") as client:
        yield client


def headers(mask: str = MASK) -> dict[str, str]:
    """Return the headers of a valid request."""
    return {"X-Goog-Api-Key": "practice", "X-Goog-FieldMask": mask}


def test_the_businesses_are_fictional() -> None:
    """Every number is of the range for fiction and every entry says that it is practice data."""
    for business in BUSINESSES:
        assert business.number.startswith("+14155550")
        place = business.place()
        assert place["internationalPhoneNumber"].replace(" ", "").replace("-", "") == (
            business.number
        )
        assert "Practice data" in place["editorialSummary"]["text"]
    assert len({business.line for business in BUSINESSES}) == len(BUSINESSES)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Bright Smile Dental", "Bright Smile Dental"),
        ("dentist in San Francisco", "Bright Smile Dental"),
        ("pizza", "Harbor Pizza"),
        ("haircut near me", "Corner Hair Studio"),
        ("City Library", "City Library"),
        ("zeppelin", None),
        ("opening hours in San Francisco", None),
    ],
)
def test_search(query: str, name: str | None) -> None:
    """A business is found by its name or its kind, and nothing by words that say nothing."""
    found = search(query)
    assert (found[0].name if found else None) == name


async def test_places_give_the_masked_fields(client: httpx.AsyncClient) -> None:
    """Only what the mask names comes back, nested paths included."""
    answer = await client.post(PLACES, json={"textQuery": "dentist"}, headers=headers())
    place = answer.json()["places"][0]
    assert set(place) == {"id", "displayName", "timeZone", "regularOpeningHours"}
    assert set(place["regularOpeningHours"]) == {"weekdayDescriptions"}
    assert place["regularOpeningHours"]["weekdayDescriptions"][0] == "Monday: 8:00 AM to 5:00 PM"
    everything = await client.post(PLACES, json={"textQuery": "dentist"}, headers=headers("*"))
    assert everything.json()["places"][0]["nationalPhoneNumber"] == "(415) 555-0100"
    token = await client.post(
        PLACES, json={"textQuery": "dentist"}, headers=headers("nextPageToken,places.id")
    )
    assert token.json()["places"][0] == {"id": "practice-bright-smile-dental"}


async def test_no_hits_are_an_empty_object(client: httpx.AsyncClient) -> None:
    """Without a hit there is no ``places`` key."""
    answer = await client.post(PLACES, json={"textQuery": "zeppelin"}, headers=headers())
    assert answer.json() == {}


@pytest.mark.parametrize(
    ("sent", "body", "status", "word"),
    [
        ({}, {"textQuery": "x"}, 403, "PERMISSION_DENIED"),
        ({"X-Goog-Api-Key": "k"}, {"textQuery": "x"}, 400, "FieldMask is a required"),
        (headers("places.id, places.name"), {"textQuery": "x"}, 400, "FieldMask"),
        (headers("id"), {"textQuery": "dentist"}, 400, "unknown field mask path id"),
        (headers("places.zebra"), {"textQuery": "dentist"}, 400, "zebra"),
        (headers("places.id.x"), {"textQuery": "dentist"}, 400, "id.x"),
        (headers(), {}, 400, "Empty text_query"),
        (headers(), [1], 400, "Empty text_query"),
        (headers(), {"textQuery": "x", "pageSize": 21}, 400, "page_size"),
    ],
)
async def test_places_refuse(
    client: httpx.AsyncClient, sent: dict[str, str], body: object, status: int, word: str
) -> None:
    """Requests that the live service refuses are refused in its words."""
    answer = await client.post(PLACES, json=body, headers=sent)
    assert answer.status_code == status
    assert word in answer.text


async def test_a_body_that_is_no_json(client: httpx.AsyncClient) -> None:
    """Junk is an empty request."""
    answer = await client.post(PLACES, content=b"{", headers=headers())
    assert answer.status_code == 400


async def test_grounded_answers(client: httpx.AsyncClient) -> None:
    """Gemini's shape: text, sources and segments in UTF-8 bytes that point into the text."""
    body = {
        "contents": [{"role": "user", "parts": [{"text": "Hair studio and library hours?"}]}],
        "tools": [{"googleSearch": {}}],
    }
    answer = (await client.post(GEMINI, json=body, headers=headers())).json()
    candidate = answer["candidates"][0]
    text = candidate["content"]["parts"][0]["text"].encode()
    metadata = candidate["groundingMetadata"]
    assert len(metadata["groundingChunks"]) == 2
    for support in metadata["groundingSupports"]:
        segment = support["segment"]
        part = text[segment["startIndex"] : segment["endIndex"]]
        assert part.decode() == segment["text"]
    assert b"Practice data" in text
    usage = answer["usageMetadata"]
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]


@pytest.mark.parametrize("tools", [None, [{"googleSearch": {}}], [3]])
async def test_ungrounded_answers(client: httpx.AsyncClient, tools: object) -> None:
    """Without a hit, or without the tool, nothing is grounded."""
    body = {"contents": {"parts": [{"text": "zeppelins?"}]}, "tools": tools}
    answer = (await client.post(GEMINI, json=body, headers=headers())).json()
    assert "groundingMetadata" not in answer["candidates"][0]
    assert "No web search was made" in answer["candidates"][0]["content"]["parts"][0]["text"]


@pytest.mark.parametrize(
    ("path", "sent", "body", "status"),
    [
        (GEMINI, {}, {"contents": "x"}, 403),
        (GEMINI, headers(), {"contents": "x"}, 400),
        (GEMINI, headers(), {"contents": [{"parts": [{"text": ""}]}]}, 400),
        (GEMINI.replace("generate", "count"), headers(), {}, 404),
    ],
)
async def test_gemini_refuses(
    client: httpx.AsyncClient, path: str, sent: dict[str, str], body: Json, status: int
) -> None:
    """A missing key, a missing question and an unknown method are refused."""
    answer = await client.post(path, json=body, headers=sent)
    assert answer.status_code == status
