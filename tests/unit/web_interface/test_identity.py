"""Who asks, in local mode."""

import httpx
import pytest
from starlette.requests import HTTPConnection

from opendeep.common.errors import InvalidInputError
from opendeep.web_interface import identity
from tests.unit.web_interface.fakes import World


def connection(kind: str = "http", query: str = "", **headers: str) -> HTTPConnection:
    """Make the head of a request."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTPConnection(
        {
            "type": kind,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
        }
    )


def test_the_header_goes_before_the_cookie_before_the_default() -> None:
    """The header names the user; without it the cookie; without both it is "default"."""
    both = connection(x_opendeep_user="alice", cookie="opendeep_user=bob")
    assert identity.named_user(both) == "alice"
    assert identity.named_user(connection(cookie="opendeep_user=J%C3%B6rg%20M")) == "Jörg M"
    assert identity.named_user(connection()) == "default"


def test_the_query_names_the_user_of_a_websocket_only() -> None:
    """A page's WebSocket may name the user in its address; a request may not."""
    assert identity.named_user(connection(kind="websocket", query="user=alice")) == "alice"
    assert identity.named_user(connection(query="user=alice")) == "default"


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb", "a\x00b"])
def test_names_that_cannot_be_shown_are_refused(name: str) -> None:
    """Empty, long and unprintable names are no usernames."""
    with pytest.raises(InvalidInputError):
        identity.clean_username(name)


async def test_a_bad_name_is_told_as_invalid(client: httpx.AsyncClient) -> None:
    """A username that cannot be one is answered with 422."""
    answer = await client.get("/api/tasks", headers={"x-opendeep-user": "%00"})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_username"


async def test_a_name_is_looked_up_once(world: World) -> None:
    """The same name gives the same id, from memory the second time; other names other ids."""
    users = identity.LocalUsers(world.database)
    first = await users.id_of(" alice ")
    assert await users.id_of("alice") == first == await world.user("alice")
    assert await users.id_of("bob") != first


async def test_the_memory_of_names_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names beyond the limit work all the same."""
    monkeypatch.setattr(identity, "_REMEMBERED", 1)
    users = identity.LocalUsers(world.database)
    first, second = await users.id_of("alice"), await users.id_of("bob")
    assert (await users.id_of("alice"), await users.id_of("bob")) == (first, second)
