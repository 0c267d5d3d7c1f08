"""The do-not-disturb list over HTTP."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.errors import InvalidInputError
from opendeep.task_manager.do_not_call import e164

URL = "/api/dnd_list"


async def test_numbers_are_added_listed_and_removed(client: httpx.AsyncClient) -> None:
    """A number is listed once, with its first reason, until it is removed."""
    added = await client.post(URL, json={"phone_number": "+1 (202) 555-0106", "reason": "asked"})
    assert added.status_code == 201
    assert added.json()["phone_number"] == "+12025550106"
    await client.post(URL, json={"phone_number": "+12025550106", "reason": "again"})
    listed = (await client.get(URL)).json()["items"]
    assert [(entry["phone_number"], entry["reason"]) for entry in listed] == [
        ("+12025550106", "asked")
    ]
    removed = await client.delete(URL, params={"phone_number": "+12025550106"})
    assert removed.status_code == 204
    assert (await client.get(URL)).json()["items"] == []


async def test_a_number_is_removed_by_body_or_with_a_bare_plus(client: httpx.AsyncClient) -> None:
    """The number may come in the body, or with a plus that arrived as a space."""
    await client.post(URL, json={"phone_number": "+12025550106"})
    by_body = await client.request("DELETE", URL, json={"phone_number": "+12025550106"})
    assert by_body.status_code == 204
    await client.post(URL, json={"phone_number": "+12025550106"})
    assert (await client.delete(f"{URL}?phone_number=+12025550106")).status_code == 204


async def test_what_is_not_listed_or_no_number_is_told(client: httpx.AsyncClient) -> None:
    """Removing an unlisted number is not found; naming none or nonsense is a fault."""
    assert (await client.delete(f"{URL}?phone_number=%2B12025550106")).status_code == 404
    assert (await client.delete(URL)).status_code == 422
    for number in ("", "7000", "+12", "+1202555010\uff16", "+1202555010x", "1" * 41):
        assert (await client.post(URL, json={"phone_number": number})).status_code == 422


async def test_lists_are_each_users_own(client: httpx.AsyncClient) -> None:
    """Another user neither sees nor removes the entry."""
    await client.post(URL, json={"phone_number": "+12025550106"})
    other = {"x-opendeep-user": "alice"}
    assert (await client.get(URL, headers=other)).json()["items"] == []
    gone = await client.delete(f"{URL}?phone_number=%2B12025550106", headers=other)
    assert gone.status_code == 404


@given(st.text(max_size=30))
def test_whatever_passes_is_e164(text: str) -> None:
    """Any text either is refused or becomes a plus and 7 to 15 ASCII digits."""
    try:
        number = e164(text)
    except InvalidInputError:
        return
    assert number[0] == "+"
    assert number[1:].isascii()
    assert number[1:].isdigit()
    assert 7 <= len(number) - 1 <= 15


def test_punctuation_of_people_is_taken_out() -> None:
    """Spaces, dots, dashes and brackets do not matter; a missing plus does."""
    assert e164(" +1 (202) 555-01.00 ") == "+12025550100"
    with pytest.raises(InvalidInputError):
        e164("2025550100")
