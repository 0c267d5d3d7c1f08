"""Who takes the floor, and who only murmurs."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.barge_in import (
    DEAF_MS,
    LONGEST_MURMUR_MS,
    SHORT_QUIET_MS,
    WORDS_MS,
    BargeIn,
    FloorAction,
)
from opendeep.audio_processing_service.overlap import Sounds


class Bench:
    """A rule, its clock, and what it is told of the sound."""

    def __init__(self, *sounds: Sounds) -> None:
        self._sounds: Iterator[Sounds] = iter(sounds)
        self._last = sounds[-1]
        self.rule = BargeIn(lambda: next(self._sounds, self._last))
        self.ms = 0
        self.first = self.rule.started("c")

    def hear(self, ms: int, *, voice: bool) -> list[FloorAction]:
        """Hear so much; return what follows."""
        actions = []
        for _ in range(ms // 20):
            self.ms += 20
            actions.append(self.rule.frame(active=voice, frame_ms=20, now_ms=self.ms))
        return [action for action in actions if action is not FloorAction.NONE]


def test_a_murmur_pauses_the_ai_for_a_moment() -> None:
    """After 100 ms of quiet the AI goes on; its words change nothing."""
    bench = Bench(Sounds.VOICE)
    assert bench.first is FloorAction.PAUSE
    assert bench.hear(280, voice=True) == []
    assert bench.hear(SHORT_QUIET_MS, voice=False) == [FloorAction.GO_ON]
    bench.rule.stopped("c", bench.ms)
    assert bench.rule.turn_ended
    assert bench.rule.said("c", content=False) is FloorAction.NONE
    assert not bench.rule.undecided
    assert bench.hear(500, voice=True) == []


def test_words_with_content_stop_the_ai_after_all() -> None:
    """A short "wait" is known by its words, which come later."""
    bench = Bench(Sounds.VOICE)
    bench.hear(300, voice=True)
    bench.hear(SHORT_QUIET_MS, voice=False)
    bench.rule.stopped("c", bench.ms)
    assert bench.rule.said("other", content=True) is FloorAction.NONE
    assert bench.rule.said("c", content=True) is FloorAction.ANSWER


def test_speech_that_lasts_takes_the_floor() -> None:
    """Whoever speaks on is listened to, and answered at the turn's own end."""
    bench = Bench(Sounds.VOICE)
    assert bench.hear(LONGEST_MURMUR_MS - 20, voice=True) == []
    assert bench.hear(40, voice=True) == [FloorAction.YIELD]


def test_words_that_come_while_the_ai_is_paused() -> None:
    """A murmur that is known before its quiet lets the AI go on."""
    bench = Bench(Sounds.VOICE)
    bench.hear(100, voice=True)
    assert bench.rule.said("c", content=False) is FloorAction.GO_ON


def test_a_turn_that_goes_on_after_a_gap() -> None:
    """The AI pauses again while the same turn goes on, and gives way when it lasts."""
    bench = Bench(Sounds.VOICE)
    bench.hear(600, voice=True)
    assert bench.hear(SHORT_QUIET_MS, voice=False) == [FloorAction.GO_ON]
    assert bench.hear(100, voice=True) == [FloorAction.PAUSE]
    assert bench.hear(600, voice=True) == [FloorAction.YIELD]


def test_echo_never_stops_the_ai() -> None:
    """What is our own voice is not even paused for, unless it has words of its own."""
    bench = Bench(Sounds.ECHO)
    assert bench.first is FloorAction.GO_ON
    assert bench.hear(3000, voice=True) == []
    bench.rule.stopped("c", bench.ms)
    assert bench.rule.said("c", content=True) is FloorAction.ANSWER


def test_a_voice_after_an_echo() -> None:
    """A voice that joins the echo is paused for, once it is heard."""
    bench = Bench(Sounds.ECHO, Sounds.VOICE)
    assert bench.first is FloorAction.GO_ON
    assert bench.hear(100, voice=True) == [FloorAction.PAUSE]


def test_the_ais_echo_after_a_murmur() -> None:
    """Going on brings the echo back, which is no new voice."""
    bench = Bench(Sounds.VOICE, Sounds.ECHO)
    bench.hear(300, voice=True)
    assert bench.hear(SHORT_QUIET_MS, voice=False) == [FloorAction.GO_ON]
    assert bench.hear(700, voice=True) == []


def test_lasting_noise() -> None:
    """Noise is waited for as long as a murmur may last, and then talked over."""
    bench = Bench(Sounds.NOISE)
    assert bench.first is FloorAction.PAUSE
    assert bench.hear(3000, voice=True) == [FloorAction.GO_ON]


@pytest.mark.parametrize(
    ("sounds", "action"),
    [(Sounds.NOTHING, FloorAction.GO_ON), (Sounds.DEAD, FloorAction.YIELD)],
)
def test_what_only_the_provider_hears(sounds: Sounds, action: FloorAction) -> None:
    """Our ear's word counts against the provider's, unless the line is stone dead."""
    bench = Bench(sounds)
    assert bench.hear(DEAF_MS, voice=False) == [action]


@pytest.mark.parametrize("voice_ms", [200, 600])
def test_words_that_never_come(voice_ms: int) -> None:
    """A short turn without words stops nobody; late words still do, for six seconds."""
    bench = Bench(Sounds.VOICE)
    bench.hear(voice_ms, voice=True)
    bench.hear(SHORT_QUIET_MS, voice=False)
    bench.rule.stopped("c", bench.ms)
    assert bench.hear(WORDS_MS - 20, voice=False) == []
    assert bench.rule.undecided
    assert bench.hear(20, voice=False) == []
    assert not bench.rule.undecided


@given(
    st.lists(st.sampled_from(["voice", "quiet", "stop", "words", "murmur", "start"]), max_size=60),
    st.lists(st.sampled_from(list(Sounds)), min_size=1, max_size=9),
)
def test_the_ai_is_never_left_paused(steps: list[str], sounds: list[Sounds]) -> None:
    """Whatever is heard, a pause ends: the AI goes on or has given way within three seconds."""
    bench = Bench(*sounds)
    actions = [bench.first]
    for step in steps:
        match step:
            case "voice" | "quiet":
                actions += bench.hear(100, voice=step == "voice")
            case "stop":
                bench.rule.stopped("c", bench.ms)
            case "start":
                actions.append(bench.rule.started("c"))
            case _:
                actions.append(bench.rule.said("c", content=step == "words"))
    actions += bench.hear(3000, voice=False)
    told = [action for action in actions if action is not FloorAction.NONE]
    assert not told or told[-1] is not FloorAction.PAUSE
