"""Brings a call's sound to whoever listens in, and costs nothing while nobody does."""

import asyncio
from typing import Final

from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.common.event_bus import EventBus
from opendeep.common.messages import AudioChunk

_LISTEN_SECONDS: Final = 0.1
_LOOK_FOR_LISTENERS_SECONDS: Final = 1.0
_PUBLISH_TIMES: Final = 10


async def listen_in(sound: CallSound, bus: EventBus, channel: str) -> None:
    """Publish both sides on a channel while it has listeners, until cancelled."""
    while True:
        sound.listening = await bus.listeners(channel) > 0
        if not sound.listening:
            await asyncio.sleep(_LOOK_FOR_LISTENERS_SECONDS)
            continue
        for _ in range(_PUBLISH_TIMES):
            await asyncio.sleep(_LISTEN_SECONDS)
            callee, ai = sound.take_heard_in()
            if callee:
                await bus.publish(channel, AudioChunk(side="callee", mulaw=callee))
                await bus.publish(channel, AudioChunk(side="ai", mulaw=ai))
