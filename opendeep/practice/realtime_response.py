"""One Realtime response from ``response.created`` to ``response.done``.

Everything is emitted in the usual order of the live service. Audio goes out sentence by sentence
as it is synthesised, faster than real time. A cancelled response closes what it had open, at
once, and emits nothing afterwards.
"""

import asyncio
import base64
import itertools
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import soxr  # type: ignore[import-untyped]

from opendeep.audio_processing_service import pcm
from opendeep.practice.brain_turns import Move, Say, UseTool
from opendeep.practice.realtime_items import Conversation, Item, Sentence
from opendeep.practice.realtime_wire import (
    Outbox,
    input_tokens,
    new_id,
    rate_limits,
    usage_of,
)
from opendeep.practice.speech import VOICE_RATE, Samples, Synthesizer, sentences

Json = dict[str, Any]
_CHUNKS_MS: Final = (100, 240, 160, 320)
_BYTES_PER_MS: Final = {"audio/pcmu": 8, "audio/pcm": 48}
_INT16_MOST: Final = 32_767


def encoded(samples: Samples, kind: str) -> bytes:
    """Encode speech at 24 kHz as ``audio/pcm`` (24 kHz, s16le) or ``audio/pcmu`` (8 kHz)."""
    if kind == "audio/pcmu":
        samples = soxr.resample(samples, VOICE_RATE, pcm.SAMPLE_RATE)
    whole = (np.clip(samples, -1.0, 1.0) * _INT16_MOST).astype("<i2").tobytes()
    return pcm.pcm_to_mulaw(whole) if kind == "audio/pcmu" else whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePlan:
    """What a response is made with.

    Attributes:
        instructions: the response's own, else the session's.
        tools: what it may call.
        output_format: ``audio/pcm`` or ``audio/pcmu``.
        in_conversation: False for an out-of-band response, which leaves no trace.
        speed: how many times faster than real time audio is sent.
    """

    instructions: str
    tools: Sequence[Json]
    modality: str
    output_format: Json
    voice: object
    metadata: Json | None
    in_conversation: bool
    speed: float
    max_output_tokens: object = "inf"


class ResponseRun:
    """A response in the making.

    Args:
        decide: waits until the callee's words are in and returns the moves.
        on_done: told once, after ``response.done``.
    """

    def __init__(
        self,
        plan: ResponsePlan,
        *,
        outbox: Outbox,
        conversation: Conversation,
        synthesizer: Synthesizer,
        decide: Callable[[], Awaitable[Sequence[Move]]],
        on_done: Callable[["ResponseRun"], None],
        cached_text: int = 0,
    ) -> None:
        self.id = new_id("resp")
        self.plan = plan
        self.output: list[Item] = []
        self.usage: Json | None = None
        self._outbox = outbox
        self._conversation = conversation
        self._synthesizer = synthesizer
        self._decide = decide
        self._on_done = on_done
        self._cached_text = cached_text
        self.read = input_tokens(plan.instructions, conversation.items)
        self._open_item: Item | None = None

    @property
    def spoken_ms(self) -> float:
        """How much audio was made."""
        return sum(item.made_ms for item in self.output)

    def open(self) -> None:
        """Announce the response."""
        self._outbox.emit("response.created", response=self._wire("in_progress", None))

    async def run(self) -> None:
        """Make the response; cancel it through :meth:`cancel`."""
        moves = await self._decide()
        says = [move for move in moves if isinstance(move, Say)]
        if says:
            await self._speak(says)
        for move in moves:
            if isinstance(move, UseTool):
                self._call(move)
        self._close("completed", None)

    def cancel(self, reason: str) -> None:
        """End the response now; ``reason`` is ``turn_detected`` or ``client_cancelled``."""
        self._close("cancelled", {"type": "cancelled", "reason": reason})

    def fail(self, message: str) -> None:
        """End the response as the live service does when it breaks."""
        error = {"type": "server_error", "code": "server_error", "message": message}
        self._close("failed", {"type": "failed", "error": error})

    def _close(self, status: str, details: Json | None) -> None:
        if self._open_item is not None:
            self._end_message(self._open_item, "incomplete")
        self.usage = usage_of(self.read, self._cached_text, self.output)
        self._outbox.emit("response.done", response=self._wire(status, details))
        limits = rate_limits(int(self.usage["total_tokens"]))
        self._outbox.emit("rate_limits.updated", rate_limits=limits)
        self._on_done(self)

    def _wire(self, status: str, details: Json | None) -> Json:
        plan = self.plan
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [item.wire for item in self.output],
            "conversation_id": self._conversation.id if plan.in_conversation else None,
            "output_modalities": [plan.modality],
            "max_output_tokens": plan.max_output_tokens,
            "audio": {"output": {"format": plan.output_format, "voice": plan.voice}},
            "usage": self.usage,
            "metadata": plan.metadata,
        }

    def _begin(self, item: Item) -> int:
        index = len(self.output)
        self.output.append(item)
        self._outbox.emit(
            "response.output_item.added",
            response_id=self.id,
            output_index=index,
            item=dict(item.wire),
        )
        if self.plan.in_conversation:
            previous = self._conversation.add(item)
            self._outbox.emit(
                "conversation.item.added", item=dict(item.wire), previous_item_id=previous
            )
        return index

    def _end(self, item: Item, status: str) -> None:
        item.wire["status"] = status
        index = self.output.index(item)
        if self.plan.in_conversation:
            position = self._conversation.items.index(item)
            previous = self._conversation.items[position - 1].id if position else None
            self._outbox.emit("conversation.item.done", item=item.wire, previous_item_id=previous)
        self._outbox.emit(
            "response.output_item.done", response_id=self.id, output_index=index, item=item.wire
        )

    async def _speak(self, says: Sequence[Say]) -> None:
        wire: Json = {
            "id": new_id("item"),
            "object": "realtime.item",
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        planned = [
            Sentence.planned(index, text)
            for index, say in enumerate(says)
            for text in sentences(say.text)
        ]
        item = Item(wire=wire, says=list(says), sentences=planned)
        self._begin(item)
        self._open_item = item
        self._emit_part("response.content_part.added", item, part=self._part(""))
        lengths = itertools.cycle(_CHUNKS_MS)
        for position, sentence in enumerate(planned):
            lead = " " if position else ""
            if self.plan.modality == "text":
                sentence.made, sentence.ms = True, 0.0
                self._emit_part("response.output_text.delta", item, delta=lead + sentence.text)
                continue
            samples = await self._synthesizer.speak_sentence(sentence.text)
            kind = str(self.plan.output_format["type"])
            audio = encoded(samples, kind)
            sentence.made, sentence.ms = True, 0.0
            self._emit_part(
                "response.output_audio_transcript.delta", item, delta=lead + sentence.text
            )
            await self._send_audio(item, sentence, audio, lengths)
        self._end_message(item, "completed")

    async def _send_audio(
        self, item: Item, sentence: Sentence, audio: bytes, lengths: "itertools.cycle[int]"
    ) -> None:
        per_ms = _BYTES_PER_MS[str(self.plan.output_format["type"])]
        begin = 0
        while begin < len(audio):
            chunk = audio[begin : begin + next(lengths) * per_ms]
            begin += len(chunk)
            sentence.ms += len(chunk) / per_ms
            delta = base64.b64encode(chunk).decode("ascii")
            self._emit_part("response.output_audio.delta", item, delta=delta)
            await asyncio.sleep(len(chunk) / per_ms / 1_000 / self.plan.speed)

    def _part(self, text: str) -> Json:
        if self.plan.modality == "text":
            return {"type": "text", "text": text}
        return {"type": "audio", "transcript": text}

    def _emit_part(self, kind: str, item: Item, **fields: object) -> None:
        self._outbox.emit(
            kind,
            response_id=self.id,
            item_id=item.id,
            output_index=self.output.index(item),
            content_index=0,
            **fields,
        )

    def _end_message(self, item: Item, status: str) -> None:
        self._open_item = None
        text = " ".join(sentence.text for sentence in item.sentences if sentence.made)
        if self.plan.modality == "text":
            self._emit_part("response.output_text.done", item, text=text)
            item.wire["content"] = [{"type": "output_text", "text": text}]
        else:
            self._emit_part("response.output_audio.done", item)
            self._emit_part("response.output_audio_transcript.done", item, transcript=text)
            item.wire["content"] = [{"type": "output_audio", "transcript": text}]
        self._emit_part("response.content_part.done", item, part=self._part(text))
        if self._conversation.find(item.id) is None and self.plan.in_conversation:
            self._conversation.add(item)
        self._end(item, status)

    def _call(self, move: UseTool) -> None:
        call_id = new_id("call")
        arguments = json.dumps(move.arguments)
        item = Item(
            wire={
                "id": new_id("item"),
                "object": "realtime.item",
                "type": "function_call",
                "status": "in_progress",
                "call_id": call_id,
                "name": move.name,
                "arguments": "",
            }
        )
        index = self._begin(item)
        ids = {
            "response_id": self.id,
            "item_id": item.id,
            "output_index": index,
            "call_id": call_id,
        }
        half = len(arguments) // 2
        for delta in (arguments[:half], arguments[half:]):
            self._outbox.emit("response.function_call_arguments.delta", **ids, delta=delta)
        self._outbox.emit(
            "response.function_call_arguments.done", **ids, name=move.name, arguments=arguments
        )
        item.wire["arguments"] = arguments
        self._end(item, "completed")
