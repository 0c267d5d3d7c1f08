"""An answering machine: hung up on, told a message after its beep, or talked to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.voicemail import (
    AFTER_BEEP_MS,
    BEEP_WAIT_MS,
    CUT_MS,
    NO_BEEP_MS,
    Voicemail,
    VoicemailAction,
)
from opendeep.common.data_models import VoicemailPolicy


def machine(now_ms: int = 10_000, beeped_ms: int | None = None) -> Voicemail:
    """Return a machine that was recognised and is to be told a message."""
    voicemail = Voicemail(VoicemailPolicy.LEAVE_MESSAGE)
    assert voicemail.found(now_ms, beeped_ms=beeped_ms) is VoicemailAction.NONE
    assert voicemail.active
    return voicemail


def run(
    voicemail: Voicemail, begin: int, end: int, *, quiet: bool, beeped_ms: int | None = None
) -> tuple[int, VoicemailAction]:
    """Let time pass until something follows; return when and what."""
    for now_ms in range(begin, end, 100):
        action = voicemail.tick(now_ms, quiet=quiet, beeped_ms=beeped_ms)
        if action is not VoicemailAction.NONE:
            return now_ms, action
    return end, VoicemailAction.NONE


@pytest.mark.parametrize(
    ("policy", "action"),
    [
        (VoicemailPolicy.HANG_UP, VoicemailAction.HANG_UP),
        (VoicemailPolicy.GO_ON, VoicemailAction.TALK),
    ],
)
def test_a_machine_that_gets_no_message(policy: VoicemailPolicy, action: VoicemailAction) -> None:
    """It is hung up on, or talked to, once."""
    voicemail = Voicemail(policy)
    assert voicemail.found(5000, beeped_ms=None) is action
    assert voicemail.found(6000, beeped_ms=None) is VoicemailAction.NONE
    assert not voicemail.active


def test_the_message_comes_after_the_beep() -> None:
    """Nothing is said while the greeting goes on; the message begins 0.3 s after the beep."""
    voicemail = machine(10_000)
    assert run(voicemail, 10_100, 14_000, quiet=False)[1] is VoicemailAction.NONE
    spoken = run(voicemail, 14_000, 15_000, quiet=True, beeped_ms=14_000)
    assert spoken == (14_000 + AFTER_BEEP_MS, VoicemailAction.SPEAK)
    assert voicemail.spoken(20_000, complete=True) is VoicemailAction.LEAVE
    assert not voicemail.active


def test_a_beep_that_came_before_the_words_counts() -> None:
    """Words are known late: a beep of up to five seconds ago is the machine's."""
    late = run(machine(10_000, beeped_ms=8000), 10_100, 11_000, quiet=True)
    assert late == (10_300, VoicemailAction.SPEAK)
    old = run(machine(10_000, beeped_ms=1000), 10_100, 12_000, quiet=True, beeped_ms=1000)
    assert old[1] is VoicemailAction.NONE


def test_a_machine_without_a_beep() -> None:
    """After four quiet seconds the machine is taken to record."""
    spoken = run(machine(10_000), 10_000, 20_000, quiet=True)
    assert spoken == (10_000 + NO_BEEP_MS - 100, VoicemailAction.SPEAK)


def test_a_machine_that_never_stops_talking() -> None:
    """After half a minute without beep or pause it is hung up on, without a message."""
    ended = run(machine(10_000), 10_000, 60_000, quiet=False)
    assert ended == (10_000 + BEEP_WAIT_MS, VoicemailAction.HANG_UP)


def test_a_message_that_was_cut_off() -> None:
    """Two seconds later the call ends; a person's words in between open a conversation."""
    voicemail = machine(10_000, beeped_ms=9900)
    run(voicemail, 10_000, 11_000, quiet=True)
    assert voicemail.spoken(12_000, complete=False) is VoicemailAction.NONE
    assert run(voicemail, 12_000, 20_000, quiet=True) == (12_000 + CUT_MS, VoicemailAction.LEAVE)
    picked_up = machine(10_000, beeped_ms=9900)
    assert picked_up.person() is VoicemailAction.NONE
    run(picked_up, 10_000, 11_000, quiet=True)
    assert picked_up.person() is VoicemailAction.TALK
    assert picked_up.spoken(13_000, complete=True) is VoicemailAction.NONE


@given(
    st.sampled_from(VoicemailPolicy),
    st.lists(
        st.tuples(st.booleans(), st.booleans(), st.sampled_from(["tick", "cut", "end", "person"])),
        max_size=600,
    ),
)
def test_it_ends_and_speaks_once(
    policy: VoicemailPolicy, steps: list[tuple[bool, bool, str]]
) -> None:
    """Whatever happens, the message is said at most once, and nothing follows the end."""
    voicemail = Voicemail(policy)
    actions = [voicemail.found(0, beeped_ms=None)]
    beeped_ms = None
    for number, (quiet, beeps, what) in enumerate(steps):
        now_ms = 100 * number
        beeped_ms = now_ms if beeps else beeped_ms
        if what == "tick":
            actions.append(voicemail.tick(now_ms, quiet=quiet, beeped_ms=beeped_ms))
        elif what == "person":
            actions.append(voicemail.person())
        else:
            actions.append(voicemail.spoken(now_ms, complete=what == "end"))
    told = [action for action in actions if action is not VoicemailAction.NONE]
    assert told.count(VoicemailAction.SPEAK) <= 1
    last = {VoicemailAction.LEAVE, VoicemailAction.HANG_UP, VoicemailAction.TALK}
    assert all(action not in last for action in told[:-1])
