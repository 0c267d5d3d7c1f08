"""The opening: the callee first, then the disclosure, heard for sure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.opening import (
    LONGEST_DISCLOSURE_MS,
    LONGEST_WAIT_MS,
    SILENCE_MS,
    TRANSCRIPT_MS,
    Opening,
    OpeningAction,
)


def test_silence_is_broken_by_the_disclosure() -> None:
    """Where nobody speaks, the disclosure comes after 2.5 s and not before."""
    opening = Opening()
    assert opening.tick(SILENCE_MS - 1) is OpeningAction.NONE
    assert opening.tick(SILENCE_MS) is OpeningAction.SAY_DISCLOSURE
    assert opening.tick(SILENCE_MS + 100) is OpeningAction.NONE


def test_the_callee_is_waited_for() -> None:
    """While the callee speaks nothing is said; the text of it opens the way at once."""
    opening = Opening()
    opening.callee_started(1000)
    assert opening.tick(5000) is OpeningAction.NONE
    opening.callee_stopped(6000)
    assert opening.tick(6100) is OpeningAction.NONE
    assert opening.callee_said("Hello?", 6200) is OpeningAction.SAY_DISCLOSURE


def test_a_text_that_does_not_come_is_not_waited_for() -> None:
    """Without a text the disclosure comes 1.2 s after the callee stopped."""
    opening = Opening()
    opening.callee_started(0)
    opening.callee_stopped(1000)
    assert opening.tick(1000 + TRANSCRIPT_MS) is OpeningAction.SAY_DISCLOSURE


def test_an_endless_talker_is_talked_to() -> None:
    """After 20 s of one utterance the disclosure is said anyway."""
    opening = Opening()
    opening.callee_started(0)
    assert opening.tick(LONGEST_WAIT_MS) is OpeningAction.SAY_DISCLOSURE


def test_who_goes_on_speaking_is_waited_for_again() -> None:
    """A second utterance right after the first is listened to as well."""
    opening = Opening()
    opening.callee_started(0)
    opening.callee_stopped(500)
    opening.callee_started(900)
    assert opening.tick(2500) is OpeningAction.NONE
    opening.callee_stopped(3000)
    assert opening.callee_said("And so on.", 3000) is OpeningAction.SAY_DISCLOSURE


def test_a_machine_is_recognised_also_during_the_disclosure() -> None:
    """A greeting whose second half names the tone is a machine's, late but surely."""
    opening = Opening()
    opening.tick(SILENCE_MS)
    opening.callee_started(3000)
    assert opening.callee_said("After the beep.", 3500) is OpeningAction.VOICEMAIL
    assert opening.tick(3500 + LONGEST_DISCLOSURE_MS) is OpeningAction.NONE
    assert opening.callee_said("After the beep.", 3600) is OpeningAction.NONE
    assert opening.disclosure_ended(1.0, 3700) is OpeningAction.NONE


@pytest.mark.parametrize("speaking", [True, False])
def test_cut_early_means_again(speaking: bool) -> None:
    """Cut off before 60 % it is said again at the next chance."""
    opening = Opening()
    opening.tick(SILENCE_MS)
    if speaking:
        opening.callee_started(3000)
    assert opening.disclosure_ended(0.59, 3000) is OpeningAction.NONE
    if speaking:
        assert opening.tick(3000 + TRANSCRIPT_MS) is OpeningAction.NONE
        opening.callee_stopped(5000)
        assert opening.callee_said("What?", 5100) is OpeningAction.SAY_DISCLOSURE
    else:
        assert opening.tick(3000 + TRANSCRIPT_MS) is OpeningAction.SAY_DISCLOSURE
    assert opening.tries == 2
    assert opening.disclosure_ended(0.6, 9000) is OpeningAction.TALK


@pytest.mark.parametrize(("heard", "last"), [(0.0, "FAIL"), (0.3, "FAIL"), (0.4, "TALK")])
def test_three_tries(heard: float, last: str) -> None:
    """After three tries the talk begins if one told of an AI, else it never does."""
    opening = Opening()
    now_ms = 0
    actions = []
    for _ in range(3):
        now_ms += SILENCE_MS
        assert opening.tick(now_ms) is OpeningAction.SAY_DISCLOSURE
        actions.append(opening.disclosure_ended(heard, now_ms).name)
    assert actions == ["NONE", "NONE", last]
    assert opening.done
    assert opening.tick(now_ms + SILENCE_MS) is OpeningAction.NONE


def test_a_disclosure_that_hangs() -> None:
    """A disclosure that never ends is a failure."""
    opening = Opening()
    opening.tick(SILENCE_MS)
    assert opening.tick(SILENCE_MS + LONGEST_DISCLOSURE_MS) is OpeningAction.FAIL


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["tick", "start", "stop", "said", "voicemail", "ended"]),
            st.integers(0, 3000),
            st.floats(0, 1),
        ),
        max_size=60,
    )
)
def test_whatever_happens(steps: list[tuple[str, int, float]]) -> None:
    """Every order of inputs is defined: at most three tries, one end, nothing after it."""
    opening = Opening()
    now_ms = tries = ends = machines = 0
    for step, later_ms, heard in steps:
        now_ms += later_ms
        action = OpeningAction.NONE
        match step:
            case "tick":
                action = opening.tick(now_ms)
            case "start":
                opening.callee_started(now_ms)
            case "stop":
                opening.callee_stopped(now_ms)
            case "said":
                action = opening.callee_said("Hello?", now_ms)
            case "voicemail":
                action = opening.callee_said("after the beep", now_ms)
            case _:
                action = opening.disclosure_ended(heard, now_ms)
        tries += action is OpeningAction.SAY_DISCLOSURE
        machines += action is OpeningAction.VOICEMAIL
        ends += action in {OpeningAction.TALK, OpeningAction.FAIL}
        assert opening.done == bool(ends)
    assert tries == opening.tries <= 3
    assert ends + machines <= 1


def test_a_person_in_a_machines_place() -> None:
    """Whoever picks up after a machine hears the disclosure at once; a talk goes on as it is."""
    opening = Opening()
    opening.await_machine(1000)
    assert opening.tick(60_000) is OpeningAction.NONE
    assert opening.person_came(61_000) is OpeningAction.SAY_DISCLOSURE
    assert opening.disclosure_ended(1.0, 65_000) is OpeningAction.TALK
    assert opening.person_came(66_000) is OpeningAction.NONE


def test_a_hold_lets_the_opening_begin_anew() -> None:
    """After a hold the next voice is waited for as the first one was; once it is over, it is."""
    opening = Opening()
    opening.callee_started(0)
    opening.callee_stopped(1000)
    opening.begin_anew(60_000)
    assert opening.tick(60_000 + SILENCE_MS - 1) is OpeningAction.NONE
    assert opening.tick(60_000 + SILENCE_MS) is OpeningAction.SAY_DISCLOSURE
    assert opening.disclosure_ended(1.0, 70_000) is OpeningAction.TALK
    opening.begin_anew(80_000)
    assert opening.done
