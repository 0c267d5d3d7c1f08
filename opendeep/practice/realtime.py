"""The practice Realtime WebSocket, ``/v1/realtime``: the driver around :class:`RealtimeSession`."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any, Final

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from opendeep.common.clock import Clock
from opendeep.common.lifecycle import Nursery
from opendeep.practice.realtime_session import RealtimeSession, RealtimeSettings
from opendeep.practice.speech import SpeechEngines

log = structlog.get_logger(__name__)

Json = dict[str, Any]
_BETA_CLOSED: Final = 4000
_EXPIRED: Final = 1001


def bearer_accepted(headers: Mapping[str, str], api_key: str | None) -> bool:
    """Whether a request carries the key, if one is configured."""
    return api_key is None or headers.get("authorization", "") == f"Bearer {api_key}"


class RealtimeEndpoint:
    """Serves Realtime sessions.

    Args:
        engines: ears and mouth, shared by all sessions.
        api_key: the Bearer that clients must send, or None for no check.
    """

    def __init__(
        self,
        *,
        engines: SpeechEngines,
        settings: RealtimeSettings,
        clock: Clock,
        api_key: str | None,
    ) -> None:
        self._engines = engines
        self._settings = settings
        self._clock = clock
        self._api_key = api_key

    def router(self) -> APIRouter:
        """Return the route."""
        router = APIRouter()
        router.add_api_websocket_route("/v1/realtime", self.serve)
        return router

    async def serve(self, websocket: WebSocket) -> None:
        """Hold one session from the upgrade to the close."""
        refusal = self._refusal(websocket)
        if refusal is not None:
            await websocket.send_denial_response(refusal)
            return
        await websocket.accept()
        if "realtime=v1" in websocket.headers.get("openai-beta", ""):
            await _refuse_beta(websocket)
            return
        model = websocket.query_params.get("model") or "gpt-realtime-2.1"
        outgoing: asyncio.Queue[str | None] = asyncio.Queue()

        def failed(name: str, error: BaseException) -> None:
            session.task_failed(name, error)

        nursery = Nursery("realtime", on_failure=failed)
        session = RealtimeSession(
            model=model,
            engines=self._engines,
            settings=self._settings,
            nursery=nursery,
            clock=self._clock,
            send=outgoing.put_nowait,
        )
        async with nursery:
            session.open()
            nursery.start(self._engines.warm_up(), name="warm_up")
            nursery.start(_write(websocket, outgoing), name="write")
            nursery.start(_expire(session, outgoing, self._settings.session_seconds), name="expire")
            await _read(websocket, session)
        log.debug("realtime_session_closed")

    def _refusal(self, websocket: WebSocket) -> JSONResponse | None:
        if not bearer_accepted(websocket.headers, self._api_key):
            return _denial(401, "invalid_api_key", "Incorrect API key provided.")
        query = websocket.query_params
        if not query.get("model") and not query.get("call_id"):
            return _denial(400, "missing_model", "You must provide a model parameter.")
        return None


def _denial(status: int, code: str, message: str) -> JSONResponse:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status_code=status)


async def _refuse_beta(websocket: WebSocket) -> None:
    """Turn the beta protocol away as the live service does since May 2026."""
    message = "The Realtime Beta API shape is no longer supported; use the GA API."
    code = "beta_api_shape_disabled"
    error = {"type": "invalid_request_error", "code": code, "message": message, "param": None}
    event = {"type": "error", "event_id": "event_beta", "error": error}
    await websocket.send_text(json.dumps(event))
    await websocket.close(_BETA_CLOSED, f"invalid_request_error.{code}")


async def _read(websocket: WebSocket, session: RealtimeSession) -> None:
    try:
        while True:
            text = await websocket.receive_text()
            try:
                event = json.loads(text)
            except ValueError:
                event = None
            session.receive(event)
    except (WebSocketDisconnect, KeyError, RuntimeError):
        # KeyError: a binary frame; RuntimeError: the socket was closed by our own side.
        return


async def _write(websocket: WebSocket, outgoing: asyncio.Queue[str | None]) -> None:
    # Once the client is gone, what is left is for nobody; the reader ends the session.
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (event := await outgoing.get()) is not None:
            await websocket.send_text(event)
        await websocket.close(_EXPIRED, "session_expired")


async def _expire(
    session: RealtimeSession, outgoing: asyncio.Queue[str | None], seconds: float
) -> None:
    await asyncio.sleep(seconds)
    session.expire()
    outgoing.put_nowait(None)
