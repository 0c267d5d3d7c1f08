"""From the sound of a call to who answered it."""

import numpy as np

from opendeep.audio_processing_service.answer_classifier import LONGEST_MS, Answer
from opendeep.audio_processing_service.answer_watch import LATEST_WORDS_MS, AnswerWatch
from opendeep.audio_processing_service.call_sound import CallSound
from tests.unit.audio_processing_service.test_call_tones import Signal, pause, tones
from tests.unit.audio_processing_service.test_overlap import voice


class Bench:
    """A call whose callee's side is given."""

    def __init__(self) -> None:
        self.sound = CallSound(None)
        self.watch = AnswerWatch(self.sound)
        self.ms = 0
        self.told: list[Answer] = []

    def hear(self, signal: Signal) -> "Bench":
        """Hear a sound frame by frame, with a look every 100 ms."""
        noisy = signal + np.random.default_rng(2).normal(0, 8, len(signal))
        samples = noisy.astype("<i2").tobytes()
        for start in range(0, len(samples) - 319, 320):
            self.ms += 20
            self.sound.hear(samples[start : start + 320])
            if self.ms % 100 == 0:
                self.note(self.watch.look(self.ms))
        return self

    def note(self, answer: Answer | None) -> None:
        """Keep news."""
        if answer is not None:
            self.told.append(answer)


def test_a_person() -> None:
    """A greeting and a pause are a person's; told once, and again only when words differ."""
    bench = Bench().hear(pause(0.5)).hear(voice(1, 8000)).hear(pause(1.5))
    assert bench.told == [Answer.PERSON]
    assert bench.watch.decided_ms == 2200
    bench.note(bench.watch.said("Hello?", bench.ms))
    bench.note(bench.watch.said("Leave a message after the tone.", bench.ms))
    assert bench.told == [Answer.PERSON, Answer.VOICEMAIL]


def test_an_answering_machine_by_its_sound() -> None:
    """A long greeting, a beep and quiet are enough without words."""
    bench = Bench().hear(voice(2, 40_000)).hear(tones(0.5, 1000)).hear(pause(1))
    assert bench.told == [Answer.VOICEMAIL]
    assert bench.hear(tones(3, 2100)).told == [Answer.VOICEMAIL]


def test_a_number_out_of_service() -> None:
    """The three tones are known on the line."""
    bench = Bench().hear(pause(0.3))
    bench.hear(np.concatenate((tones(0.36, 950), tones(0.36, 1400), tones(0.4, 1777), pause(0.5))))
    assert bench.told == [Answer.OUT_OF_SERVICE]


def test_what_comes_late_says_nothing_about_who_answered() -> None:
    """After half a minute nothing is looked at any more; without a sound nothing is known."""
    assert Bench().watch.look(100) is None
    bench = Bench()
    bench.ms = LONGEST_MS + 1000
    assert bench.hear(tones(3, 2100)).told == []
    assert bench.watch.said("Leave a message.", LATEST_WORDS_MS + 1) is None
    assert bench.watch.answer is Answer.UNKNOWN


def test_the_beep_of_a_machine_that_passed_for_a_person() -> None:
    """Its last beep is known when its words give it away, also where they come after it."""
    for more_seconds in (0.3, 1.2):
        bench = Bench().hear(voice(3, 8000))
        bench.note(bench.watch.said("Hello, this is Anna.", bench.ms))
        beep_ms = bench.ms + 900
        bench.hear(voice(4, 4000)).hear(tones(0.4, 1000)).hear(pause(more_seconds))
        bench.note(bench.watch.said("Leave a message after the tone.", bench.ms))
        assert bench.told == [Answer.PERSON, Answer.VOICEMAIL]
        assert bench.watch.beeped_ms is not None
        assert abs(bench.watch.beeped_ms - beep_ms) <= 200
