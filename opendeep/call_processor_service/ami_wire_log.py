"""The manager's bytes for debug logs: all of them, except secrets."""

import re

import structlog

log = structlog.get_logger(__name__)

_SECRET_LINE = re.compile(rb"^((?:secret|key)[ ]*:)[^\r\n]*", re.IGNORECASE | re.MULTILINE)
_MASK = b"***"


def log_bytes(direction: str, data: bytes, *, secret: str) -> None:
    """Log bytes at debug level as they went over the wire.

    Args:
        direction: ``>`` for sent, ``<`` for received.
        data: what one write or one read had.
        secret: is masked wherever it stands, as are the values of ``Secret`` and ``Key``.
    """
    masked = masked_bytes(data, secret).decode("utf-8", "backslashreplace")
    log.debug("ami_bytes", wire=direction, size=len(data), **{"pii.text": masked})


def masked_bytes(data: bytes, secret: str) -> bytes:
    """Return the bytes without secrets."""
    masked = _SECRET_LINE.sub(rb"\1 " + _MASK, data)
    return masked.replace(secret.encode(), _MASK) if secret else masked
