"""The floor: the barge-in rule upon real sound."""

import pytest

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.barge_in import LONGEST_MURMUR_MS, FloorAction
from opendeep.audio_processing_service.call_sound import CallSound
from opendeep.audio_processing_service.floor import Floor
from opendeep.audio_processing_service.playout import PartKey
from tests.unit.audio_processing_service.test_overlap import SPEECH, mulaw, voice

OWN = pcm.mulaw_to_pcm(mulaw(voice(7, 16_000)))


class Bench:
    """A call in which the AI has a minute to say."""

    def __init__(self, *, queued_ms: int = 60_000) -> None:
        self.sound = CallSound(None)
        self.sound.playout.add(PartKey("i", 0), (SPEECH * 60)[: queued_ms * 8], queued_ms)
        self.floor = Floor(self.sound)
        self.ms = 0
        self.hear(pcm.PCM_SILENCE_FRAME * 20)

    def hear(self, samples: bytes) -> list[FloorAction]:
        """Let the callee's sound come and the AI's be played; return what follows."""
        actions = []
        for start in range(0, len(samples), 320):
            self.ms += 20
            self.sound.hear(samples[start : start + 320])
            self.sound.tick(0)
            if self.floor.undecided:
                actions.append(self.floor.frame(self.ms))
        return [action for action in actions if action is not FloorAction.NONE]


def test_a_voice_pauses_the_ai_and_takes_the_floor() -> None:
    """The AI is silent from the next frame on, and gives way when the voice goes on."""
    bench = Bench()
    bench.hear(OWN[:3200])
    assert bench.floor.started("c", talking=True, making=False) is FloorAction.NONE
    assert bench.sound.overlap.paused
    assert bench.sound.tick(0) == pcm.MULAW_SILENCE_FRAME
    assert bench.hear(OWN[: (LONGEST_MURMUR_MS + 100) * 16]) == [FloorAction.YIELD]
    assert not bench.sound.overlap.paused


@pytest.mark.parametrize("making", [True, False])
def test_the_last_word_of_a_sentence(*, making: bool) -> None:
    """It is paused for and kept; a turn that ends beside it is an ordinary one."""
    bench = Bench(queued_ms=600)
    assert bench.floor.started("c", talking=True, making=making) is FloorAction.NONE
    assert bench.sound.overlap.paused
    bench.floor.stopped("c", bench.ms, making=making)
    assert bench.floor.undecided is making
    assert bench.sound.overlap.paused is making
    assert bench.floor.answers_too_soon(bench.ms + 100, talking=True) is making
    assert bench.sound.playout.queued_bytes == 200 * 8


def test_a_gap_in_an_answer() -> None:
    """Where the AI spoke and has more to say, nobody takes the floor by a murmur."""
    bench = Bench(queued_ms=0)
    bench.sound.playout.add(PartKey("i", 0), SPEECH[:320], 40)
    bench.hear(pcm.PCM_SILENCE_FRAME * 4)
    assert bench.floor.started("c", talking=True, making=True) is FloorAction.NONE
    assert bench.floor.undecided


def test_an_answer_while_the_ai_is_silent() -> None:
    """It is never too soon, and ends the question what the callee's last turn meant."""
    bench = Bench()
    bench.floor.started("c", talking=True, making=False)
    bench.floor.stopped("c", bench.ms, making=False)
    assert not bench.floor.answers_too_soon(bench.ms + 100, talking=False)
    assert bench.floor.said("c", "Which day?", greeting=False) is FloorAction.NONE


def test_an_answer_that_was_not_heard_yet() -> None:
    """Whoever goes on speaking before its first sound gets an answer to the whole."""
    bench = Bench(queued_ms=0)
    assert bench.floor.started("c", talking=True, making=True) is FloorAction.YIELD


def test_a_turn_while_the_ai_is_silent() -> None:
    """Nothing is decided about whoever speaks while the AI does not."""
    bench = Bench()
    assert bench.floor.started("c", talking=False, making=False) is FloorAction.NONE
    assert bench.floor.callee_speaks
    assert not bench.floor.undecided
    bench.floor.stopped("c", bench.ms, making=False)
    assert not bench.floor.callee_speaks
    assert not bench.floor.answers_too_soon(bench.ms, talking=True)


def test_an_answer_to_words_that_are_not_known_yet() -> None:
    """The provider's answer to a turn beside the AI's speech is too soon, once."""
    bench = Bench()
    bench.hear(OWN[:3200])
    bench.floor.started("c", talking=True, making=False)
    bench.hear(pcm.PCM_SILENCE_FRAME * 40)
    assert not bench.sound.overlap.paused
    bench.floor.stopped("c", bench.ms, making=False)
    assert bench.floor.answers_too_soon(bench.ms + 100, talking=True)
    assert not bench.floor.answers_too_soon(bench.ms + 100, talking=True)
    assert bench.floor.said("c", "Hello?", greeting=True) is FloorAction.NONE


@pytest.mark.parametrize("ended", [True, False])
def test_a_turn_that_outlasts_the_ai(*, ended: bool) -> None:
    """A turn that is still open when the AI has finished is an ordinary one."""
    bench = Bench()
    bench.floor.started("c", talking=True, making=False)
    if ended:
        bench.floor.stopped("c", bench.ms, making=False)
    bench.floor.settle(talking=True)
    assert bench.floor.undecided
    bench.floor.settle(talking=False)
    assert bench.floor.undecided is ended
    wanted = FloorAction.ANSWER if ended else FloorAction.NONE
    assert bench.floor.said("c", "Which day?", greeting=False) is wanted
