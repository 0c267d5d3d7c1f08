"""The shapes of a Realtime server's events: ids, responses, usage, limits, errors.

Source: OpenAI Realtime API (GA), server events.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from opendeep.practice.realtime_config import EventFaultError
from opendeep.practice.realtime_items import Item

Json = dict[str, Any]
_CHARACTERS_A_TOKEN: Final = 4
_CALLER_MS_A_TOKEN: Final = 100
_OWN_MS_A_TOKEN: Final = 50
_TOKENS_A_MINUTE: Final = 1_000_000
_REQUESTS_A_MINUTE: Final = 1_000


def new_id(prefix: str) -> str:
    """Make an id like ``item_4f0c…``, at most 32 characters long."""
    return f"{prefix}_{secrets.token_hex(10)}"


class Outbox:
    """Gives every event its type and id and hands it to the socket.

    Args:
        send: takes one event at a time, in order, as JSON.
    """

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send

    def emit(self, kind: str, **fields: object) -> None:
        """Send one event."""
        self._send(json.dumps({"type": kind, "event_id": new_id("event"), **fields}))

    def error(self, fault: EventFaultError, *, event_id: str | None = None) -> None:
        """Tell the client that its event was refused."""
        self.fail("invalid_request_error", fault.code, fault.message, fault.param, event_id)

    def fail(
        self,
        kind: str,
        code: str,
        message: str,
        param: str | None = None,
        event_id: str | None = None,
    ) -> None:
        """Send an ``error`` event."""
        detail = {
            "type": kind,
            "code": code,
            "message": message,
            "param": param,
            "event_id": event_id,
        }
        self.emit("error", error=detail)


def tokens_of(text: str) -> int:
    """Estimate a text's tokens."""
    return -(-len(text) // _CHARACTERS_A_TOKEN)


def input_tokens(instructions: str, items: Sequence[Item]) -> tuple[int, int]:
    """Estimate the text and audio tokens that a conversation costs to read."""
    text = tokens_of(instructions)
    audio = 0
    for item in items:
        if item.audio_ms:
            audio += int(item.audio_ms / _CALLER_MS_A_TOKEN)
        elif item.sentences:
            audio += int(item.made_ms / _OWN_MS_A_TOKEN)
        else:
            text += tokens_of(json.dumps(item.wire))
    return text, audio


def usage_of(read: tuple[int, int], cached_text: int, output: Sequence[Item]) -> Json:
    """Return a response's usage; the sums agree with their parts, as a client may check.

    Args:
        read: text and audio tokens of the input.
        cached_text: text tokens of it that an earlier response had read.
        output: what was said and done.
    """
    text, audio = read
    cached = min(cached_text, text)
    said = sum(tokens_of(json.dumps(item.wire.get("arguments") or _text(item))) for item in output)
    spoken = sum(int(item.made_ms / _OWN_MS_A_TOKEN) for item in output)
    return {
        "total_tokens": text + audio + said + spoken,
        "input_tokens": text + audio,
        "output_tokens": said + spoken,
        "input_token_details": {
            "text_tokens": text,
            "audio_tokens": audio,
            "image_tokens": 0,
            "cached_tokens": cached,
            "cached_tokens_details": {
                "text_tokens": cached,
                "audio_tokens": 0,
                "image_tokens": 0,
            },
        },
        "output_token_details": {"text_tokens": said, "audio_tokens": spoken},
    }


def _text(item: Item) -> str:
    return " ".join(sentence.text for sentence in item.sentences if sentence.made)


def rate_limits(spent_tokens: int) -> list[Json]:
    """Return generous limits."""
    return [
        {
            "name": "requests",
            "limit": _REQUESTS_A_MINUTE,
            "remaining": _REQUESTS_A_MINUTE - 1,
            "reset_seconds": 0.06,
        },
        {
            "name": "tokens",
            "limit": _TOKENS_A_MINUTE,
            "remaining": max(0, _TOKENS_A_MINUTE - spent_tokens),
            "reset_seconds": 0.1,
        },
    ]
