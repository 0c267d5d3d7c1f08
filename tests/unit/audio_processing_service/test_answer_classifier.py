"""Who answered, from tones, words and the shape of a greeting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.answer_classifier import (
    LONGEST_MS,
    Answer,
    AnswerClassifier,
)
from opendeep.audio_processing_service.call_tones import Tone


class Bench:
    """A classifier and its clock."""

    def __init__(self) -> None:
        self.classifier = AnswerClassifier()
        self.ms = 0

    def hear(self, ms: int, *, speech: bool = False, tone: Tone | None = None) -> "Bench":
        """Hear so much of one thing."""
        for _ in range(ms // 100):
            self.ms += 100
            self.classifier.hear(active=speech, tone=tone, block_ms=100, now_ms=self.ms)
        return self

    def say(self, text: str) -> "Bench":
        """Learn the words."""
        self.classifier.said(text, self.ms)
        return self

    @property
    def answer(self) -> Answer:
        """Who answered."""
        return self.classifier.answer


def test_a_short_greeting_is_a_persons() -> None:
    """A second of speech and then quiet: somebody waits for a reply."""
    bench = Bench().hear(500).hear(1000, speech=True).hear(600)
    assert bench.answer is Answer.UNKNOWN
    assert bench.hear(100).answer is Answer.PERSON
    assert not bench.classifier.certain
    assert bench.classifier.decided_ms == bench.ms


def test_a_long_greeting_is_nobodys() -> None:
    """Nothing is made of long speech but that somebody talks; in the end it is a person."""
    bench = Bench().hear(8000, speech=True).hear(2000)
    assert bench.answer is Answer.UNKNOWN
    assert bench.hear(LONGEST_MS).answer is Answer.PERSON


def test_words_correct_the_sound() -> None:
    """A short "leave a message" sounds like a person and is a machine."""
    bench = Bench().hear(2000, speech=True).hear(800)
    assert bench.answer is Answer.PERSON
    assert bench.say("Leave a message.").answer is Answer.VOICEMAIL
    assert bench.classifier.certain


def test_a_machine_stays_a_machine() -> None:
    """What somebody else says later does not change who answered."""
    bench = Bench().say("For opening hours, press one.").say("Hello?").say("Leave a message.")
    assert bench.answer is Answer.MENU


def test_a_person_first_and_then_a_machine() -> None:
    """A greeting may begin like a person's; no words are no words."""
    bench = Bench().say("").say("Hello, this is Mia.")
    assert bench.answer is Answer.PERSON
    assert bench.say("Leave me a message after the beep.").answer is Answer.VOICEMAIL


def test_a_beep_after_speech_is_an_answering_machine() -> None:
    """Long speech, a beep, and quiet: words are not needed."""
    bench = Bench().hear(5000, speech=True).hear(100, tone=Tone.BEEP).hear(300)
    assert bench.answer is Answer.UNKNOWN
    assert bench.hear(100).answer is Answer.VOICEMAIL


@pytest.mark.parametrize("speech_ms", [0, 1000])
def test_a_beep_without_a_greeting(speech_ms: int) -> None:
    """A tone before anybody spoke is no answering machine."""
    bench = Bench().hear(speech_ms, speech=True).hear(100, tone=Tone.BEEP).hear(600)
    assert bench.answer is not Answer.VOICEMAIL


def test_music_after_speech() -> None:
    """A note that is followed by more sound is no beep."""
    bench = Bench().hear(5000, speech=True).hear(100, tone=Tone.BEEP).hear(2000, speech=True)
    assert bench.answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("tone", "answer"),
    [
        (Tone.FAX, Answer.FAX),
        (Tone.OUT_OF_SERVICE, Answer.OUT_OF_SERVICE),
        (Tone.BUSY, Answer.BUSY),
        (Tone.RINGING, Answer.UNKNOWN),
        (Tone.KEY, Answer.UNKNOWN),
    ],
)
def test_tones(tone: Tone, answer: Answer) -> None:
    """Some tones say at once who answered, others nothing."""
    bench = Bench().hear(100, tone=tone)
    assert bench.answer is answer
    assert bench.hear(100, tone=Tone.FAX).answer is (
        Answer.FAX if answer is Answer.UNKNOWN else answer
    )


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([None, Tone.RINGING, Tone.KEY])), max_size=400
    )
)
def test_no_sound_of_speech_makes_a_machine(blocks: list[tuple[bool, Tone | None]]) -> None:
    """However somebody speaks and pauses, by sound alone they are never hung up on."""
    bench = Bench()
    for speech, tone in blocks:
        bench.hear(100, speech=speech, tone=tone)
    assert bench.answer in {Answer.UNKNOWN, Answer.PERSON}
