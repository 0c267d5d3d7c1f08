"""A callee that follows a script: speaks its clips, hears the AI, and acts by both.

The script (a generator of steps) decides; this class gives it a mouth, an ear and a clock. The
ear is the practice network's own: voice activity detection, then speech recognition, of the
AI's audio alone.
"""

import asyncio
from collections import deque
from typing import Final, Protocol, assert_never

from opendeep.audio_processing_service import pcm
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.practice.callees.catalogue import Profile
from opendeep.practice.callees.steps import (
    Heard,
    Hold,
    Listen,
    Loop,
    Outcome,
    Pause,
    Play,
    Pressed,
    PressKey,
    Quiet,
    Said,
    Say,
    Script,
    Step,
)
from opendeep.practice.exchange_mouth import Mouth, Utterance
from opendeep.practice.exchange_sounds import Clips, sound
from opendeep.practice.records import CalleeRecord
from opendeep.practice.speech import Ear, Samples, SpeechStarted, SpeechStopped, Transcriber

_BARGE_IN_SECONDS: Final = 0.4
_BUSY_POLL_SECONDS: Final = 0.5
_SHORTEST_WAIT_SECONDS: Final = 0.001


class Hearing(Protocol):
    """Where callees get their ears from; the practice speech engines are one."""

    @property
    def transcriber(self) -> Transcriber:
        """The shared recogniser."""
        ...

    def new_ear(self) -> Ear:
        """Make the ear of one call."""
        ...


class Handset(Protocol):
    """What a callee can do with the own telephone; the exchange's channel is one."""

    def press_from_callee(self, digit: str) -> None:
        """Press a key."""
        ...

    def put_on_hold(self, hold: bool) -> None:
        """Hold the call, or come back."""
        ...


class ScriptedCallee:
    """Implements :class:`~opendeep.practice.exchange_callee.FarEnd` for a script.

    Args:
        handset: the callee's own telephone.
        wait_factor: stretches or shortens pauses, music and tones, for tests.
    """

    def __init__(
        self,
        *,
        profile: Profile,
        script: Script,
        record: CalleeRecord,
        clips: Clips,
        hearing: Hearing,
        handset: Handset,
        wait_factor: float = 1.0,
    ) -> None:
        self._sends_frames = profile.sends_frames
        self._script = script
        self._record = record
        self._clips = clips
        self._handset = handset
        self._wait_factor = wait_factor
        self._loop: deque[bytes] | None = None
        self._transcriber = hearing.transcriber
        self._ear = hearing.new_ear()
        self._mouth = Mouth(record)
        self._polite = False
        self._was_cut_off = False
        self._ai_since_ms: int | None = None
        self._murmurs = deque(profile.back_channels)
        self._words = _Words()

    async def converse(self) -> None:
        """Follow the script to its end."""
        async with Nursery("callee") as nursery:
            nursery.start(self._words.understand(self._transcriber, self._record), name="ear")
            try:
                step = next(self._script)
                while True:
                    outcome = await self._perform(step)
                    step = self._script.send(outcome)
            except StopIteration:
                return
            finally:
                self._mouth.stop()

    def next_frame(self) -> bytes | None:
        """Return the callee's next 20 ms, or None where its telephone sends nothing."""
        self._interrupt_or_murmur()
        frame = self._mouth.next_frame()
        if self._loop:
            return self._loop.popleft()
        if frame is None and self._sends_frames:
            return pcm.MULAW_SILENCE_FRAME
        return frame

    def hear(self, mulaw: bytes) -> None:
        """Take 20 ms of the AI's audio."""
        if self._loop is not None:
            self._loop.append(mulaw)
            return
        for event in self._ear.hear(mulaw):
            match event:
                case SpeechStarted():
                    self._ai_since_ms = self._mouth.at_ms
                    self._words.begin()
                case SpeechStopped(pcm16k=utterance):
                    self._ai_since_ms = None
                    self._words.end(utterance)
                case _:
                    assert_never(event)

    def press(self, digit: str) -> None:
        """Take a key: it cuts short whatever is being said."""
        self._record.dtmf += digit
        self._words.keys.append(digit)
        self._mouth.stop()
        self._words.changed.set()

    def _interrupt_or_murmur(self) -> None:
        if self._ai_since_ms is None:
            return
        spoken_seconds = (self._mouth.at_ms - self._ai_since_ms) / 1000
        if self._mouth.speaking:
            if self._polite and spoken_seconds >= _BARGE_IN_SECONDS:
                self._mouth.stop()
        elif self._murmurs and spoken_seconds >= self._murmurs[0].after_seconds:
            self._ai_since_ms = None
            self._start_clip(self._murmurs.popleft().clip)

    def _start_clip(self, clip_id: str) -> Utterance:
        clip = self._clips[clip_id]
        return self._mouth.say(clip.mulaw, clip.text)

    async def _perform(self, step: Step) -> Outcome:
        match step:
            case Say(clip=clip, polite=polite):
                return await self._say(self._start_clip(clip), polite=polite)
            case Play(sound=name, seconds=seconds):
                mulaw = sound(name, seconds * self._wait_factor)
                return await self._say(self._mouth.say(mulaw, None), polite=False)
            case Listen(seconds=seconds):
                return await self._words.next(seconds)
            case Pause(seconds=seconds):
                await asyncio.sleep(seconds * self._wait_factor)
                self._words.forget()
                return Quiet()
            case PressKey(digit=digit):
                self._handset.press_from_callee(digit)
                return Quiet()
            case Loop() | Hold():
                return await self._go_passive(step)
            case _:
                assert_never(step)

    async def _go_passive(self, step: Loop | Hold) -> Outcome:
        if isinstance(step, Loop):
            self._loop = deque()
            await asyncio.sleep(step.seconds)
            self._loop = None
        else:
            sent_frames, self._sends_frames = self._sends_frames, False
            self._handset.put_on_hold(True)
            await asyncio.sleep(step.seconds)
            self._handset.put_on_hold(False)
            self._sends_frames = sent_frames
        return Quiet()

    async def _say(self, utterance: Utterance, *, polite: bool) -> Outcome:
        # Who was just cut off does not give way again: else two polite sides never get on.
        self._polite = polite and not self._was_cut_off
        self._words.forget()
        await utterance.ended.wait()
        self._polite = False
        self._was_cut_off = not utterance.complete
        return Said(complete=utterance.complete)


class _Words:
    """What the AI said and pressed since the callee last took notice."""

    def __init__(self) -> None:
        self.keys: deque[str] = deque()
        self.changed = asyncio.Event()
        self._texts: list[str] = []
        self._utterances: asyncio.Queue[Samples] = asyncio.Queue()
        self._speaking = False
        self._understanding = 0
        self._quiet_since = 0.0

    @property
    def _busy(self) -> bool:
        return self._speaking or self._understanding > 0

    def begin(self) -> None:
        """Note that the AI began to speak."""
        self._speaking = True
        self.changed.set()

    def end(self, utterance: Samples) -> None:
        """Take an utterance whose words are to be recognised."""
        self._speaking = False
        self._understanding += 1
        self._utterances.put_nowait(utterance)

    def forget(self) -> None:
        """Drop words that came before the callee's own; keys are kept."""
        self._texts.clear()

    async def understand(self, transcriber: Transcriber, record: CalleeRecord) -> None:
        """Recognise utterances in their order, for as long as the call lasts."""
        while True:
            utterance = await self._utterances.get()
            text = (await transcriber.transcribe(utterance)).strip()
            if text:
                record.heard.append(text)
                self._texts.append(text)
            self._understanding -= 1
            self._quiet_since = asyncio.get_running_loop().time()
            self.changed.set()

    async def next(self, seconds: float) -> Outcome:
        """Wait for words that are finished, a key, or so many seconds without either."""
        loop = asyncio.get_running_loop()
        self._quiet_since = loop.time()
        while True:
            self.changed.clear()
            if self.keys:
                return Pressed(digit=self.keys.popleft())
            if self._texts and not self._busy:
                text = " ".join(self._texts)
                self._texts.clear()
                return Heard(text=text)
            left = self._quiet_since + seconds - loop.time()
            if left < _SHORTEST_WAIT_SECONDS and not self._busy:
                return Quiet()
            await wait_event(self.changed, _BUSY_POLL_SECONDS if self._busy else left)
