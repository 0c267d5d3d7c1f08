"""Errors as HTTP: one shape, and codes by kind."""

import httpx
import pytest

from opendeep.common import errors
from opendeep.web_interface import error_handlers
from tests.unit.web_interface.fakes import World

KINDS = {
    errors.ErrorKind.INVALID: 422,
    errors.ErrorKind.NOT_FOUND: 404,
    errors.ErrorKind.CONFLICT: 409,
    errors.ErrorKind.FORBIDDEN: 403,
    errors.ErrorKind.UNAVAILABLE: 503,
}


@pytest.mark.parametrize("kind", list(errors.ErrorKind))
def test_each_kind_has_its_status(kind: errors.ErrorKind) -> None:
    """Every kind of error has a status code, and it is the documented one."""
    assert error_handlers.status_of(kind) == KINDS[kind]


async def test_unknown_paths_and_methods_have_the_shape(client: httpx.AsyncClient) -> None:
    """404 and 405 are told as errors, with the allowed methods."""
    missing = await client.get("/api/nothing")
    assert missing.status_code == 404
    assert missing.json()["error"]["code"] == "not_found"
    wrong = await client.put("/api/tasks")
    assert wrong.status_code == 405
    assert wrong.json()["error"]["code"] == "method_not_allowed"
    assert wrong.headers["allow"] == "GET"


async def test_each_fault_of_a_request_is_one_entry(client: httpx.AsyncClient) -> None:
    """Two wrong fields are two details with their paths; what was sent is not echoed."""
    answer = await client.post(
        "/api/chat_interaction", json={"message": 5, "form_answers": "secret"}
    )
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "invalid_request"
    assert [fault["path"] for fault in error["details"]] == ["message", "form_answers"]
    assert "secret" not in answer.text


async def test_junk_instead_of_json_is_told(client: httpx.AsyncClient) -> None:
    """Broken and far too deep JSON are faults of the request, not of the server."""
    headers = {"content-type": "application/json"}
    for body in (b"{", b"[" * 100_000, b"\xff\xfe", b'{"message": "\\ud800"}'):
        answer = await client.post("/api/chat_interaction", content=body, headers=headers)
        assert answer.status_code in {400, 422}
        assert set(answer.json()["error"]) == {"code", "message", "details"}


async def test_an_id_that_is_no_number_is_not_found(client: httpx.AsyncClient) -> None:
    """Ids that cannot exist are told as not found."""
    for path in ("/api/tasks/abc", "/api/tasks/0", f"/api/tasks/{2**63}", "/api/campaigns/x"):
        assert (await client.get(path)).status_code == 404


async def test_unavailable_says_when_to_try_again(world: World, client: httpx.AsyncClient) -> None:
    """A retryable failure carries Retry-After; one that cannot succeed does not."""
    world.assistant.turns.append(errors.ModelUnavailableError("The model is away."))
    world.assistant.turns.append(
        errors.ModelUnavailableError("The quota is used up.", retryable=False)
    )
    first = await client.post("/api/chat_interaction", json={"message": "hello"})
    assert first.status_code == 503
    assert first.json()["error"]["code"] == "model_unavailable"
    assert "retry-after" in first.headers
    second = await client.post("/api/chat_interaction", json={"message": "hello"})
    assert second.status_code == 503
    assert "retry-after" not in second.headers


async def test_a_bug_is_told_without_its_inside(world: World, client: httpx.AsyncClient) -> None:
    """An error that nobody foresaw is a 500 with the shape, the headers and no detail."""

    async def broken() -> list[object]:
        raise ZeroDivisionError("secret inside")

    object.__setattr__(world.services, "health", broken)
    answer = await client.get("/readyz")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_paths_are_written_as_people_write_them() -> None:
    """Places of faults read as in tasks[0].phone_number, without the outer names."""
    location = ("body", "campaign_plan", "tasks", 0, "phone_number")
    assert error_handlers.path_of(location) == "tasks[0].phone_number"
    assert error_handlers.path_of(("body", "campaign_plan")) == "campaign_plan"
    assert error_handlers.path_of(("body",)) == ""
    assert error_handlers.path_of(("query", "limit")) == "limit"
