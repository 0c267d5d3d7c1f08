"""The telephones of the practice network: which far end answers a channel, and when."""

import asyncio
from typing import Final, Protocol

from opendeep.practice.browser_phone import BrowserCallee, PracticeBrowserPhone
from opendeep.practice.callees.catalogue import Alert, Profile, Refusal
from opendeep.practice.exchange_callee import FarEnd
from opendeep.practice.exchange_person import Handset, Hearing, ScriptedCallee
from opendeep.practice.exchange_sounds import Clips
from opendeep.practice.records import CalleeRecord

_SOME_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 3600.0


class CallingSide(Handset, Protocol):
    """Where a telephone is rung from, and what it tells there."""

    record: CalleeRecord

    def alert(self, alert: Alert) -> None:
        """Tell what is heard before the answer."""
        ...


class Telephones:
    """Rings callees.

    Args:
        browser_phone: the page's telephone, where the web is part of the process.
        ring_factor: stretches or shortens the ringing, for tests.
        wait_factor: the same for pauses, music and tones.
    """

    def __init__(
        self,
        *,
        clips: Clips,
        hearing: Hearing,
        browser_phone: PracticeBrowserPhone | None = None,
        ring_factor: float = 1.0,
        wait_factor: float = 1.0,
    ) -> None:
        self._clips = clips
        self._hearing = hearing
        self._browser_phone = browser_phone
        self._ring_factor = ring_factor
        self._wait_factor = wait_factor

    async def ring(self, profile: Profile, line: CallingSide) -> FarEnd | Refusal:
        """Ring until somebody answers or refuses; where nobody does, the network does at last."""
        for alerting in profile.alerts:
            await asyncio.sleep(alerting.after_seconds * self._ring_factor)
            line.alert(alerting.alert)
        if profile.rings_browser:
            answer = await self._ring_browser(line, wait_for_page=profile.script is None)
            if answer is not None:
                return answer
        if profile.script is None and profile.refusal is None:
            await asyncio.sleep(_PATIENCE_SECONDS)
            return Refusal.UNAVAILABLE
        await asyncio.sleep(profile.ring_seconds * self._ring_factor)
        if profile.script is None:
            return profile.refusal or Refusal.UNAVAILABLE
        return ScriptedCallee(
            profile=profile,
            script=profile.script(line.record),
            record=line.record,
            clips=self._clips,
            hearing=self._hearing,
            handset=line,
            wait_factor=self._wait_factor,
        )

    async def _ring_browser(
        self, caller: CallingSide, *, wait_for_page: bool
    ) -> FarEnd | Refusal | None:
        phone = self._browser_phone
        line = phone.ring() if phone is not None else None
        while phone is not None and line is None and wait_for_page:
            await asyncio.sleep(_SOME_SECONDS)
            line = phone.ring()
        if line is None:
            return None
        try:
            if await line.until_not("ringing") == "talking":
                return BrowserCallee(line, caller.record)
        except asyncio.CancelledError:
            line.drop()
            raise
        return Refusal.DECLINED
