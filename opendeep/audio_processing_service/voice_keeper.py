"""A voice that outlives its sessions: what a call holds on to while sessions come and go.

A session may be lost (the network, the provider, a stall that somebody noticed) or end at a time
that is known before. Another one then takes over: it is given what was said so far, of the AI only
what was heard, or the provider's own handle where it still has the conversation. What belonged to
the old session is not mixed with the new one: events of a session that was given up are not heard,
results of its function calls become notes, and what it said can be cut off but not truncated.

The caller owns :meth:`KeptVoice.run` as a task; without it a lost session stays lost.
"""

import asyncio
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import structlog

from opendeep.audio_processing_service import pcm, voice_agent
from opendeep.audio_processing_service.answer_debt import AnswerDebt
from opendeep.audio_processing_service.playout import Heard
from opendeep.audio_processing_service.voice_sessions import Meanwhile, VoiceSessions
from opendeep.common.errors import VoiceUnavailableError
from opendeep.common.lifecycle import wait_event

log = structlog.get_logger(__name__)

REOPEN_SECONDS: Final = 2.5
"""Longer than this nobody is kept waiting for another session."""
_START_PAUSES: Final = (0.3, 1.0)
_REOPEN_PAUSES: Final = (0.1, 0.3, 0.5, 0.5, 0.5, 0.5)
_MOST_LOSSES: Final = 4
_LOSSES_WITHIN_SECONDS: Final = 30.0
_FORCE_BEFORE_SECONDS: Final = 5.0
_LOOK_FOR_QUIET_SECONDS: Final = 0.5
_CUT_NOTE: Final = "The callee interrupted you and did not hear the end of your last words."

Remember = Callable[[], tuple[voice_agent.PastTurn, ...]]


def _nobody(_event: voice_agent.VoiceEvent) -> None:
    """Listen to nothing."""


class KeptVoice:
    """A :class:`~opendeep.audio_processing_service.voice_agent.SteadyVoice` for one call.

    Args:
        make_voice: makes a session.
        remember: tells what was said so far.
        quiet: tells whether nobody speaks, so that sessions can be exchanged unnoticed.

    Attributes:
        progress: a count that changes with everything that the provider tells.
        sounds: a count that changes with all speech that the provider sends.
    """

    __slots__ = (
        "_config",
        "_debt",
        "_listener",
        "_losses",
        "_make",
        "_meanwhile",
        "_over",
        "_quiet",
        "_remember",
        "_sessions",
        "_voice",
        "_wanted",
        "progress",
        "sounds",
    )

    def __init__(
        self,
        make_voice: voice_agent.VoiceAgentFactory,
        remember: Remember,
        quiet: Callable[[], bool],
    ) -> None:
        self._make = make_voice
        self._remember = remember
        self._quiet = quiet
        self._config = voice_agent.VoiceConfig(instructions="")
        self._listener: voice_agent.VoiceListener = _nobody
        self._voice: voice_agent.VoiceAgent | None = None
        self._debt = AnswerDebt()
        self._sessions = VoiceSessions()
        self._meanwhile = Meanwhile()
        self._wanted = asyncio.Event()
        self._losses: list[float] = []
        self._over = False
        self.progress = 0
        self.sounds = 0

    @property
    def capabilities(self) -> voice_agent.VoiceCapabilities:
        """What the present session can do."""
        voice = self._voice
        return voice_agent.VoiceCapabilities() if voice is None else voice.capabilities

    @property
    def resume_handle(self) -> str | None:
        """The present session's."""
        return None if self._voice is None else self._voice.resume_handle

    @property
    def owed(self) -> bool:
        """Whether an answer was asked for, or is being made, while the callee is silent."""
        return self._debt.owed

    @property
    def lost(self) -> bool:
        """Whether there is no session at the moment."""
        return self._voice is None

    # The life of the sessions.

    async def start(
        self, config: voice_agent.VoiceConfig, listener: voice_agent.VoiceListener
    ) -> None:
        """Open the first session; a provider that is busy is asked three times.

        Raises:
            VoiceUnavailableError: unreachable, refused, or not ready in time.
        """
        self._config, self._listener = config, listener
        self._voice = await self._reach(config, _START_PAUSES)

    async def run(self) -> None:
        """Open another session whenever one is lost or about to end; return when that fails."""
        while True:
            await wait_event(self._wanted, self._sessions.seconds_to_renewal())
            if self._over:
                return
            if self._voice is None:
                self._wanted.clear()
                await asyncio.gather(self._reopen(), self._sessions.close_retired())
            else:
                await self._recycle(self._voice)

    async def close(self) -> None:
        """End every session; idempotent."""
        self._over = True
        self._wanted.set()
        self._retire()
        self._listener = _nobody  # The conversation knows this voice: a cycle would outlive it.
        self._remember, self._quiet = tuple, bool
        await self._sessions.close_retired()

    def renew(self, reason: str) -> None:
        """Give the session up for lost, and open another one."""
        if self._voice is not None and not self._over:
            self._lose(reason)

    async def _reach(
        self, config: voice_agent.VoiceConfig, pauses: Sequence[float]
    ) -> voice_agent.VoiceAgent:
        for pause in pauses:
            try:
                return await self._open(config)
            except VoiceUnavailableError as error:
                if not error.retryable:
                    raise
                log.info("voice_retry", reason=error.message)
                await asyncio.sleep(pause)
        return await self._open(config)

    async def _open(self, config: voice_agent.VoiceConfig) -> voice_agent.VoiceAgent:
        voice = self._make()
        early = self._sessions.opening(voice)
        await voice.start(config, functools.partial(self._hear, voice))
        if early:  # lost in the moment in which it became ready
            self._sessions.discard(voice)
            raise VoiceUnavailableError(early[0].reason, retryable=early[0].retryable)
        return voice

    async def _reopen(self) -> None:
        config = replace(self._config, history=self._remember())
        handle = self._sessions.resume_handle
        if handle is not None:
            config = replace(config, history=(), resume_handle=handle)
        try:
            async with asyncio.timeout(REOPEN_SECONDS):
                voice = await self._reach(config, _REOPEN_PAUSES)
        except TimeoutError:
            self._fail("the voice AI did not come back in time")
        except VoiceUnavailableError as error:
            self._fail(error.message)
        else:
            self._adopt(voice, planned=False)

    async def _recycle(self, old: voice_agent.VoiceAgent) -> None:
        """Exchange a session that is about to end, in a moment in which nobody speaks."""
        forced = self._sessions.seconds_left() <= _FORCE_BEFORE_SECONDS
        if not (forced or self._at_rest()):
            self._sessions.renew_in(_LOOK_FOR_QUIET_SECONDS)
            return
        seen, ends_at = self.progress, self._sessions.ends_at
        handle = old.resume_handle
        history = self._remember() if handle is None else ()
        try:
            voice = await self._open(replace(self._config, history=history, resume_handle=handle))
        except VoiceUnavailableError as error:
            log.warning("voice_not_recycled", reason=error.message)
            self._sessions.renew_in(_FORCE_BEFORE_SECONDS)
            return
        if self._voice is not old or not (forced or (self.progress == seen and self._at_rest())):
            self._sessions.discard(voice)
            self._sessions.ends_at = ends_at
            self._sessions.renew_in(_LOOK_FOR_QUIET_SECONDS)
        else:
            self._retire()
            self._adopt(voice, planned=True)
        await self._sessions.close_retired()

    def _at_rest(self) -> bool:
        return self._quiet() and not self._debt.owed

    def _retire(self) -> None:
        voice, self._voice = self._voice, None
        if voice is not None:
            self._sessions.retire(voice)

    def _lose(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        self._losses.append(now)
        del self._losses[:-_MOST_LOSSES]
        self._retire()
        owed = self._debt.owed
        answer = self._debt.lose()
        log.warning("voice_lost", reason=reason)
        if len(self._losses) == _MOST_LOSSES and now - self._losses[0] < _LOSSES_WITHIN_SECONDS:
            self._fail("the voice AI was lost again and again")
            return
        self._listener(voice_agent.VoiceLost(reason=reason, owed=owed))
        if answer is not None:
            ended = voice_agent.ResponseEnded(
                response_id=answer.response_id, status="lost", tag=answer.tag
            )
            self._listener(ended)
        self._wanted.set()

    def _fail(self, reason: str) -> None:
        self._over = True
        self._wanted.set()
        self._listener(voice_agent.VoiceFailed(reason=reason, retryable=False))

    def _adopt(self, voice: voice_agent.VoiceAgent, *, planned: bool) -> None:
        if self._over:
            self._sessions.discard(voice)
            return
        self._voice = voice
        meanwhile, self._meanwhile = self._meanwhile, Meanwhile()
        for text in meanwhile.notes:
            voice.note(text, respond=False)
        if self._debt.automatic:
            voice.answer_turns(automatic=True)
        for tag, text in self._debt.says.items():
            voice.say(text, tag=tag)
        if meanwhile.respond:
            self.respond()
        if meanwhile.audio:
            voice.send_caller_audio(bytes(meanwhile.audio))
        sent_ms = len(meanwhile.audio) // pcm.MULAW_BYTES_PER_MS
        log.info("voice_restored", planned=planned)
        self._listener(voice_agent.VoiceRestored(sent_ms=sent_ms, planned=planned))

    # What the provider tells.

    def _hear(self, voice: voice_agent.VoiceAgent, event: voice_agent.VoiceEvent) -> None:
        if voice is not self._voice:
            self._sessions.early(voice, event)
            return
        self.progress += 1
        if isinstance(event, voice_agent.AgentAudio):
            self.sounds += 1
            self._sessions.said(event.item_id)
            self._listener(event)
            return
        self._debt.note(event)
        match event:
            case voice_agent.VoiceFailed(reason=reason, retryable=True):
                self._lose(reason)
            case voice_agent.VoiceFailed(reason=reason):
                self._retire()
                self._fail(reason)
            case voice_agent.SessionEnds():
                self._sessions.early(voice, event)
            case voice_agent.SignOfLife():
                pass
            case voice_agent.ToolRequested(tool_call_id=tool_call_id, name=name):
                self._sessions.called(tool_call_id, name)
                self._listener(event)
            case _:
                self._listener(event)

    # What the call tells.

    def send_caller_audio(self, mulaw: bytes) -> None:
        """Send the callee's audio; the last half second is kept for a session to come."""
        if self._voice is not None:
            self._voice.send_caller_audio(mulaw)
        else:
            self._meanwhile.hear(mulaw)

    def answer_turns(self, *, automatic: bool) -> None:
        """Let the AI answer by itself when the callee stopped speaking, or not."""
        self._debt.automatic = automatic
        if self._voice is not None:
            self._voice.answer_turns(automatic=automatic)

    def say(self, text: str, *, tag: str) -> None:
        """Speak ``text`` word for word as soon as no other answer is being made."""
        if self._over:
            return
        self._debt.says[tag] = text
        if self._voice is not None:
            self._voice.say(text, tag=tag)

    def respond(self) -> None:
        """Ask for one answer as soon as none is being made."""
        if self._voice is not None:
            self._debt.wanted()
            self._voice.respond()
        else:
            self._meanwhile.respond = True

    def hint(self, text: str) -> None:
        """Tell the AI what the user wants it to know, and let it act on it."""
        if self._voice is not None:
            self._debt.wanted()
            self._voice.hint(text)
        else:  # it is in the transcript, which the next session is given
            self._meanwhile.respond = True

    def note(self, text: str, *, respond: bool) -> None:
        """Tell the AI what happened beside the talk, and ask for an answer if ``respond``."""
        if self._voice is None:
            self._meanwhile.note(text, respond=respond)
            return
        if respond:
            self._debt.wanted()
        self._voice.note(text, respond=respond)

    def tool_result(self, tool_call_id: str, output: dict[str, Any], *, respond: bool) -> None:
        """Give a function's result; a session that did not make the call is told in words."""
        if self._voice is None or not self._sessions.made_call(tool_call_id):
            name = self._sessions.name_of(tool_call_id)
            words = msgspec.json.encode(output).decode("utf-8")
            self.note(f"The function {name}, which you called, returned: {words}", respond=respond)
            return
        if respond:
            self._debt.wanted()
        self._voice.tool_result(tool_call_id, output, respond=respond)

    def interrupt(self, heard: Sequence[Heard], *, cancel: bool) -> None:
        """Stop the present answer and tell how much of each unfinished part was heard."""
        self._debt.interrupted(cancel=cancel)
        if self._voice is None:
            return
        own = [part for part in heard if self._sessions.is_ours(part.item_id)]
        self._voice.interrupt(own, cancel=cancel)
        if any(self._sessions.was_ours(part.item_id) for part in heard):
            self._voice.note(_CUT_NOTE, respond=False)

    def ask_again(self) -> None:
        """Give up an answer that does not come, and ask for it anew."""
        if self._voice is not None:
            self._debt.asked_again()
            self._voice.ask_again()

    def probe(self) -> None:
        """Ask for a sign of life."""
        if self._voice is not None:
            self._voice.probe()

    def usage(self) -> voice_agent.VoiceUsage:
        """Tell what all sessions used so far."""
        return self._sessions.usage()
