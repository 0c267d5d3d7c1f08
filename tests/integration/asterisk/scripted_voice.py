"""A voice AI for whole calls in real time: says what it must, then does what a test wrote."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from opendeep.audio_processing_service import voice_agent
from opendeep.audio_processing_service.playout import Heard
from opendeep.common.errors import VoiceUnavailableError

MS_PER_CHARACTER = 12
"""Faster than speech, so that a call's opening does not take a test's time."""
# Too soft for the practice callees, whose tests hear sentences in tones.
_MURMUR = bytes([0xFE, 0x7E]) * 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What the AI does once the callee has heard the disclosure.

    Attributes:
        keys: pressed first.
        words: said next.
        end_reason: the reason with which it hangs up; empty: it stays until others end the call.
        absent: no session can be opened.
        ms_per_character: how slowly it speaks.
    """

    keys: str = ""
    words: str = ""
    end_reason: str = ""
    absent: bool = False
    ms_per_character: int = MS_PER_CHARACTER


@dataclass(slots=True)
class VoiceLog:
    """What the voices of a product said and were told, by the instructions that name the call."""

    started: list[str] = field(default_factory=list[str])
    said: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    hints: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    heard_bytes: dict[str, int] = field(default_factory=dict[str, int])


class ScriptedVoice:
    """One voice session; implements ``VoiceAgent``."""

    def __init__(self, scripts: dict[str, Script], log: VoiceLog) -> None:
        self._scripts = scripts
        self._log = log
        self._numbers = itertools.count(1)
        self._listener: voice_agent.VoiceListener | None = None
        self._name = ""
        self._script: Script | None = None
        self._pace = MS_PER_CHARACTER
        self._closed = False

    @property
    def capabilities(self) -> voice_agent.VoiceCapabilities:
        """It can do everything, but answer probes."""
        return voice_agent.VoiceCapabilities(answers_probes=False)

    @property
    def resume_handle(self) -> None:
        """Nothing is kept anywhere."""

    async def start(
        self, config: voice_agent.VoiceConfig, listener: voice_agent.VoiceListener
    ) -> None:
        """Be ready at once."""
        self._name = config.instructions
        self._script = next(
            (script for key, script in self._scripts.items() if key in config.instructions),
            Script(),
        )
        if self._script.absent:
            raise VoiceUnavailableError("The voice AI is away.", retryable=False)
        self._pace = self._script.ms_per_character
        self._listener = listener
        self._log.started.append(self._name)

    def send_caller_audio(self, mulaw: bytes) -> None:
        """Count what is heard."""
        heard = self._log.heard_bytes
        heard[self._name] = heard.get(self._name, 0) + len(mulaw)

    def answer_turns(self, *, automatic: bool) -> None:
        """Play the script at the first time that the AI may speak for itself."""
        script, self._script = (self._script, None) if automatic else (None, self._script)
        if script is None:
            return
        if script.keys:
            self._call("send_dtmf", digits=script.keys)
        if script.words:
            self.say(script.words, tag="script")
        if script.end_reason:
            self._call("end_call", reason=script.end_reason, summary="The script is over.")

    def say(self, text: str, *, tag: str) -> None:
        """Speak at once, faster than real time, as a real service does."""
        self._log.said.append((self._name, text))
        ms = len(text) * self._pace
        number = next(self._numbers)
        response, item = f"response-{number}", f"item-{number}"
        self._tell(voice_agent.ResponseStarted(response_id=response, tag=tag))
        self._tell(
            voice_agent.AgentAudio(
                response_id=response,
                item_id=item,
                content_index=0,
                mulaw=_MURMUR * (ms // 10 + 1),
                received_ms=float(ms),
            )
        )
        self._tell(
            voice_agent.AgentTranscript(item_id=item, content_index=0, text=text, final=True)
        )
        self._tell(voice_agent.AgentAudioDone(response_id=response, item_id=item, content_index=0))
        self._tell(voice_agent.ResponseEnded(response_id=response, status="completed", tag=tag))

    def respond(self) -> None:
        """Make an answer without words: the script has said all."""
        response = f"response-{next(self._numbers)}"
        self._tell(voice_agent.ResponseStarted(response_id=response))
        self._tell(voice_agent.ResponseEnded(response_id=response, status="completed"))

    def hint(self, text: str) -> None:
        """Keep what the user wants."""
        self._log.hints.append((self._name, text))

    def note(self, text: str, *, respond: bool) -> None:
        """Keep what happened."""
        self._log.notes.append((self._name, f"{text} respond={respond}"))

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Take a result."""

    def interrupt(self, heard: Sequence[Heard], *, cancel: bool) -> None:
        """Stop talking: everything was told at once."""

    def ask_again(self) -> None:
        """Make it at once."""
        self.respond()

    def probe(self) -> None:
        """Tell nothing."""

    def usage(self) -> voice_agent.VoiceUsage:
        """It costs nothing."""
        return voice_agent.VoiceUsage()

    async def close(self) -> None:
        """Say nothing any more."""
        self._closed = True

    def _call(self, name: str, **arguments: str) -> None:
        number = next(self._numbers)
        self._tell(
            voice_agent.ToolRequested(
                response_id=f"response-{number}",
                tool_call_id=f"tool-{number}",
                name=name,
                arguments=json.dumps(arguments),
            )
        )

    def _tell(self, event: voice_agent.VoiceEvent) -> None:
        # On the loop's next turn, as from a socket: the listener may be in the middle of a step.
        asyncio.get_running_loop().call_soon(self._deliver, event)

    def _deliver(self, event: voice_agent.VoiceEvent) -> None:
        if self._listener is not None and not self._closed:
            self._listener(event)
