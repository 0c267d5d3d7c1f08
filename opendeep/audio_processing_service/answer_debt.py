"""Which answers the voice AI still owes: those asked for, and the one being made. Pure."""

from dataclasses import dataclass

from opendeep.audio_processing_service import voice_agent


@dataclass(frozen=True, slots=True, kw_only=True)
class LostAnswer:
    """The answer that was being made when the session was lost."""

    response_id: str
    tag: str | None


class AnswerDebt:
    """The answers that one call waits for.

    Attributes:
        automatic: the provider answers the callee's turns by itself.
        says: fixed words that were asked for and not made yet, by tag, in order.
    """

    def __init__(self) -> None:
        self.automatic = False
        self.says: dict[str, str] = {}
        self._plain = False
        self._callee_speaks = False
        self._making: LostAnswer | None = None
        self._again: set[str] = set()

    @property
    def owed(self) -> bool:
        """Whether an answer should be coming; none does while the callee speaks."""
        wanted = self._plain and not self._callee_speaks
        return wanted or bool(self.says) or self._making is not None

    def wanted(self) -> None:
        """Note that an answer was asked for."""
        self._plain = True

    def note(self, event: voice_agent.VoiceEvent) -> None:
        """Take what the provider tells."""
        match event:
            case voice_agent.CallerSpeechStarted():
                self._callee_speaks = True
            case voice_agent.CallerSpeechStopped():
                self._callee_speaks = False
                self._plain = self._plain or self.automatic
            case voice_agent.ResponseStarted(response_id=response_id, tag=tag):
                self._making = LostAnswer(response_id=response_id, tag=tag)
                self._plain = self._plain and tag is not None
            case voice_agent.ResponseEnded(response_id=response_id, tag=tag):
                if self._making is None or self._making.response_id == response_id:
                    self._making = None
                if tag in self._again:
                    self._again.discard(tag)
                elif tag is not None:
                    self.says.pop(tag, None)
            case _:
                pass

    def asked_again(self) -> None:
        """Note that the answer that is owed will be given up and made anew."""
        if self._making is None or self._making.tag is None:
            self._plain = self._plain or self._making is not None
        else:
            self._again.add(self._making.tag)

    def interrupted(self, *, cancel: bool) -> None:
        """Note that the present answer is given up, and with ``cancel`` all that were wanted."""
        self._making = None
        if cancel:
            self.says.clear()
            self._plain = False

    def lose(self) -> LostAnswer | None:
        """Note that the session is gone; return the answer that was being made.

        Fixed words that were not begun stay wanted.
        """
        lost, self._making = self._making, None
        self._again.clear()
        if lost is not None and lost.tag is not None:
            self.says.pop(lost.tag, None)
        self._plain = False
        self._callee_speaks = False
        return lost
