"""What the web interface needs to know, handed over by bootstrap."""

from dataclasses import dataclass
from pathlib import Path

BODY_LIMIT_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """Settings of the web interface.

    Attributes:
        host: the name or address that the server is reached by, beside the loopback names.
        allowed_origins: further origins (``https://name:port``) whose pages may use the API.
        recordings_dir: recordings outside of this directory are never served.
        notices: what every page says at its top (practice AI, Test Mode, calling hours off).
        version: shown in the settings and in OpenAPI.
        secure_cookies: set when the server is reached by HTTPS only.
        body_limit_bytes: larger request bodies are refused with 413.
    """

    recordings_dir: Path
    host: str = "127.0.0.1"
    allowed_origins: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    version: str = "0"
    secure_cookies: bool = False
    body_limit_bytes: int = BODY_LIMIT_BYTES
