"""A second Realtime echo server, written apart from the one in C: uvloop, and TLS where asked for.

It lets the product open its call (somebody says hello, a short sentence is spoken) and then sends
back each ``input_audio_buffer.append`` as ``response.output_audio.delta``, in answers of 10 s with
the words of both sides, as ``realtime_server.c`` does.

    python -m benchmarks.media_rig.second_server [--tls CERTIFICATE KEY]
"""

import argparse
import asyncio
import base64
import hashlib
import json
import ssl
import struct
import sys
from typing import Any, Final

import uvloop

_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_APPEND: Final = b'{"type":"input_audio_buffer.append","audio":"'
_SHORT: Final = 126
_LONG: Final = 127
_ANSWER_SECONDS: Final = 10.0
_SAY_MS: Final = 600
_CLOSE: Final = (",", ":")


class Session(asyncio.Protocol):
    """One client."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._upgraded = False
        self._greeted = False
        self._automatic = False
        self._number = 0
        self._head = b""
        self._transport: Any = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: Any) -> None:
        """Wait for the handshake."""
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        """Say no more."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take what is whole."""
        self._data += data
        if not self._upgraded:
            if b"\r\n\r\n" in self._data:
                self._upgrade()
            return
        while (frame := self._frame()) is not None:
            self._took(frame)

    def _upgrade(self) -> None:
        head, _, rest = bytes(self._data).partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
        key = {name.lower(): value.strip() for name, _, value in lines}[b"sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._data = bytearray(rest)
        self._upgraded = True
        self._tell("session.created", session={"type": "realtime"})

    def _frame(self) -> bytes | None:
        data = self._data
        if len(data) < 2:  # noqa: PLR2004 - the least that a frame has
            return None
        length, at = data[1] & 0x7F, 2
        if length == _SHORT:
            length, at = int.from_bytes(data[2:4], "big"), 4
        elif length == _LONG:
            length, at = int.from_bytes(data[2:10], "big"), 10
        if len(data) < at + 4 + length:
            return None
        mask = bytes(data[at : at + 4]) * (length // 4 + 1)
        masked = int.from_bytes(data[at + 4 : at + 4 + length], "little")
        plain = masked ^ int.from_bytes(mask[:length], "little")
        kind = data[0] & 0x0F
        del data[: at + 4 + length]
        return plain.to_bytes(length, "little") if kind == 1 else b""

    def _write(self, message: bytes) -> None:
        if self._transport is not None:
            size = len(message)
            form, code = ("!BBH", _SHORT) if size < 1 << 16 else ("!BBQ", _LONG)
            head = struct.pack("!BB", 0x81, size) if size < _SHORT else None
            self._transport.write((head or struct.pack(form, 0x81, code, size)) + message)

    def _tell(self, kind: str, **fields: Any) -> None:
        self._write(
            json.dumps({"type": kind, "event_id": "e", **fields}, separators=_CLOSE).encode()
        )

    def _took(self, message: bytes) -> None:
        if message.startswith(_APPEND):
            if self._head:
                self._write(self._head + message[len(_APPEND) :])
            if not self._greeted:
                self._greeted = True
                self._loop.call_later(0.3, self._callee_said, "Hello, this is Anna speaking.")
            return
        if not message:
            return
        event = json.loads(message)
        if event["type"] == "response.create":
            self._say(event.get("response", {}).get("metadata"))
        elif event["type"] == "session.update":
            audio = event["session"]["audio"]
            self._tell("session.updated", session={"audio": {"output": audio["output"]}})
            automatic = audio["input"]["turn_detection"]["create_response"]
            if automatic and not self._automatic:
                self._loop.call_soon(self._answer)
            self._automatic = automatic

    def _callee_said(self, text: str) -> None:
        kind = "conversation.item.input_audio_transcription.completed"
        self._tell(kind, item_id=f"callee_{self._number}", transcript=text)

    def _begin(self, metadata: dict[str, str] | None) -> dict[str, Any]:
        self._number += 1
        response_id = f"response_{self._number}"
        self._tell("response.created", response={"id": response_id, "metadata": metadata})
        item_id = f"item_{self._number}"
        return {"response_id": response_id, "item_id": item_id, "content_index": 0}

    def _end(self, ids: dict[str, Any], words: str) -> None:
        self._tell("response.output_audio.done", **ids)
        self._tell("response.output_audio_transcript.done", transcript=words, **ids)
        self._tell("response.done", response={"id": ids["response_id"], "status": "completed"})

    def _say(self, metadata: dict[str, str] | None) -> None:
        ids = self._begin(metadata)
        sound = base64.b64encode(b"\x20" * 8 * _SAY_MS).decode()
        self._tell("response.output_audio.delta", delta=sound, **ids)
        self._end(ids, "Hello, this is an AI.")

    def _answer(self) -> None:
        """Echo for a while, with the words of both sides; then anew."""
        if self._transport is None:
            return
        ids = self._begin(None)
        event = {"type": "response.output_audio.delta", **ids, "delta": ""}
        whole = json.dumps(event, separators=_CLOSE).encode()
        self._head = whole[:-2]
        self._loop.call_later(_ANSWER_SECONDS, self._over, ids)

    def _over(self, ids: dict[str, Any]) -> None:
        self._head = b""
        self._end(ids, "We have an appointment on Tuesday at three.")
        self._callee_said("Do you have anything on Tuesday?")
        self._answer()


async def main(tls: list[str] | None) -> None:
    """Serve until the end of the process."""
    context = None
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*tls)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Session, "127.0.0.1", 0, ssl=context)
    sys.stdout.write(f"port {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    uvloop.run(main(parser.parse_args().tls))
