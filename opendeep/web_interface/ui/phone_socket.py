"""``WS /ws/phone``: the practice number that rings in the user's own browser."""

import json

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from opendeep.common.errors import NotFoundError
from opendeep.common.ports import BrowserPhoneLine
from opendeep.web_interface.identity import CurrentUser, Services
from opendeep.web_interface.ui.sockets import until_gone

router = APIRouter()

_FRAME_LIMIT_BYTES = 1600  # 200 ms of 8 kHz µ-law
_COMMAND_LIMIT = 200


@router.websocket("/ws/phone")
async def serve_phone(socket: WebSocket, services: Services, _user_id: CurrentUser) -> None:
    """Be a phone: ``{"type": "ring"|"hangup"}`` and binary 8 kHz µ-law frames come out.

    In go ``{"type": "answer"|"hangup"}`` and the microphone's frames. The latest page is the phone.
    """
    phone = services.browser_phone()
    if phone is None:
        raise NotFoundError("browser phone", "without the practice exchange")
    line = phone.register()
    try:
        await socket.accept()
        await until_gone(socket, _send_sound(socket, line), _take_input(socket, line))
    finally:
        line.close()


async def _send_sound(socket: WebSocket, line: BrowserPhoneLine) -> None:
    while True:
        event = await line.next_event()
        if isinstance(event, bytes):
            await socket.send_bytes(event)
        else:
            await socket.send_json({"type": event})


async def _take_input(socket: WebSocket, line: BrowserPhoneLine) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        sound = message.get("bytes")
        if sound is not None and 0 < len(sound) <= _FRAME_LIMIT_BYTES:
            line.send_audio(sound)
        elif text := message.get("text"):
            _obey(text, line)


def _obey(text: str, line: BrowserPhoneLine) -> None:
    """Follow one command of the page; whatever is not one is ignored."""
    if len(text) > _COMMAND_LIMIT:
        return
    try:
        command = json.loads(text)
    except ValueError:
        return
    match command:
        case {"type": "answer"}:
            line.answer()
        case {"type": "hangup"}:
            line.hang_up()
        case _:
            return
