"""The Realtime server of Hugging Face's speech-to-speech without its models; runs in its own venv.

Everything on the wire is theirs. What a model would say is a tone and a fixed sentence, or once a
function call, after the caller's words; a turn of the caller is announced by any loud sound.
"""

import asyncio
import sys
from queue import Queue
from threading import Event, Thread
from typing import Any

import numpy as np
import uvicorn
from openai.types.responses.response_function_tool_call import ResponseFunctionToolCall
from speech_to_speech.api.openai_realtime.pipeline_unit import (  # type: ignore[import-not-found]
    PipelineUnit,
)
from speech_to_speech.api.openai_realtime.service import (  # type: ignore[import-not-found]
    RealtimeService,
)
from speech_to_speech.api.openai_realtime.websocket_router import (  # type: ignore[import-not-found]
    create_app,
)
from speech_to_speech.pipeline import AUDIO_RESPONSE_DONE  # type: ignore[import-not-found]
from speech_to_speech.pipeline.cancel_scope import CancelScope  # type: ignore[import-not-found]
from speech_to_speech.pipeline.control import (  # type: ignore[import-not-found]
    PipelineControlMessage,
)
from speech_to_speech.pipeline.events import (  # type: ignore[import-not-found]
    AssistantOutputEvent,
    AssistantResponseDoneEvent,
    SpeechStartedEvent,
    SpeechStoppedEvent,
    TranscriptionCompletedEvent,
)
from speech_to_speech.pipeline.messages import (  # type: ignore[import-not-found]
    AudioOutput,
    GenerateResponseRequest,
)

RATE = 16_000
SENTENCE = "Hello, this is the model."
WORDS = "Tuesday, please."
CHUNKS = 10
LOUD = 500


def make_unit() -> Any:
    """Return a pipeline without handlers."""
    prompts: Queue[Any] = Queue()
    listen = Event()
    listen.set()
    return PipelineUnit(
        index=0,
        service=RealtimeService(text_prompt_queue=prompts, should_listen=listen),
        cancel_scope=CancelScope(),
        should_listen=listen,
        response_playing=Event(),
        input_queue=Queue(),
        output_queue=Queue(),
        text_output_queue=Queue(),
        text_prompt_queue=prompts,
        handlers=[],
    )


class Pipeline:
    """Stands in for ears, model and mouth."""

    def __init__(self) -> None:
        self.unit = make_unit()
        self._calls = [
            ResponseFunctionToolCall(
                type="function_call",
                call_id="call_1",
                name="note_fact",
                arguments='{"name":"day","value":"Tuesday"}',
            )
        ]
        self._turns = 0

    def answer(self) -> None:
        """Take each wish for a response, and make one."""
        while True:
            request = self.unit.text_prompt_queue.get()
            if not isinstance(request, GenerateResponseRequest):
                continue
            shared = {
                "response_key": request.response_key,
                "cancel_generation": self.unit.cancel_scope.generation,
            }
            tools = [self._calls.pop()] if self._turns and self._calls else []
            put = self.unit.output_queue.put
            put(AssistantOutputEvent(text="" if tools else SENTENCE, tools=tools, **shared))
            if not tools:
                tone = (8000 * np.sin(np.arange(RATE // 10) * 0.3)).astype("<i2").tobytes()
                for _ in range(CHUNKS):
                    put(AudioOutput(audio=tone, **shared))
            put(AssistantResponseDoneEvent(**shared))
            put(AudioOutput(audio=AUDIO_RESPONSE_DONE, **shared))

    def hear(self) -> None:
        """Announce a turn where there is sound, and its words when it is quiet again."""
        speaks, quiet = False, 0
        put = self.unit.text_output_queue.put
        while True:
            piece = self.unit.input_queue.get()
            if isinstance(piece, PipelineControlMessage):
                self.unit.output_queue.put(piece)
                continue
            data = piece[0] if isinstance(piece, tuple) else piece
            loud = bool(data) and np.abs(np.frombuffer(data, "<i2").astype(int)).mean() > LOUD
            quiet = 0 if loud else quiet + len(data) // 2
            turn = f"turn-{self._turns}"
            if loud and not speaks:
                speaks = True
                self._turns += 1
                put(SpeechStartedEvent(audio_start_ms=0, turn_id=f"turn-{self._turns}"))
            elif speaks and quiet > RATE // 4:
                speaks = False
                put(SpeechStoppedEvent(duration_s=1, audio_end_ms=1000, turn_id=turn))
                put(TranscriptionCompletedEvent(transcript=WORDS, turn_id=turn))


def main() -> None:
    """Serve on the port that the first argument names."""
    pipeline = Pipeline()
    for work in (pipeline.answer, pipeline.hear):
        Thread(target=work, daemon=True).start()
    app = create_app(pool=[pipeline.unit], stop_event=Event())
    config = uvicorn.Config(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
