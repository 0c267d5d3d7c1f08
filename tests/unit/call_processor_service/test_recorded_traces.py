"""What a real Asterisk was recorded to say, read as OpenDeep reads it.

The traces in ``tests/fixtures/ami`` are raw bytes of Asterisk 22.10.1 over PJSIP, one manager's
session each, recorded by ``tests/integration/asterisk/record_traces.py``.
"""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.call_processor_service.ami_protocol import AmiBanner, AmiEvent, AmiMessage, AmiParser
from opendeep.call_processor_service.attempt_facts import learn
from opendeep.call_processor_service.attempt_states import EndFacts, classify_end
from opendeep.call_processor_service.channel_events import ChannelEvent, ChannelMade, read_event
from opendeep.common.data_models import CallCause

FOLDER = Path(__file__).parents[2] / "fixtures" / "ami"
TRACES = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.txt"))}
CALL = "od-00000000-0000-4000-8000-000000000001"
"""The first call of every trace."""
SECOND_CALL = "od-00000000-0000-4000-8000-000000000002"

REFUSED = {"originate_reason": 0, "dial_status": "NOANSWER"}
TALKED = {"answered": True, "dial_status": "ANSWER"}
EXPECTED: dict[str, tuple[EndFacts, CallCause]] = {
    "busy": (
        EndFacts(hangup_cause=17, dial_status="BUSY", originate_reason=0, sip_status=486),
        CallCause.BUSY,
    ),
    "congestion": (
        EndFacts(hangup_cause=34, dial_status="CONGESTION", originate_reason=0, sip_status=503),
        CallCause.CONGESTION,
    ),
    "unallocated": (EndFacts(hangup_cause=1, sip_status=404, **REFUSED), CallCause.UNALLOCATED),
    "gone_410": (EndFacts(hangup_cause=22, sip_status=410, **REFUSED), CallCause.UNALLOCATED),
    "incomplete_484": (EndFacts(hangup_cause=28, sip_status=484, **REFUSED), CallCause.UNALLOCATED),
    "declined_603": (EndFacts(hangup_cause=21, sip_status=603, **REFUSED), CallCause.REJECTED),
    "forbidden_403": (EndFacts(hangup_cause=21, sip_status=403, **REFUSED), CallCause.REJECTED),
    "unavailable_480": (EndFacts(hangup_cause=19, sip_status=480, **REFUSED), CallCause.REJECTED),
    "server_error_500": (
        EndFacts(hangup_cause=38, sip_status=500, **REFUSED),
        CallCause.CONGESTION,
    ),
    "bad_gateway_502": (EndFacts(hangup_cause=27, sip_status=502, **REFUSED), CallCause.CONGESTION),
    "gateway_timeout_504": (
        EndFacts(hangup_cause=102, sip_status=504, **REFUSED),
        CallCause.CONGESTION,
    ),
    "refusing_trunk": (
        EndFacts(hangup_cause=34, dial_status="CONGESTION", originate_reason=0, sip_status=503),
        CallCause.CONGESTION,
    ),
    "rings_then_busy": (
        EndFacts(
            rang=True, hangup_cause=17, dial_status="BUSY", originate_reason=0, sip_status=486
        ),
        CallCause.BUSY,
    ),
    "rings_then_480": (
        EndFacts(rang=True, hangup_cause=19, sip_status=480, **REFUSED),
        CallCause.NO_ANSWER,
    ),
    "announcement_then_busy": (
        EndFacts(
            progressed=True, hangup_cause=17, dial_status="BUSY", originate_reason=0, sip_status=486
        ),
        CallCause.BUSY,
    ),
    "announcement_without_end": (
        EndFacts(progressed=True, hangup_cause=19, originate_reason=3),
        CallCause.NO_ANSWER,
    ),
    "no_answer": (
        EndFacts(rang=True, hangup_cause=19, originate_reason=3),
        CallCause.NO_ANSWER,
    ),
    "mute_trunk": (EndFacts(hangup_cause=19, originate_reason=3), CallCause.EXCHANGE_FAILED),
    "unregistered": (EndFacts(originate_reason=0), CallCause.EXCHANGE_FAILED),
    "hung_up_ringing": (EndFacts(rang=True, hangup_cause=16, **REFUSED), CallCause.NO_ANSWER),
    "hung_up_ringing_without_cause": (
        EndFacts(rang=True, hangup_cause=0, **REFUSED),
        CallCause.NO_ANSWER,
    ),
    "same_id_twice": (EndFacts(rang=True, hangup_cause=16, **REFUSED), CallCause.NO_ANSWER),
    "answered": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
    "announcement_then_answer": (
        EndFacts(progressed=True, hangup_cause=16, **TALKED),
        CallCause.CALLEE_HUNG_UP,
    ),
    "rings_progress_rings": (
        EndFacts(rang=True, progressed=True, hangup_cause=16, **TALKED),
        CallCause.CALLEE_HUNG_UP,
    ),
    "gone_at_once": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
    "callee_hangs_up": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
    "callee_on_hold": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
    "callee_presses_keys": (
        EndFacts(rang=True, hangup_cause=16, **TALKED),
        CallCause.CALLEE_HUNG_UP,
    ),
    "keys_for_the_callee": (
        EndFacts(rang=True, hangup_cause=16, **TALKED),
        CallCause.CALLEE_HUNG_UP,
    ),
    "no_media_server": (EndFacts(hangup_cause=41, **TALKED), CallCause.EXCHANGE_FAILED),
    "media_closed": (EndFacts(hangup_cause=41, **TALKED), CallCause.EXCHANGE_FAILED),
    "media_foreign_frame": (EndFacts(hangup_cause=41, **TALKED), CallCause.EXCHANGE_FAILED),
    "nobody_sends": (EndFacts(rang=True, hangup_cause=41, **TALKED), CallCause.EXCHANGE_FAILED),
    "two_at_once": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
    "lists": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
    "guard_busy": (
        EndFacts(hangup_cause=17, dial_status="BUSY", originate_reason=0),
        CallCause.BUSY,
    ),
    "guard_no_answer": (
        EndFacts(rang=True, hangup_cause=19, originate_reason=3),
        CallCause.NO_ANSWER,
    ),
    "guard_answered": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
    "guard_refuses": (EndFacts(hangup_cause=28, **REFUSED), CallCause.UNALLOCATED),
    "transfer_answered": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
    "transfer_busy": (EndFacts(hangup_cause=41, **TALKED), CallCause.EXCHANGE_FAILED),
    "bridged": (EndFacts(hangup_cause=16, **TALKED), CallCause.CALLEE_HUNG_UP),
}
WITHOUT_CALL = {"login_refused"}


def parsed(*pieces: bytes) -> list[AmiEvent]:
    """Return the events of bytes that come in pieces."""
    parser = AmiParser(expect_banner=True)
    return [event for piece in pieces for event in parser.receive(piece)]


def messages(name: str) -> list[AmiMessage]:
    """Return the messages of a trace."""
    return [event for event in parsed(TRACES[name]) if isinstance(event, AmiMessage)]


def concerns(message: AmiMessage, call: str) -> bool:
    """Whether a message names a call by one of the headers that events are routed by."""
    return call in {message.get("Uniqueid"), message.get("DestUniqueid"), message.action_id}


def facts_of(name: str, call: str = CALL) -> EndFacts:
    """Return what a trace tells about a call."""
    facts = EndFacts()
    for message in messages(name):
        event = read_event(message) if concerns(message, call) else None
        if event is not None:
            facts = learn(facts, event)
    return facts


def test_every_trace_is_judged() -> None:
    """There is an expectation for each recorded trace, and a trace for each expectation."""
    assert set(EXPECTED) | WITHOUT_CALL == set(TRACES)


@pytest.mark.parametrize("name", TRACES)
def test_bytes_in_any_pieces_are_the_same_messages(name: str) -> None:
    """Whole and byte by byte a trace reads the same, and encodes to what was received."""
    raw = TRACES[name]
    whole = parsed(raw)
    assert parsed(*(raw[at : at + 1] for at in range(len(raw)))) == whole
    banner, *rest = whole
    assert isinstance(banner, AmiBanner)
    encoded = "".join(
        message.encode().decode() for message in rest if isinstance(message, AmiMessage)
    )
    assert f"{banner.text}\r\n{encoded}".encode() == raw


@given(st.sampled_from(sorted(TRACES)), st.lists(st.integers(0, 14_000), max_size=40))
def test_bytes_in_random_pieces_are_the_same_messages(name: str, cuts: list[int]) -> None:
    """Wherever the network cuts a trace, it reads the same."""
    raw = TRACES[name]
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    assert parsed(*(raw[begin:end] for begin, end in pairwise(edges))) == parsed(raw)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_trace_tells_of_its_call(name: str) -> None:
    """The facts of the call, and so its cause, are read right from the recorded events."""
    facts, cause = EXPECTED[name]
    found = facts_of(name)
    if facts.originate_reason == 3:
        # Who gave up was Asterisk: its SIP status is nobody's word, and comes in either order.
        found = learn(found, read_hangup(name), ring_over=True)
    assert found == facts
    assert classify_end(found) is cause


def read_hangup(name: str) -> ChannelEvent:
    """Return the end of a trace's call."""
    (hangup,) = [m for m in messages(name) if m.event == "Hangup" and concerns(m, CALL)]
    event = read_event(hangup)
    assert event is not None
    return event


def test_calls_at_once_are_told_apart() -> None:
    """A call that rings and is busy beside a talking one keeps its own facts."""
    assert classify_end(facts_of("two_at_once", SECOND_CALL)) is CallCause.BUSY
    assert classify_end(facts_of("two_at_once")) is CallCause.CALLEE_HUNG_UP


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"unregistered"}))
def test_the_first_event_of_a_call_makes_its_channel(name: str) -> None:
    """Newchannel comes before all else that names the call, with our id."""
    told = [m for m in messages(name) if m.event and concerns(m, CALL)]
    assert isinstance(read_event(told[0]), ChannelMade)


def test_a_second_originate_with_a_live_id_names_the_live_call() -> None:
    """Its failure has the live call's Uniqueid and its own ActionID; only that tells them apart."""
    first, *_ = [m for m in messages("same_id_twice") if m.event == "OriginateResponse"]
    assert (first.get("Uniqueid"), first.action_id) == (CALL, SECOND_CALL)
    assert first.get("Response") == "Failure"


def test_a_refused_login() -> None:
    """What comes before login is refused, and so is a wrong secret; both are plain errors."""
    refusals = messages("login_refused")
    assert [m.get("Message") for m in refusals] == ["Permission denied", "Authentication failed"]
    assert not any(m.is_success for m in refusals)


def test_the_callees_keys_are_told() -> None:
    """Each key of the callee begins and ends as an event of its call."""
    told = [m for m in messages("callee_presses_keys") if m.event.startswith("DTMF")]
    assert "".join(m.get("Digit") for m in told if m.event == "DTMFEnd") == "123#"
    assert all(concerns(m, CALL) and m.get("Direction") == "Received" for m in told)


def test_lists_begin_and_end() -> None:
    """The lists of a trace are framed by EventList headers, and count what they list."""
    told = messages("lists")
    starts = [m for m in told if m.get("EventList") == "start"]
    ends = [m for m in told if m.get("EventList") == "Complete"]
    assert len(starts) == len(ends) == 2
    for end in ends:
        items = [m for m in told if m.action_id == end.action_id and m.event and m is not end]
        assert len(items) == int(end.get("ListItems")) == 2
        assert {m.get("ChannelStateDesc") for m in items} == {"Up", "Ringing"}
