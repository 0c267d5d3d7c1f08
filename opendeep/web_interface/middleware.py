"""The outermost layer: refuses what the guards refuse, bounds bodies, adds security headers."""

import json
import re

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opendeep.web_interface.error_handlers import error_body
from opendeep.web_interface.guards import FILE_PATHS, SECURITY_HEADERS, Refusal, RequestPolicy

FILE_LIMIT_BYTES = 8 * 1024 * 1024

log = structlog.get_logger(__name__)

_TOO_LARGE = Refusal(status=413, code="too_large", message="The body is too large.")
_UNSTORABLE = Refusal(
    status=422,
    code="invalid_text",
    message="The body holds what cannot be kept: NUL characters, half characters, or numbers "
    "that are none.",
)
# An escaped NUL, but not an escaped backslash before the letters u0000.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
# Rare in honest bodies; only these are looked at closely.
_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]|NaN|Infinity|\d[eE]\+?\d{3}")


class RequestGuard:
    """ASGI middleware; holds a request's body (bounded) so that a refusal comes before any work."""

    def __init__(self, app: ASGIApp, *, policy: RequestPolicy, body_limit_bytes: int) -> None:
        self._app = app
        self._policy = policy
        self._body_limit_bytes = body_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._policy.refusal(HTTPConnection(scope))
        if scope["type"] == "websocket":
            await self._serve_websocket(refusal, scope, receive, _with_refusal_logged(scope, send))
            return
        await self._serve_http(refusal, scope, receive, _with_security_headers(send))

    async def _serve_websocket(
        self, refusal: Refusal | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve_http(
        self, refusal: Refusal | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        body = b""
        if refusal is None:
            takes_file = scope["path"] in FILE_PATHS
            limit = max(FILE_LIMIT_BYTES, self._body_limit_bytes) if takes_file else None
            read = await _read_body(scope, receive, limit or self._body_limit_bytes)
            if isinstance(read, Refusal):
                refusal = read
            else:
                body = read
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    body = error_body(refusal.code, refusal.message)
    await JSONResponse(body, refusal.status)(scope, receive, send)


async def _read_body(scope: Scope, receive: Receive, limit: int) -> bytes | Refusal:
    declared = HTTPConnection(scope).headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        return _TOO_LARGE
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return _TOO_LARGE
        chunks.append(chunk)
        more = message.get("more_body", False)
    body = b"".join(chunks)
    return body if _is_storable(body) else _UNSTORABLE


def _is_storable(body: bytes) -> bool:
    """Whether all that a JSON body holds can be stored and shown again.

    Python's parser also takes NaN, infinities and single surrogates, which neither a database nor
    UTF-8 does. What is no JSON at all is left to the application to refuse.
    """
    if b"\x00" in body or _ESCAPED_NUL.search(body):
        return False
    if not _SUSPECT.search(body):
        return True
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return True
    try:
        json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return True


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body that was read once more, then whatever the server says next."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _with_refusal_logged(scope: Scope, send: Send) -> Send:
    """Say in one line that a WebSocket was not opened, and with which HTTP status."""
    answered = False

    async def send_and_log(message: Message) -> None:
        nonlocal answered
        if not answered and message["type"] != "websocket.accept":
            # A close before the handshake is sent as 403 (ASGI, "Close - send event").
            log.info("websocket_refused", path=scope["path"], status=message.get("status", 403))
        answered = True
        await send(message)

    return send_and_log


def _with_security_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS:
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
