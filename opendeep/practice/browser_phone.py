"""The practice number that rings in the user's own browser: ``99`` and Test Mode's ``7000``.

A page registers and offers a phone; the latest page wins. The exchange rings it, and the page's
line and the exchange's far end are the two ends of one pair of frame queues.
"""

import asyncio
from collections import deque
from typing import Final, Literal

from opendeep.practice.exchange_callee import JitterBuffer
from opendeep.practice.records import CalleeRecord

_MOST_EVENTS: Final = 250
PhoneState = Literal["idle", "ringing", "talking", "closed"]


class PracticeBrowserPhone:
    """Implements :class:`~opendeep.common.ports.BrowserPhone`."""

    def __init__(self) -> None:
        self._line: PracticePhoneLine | None = None

    def register(self) -> "PracticePhoneLine":
        """Offer a page as a phone; the page before it loses its calls."""
        if self._line is not None:
            self._line.close()
        self._line = PracticePhoneLine()
        return self._line

    def ring(self) -> "PracticePhoneLine | None":
        """Let the page ring; None when no page offers a free phone."""
        line = self._line
        if line is None or line.state != "idle":
            return None
        line.ring()
        return line


class PracticePhoneLine:
    """Implements :class:`~opendeep.common.ports.BrowserPhoneLine` for one page.

    Events that the page does not fetch are kept up to five seconds of audio; the oldest go first.
    """

    def __init__(self) -> None:
        self.state: PhoneState = "idle"
        self.microphone = JitterBuffer()
        self._events: deque[bytes | str] = deque(maxlen=_MOST_EVENTS)
        self._arrived = asyncio.Event()
        self._changed = asyncio.Event()

    async def next_event(self) -> bytes | str:
        """Wait for ``"ring"``, ``"hangup"`` or 160 bytes of the AI's µ-law."""
        while not self._events:
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.popleft()

    def answer(self) -> None:
        """Pick up; without a ringing call nothing happens."""
        if self.state == "ringing":
            self._become("talking")

    def hang_up(self) -> None:
        """Reject the ringing call or end the present one."""
        if self.state in {"ringing", "talking"}:
            self._become("idle")

    def send_audio(self, mulaw: bytes) -> None:
        """Send the microphone's µ-law, any length; ignored outside a call."""
        if self.state == "talking":
            self.microphone.put(mulaw)

    def close(self) -> None:
        """Take the phone away; a call on it ends."""
        if self.state in {"ringing", "talking"}:
            self._tell("hangup")
        self._become("closed")

    def ring(self) -> None:
        """Begin a call at the page: the exchange's side."""
        self.microphone = JitterBuffer()
        self._become("ringing")
        self._tell("ring")

    def drop(self) -> None:
        """End the call from the exchange's side."""
        if self.state in {"ringing", "talking"}:
            self._tell("hangup")
            self._become("idle")

    def play(self, mulaw: bytes) -> None:
        """Give the page a frame of the AI's audio."""
        if self.state == "talking":
            self._tell(mulaw)

    async def until_not(self, state: PhoneState) -> PhoneState:
        """Wait until the phone has left ``state``; return where it is then."""
        while self.state == state:
            self._changed.clear()
            await self._changed.wait()
        return self.state

    def _become(self, state: PhoneState) -> None:
        self.state = state
        self._changed.set()

    def _tell(self, event: bytes | str) -> None:
        self._events.append(event)
        self._arrived.set()


class BrowserCallee:
    """Implements :class:`~opendeep.practice.exchange_callee.FarEnd` for a page's phone."""

    def __init__(self, line: PracticePhoneLine, record: CalleeRecord) -> None:
        self._line = line
        self._record = record

    async def converse(self) -> None:
        """Last until the page hangs up or goes away; a call that ends before is told to it."""
        try:
            await self._line.until_not("talking")
        finally:
            self._line.drop()

    def next_frame(self) -> bytes | None:
        """Return the microphone's next 20 ms."""
        return self._line.microphone.next_frame()

    def hear(self, mulaw: bytes) -> None:
        """Pass the AI's audio on to the page."""
        self._line.play(mulaw)

    def press(self, digit: str) -> None:
        """Note a key; a page has no use for it."""
        self._record.dtmf += digit
