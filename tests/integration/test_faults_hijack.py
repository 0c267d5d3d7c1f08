"""Strangers at the AudioSocket port while a call is live: none of them gets in or does harm."""

import asyncio
import socket
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.faults_far_ends import far_ends
from tests.integration.faults_product import CALLEE, plan, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

SILENT_SECONDS = 5
FRAMES_A_SECOND = 50
NIL = bytes(16)
AUDIO = b"\x10\x01\x40" + bytes(320)


def identity(name: bytes) -> bytes:
    """Write the first frame of an AudioSocket connection."""
    return b"\x01" + len(name).to_bytes(2, "big") + name


ATTACKS: dict[str, Callable[[bytes], bytes]] = {
    "random": lambda _live: identity(uuid.uuid4().bytes) + AUDIO * 5,
    "nil": lambda _live: identity(NIL) + AUDIO * 5,
    "replayed": lambda live: identity(live) + AUDIO * 5,
    "audio first": lambda live: AUDIO + identity(live),
    "hang-up first": lambda live: b"\x00\x00\x00" + identity(live),
    "error first": lambda live: b"\xff\x00\x01\x01" + identity(live),
    "unknown kind": lambda live: b"\x77\x00\x10" + live,
    "short name": lambda live: identity(live[:15]),
    "name as text": lambda live: identity(str(uuid.UUID(bytes=live)).encode()),
    "huge length": lambda live: b"\x01\xff\xff" + live * 4096,
    "named twice": lambda live: identity(uuid.uuid4().bytes) + identity(live),
    "HTTP": lambda _live: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


async def attack(port: int, data: bytes) -> bytes:
    """Connect, send, and read until the other side closes; return what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_strangers_beside_a_live_call(tmp_path: Path) -> None:
    """All are closed, no further voice session is opened, and the callee hears every frame."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange()
        voice = await ends.open_voice()
        async with serving(tmp_path, ends.settings()) as product:
            task_id = await product.confirm(plan(CALLEE))
            call_id = await product.talking(task_id)
            live = uuid.UUID(call_id).bytes
            loop = asyncio.get_running_loop()

            began, heard = loop.time(), exchange.handset.heard_frames
            for name, data in ATTACKS.items():
                async with asyncio.timeout(1):
                    said = await attack(ends.audio_port, data(live))
                assert said in {b"", b"\x00\x00\x00"}, name
            async with asyncio.timeout(SILENT_SECONDS + 1), asyncio.TaskGroup() as group:
                for data in (b"", identity(live)[:10]):
                    group.create_task(attack(ends.audio_port, data))

            expected = FRAMES_A_SECOND * (loop.time() - began)
            assert exchange.handset.heard_frames - heard == pytest.approx(expected, rel=0.05)
            assert (await product.get(f"/api/calls/{call_id}"))["status"] == "in_progress"
            assert (voice.upgrades, len(voice.peers)) == (1, 1)
            assert all(not peer.closed for peer in voice.peers)
            for reason in ("unknown", "used", "silent"):
                assert f'"reason": "{reason}", "event": "audiosocket_refused"' in product.log

            exchange.handset.hang_up()
            task = await product.task_in(task_id, "retry_scheduled")
            assert "hung up" in task["status_reason"]
            call = await product.only_call(task_id)
            assert call["cause"] == "callee_hung_up"


async def test_a_flood_of_strangers(tmp_path: Path) -> None:
    """Hundreds of silent connections leave Asterisk's own way in: the next call has its sound."""
    async with far_ends() as ends:
        exchange = await ends.open_exchange()
        await ends.open_voice()
        async with serving(tmp_path, ends.settings()) as product:
            flood = [socket.create_connection(("127.0.0.1", ends.audio_port)) for _ in range(300)]
            try:
                task_id = await product.confirm(plan(CALLEE))
                call_id = await product.talking(task_id)
                await asyncio.sleep(SILENT_SECONDS + 1)
                call = await product.get(f"/api/calls/{call_id}")
                assert call["status"] == "in_progress", call
                assert "audio_connected" in {event["name"] for event in call["events"]}
                assert exchange.handset.heard_frames > FRAMES_A_SECOND
            finally:
                for stranger in flood:
                    stranger.close()
