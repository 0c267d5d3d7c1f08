"""What goes on in a call beside the talk: keys of the callee, and waiting for another line."""

from typing import Final

from opendeep.audio_processing_service.keypad import Keypad
from opendeep.audio_processing_service.phrases import Phrases
from opendeep.audio_processing_service.playout import Playout
from opendeep.audio_processing_service.voice_agent import VoiceAgent
from opendeep.audio_processing_service.waiting_tone import waiting_tone

HOLD_TAG: Final = "hold-for-transfer"
NOT_CONNECTED_TAG: Final = "not-connected"
WARM_MS: Final = 15_000
"""A callee who waits for the user's answer hears a word this often."""


class BesideTalk:
    """The callee's keys, and whether the callee waits.

    Args:
        playout: plays a soft tone while the callee waits, so that the line does not seem dead.

    Attributes:
        keypad: the keys that the AI was not told of yet.
        waits: the callee waits for another line; the AI is quiet.
        told: the words that ask them to wait were made, or need not be.
    """

    def __init__(self, playout: Playout) -> None:
        self._playout = playout
        self.keypad = Keypad()
        self.waits = False
        self.told = True
        self._quiet_since_ms: int | None = None

    def hold(self, voice: VoiceAgent, phrases: Phrases) -> None:
        """Ask the callee to wait, and keep the AI from answering."""
        self.waits = True
        self.told = False
        self._playout.wait_with(waiting_tone())
        voice.answer_turns(automatic=False)
        voice.say(phrases.connecting, tag=HOLD_TAG)

    def resume(self, voice: VoiceAgent, phrases: Phrases, text: str, *, answer: bool) -> None:
        """Tell a callee who waits, and the AI, that it was in vain."""
        if not self.waits:
            return
        self.waits = False
        self._playout.wait_with(b"")
        voice.note(f"The callee was not connected: {text} Go on with the call.", respond=False)
        voice.say(phrases.not_connected, tag=NOT_CONNECTED_TAG)
        voice.answer_turns(automatic=answer)

    def tell_keys(self, voice: VoiceAgent, now_ms: int, *, answer: bool) -> None:
        """Tell the AI of keys that the callee pressed and is done with."""
        keys = self.keypad.take(now_ms)
        if keys:
            note = f"The callee pressed {keys} on their telephone."
            voice.note(note, respond=answer and not self.waits)

    def keep_warm(self, now_ms: int, *, asking: bool, busy: bool) -> bool:
        """Say whether the callee, who waits for the user's answer, must hear a word now."""
        if not asking or busy or self._quiet_since_ms is None:
            self._quiet_since_ms = now_ms if asking else None
            return False
        if now_ms - self._quiet_since_ms < WARM_MS:
            return False
        self._quiet_since_ms = now_ms
        return True

    def response_ended(self, tag: str | None) -> None:
        """Note that an answer of the AI was made."""
        self.told |= tag == HOLD_TAG
