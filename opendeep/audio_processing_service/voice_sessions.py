"""The sessions of one call's voice: which must be closed, what belongs to which, when they end."""

import asyncio
from typing import Final

from opendeep.audio_processing_service import pcm, voice_agent

_KEPT_BYTES: Final = 500 * pcm.MULAW_BYTES_PER_MS
"""So much of the callee's audio is given to the next session; older words are history."""
_MOST_NOTES: Final = 16
_RENEW_BEFORE_SECONDS: Final = 60.0


class Meanwhile:
    """What waits for the next session."""

    def __init__(self) -> None:
        self.audio = bytearray()
        self.notes: list[str] = []
        self.respond = False

    def hear(self, mulaw: bytes) -> None:
        """Keep the last of the callee's audio."""
        self.audio += mulaw
        del self.audio[:-_KEPT_BYTES]

    def note(self, text: str, *, respond: bool) -> None:
        """Keep what the AI has to be told."""
        self.notes.append(text)
        del self.notes[:-_MOST_NOTES]
        self.respond = self.respond or respond


class VoiceSessions:
    """All sessions of one call: which of them has to be closed, and what belongs to which.

    Attributes:
        resume_handle: what the last session said about taking over from it.
        ends_at: when the present session ends for sure, by the loop's clock.
    """

    __slots__ = (
        "_all",
        "_calls",
        "_early",
        "_items",
        "_last_item",
        "_old_calls",
        "_old_items",
        "_renew_at",
        "_retired",
        "ends_at",
        "resume_handle",
    )

    def __init__(self) -> None:
        self.resume_handle: str | None = None
        self._all: list[voice_agent.VoiceAgent] = []
        self._retired: list[voice_agent.VoiceAgent] = []
        self._early: list[voice_agent.VoiceFailed] = []
        self._items: set[str] = set()
        self._old_items: set[str] = set()
        self._last_item = ""
        self._calls: dict[str, str] = {}
        self._old_calls: dict[str, str] = {}
        self.ends_at: float | None = None
        self._renew_at: float | None = None

    def opening(self, voice: voice_agent.VoiceAgent) -> list[voice_agent.VoiceFailed]:
        """Note a session that is being opened; return where its early failure will be."""
        self._all.append(voice)
        self._early = []
        return self._early

    def early(self, voice: voice_agent.VoiceAgent, event: voice_agent.VoiceEvent) -> None:
        """Take what the newest session tells before it is in use; older ones are not heard."""
        if voice is not self._all[-1]:
            return
        if isinstance(event, voice_agent.VoiceFailed):
            self._early.append(event)
        elif isinstance(event, voice_agent.SessionEnds) and event.in_seconds > 0:
            # What has ended already by the provider's clock goes by another clock than ours.
            now = asyncio.get_running_loop().time()
            self.ends_at = now + event.in_seconds
            wait = max(event.in_seconds - _RENEW_BEFORE_SECONDS, event.in_seconds / 2)
            self._renew_at = now + wait

    def retire(self, voice: voice_agent.VoiceAgent) -> None:
        """Note that a session is not used any more and has to be closed."""
        self._retired.append(voice)
        self.resume_handle = voice.resume_handle
        self._old_items |= self._items
        self._items.clear()
        self._last_item = ""
        self._old_calls |= self._calls
        self._calls.clear()
        if voice is self._all[-1]:
            self.ends_at = self._renew_at = None

    def discard(self, voice: voice_agent.VoiceAgent) -> None:
        """Note that a session that was never used has to be closed."""
        self._retired.append(voice)

    async def close_retired(self) -> None:
        """End the sessions that are not used any more."""
        retired = list(self._retired)
        await asyncio.gather(*(voice.close() for voice in retired))
        self._retired = [voice for voice in self._retired if voice not in retired]

    def said(self, item_id: str) -> None:
        """Note an item of the present session."""
        if item_id != self._last_item:
            self._last_item = item_id
            self._items.add(item_id)

    def is_ours(self, item_id: str) -> bool:
        """Whether the present session said it."""
        return item_id in self._items

    def was_ours(self, item_id: str) -> bool:
        """Whether a session that is gone said it."""
        return item_id in self._old_items

    def called(self, tool_call_id: str, name: str) -> None:
        """Note a function call of the present session."""
        self._calls[tool_call_id] = name

    def made_call(self, tool_call_id: str) -> bool:
        """Whether the present session made this function call."""
        return tool_call_id in self._calls

    def name_of(self, tool_call_id: str) -> str:
        """Return a called function's name, whoever called it."""
        return self._old_calls.get(tool_call_id) or self._calls.get(tool_call_id, "")

    def renew_in(self, seconds: float) -> None:
        """Look again in so many seconds."""
        self._renew_at = asyncio.get_running_loop().time() + seconds

    def seconds_left(self) -> float:
        """Tell how long the present session lives."""
        if self.ends_at is None:
            return float("inf")
        return self.ends_at - asyncio.get_running_loop().time()

    def seconds_to_renewal(self) -> float:
        """Tell when the next session should be looked for."""
        if self._renew_at is None:
            return 86_400.0
        return max(self._renew_at - asyncio.get_running_loop().time(), 0.0)

    def usage(self) -> voice_agent.VoiceUsage:
        """Tell what all sessions used so far."""
        tokens: dict[str, int] = {}
        cost = 0.0
        for voice in self._all:
            usage = voice.usage()
            cost += usage.cost_usd
            for kind, count in usage.tokens.items():
                tokens[kind] = tokens.get(kind, 0) + count
        return voice_agent.VoiceUsage(cost_usd=cost, tokens=tokens)
