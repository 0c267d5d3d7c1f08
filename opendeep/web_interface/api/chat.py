"""The chat: one turn a request, as one JSON reply or as a stream of what happens."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from opendeep.common.data_models import ToolActivity
from opendeep.common.errors import InvalidInputError, OpenDeepError
from opendeep.common.ids import ChatSessionId, UserId
from opendeep.database.repositories.chat_sessions import ChatSessions
from opendeep.web_interface.api.shapes import ChatInteraction, ChatTurn
from opendeep.web_interface.error_handlers import body_of
from opendeep.web_interface.identity import CurrentUser, Services, Users
from opendeep.web_interface.ports import ChatReply, ChatUpdate, TellUser, WebServices

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api", tags=["chat"])

_STREAM_TYPE = "text/event-stream"
_STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}

Turn = Callable[[TellUser], Awaitable[ChatReply]]


@router.post("/chat_interaction", response_model=ChatTurn)
async def chat_interaction(
    body: ChatInteraction, request: Request, services: Services, users: Users, user_id: CurrentUser
) -> Response | ChatTurn:
    """Take the user's words or form answers; ``Accept: text/event-stream`` streams the turn.

    The stream's events: ``tool`` (a tool was used), ``delta`` (a piece of the reply), and last
    either ``done`` (the whole turn, as the JSON reply has it) or ``error``.
    """
    if body.message is None and body.form_answers is None:
        raise InvalidInputError("Send a message or form_answers.", code="empty_interaction")
    if body.username is not None:
        user_id = await users.id_of(body.username)
    turn = await _turn_of(body, services, user_id)
    if _STREAM_TYPE in request.headers.get("accept", ""):
        return ChatStream(turn)
    return _shown(await turn(_tell_nobody))


async def _turn_of(body: ChatInteraction, services: WebServices, user_id: UserId) -> Turn:
    """Bind a request; an unknown session is told here, before a stream begins."""
    session_id = None if body.session_id is None else ChatSessionId(body.session_id)
    if session_id is not None:
        async with services.database.transaction() as tx:
            await ChatSessions(tx, user_id).get(session_id)

    async def turn(tell: TellUser) -> ChatReply:
        return await services.assistant.interact(
            user_id,
            session_id=session_id,
            message=body.message,
            form_answers=body.form_answers,
            tell=tell,
        )

    return turn


def _shown(reply: ChatReply) -> ChatTurn:
    return ChatTurn(
        session_id=reply.session_id,
        reply=reply.reply,
        form=reply.form,
        campaign_plan=reply.campaign_plan,
        tool_activity=list(reply.tool_activity),
    )


async def _tell_nobody(_update: ChatUpdate) -> None:
    """Whoever asked for one JSON reply hears of nothing before it."""


class ChatStream(Response):
    """Server-sent events of one turn (WHATWG HTML §9.2).

    The turn runs inside of the response. When the page goes away the turn is still finished, so
    that the conversation is whole when the user comes back.
    """

    media_type = _STREAM_TYPE

    def __init__(self, turn: Turn) -> None:
        super().__init__(headers=_STREAM_HEADERS)
        del self.headers["content-length"]
        self._turn = turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Run the turn and send what happens as it happens."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})

        async def tell(update: ChatUpdate) -> None:
            if isinstance(update, ToolActivity):
                await _send_event(send, "tool", update.model_dump(mode="json"))
            else:
                await _send_event(send, "delta", {"text": update})

        try:
            reply = _shown(await self._turn(tell))
        except OpenDeepError as error:
            log.warning("chat_turn_failed", code=error.code, reason=error.message)
            await _send_event(send, "error", body_of(error))
        else:
            await _send_event(send, "done", reply.model_dump(mode="json", by_alias=True))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_event(send: Send, name: str, data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    body = f"event: {name}\ndata: {text}\n\n".encode()
    await send({"type": "http.response.body", "body": body, "more_body": True})
