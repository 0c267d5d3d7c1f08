"""``WS /ws/calls/{id}/audio``: listen in to a live call."""

import asyncio

from fastapi import APIRouter
from starlette.websockets import WebSocket

from opendeep.common.errors import ConflictError
from opendeep.common.event_bus import Subscription
from opendeep.common.ids import CallId, UserId
from opendeep.common.messages import AudioChunk, call_audio
from opendeep.database.repositories.calls import Calls
from opendeep.web_interface.identity import CurrentUser, Services
from opendeep.web_interface.ports import WebServices
from opendeep.web_interface.ui.sockets import ignore_input, until_gone

router = APIRouter()

_SIDE_TAGS = {"callee": b"\x00", "ai": b"\x01"}
_QUIET_SECONDS = 2.0


@router.websocket("/ws/calls/{call_id}/audio")
async def listen_in(
    socket: WebSocket, call_id: str, services: Services, user_id: CurrentUser
) -> None:
    """Send both sides' sound until the call is over.

    A binary message is one tag byte (0 callee, 1 AI) and 8 kHz µ-law (ITU-T G.711) samples.
    """
    key = CallId(call_id)
    if not await _is_live(services, user_id, key):
        raise ConflictError("The call is over.", code="call_over")
    async with services.bus.subscribe(call_audio(key)) as sound:
        await socket.accept()
        sending = _send_sound(socket, services, user_id, key, sound)
        await until_gone(socket, sending, ignore_input(socket))


async def _send_sound(
    socket: WebSocket, services: WebServices, user_id: UserId, call_id: CallId, sound: Subscription
) -> None:
    while True:
        try:
            async with asyncio.timeout(_QUIET_SECONDS):
                message = await sound.get()
        except TimeoutError:
            if not await _is_live(services, user_id, call_id):
                return
            continue
        if isinstance(message, AudioChunk):
            await socket.send_bytes(_SIDE_TAGS[message.side] + message.mulaw)


async def _is_live(services: WebServices, user_id: UserId, call_id: CallId) -> bool:
    """Look the call up among the user's own.

    Raises:
        NotFoundError: the user has no such call.
    """
    async with services.database.transaction() as tx:
        return (await Calls(tx, user_id).get(call_id)).status.is_live
