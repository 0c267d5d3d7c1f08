"""The business directory on a real socket: fields, numbers as E.164, and failures."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.errors import ModelUnavailableError
from opendeep.tools.places_client import BusinessInfo, PlacesClient, PlacesConfig, to_e164
from tests.fixtures.http_server import Answer, ScriptedHttpServer

PLACE = {
    "id": "p1",
    "displayName": {"text": "Bright Smile Dental", "languageCode": "en"},
    "formattedAddress": "1 Main Street, New York",
    "internationalPhoneNumber": "+1 212-555-0100",
    "websiteUri": "https://bright.example",
    "timeZone": {"id": "America/New_York"},
    "regularOpeningHours": {"weekdayDescriptions": ["Monday: 9 AM to 5 PM", 5]},
    "businessStatus": "OPERATIONAL",
    "googleMapsUri": "https://maps.example/p1",
}


async def search(server: ScriptedHttpServer, timeout_seconds: float = 5.0) -> Any:
    """Search the scripted server."""
    config = PlacesConfig(base_url=server.url, api_key="secret", timeout_seconds=timeout_seconds)
    async with PlacesClient(config) as places:
        return await places.search_text("dentist in New York")


async def test_request_and_fields(server: ScriptedHttpServer) -> None:
    """One request with a mask asks for all that a call needs."""
    server.will({"places": [PLACE]})
    assert await search(server) == (
        BusinessInfo(
            name="Bright Smile Dental",
            phone_number="+12125550100",
            address="1 Main Street, New York",
            website="https://bright.example",
            time_zone="America/New_York",
            opening_hours=("Monday: 9 AM to 5 PM",),
            place_id="p1",
            reference="https://maps.example/p1",
        ),
    )
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/places:searchText")
    assert request.headers["x-goog-api-key"] == "secret"
    mask = request.headers["x-goog-fieldmask"]
    assert "places.internationalPhoneNumber" in mask
    assert " " not in mask
    assert request.body["textQuery"] == "dentist in New York"


async def test_base_url_with_a_path(server: ScriptedHttpServer) -> None:
    """A base address may have a path of its own."""
    server.will({})
    config = PlacesConfig(base_url=f"{server.url}/places", api_key="")
    async with PlacesClient(config) as places:
        assert await places.search_text("x") == ()
    assert server.requests[0].path == "/places/v1/places:searchText"


async def test_sparse_places(server: ScriptedHttpServer) -> None:
    """Missing fields are None; nameless and closed places are left out."""
    bare = {"id": "p2", "displayName": {"text": "Bare"}}
    closed = {**PLACE, "businessStatus": "CLOSED_PERMANENTLY"}
    server.will({"places": [closed, {"id": "p3"}, "junk", bare]})
    [found] = await search(server)
    assert found == BusinessInfo(
        name="Bare",
        phone_number=None,
        address=None,
        website=None,
        time_zone=None,
        opening_hours=(),
        place_id="p2",
        reference="places/p2",
    )


@pytest.mark.parametrize("body", [{}, [], {"places": 5}])
async def test_no_hits(server: ScriptedHttpServer, body: Any) -> None:
    """No hits is an empty object, and odd bodies hold none either."""
    server.will(Answer(body=body) if body else Answer(body="{}"))
    assert await search(server) == ()


@pytest.mark.parametrize(
    ("answer", "words", "retryable"),
    [
        (Answer(status=400, body={"error": {"message": "mask"}}), "HTTP 400", False),
        (Answer(status=400, body={"error": {"reason": "API_KEY_INVALID"}}), "API key", False),
        (Answer(status=403), "API key", False),
        (Answer(status=429), "HTTP 429", True),
        (Answer(status=503), "HTTP 503", True),
        (Answer(body="<html>"), "not JSON", True),
        (Answer(body="{", cut=True), "cannot be reached", True),
    ],
)
async def test_failures(
    server: ScriptedHttpServer, answer: Answer, words: str, *, retryable: bool
) -> None:
    """Each failure says what it is and whether to try again."""
    server.will(answer)
    with pytest.raises(ModelUnavailableError, match=words) as caught:
        await search(server)
    assert caught.value.retryable is retryable


async def test_time_out(server: ScriptedHttpServer) -> None:
    """A directory that does not answer in time is given up."""
    server.will(Answer(delay_seconds=0.5))
    with pytest.raises(ModelUnavailableError, match="in time"):
        await search(server, timeout_seconds=0.1)


async def test_closed_client() -> None:
    """A client that is not open finds nothing."""
    client = PlacesClient(PlacesConfig(base_url="http://127.0.0.1:1", api_key=""))
    with pytest.raises(ModelUnavailableError, match="closed"):
        await client.search_text("x")


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+1 212-555-0100", "+12125550100"),
        ("+44 20 7946 0000", "+442079460000"),
        ("(212) 555-0100", None),
        ("+1 212", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers(written: str | None, number: str | None) -> None:
    """An international number becomes E.164; anything else is none."""
    assert to_e164(written) == number


@given(st.text(max_size=40))
def test_any_number_text(written: str) -> None:
    """Any text is a number in E.164 or none."""
    number = to_e164(written)
    assert number is None or number[1:].isdigit()
