"""What the lines 20 to 41 do once they are answered."""

import pytest

from opendeep.practice.callees import wires
from opendeep.practice.callees.catalogue import LINES, PROFILES, profile_of
from opendeep.practice.callees.steps import Heard, Hold, Listen, Loop, Pause, Pressed, PressKey, Say
from opendeep.practice.records import CalleeRecord


def record() -> CalleeRecord:
    """Make an empty record."""
    return CalleeRecord(number="+12015550132", dd="32")


def test_the_key_waiter_wants_four_two_hash() -> None:
    """Wrong keys, words and a wrong order begin anew; 4 2 # ends it."""
    script = wires.key_waiter(record())
    assert isinstance(next(script), Listen)
    for outcome in (
        *(Pressed(digit="4"), Heard(text="Hello.")),
        *(Pressed(digit="1"), Pressed(digit="#")),
        *(Pressed(digit="4"), Pressed(digit="2")),
    ):
        assert isinstance(script.send(outcome), Listen)
    with pytest.raises(StopIteration):
        script.send(Pressed(digit="#"))


def test_the_talker_never_ends() -> None:
    """Line 38 says one sentence after the other."""
    script = wires.talker(record())
    steps = [next(script) for _ in range(9)]
    assert all(isinstance(step, Say) and not step.polite for step in steps)


def test_the_presser_presses_four_keys() -> None:
    """Line 31 presses 1 2 3 #."""
    pressed = [step.digit for step in wires.presser(record()) if isinstance(step, PressKey)]
    assert pressed == list("123#")


def test_the_holder_holds_and_comes_back() -> None:
    """Line 41 holds for three seconds between a second's wait and an echo."""
    kinds = [type(step) for step in wires.holder(record())]
    assert kinds == [Pause, Hold, Loop]


@pytest.mark.parametrize("script", [wires.echo, wires.gone_at_once, wires.gone_soon, wires.quiet])
def test_simple_lines_have_one_step(script: object) -> None:
    """Echo, silence and early hang-ups are one step each."""
    assert callable(script)
    assert len(list(script(record()))) == 1


def test_lines_and_people_do_not_share_numbers() -> None:
    """Each number is a person's or a line's; numbers beyond are unallocated."""
    assert not set(LINES) & set(PROFILES)
    assert sorted(LINES) == [str(dd) for dd in range(20, 42)]
    assert profile_of("+12015550130") is LINES["30"]
    assert profile_of("+12015550142").refusal is not None
