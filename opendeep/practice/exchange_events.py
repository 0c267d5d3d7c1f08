"""The manager events of a channel, as Asterisk 22.10 writes them: pure functions."""

from dataclasses import dataclass
from typing import Final

from opendeep.call_processor_service.ami_protocol import AmiMessage

CAUSE_TEXTS: Final = {
    0: "Unknown",
    1: "Unallocated (unassigned) number",
    16: "Normal Clearing",
    17: "User busy",
    19: "User alerting, no answer",
    21: "Call Rejected",
    34: "Circuit/channel congestion",
}
STATE_DOWN: Final = 0
STATE_RINGING: Final = 5
STATE_UP: Final = 6
STATE_TEXTS: Final = {STATE_DOWN: "Down", STATE_RINGING: "Ringing", STATE_UP: "Up"}
REASON_FAILED: Final = 0
REASON_NO_ANSWER: Final = 3
REASON_ANSWERED: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What does not change in a channel's life.

    Attributes:
        name: as in ``PJSIP/trunk-00000001``.
        dialled: the technology's part of Originate's ``Channel``.
        action_id: Originate's, for its response event.
    """

    name: str
    unique_id: str
    requested: str
    dialled: str
    context: str
    exten: str
    application: str
    data: str
    action_id: str
    caller_id: str


def channel_event(event: str, facts: ChannelFacts, state: int) -> list[tuple[str, str | int]]:
    """Return the headers that every event about a channel begins with."""
    return [
        ("Event", event),
        ("Privilege", "call,all"),
        ("Channel", facts.name),
        ("ChannelState", state),
        ("ChannelStateDesc", STATE_TEXTS[state]),
        ("CallerIDNum", facts.caller_id or "<unknown>"),
        ("CallerIDName", "<unknown>"),
        ("ConnectedLineNum", "<unknown>"),
        ("ConnectedLineName", "<unknown>"),
        ("Language", "en"),
        ("AccountCode", ""),
        ("Context", facts.context),
        ("Exten", facts.exten),
        ("Priority", 1),
        ("Uniqueid", facts.unique_id),
        ("Linkedid", facts.unique_id),
    ]


def new_channel(facts: ChannelFacts) -> AmiMessage:
    """A channel was made."""
    return AmiMessage.of(*channel_event("Newchannel", facts, STATE_DOWN))


def new_state(facts: ChannelFacts, state: int) -> AmiMessage:
    """A channel rings or was answered."""
    return AmiMessage.of(*channel_event("Newstate", facts, state))


def dial_begin(facts: ChannelFacts) -> AmiMessage:
    """The far end is being dialled; an originated call has a destination channel only."""
    return AmiMessage.of(*_dial("DialBegin", facts, STATE_DOWN), ("DialString", facts.dialled))


def dial_end(facts: ChannelFacts, state: int, status: str) -> AmiMessage:
    """Dialling ended with ``ANSWER``, ``BUSY``, ``CONGESTION`` or ``NOANSWER``."""
    return AmiMessage.of(*_dial("DialEnd", facts, state), ("DialStatus", status))


def _dial(event: str, facts: ChannelFacts, state: int) -> list[tuple[str, str | int]]:
    return [
        ("Event", event),
        ("Privilege", "call,all"),
        ("DestChannel", facts.name),
        ("DestChannelState", state),
        ("DestChannelStateDesc", STATE_TEXTS[state]),
        ("DestUniqueid", facts.unique_id),
        ("DestLinkedid", facts.unique_id),
    ]


def originate_response(
    facts: ChannelFacts, *, reason: int, made_channel: bool = True
) -> AmiMessage:
    """Tell what became of Originate; a failure names no channel of its own."""
    success = reason == REASON_ANSWERED and made_channel
    return AmiMessage.of(
        ("Event", "OriginateResponse"),
        ("Privilege", "call,all"),
        *((("ActionID", facts.action_id),) if facts.action_id else ()),
        ("Response", "Success" if success else "Failure"),
        ("Channel", facts.name if success else facts.requested),
        ("Context", facts.context),
        ("Exten", facts.exten),
        ("Application", facts.application),
        ("Data", facts.data),
        ("Reason", reason),
        ("Uniqueid", facts.unique_id if success else "<null>"),
        ("CallerIDNum", facts.caller_id or "<unknown>"),
        ("CallerIDName", "<unknown>"),
    )


def hangup(facts: ChannelFacts, state: int, cause: int) -> AmiMessage:
    """A channel is gone; the cause is Q.850's."""
    text = CAUSE_TEXTS.get(cause, "Unknown")
    return AmiMessage.of(
        *channel_event("Hangup", facts, state), ("Cause", cause), ("Cause-txt", text)
    )


def dtmf(facts: ChannelFacts, *, begin: bool, digit: str, direction: str) -> AmiMessage:
    """A key went over a channel; ``Received`` is the callee's."""
    event = channel_event("DTMFBegin" if begin else "DTMFEnd", facts, STATE_UP)
    duration = () if begin else (("DurationMs", 100),)
    return AmiMessage.of(*event, ("Digit", digit), *duration, ("Direction", direction))


def status(facts: ChannelFacts, state: int, action_id: str) -> AmiMessage:
    """One channel in the answer to ``Status``."""
    return AmiMessage.of(
        *channel_event("Status", facts, state),
        ("Type", "PJSIP"),
        ("TimeToHangup", 0),
        ("Application", facts.application),
        ("Data", facts.data),
        *((("ActionID", action_id),) if action_id else ()),
    )


def core_show_channel(facts: ChannelFacts, state: int, seconds: int, action_id: str) -> AmiMessage:
    """One channel in the answer to ``CoreShowChannels``."""
    hours, rest = divmod(seconds, 3600)
    duration = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return AmiMessage.of(
        *channel_event("CoreShowChannel", facts, state),
        ("Application", facts.application),
        ("ApplicationData", facts.data),
        ("Duration", duration),
        ("BridgeId", ""),
        *((("ActionID", action_id),) if action_id else ()),
    )
