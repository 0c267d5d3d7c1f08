"""Who may talk to us: Host, Origin, cross-site, CSRF and content-type rules, without any I/O.

A foreign web page in a browser on the same machine must not be able to place a call. The Host
rule stops DNS rebinding, the Origin rule stops plain cross-site requests and WebSockets, and the
CSRF header stops whatever rides on the session cookie (OWASP CSRF and WebSocket cheat sheets).
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

SESSION_COOKIE: Final = "opendeep_session"
CSRF_HEADER: Final = "x-csrf-token"
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; media-src 'self' blob:; font-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = (
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "microphone=(self), camera=(), geolocation=()"),
    ("x-frame-options", "DENY"),
    ("content-security-policy", CONTENT_POLICY),
)

FILE_PATHS: Final = frozenset({"/api/campaigns/import", "/api/dnd_list/import"})
"""Where a file may be sent, as multipart/form-data."""

_OWN_HEADERS = (CSRF_HEADER, "x-opendeep-user", "authorization")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_SESSION = re.compile(r"[0-9a-f]{64}")
_FOREIGN_SITES = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not served; ``status`` is the HTTP code."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Authority:
    """A name and a port, as in a Host header."""

    name: str
    port: int


def parse_authority(text: str, scheme: str) -> Authority | None:
    """Read ``name[:port]``; None for anything else (user info, path, junk ports)."""
    if not text or any(letter in text for letter in "/?#@\\ "):
        return None
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port
    except ValueError:
        return None
    name = (parts.hostname or "").rstrip(".")
    if not name:
        return None
    return Authority(name, port or _DEFAULT_PORTS.get(scheme, 80))


def parse_origin(text: str) -> Authority | None:
    """Read an Origin header; None for ``null`` and whatever is not ``http(s)://name[:port]``."""
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in {"http", "https"}:
        return None
    return parse_authority(rest, scheme)


def new_session() -> str:
    """Make the random value of a browser's session cookie."""
    return secrets.token_hex(32)


def is_session(value: str | None) -> bool:
    """Whether a cookie's value has the form that :func:`new_session` gives."""
    return value is not None and _SESSION.fullmatch(value) is not None


def csrf_token(session: str) -> str:
    """Derive the header value that only a page of ours knows: scripts cannot see the cookie."""
    return hmac.new(session.encode(), b"opendeep csrf", hashlib.sha256).hexdigest()


class RequestPolicy:
    """Decides, from the head of a request alone, whether it is served."""

    def __init__(self, *, host: str, allowed_origins: tuple[str, ...]) -> None:
        self._names = LOOPBACK_NAMES | {host.lower().strip("[]")}
        self._origins = frozenset(origin.lower().rstrip("/") for origin in allowed_origins)

    def refusal(self, connection: HTTPConnection) -> Refusal | None:
        """Return why the request or WebSocket is refused, or None."""
        scheme = connection.scope.get("scheme", "http")
        host = parse_authority(connection.headers.get("host", ""), scheme)
        if host is None or host.name not in self._names:
            return Refusal(status=403, code="foreign_host", message="This host name is not ours.")
        if not self._own_origin(connection.headers.get("origin"), host):
            return Refusal(status=403, code="foreign_origin", message="This page is not ours.")
        if connection.scope["type"] == "websocket":
            return None
        return self._http_refusal(connection)

    def _own_origin(self, origin: str | None, host: Authority) -> bool:
        if origin is None:  # not a browser, or a browser's harmless GET
            return True
        return origin.lower() in self._origins or parse_origin(origin.lower()) == host

    def _http_refusal(self, connection: HTTPConnection) -> Refusal | None:
        headers = connection.headers
        method = connection.scope["method"]
        navigates = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        is_foreign = headers.get("sec-fetch-site") in _FOREIGN_SITES
        if is_foreign and not navigates and headers.get("origin", "").lower() not in self._origins:
            return Refusal(status=403, code="foreign_origin", message="This page is not ours.")
        if method in _SAFE_METHODS:
            return None
        session = connection.cookies.get(SESSION_COOKIE)
        if session is not None:
            given = headers.get(CSRF_HEADER, "").encode()
            if not hmac.compare_digest(given, csrf_token(session).encode()):
                return Refusal(
                    status=403, code="csrf", message="The page is too old: load it again."
                )
        return _content_refusal(connection)


def _content_refusal(connection: HTTPConnection) -> Refusal | None:
    """Bodies are JSON: the types that a plain HTML form can send are no way in."""
    headers = connection.headers
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or not (has_body or media_type):
        return None
    if media_type == "multipart/form-data" and connection.url.path in FILE_PATHS:
        # A plain HTML form can send this type, but no header of its own.
        if any(name in headers for name in _OWN_HEADERS):
            return None
        return Refusal(status=403, code="csrf", message="Send a file with the CSRF header.")
    return Refusal(
        status=415, code="unsupported_media_type", message="Send the body as application/json."
    )
