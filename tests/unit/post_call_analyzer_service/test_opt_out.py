"""Words by which callees ask not to be called again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import Speaker
from opendeep.post_call_analyzer_service.heard import HeardLine
from opendeep.post_call_analyzer_service.opt_out import find_opt_out


def line(text: str, speaker: Speaker = Speaker.CALLEE) -> HeardLine:
    """Make a line."""
    return HeardLine(seq=1, speaker=speaker, text=text)


@pytest.mark.parametrize(
    "text",
    [
        "Never call me again!",
        "Please do not call this number again.",
        "Don't call here anymore.",
        "Don’t ever call us again, okay?",  # noqa: RUF001
        "Stop calling me.",
        "Take me off your list.",
        "Remove this number from your calling list, please.",
        "Please remove my number.",
        "Lose my number.",
        "Put me on your do not call list.",
        "No more calls please.",
        "Do not contact us any longer.",
        "Rufen Sie nie wieder an!",
        "Bitte nicht mehr anrufen.",
        "No me llame más.",
        "Ne me rappelez plus.",
    ],
)
def test_opt_outs_are_found(text: str) -> None:
    """Each of these is a wish not to be called again."""
    assert find_opt_out([line("Hello?"), line(text)]) == line(text)


@pytest.mark.parametrize(
    "text",
    [
        "Could you call me again tomorrow?",
        "Please don't call before nine.",
        "I will never forget this.",
        "We close at five, call back then.",
        "Do not hesitate to call.",
        "Please stop by the office.",
        "I'll put you on the waiting list.",
    ],
)
def test_other_words_are_no_opt_out(text: str) -> None:
    """Each of these lets us call again."""
    assert find_opt_out([line(text)]) is None


def test_only_the_callee_can_opt_out() -> None:
    """What the AI says about calling again is no wish of the callee's."""
    assert find_opt_out([line("We will never call you again.", Speaker.AI)]) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_an_opt_out_is_found_between_other_words(before: str, after: str) -> None:
    """Whatever is said around it, "never call me again" is heard."""
    assert find_opt_out([line(f"{before} never call me again. {after}")]) is not None
