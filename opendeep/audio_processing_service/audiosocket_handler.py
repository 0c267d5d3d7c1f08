"""The owner of one call's media: sound, voice session, tools, transcript, recording.

It lives from ``prepare`` (before Originate) until ``finish`` (after hang-up). It never decides
that the call is over: it asks the attempt handler with an ``end_call`` command. What happens every
20 ms is in ``call_sound``, what follows from it in ``dialogue``; here is what has to wait.
"""

import asyncio
import weakref
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from opendeep.audio_processing_service import pcm, voice_agent
from opendeep.audio_processing_service.audio_link import AudioLink
from opendeep.audio_processing_service.call_log import CallLog
from opendeep.audio_processing_service.call_sound import LOOK_FRAMES, CallSound
from opendeep.audio_processing_service.call_tools import offered_tools
from opendeep.audio_processing_service.dialogue import Dialogue
from opendeep.audio_processing_service.listening_in import listen_in
from opendeep.audio_processing_service.media_signals import MediaSignals
from opendeep.audio_processing_service.phrases import phrases_for
from opendeep.audio_processing_service.recorder import CallRecorder, RecordingThread
from opendeep.audio_processing_service.tool_runner import ToolRunner
from opendeep.audio_processing_service.voice_keeper import KeptVoice
from opendeep.common.clock import Clock
from opendeep.common.data_models import CallCause, CallStatus, Speaker
from opendeep.common.errors import InvalidInputError, OpenDeepError, VoiceUnavailableError
from opendeep.common.event_bus import EventBus
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.common.messages import (
    CallEvent,
    EndCall,
    GiveAnswer,
    GiveHint,
    HoldCallee,
    Message,
    ResumeCallee,
    call_audio,
    call_commands,
    call_events,
    voice_commands,
)
from opendeep.common.ports import (
    CallConsultant,
    CallDesk,
    CallMediaConfig,
    MediaReport,
    MenuStep,
    SpokenLine,
)

log = structlog.get_logger(__name__)

_HANGUP_SECONDS: Final = 2.0
_SOUND_AFTER_ANSWER_SECONDS: Final = 5.0
_LAST_TEXT_SECONDS: Final = 0.8
_LAST_WRITES_SECONDS: Final = 0.7
_POLL_SECONDS: Final = 0.05
_TURN_END_SILENCE: Final = pcm.MULAW_SILENCE_FRAME * 40
_HOLD_POLLS: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaPorts:
    """What every call's media needs of the rest.

    Attributes:
        make_voice: makes a voice session.
        consultant: the second agent, if calls have one.
        make_recorder: makes a recorder for a path.
    """

    bus: EventBus
    desk: CallDesk
    clock: Clock
    make_voice: voice_agent.VoiceAgentFactory
    consultant: CallConsultant | None = None
    make_recorder: Callable[[Path], CallRecorder] = field(
        default_factory=lambda: RecordingThread().recorder
    )


class AudioSocketHandler:
    """The media of one call.

    Args:
        config: what the call is about.
        ports: the rest of the product.
        connect_seconds: how long Asterisk may take to connect, from ``run`` on.

    Attributes:
        hear: takes audio of the callee: signed 16-bit little endian, 8 kHz.
    """

    def __init__(
        self, config: CallMediaConfig, ports: MediaPorts, *, connect_seconds: float
    ) -> None:
        self._config = config
        self._ports = ports
        self._connect_seconds = connect_seconds
        path = config.recording_path
        self._recorder = None if path is None else ports.make_recorder(path)
        self._sound = CallSound(self._recorder)
        self.hear = self._sound.hear
        # Its parts know it weakly: with a cycle, its memory would wait for the garbage collector.
        self._dialogue = Dialogue(config, self._sound, weakref.proxy(self))
        self._tools = ToolRunner(
            config,
            bus=ports.bus,
            desk=ports.desk,
            clock=ports.clock,
            host=self._dialogue,
            consultant=ports.consultant,
        )
        self._voice: KeptVoice | None = None
        self._link: AudioLink | None = None
        self._connected_at: float | None = None
        self._nursery: Nursery | None = None
        self._log = CallLog(config, ports.desk)
        self._signals = MediaSignals()
        self._recording: Path | None = None

    # The life of the call.

    async def run(self) -> None:
        """Own the call's media until :meth:`finish`, then release everything."""
        structlog.contextvars.bind_contextvars(call_id=self._config.call_id)
        channel = voice_commands(self._config.call_id)
        try:
            async with (
                Nursery("media", on_failure=self._child_failed, grace_seconds=1.0) as nursery,
                self._ports.bus.serve(channel, self._command),
            ):
                self._nursery = nursery
                writer = nursery.start(self._log.run(), name="writer")
                others = [
                    nursery.start(self._open_voice(), name="voice"),
                    nursery.start(self._listen_in(), name="listen-in"),
                    nursery.start(self._expect_asterisk(), name="expect"),
                    nursery.start(self._expect_sound_after_answer(), name="expect-sound"),
                ]
                await self._signals.finished.wait()
                for task in others:
                    task.cancel()
                await self._wind_down(writer)
                self._signals.released.set()
        finally:
            self._signals.released.set()
            self._dialogue.close()
            self._close_link()
            self._nursery = None  # It tells us of failures: a cycle.

    def open_voice(self) -> None:
        """Begin to open the voice session; idempotent."""
        self._signals.voice_wanted.set()

    async def finish(self, seconds: float) -> None:
        """Have everything released; wait for it, at most ``seconds``. Idempotent."""
        self._signals.finished.set()
        await wait_event(self._signals.released, seconds)

    @property
    def released(self) -> bool:
        """Whether nothing of the call is held any more."""
        return self._signals.released.is_set()

    def report(self) -> MediaReport:
        """Tell what the media came to so far."""
        usage = voice_agent.VoiceUsage() if self._voice is None else self._voice.usage()
        return MediaReport(
            connected=self._connected_at is not None,
            voice_ready=self._voice is not None,
            frames_in=self._sound.frames_in,
            frames_out=self._sound.frames_out,
            recording_path=self._recording,
            cost_usd=usage.cost_usd,
            usage=dict(usage.tokens),
            opted_out=self._log.opted_out,
        )

    async def _wind_down(self, writer: "asyncio.Task[None]") -> None:
        self._dialogue.line_closed()
        await self._await_last_words()
        self._sound.close_voice()
        self._dialogue.close()
        self._log.close()
        self._close_link()
        await asyncio.wait({writer}, timeout=_LAST_WRITES_SECONDS)
        if self._recorder is not None:
            self._sound.finish()
            self._recording = await self._recorder.close()
        if self._voice is not None:
            await self._voice.close()

    async def _await_last_words(self) -> None:
        """Let the text of the callee's last words come, although the line is closed."""
        if self._voice is None or not self._dialogue.awaits_callee:
            return
        # The voice AI notices the end of a turn by silence only.
        self._voice.send_caller_audio(_TURN_END_SILENCE)
        waited = 0.0
        while self._dialogue.awaits_callee and waited < _LAST_TEXT_SECONDS:
            await asyncio.sleep(_POLL_SECONDS)
            waited += _POLL_SECONDS

    def _child_failed(self, _name: str, _error: BaseException) -> None:
        self._dialogue.end(CallCause.AUDIO_FAILED, "a part of the call's media failed")

    # Asterisk's side.

    def connected(self, link: AudioLink) -> None:
        """Take the connection of Asterisk: the call has been answered."""
        self._link = link
        self._connected_at = self._ports.clock.monotonic()
        self._signals.connected.set()
        if self._recorder is not None:
            self._recorder.start()
        self.log_event("audio_connected")

    def callee_pressed(self, digit: str) -> None:
        """Take a key of the callee."""
        self._dialogue.callee_pressed(digit)
        self.log_event("key_pressed", digit=digit)
        pressed = CallEvent(name="key_pressed", detail=digit)
        channel = call_events(self._config.call_id)
        self._spawn(self._ports.bus.publish(channel, pressed), "key")

    def tick(self, missed: int) -> None:
        """Send the next 20 ms; called by the pacer."""
        link = self._link
        if link is None:
            return
        sound, dialogue = self._sound, self._dialogue
        link.send(sound.tick(missed))
        if sound.overlap.watched or sound.playout.news:
            dialogue.frame_played()
        if sound.frames_out % sound.look_frames == 0:
            sound.look_frames = LOOK_FRAMES
            dialogue.tick()

    def disconnected(self, *, broken: bool) -> None:
        """Note that Asterisk's connection ended.

        Usually the callee hung up, and the attempt handler learns it from Asterisk. Where it does
        not within 2 s, or where the protocol was broken, it is asked to end the call.
        """
        if self._link is None:
            return
        self._link = None
        self._dialogue.line_closed()
        self._spawn(self._end_unless_finished(broken=broken), "disconnected")

    async def _end_unless_finished(self, *, broken: bool) -> None:
        if broken or not await wait_event(self._signals.finished, _HANGUP_SECONDS):
            self.request_end(CallCause.AUDIO_FAILED, "the AudioSocket connection was lost")

    async def _expect_asterisk(self) -> None:
        if not await wait_event(self._signals.connected, self._connect_seconds):
            self._dialogue.end(CallCause.AUDIO_FAILED, "Asterisk's AudioSocket never connected")

    async def _expect_sound_after_answer(self) -> None:
        """Have a call ended whose callee picked up and hears nothing of us."""
        async with self._ports.bus.subscribe(call_events(self._config.call_id)) as events:
            while await events.get() != CallEvent(name=CallStatus.IN_PROGRESS.value):
                pass
        if not await wait_event(self._signals.connected, _SOUND_AFTER_ANSWER_SECONDS):
            self._dialogue.end(CallCause.AUDIO_FAILED, "no AudioSocket came after the answer")

    def _close_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    # The voice AI's side.

    async def _open_voice(self) -> None:
        await self._signals.voice_wanted.wait()
        gaps = self._dialogue.gaps
        voice = KeptVoice(self._ports.make_voice, gaps.history, gaps.at_rest)
        config = voice_agent.VoiceConfig(
            instructions=self._config.instructions,
            language=self._config.language,
            voice=self._config.voice,
            tools=offered_tools(self._config, consult=self._ports.consultant is not None),
        )
        try:
            await voice.start(config, self._dialogue.on_voice_event)
        except VoiceUnavailableError as error:
            log.warning("voice_unavailable", reason=error.message)
            self._dialogue.apologise(error.message)
            return
        self._voice = voice
        sent_ms = self._sound.open_voice(voice.send_caller_audio)
        self._dialogue.voice_ready(voice, max(self.now_ms() - sent_ms, 0))
        self.log_event("voice_ready")
        await voice.run()

    # What the dialogue has done for it.

    def now_ms(self) -> int:
        """Tell the ms since Asterisk connected, which it does at the answer."""
        if self._connected_at is None:
            return 0
        return round((self._ports.clock.monotonic() - self._connected_at) * 1000)

    def store(self, line: SpokenLine) -> None:
        """Store a transcript line, in order, without waiting; part from a talk in circles."""
        self._log.add_line(line)
        if self._log.in_circles and self._link is not None:
            self.log_event("talk_in_circles")
            words = phrases_for(self._config.language).goodbye_time
            self._dialogue.say_goodbye(CallCause.AI_HUNG_UP, words)

    def log_event(self, name: str, **detail: object) -> None:
        """Append to the call's event list, in order, without waiting."""
        self._log.add_event(name, {"at_ms": self.now_ms(), **detail})

    def run_tool(self, request: voice_agent.ToolRequested, *, spoke: bool) -> None:
        """Carry out a function call of the AI."""
        self.log_event("tool_called", tool=request.name)
        self._spawn(self._tools.run(request, spoke=spoke), f"tool-{request.name[:40]}")

    def press_keys(self, keys: str) -> None:
        """Have keys pressed that an earlier call found to be right."""
        self.log_event("menu_recalled", keys=keys)
        self._spawn(self._tools.press(keys), "keys")

    def learn_menu(self, steps: Sequence[MenuStep]) -> None:
        """Have the way through the number's menus remembered, or forgotten."""
        self.log_event("menu_learned", keys=[step.keys for step in steps])
        self._spawn(self._tools.learn_menu(steps), "menu")

    def opted_out(self, words: str) -> None:
        """Have the callee listed as never to be called again, at once."""
        now_ms = self.now_ms()
        self._log.add_opt_out(
            SpokenLine(speaker=Speaker.CALLEE, text=words, start_ms=now_ms, end_ms=now_ms)
        )

    def asking_user(self) -> bool:
        """Whether a question to the user is open."""
        return self._tools.asking

    def request_end(self, cause: CallCause, reason: str) -> None:
        """Ask the attempt handler to end the call."""
        log.info("media_asks_for_end", cause=cause.value)
        self._spawn(self._command_end(EndCall(cause=cause, reason=reason[:200])), "end")

    async def _command_end(self, command: EndCall) -> None:
        try:
            await self._ports.bus.command(call_commands(self._config.call_id), command)
        except OpenDeepError as error:
            log.warning("end_not_taken", cause=command.cause.value, reason=error.message)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        if self._nursery is None or self._signals.finished.is_set():
            work.close()
        else:
            self._nursery.start(work, name=name)

    # Commands, rows and listeners.

    async def _command(self, message: Message) -> None:
        match message:
            case GiveHint(text=text):
                self._dialogue.hint(text)
            case GiveAnswer(tool_call_id=tool_call_id, answer=answer):
                self._tools.answer(tool_call_id, answer)
            case HoldCallee():
                await self._hold()
            case ResumeCallee(text=text):
                self._dialogue.resume(text)
            case _:
                raise InvalidInputError(f"A call's voice takes no {message.type}.")

    async def _hold(self) -> None:
        """Ask the callee to wait; return when that was played, or takes too long."""
        self._dialogue.hold()
        for _ in range(_HOLD_POLLS):
            if self._dialogue.hold_heard:
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _listen_in(self) -> None:
        await self._signals.connected.wait()
        await listen_in(self._sound, self._ports.bus, call_audio(self._config.call_id))
