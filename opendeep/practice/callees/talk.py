"""How a person on the telephone takes a turn: says something, then waits for the answer."""

from collections.abc import Generator
from dataclasses import dataclass

from opendeep.practice.callees.lines import clip_id
from opendeep.practice.callees.steps import Heard, Listen, Outcome, Pressed, Said, Say, Step

LISTEN_SECONDS = 6.0
PATIENT_SECONDS = 90.0
_AFTER_GOODBYE_SECONDS = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the AI answered, and whether the callee had been interrupted before it."""

    text: str
    interrupted: bool


class Talk:
    """One speaker's manners: repeats itself into silence, and gives up after three of them."""

    def __init__(self, speaker: str, *, polite: bool = True) -> None:
        self._speaker = speaker
        self._polite = polite

    def say(self, line: str) -> Generator[Step, Outcome, bool]:
        """Say a line; return whether it was said to its end."""
        outcome = yield Say(clip=clip_id(self._speaker, line), polite=self._polite)
        return isinstance(outcome, Said) and outcome.complete

    def turn(
        self, line: str, *, seconds: float = LISTEN_SECONDS
    ) -> Generator[Step, Outcome, Reply | None]:
        """Say a line and wait for words; return None when the AI has gone silent for good."""
        for attempt in (line, "hello", line):
            complete = yield from self.say(attempt)
            outcome = yield Listen(seconds=seconds if attempt == line else LISTEN_SECONDS)
            while isinstance(outcome, Pressed):  # a tone means nothing to a person
                outcome = yield Listen(seconds=LISTEN_SECONDS)
            if isinstance(outcome, Heard):
                return Reply(text=outcome.text, interrupted=not complete)
        return None

    def part(self, line: str) -> Generator[Step, Outcome, None]:
        """Say goodbye and leave the AI a moment for its own."""
        yield from self.say(line)
        outcome = yield Listen(seconds=_AFTER_GOODBYE_SECONDS)
        if isinstance(outcome, Heard):
            yield Listen(seconds=_AFTER_GOODBYE_SECONDS)
