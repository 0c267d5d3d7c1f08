"""Commands to a live call."""

from typing import Any

import httpx
import pytest

from opendeep.common import messages
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import InvalidInputError
from opendeep.common.messages import Message
from opendeep.database.repositories import Calls
from tests.unit.web_interface.fakes import World

COMMANDS: list[tuple[dict[str, Any], str, Message]] = [
    (
        {"type": "hangup"},
        "call",
        messages.EndCall(cause=CallCause.USER_HUNG_UP, reason="The user hung up."),
    ),
    ({"type": "dtmf", "digits": "12w#"}, "call", messages.SendDtmf(digits="12w#")),
    ({"type": "hint", "text": " Ask for Dana. "}, "voice", messages.GiveHint(text="Ask for Dana.")),
    (
        {"type": "transfer", "to": "+12025550123", "mode": "attended"},
        "call",
        messages.TransferCall(to="+12025550123", mode="attended"),
    ),
]


@pytest.mark.parametrize(("body", "side", "expected"), COMMANDS)
async def test_a_command_reaches_who_holds_the_call(
    world: World, client: httpx.AsyncClient, body: dict[str, Any], side: str, expected: Message
) -> None:
    """Each command arrives as its message on its channel and is answered with 202."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    heard: list[Message] = []

    async def take(message: Message) -> None:
        heard.append(message)

    channel = {"call": messages.call_commands, "voice": messages.voice_commands}[side](call.id)
    async with world.bus.serve(channel, take):
        answer = await client.post(f"/api/calls/{call.id}/commands", json=body)
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    assert heard == [expected]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "explode"},
        {"type": "dtmf", "digits": ""},
        {"type": "dtmf", "digits": "1" * 33},
        {"type": "dtmf", "digits": "1\r\nAction: Originate"},
        {"type": "hint", "text": " "},
        {"type": "hint", "text": "x" * 1001},
        {"type": "transfer", "to": "1@evil.test"},
        {"type": "hangup", "cause": "completed"},
    ],
)
async def test_bad_commands_are_refused(
    world: World, client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    """A command that cannot be sent is a fault of the request."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    answer = await client.post(f"/api/calls/{call.id}/commands", json=body)
    assert answer.status_code == 422


async def test_a_call_that_is_over_takes_no_commands(
    world: World, client: httpx.AsyncClient
) -> None:
    """After the end, and when nobody holds the call, a command is a conflict."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)
    url = f"/api/calls/{call.id}/commands"
    orphan = await client.post(url, json={"type": "hangup"})
    assert (orphan.status_code, orphan.json()["error"]["code"]) == (409, "no_listener")
    user_id = await world.user()
    async with world.database.transaction() as tx:
        await Calls(tx, user_id).change(
            call.id, expected={CallStatus.INITIATING}, status=CallStatus.ENDED
        )
    over = await client.post(url, json={"type": "hangup"})
    assert (over.status_code, over.json()["error"]["code"]) == (409, "call_over")


async def test_what_the_holder_refuses_reaches_the_user(
    world: World, client: httpx.AsyncClient
) -> None:
    """An error of whoever holds the call is the answer."""
    _, task_id = await world.campaign()
    call = await world.begin_call(task_id)

    async def refuse(_message: Message) -> None:
        raise InvalidInputError("Transfers are off.")

    body = {"type": "transfer", "to": "7000"}
    async with world.bus.serve(messages.call_commands(call.id), refuse):
        answer = await client.post(f"/api/calls/{call.id}/commands", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == "Transfers are off."


async def test_another_user_cannot_hang_up(world: World, client: httpx.AsyncClient) -> None:
    """A call of somebody else is not found."""
    _, task_id = await world.campaign(user="alice")
    call = await world.begin_call(task_id, user="alice")
    answer = await client.post(f"/api/calls/{call.id}/commands", json={"type": "hangup"})
    assert answer.status_code == 404
