"""The user's profile over HTTP."""

import httpx
import pytest

URL = "/api/profile"
ALEX = {
    "display_name": "Alex Morgan",
    "time_zone": "America/New_York",
    "language": "en",
    "facts": {"insurance": "Blue", "children": 2},
}


async def test_a_profile_is_empty_then_what_was_put(client: httpx.AsyncClient) -> None:
    """GET shows what the last PUT stored, for this user alone."""
    empty = {"display_name": "", "time_zone": None, "language": None, "facts": {}}
    assert (await client.get(URL)).json() == empty
    assert (await client.put(URL, json=ALEX)).json() == ALEX
    assert (await client.get(URL)).json() == ALEX
    assert (await client.get(URL, headers={"x-opendeep-user": "alice"})).json() == empty
    cleared = await client.put(URL, json={"time_zone": "", "language": ""})
    assert cleared.json() == empty


@pytest.mark.parametrize(
    "body",
    [
        {"time_zone": "Europe/Atlantis"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "x" * 65},
        {"display_name": "x" * 201},
        {"colour": "red"},
        {"facts": []},
        {"language": "klingon"},
        {"language": "xx-XX"},
        {"facts": {"notes": "x" * 20_000}},
    ],
)
async def test_bad_profiles_are_refused(client: httpx.AsyncClient, body: dict[str, object]) -> None:
    """Unknown zones, endless names and unknown keys are faults; nothing is stored."""
    assert (await client.put(URL, json=body)).status_code == 422
    assert (await client.get(URL)).json()["display_name"] == ""
