"""Commands to a live call: hang up, keys, a hint to the AI, transfer."""

from typing import Annotated, Literal, assert_never

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from opendeep.common import messages
from opendeep.common.data_models import CallCause
from opendeep.common.errors import ConflictError
from opendeep.common.ids import CallId
from opendeep.database.repositories.calls import Calls
from opendeep.web_interface.api.shapes import Accepted, Incoming
from opendeep.web_interface.identity import CurrentUser, Services

router = APIRouter(prefix="/api", tags=["calls"])


class Hangup(Incoming):
    """End the call."""

    type: Literal["hangup"]


class Dtmf(Incoming):
    """Press keys; ``w`` waits half a second."""

    type: Literal["dtmf"]
    digits: Annotated[
        str, StringConstraints(strip_whitespace=False, pattern=r"^[0-9*#ABCDw]{1,32}$")
    ]


class Hint(Incoming):
    """Tell the AI something that the callee does not hear."""

    type: Literal["hint"]
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Transfer(Incoming):
    """Hand the callee over to another number (E.164, or an extension)."""

    type: Literal["transfer"]
    to: Annotated[str, StringConstraints(strip_whitespace=False, pattern=r"^\+?[0-9]{1,15}$")]
    mode: Literal["blind", "attended"] = "blind"


CallCommand = Annotated[Hangup | Dtmf | Hint | Transfer, Field(discriminator="type")]


def addressed(call_id: CallId, command: CallCommand) -> tuple[str, messages.Message]:
    """Return the channel and the message that carry a command."""
    match command:
        case Hangup():
            end = messages.EndCall(cause=CallCause.USER_HUNG_UP, reason="The user hung up.")
            return messages.call_commands(call_id), end
        case Dtmf():
            return messages.call_commands(call_id), messages.SendDtmf(digits=command.digits)
        case Hint():
            return messages.voice_commands(call_id), messages.GiveHint(text=command.text)
        case Transfer():
            transfer = messages.TransferCall(to=command.to, mode=command.mode)
            return messages.call_commands(call_id), transfer
        case _:
            assert_never(command)


@router.post("/calls/{call_id}/commands", status_code=202)
async def command_call(
    call_id: str, command: CallCommand, services: Services, user_id: CurrentUser
) -> Accepted:
    """Send a command to a live call; 409 when the call is over."""
    async with services.database.transaction() as tx:
        call = await Calls(tx, user_id).get(CallId(call_id))
    if not call.status.is_live:
        raise ConflictError("The call is over.", code="call_over")
    channel, message = addressed(call.id, command)
    await services.bus.command(channel, message)
    return Accepted()
