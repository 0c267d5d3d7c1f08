"""The manager events of a channel, as Asterisk 22.10 writes them: pure functions.

Header names, their order and their values were recorded from a real one over PJSIP
(``tests/fixtures/ami``); what nobody reads keeps Asterisk's default.
"""

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
    22: "Number changed",
    27: "Destination out of order",
    28: "Invalid number format",
    34: "Circuit/channel congestion",
    38: "Network out of order",
    41: "Temporary failure",
    102: "Recover on timer expiry",
}
STATE_DOWN: Final = 0
STATE_RINGING: Final = 5
STATE_UP: Final = 6
STATE_TEXTS: Final = {STATE_DOWN: "Down", STATE_RINGING: "Ringing", STATE_UP: "Up"}
REASON_FAILED: Final = 0
REASON_NO_ANSWER: Final = 3
REASON_ANSWERED: Final = 4
_NOBODY: Final = "<unknown>"

Headers = list[tuple[str, str | int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """What does not change in a channel's life.

    Attributes:
        name: as in ``PJSIP/trunk-00000001``.
        linked_id: the id of the call that this channel belongs to.
        dialled: the technology's part of Originate's ``Channel``.
        application: what runs on the answered channel, and its ``data``.
        action_id: Originate's, for its response event.
    """

    name: str
    unique_id: str
    linked_id: str
    requested: str
    dialled: str
    context: str
    exten: str
    application: str
    data: str
    action_id: str
    caller_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a channel stands in the dialplan, in which state, and what it runs.

    An originated channel waits in its endpoint's own context until it is answered.
    """

    state: int = STATE_DOWN
    context: str = "from-network"
    exten: str = "s"
    priority: int = 1
    application: str = "AppDial2"
    data: str = "(Outgoing Line)"
    bridge_id: str = ""


def describe(facts: ChannelFacts, place: Place, prefix: str = "") -> Headers:
    """Return the headers that tell a channel, as in every event about one."""
    return [
        (f"{prefix}Channel", facts.name),
        (f"{prefix}ChannelState", place.state),
        (f"{prefix}ChannelStateDesc", STATE_TEXTS[place.state]),
        (f"{prefix}CallerIDNum", facts.caller_id or _NOBODY),
        (f"{prefix}CallerIDName", _NOBODY),
        (f"{prefix}ConnectedLineNum", _NOBODY),
        (f"{prefix}ConnectedLineName", _NOBODY),
        (f"{prefix}Language", "en"),
        (f"{prefix}AccountCode", ""),
        (f"{prefix}Context", place.context),
        (f"{prefix}Exten", place.exten),
        (f"{prefix}Priority", place.priority),
        (f"{prefix}Uniqueid", facts.unique_id),
        (f"{prefix}Linkedid", facts.linked_id),
    ]


def channel_event(
    event: str, facts: ChannelFacts, place: Place, *more: tuple[str, str | int]
) -> AmiMessage:
    """Build an event of the class ``call`` about one channel."""
    return AmiMessage.of(
        ("Event", event), ("Privilege", "call,all"), *describe(facts, place), *more
    )


def new_channel(facts: ChannelFacts) -> AmiMessage:
    """A channel was made."""
    return channel_event("Newchannel", facts, Place())


def new_state(facts: ChannelFacts, place: Place) -> AmiMessage:
    """A channel rings or was answered."""
    return channel_event("Newstate", facts, place)


def dial(event: str, facts: ChannelFacts, place: Place, *more: tuple[str, str | int]) -> AmiMessage:
    """The far end is being dialled; an originated call has a destination channel only."""
    return AmiMessage.of(
        ("Event", event), ("Privilege", "call,all"), *describe(facts, place, "Dest"), *more
    )


def dial_begin(facts: ChannelFacts) -> AmiMessage:
    """Dialling begins."""
    return dial("DialBegin", facts, Place(), ("DialString", facts.dialled))


def dial_state(facts: ChannelFacts, place: Place, status: str) -> AmiMessage:
    """The far end said ``RINGING`` or ``PROGRESS``."""
    return dial("DialState", facts, place, ("DialStatus", status))


def dial_end(facts: ChannelFacts, place: Place, status: str) -> AmiMessage:
    """Dialling ended with ``ANSWER``, ``BUSY``, ``CONGESTION`` or ``NOANSWER``."""
    return dial("DialEnd", facts, place, ("DialStatus", status))


def originate_response(
    facts: ChannelFacts, *, reason: int, made_channel: bool = True
) -> AmiMessage:
    """Tell what became of Originate; a failure repeats the channel as it was asked for."""
    success = reason == REASON_ANSWERED and made_channel
    application = () if facts.exten else (("Application", facts.application), ("Data", facts.data))
    place = (("Context", facts.context), ("Exten", facts.exten)) if facts.exten else application
    return AmiMessage.of(
        ("Event", "OriginateResponse"),
        ("Privilege", "call,all"),
        *((("ActionID", facts.action_id),) if facts.action_id else ()),
        ("Response", "Success" if success else "Failure"),
        ("Channel", facts.name if success else facts.requested),
        *place,
        ("Reason", reason),
        ("Uniqueid", facts.unique_id),
        ("CallerIDNum", facts.caller_id or _NOBODY),
        ("CallerIDName", _NOBODY),
    )


def hangup_request(facts: ChannelFacts, place: Place, cause: int, sip: int | None) -> AmiMessage:
    """The far end ends the call; ``sip`` is its answer to our invitation, if that was it."""
    return channel_event("HangupRequest", facts, place, ("Cause", cause), *_technical(sip))


def soft_hangup_request(facts: ChannelFacts, place: Place) -> AmiMessage:
    """The dialplan of an answered channel is told to end."""
    return channel_event("SoftHangupRequest", facts, place, ("Cause", 16))


def hangup(facts: ChannelFacts, place: Place, cause: int, sip: int | None = None) -> AmiMessage:
    """A channel is gone; the cause is Q.850's."""
    text = CAUSE_TEXTS.get(cause, "Unknown")
    return channel_event(
        "Hangup", facts, place, ("Cause", cause), ("Cause-txt", text), *_technical(sip)
    )


def _technical(sip: int | None) -> Headers:
    return [] if sip is None else [("TechCause", sip)]


def held(facts: ChannelFacts, place: Place, *, hold: bool) -> AmiMessage:
    """The callee put the call on hold, or came back."""
    if not hold:
        return channel_event("Unhold", facts, place)
    return channel_event("Hold", facts, place, ("MusicClass", "default"))


def dtmf(facts: ChannelFacts, place: Place, digit: str, *, begin: bool) -> AmiMessage:
    """The callee pressed a key. Keys that PlayDTMF sends make no event."""
    duration: Headers = [] if begin else [("DurationMs", 100)]
    return AmiMessage.of(
        ("Event", "DTMFBegin" if begin else "DTMFEnd"),
        ("Privilege", "dtmf,all"),
        *describe(facts, place),
        ("Digit", digit),
        *duration,
        ("Direction", "Received"),
    )


def status(facts: ChannelFacts, place: Place, seconds: int, action_id: str) -> AmiMessage:
    """One channel in the answer to ``Status``."""
    return AmiMessage.of(
        ("Event", "Status"),
        ("Privilege", "Call"),
        *describe(facts, place),
        ("Type", facts.name.partition("/")[0]),
        ("DNID", ""),
        ("EffectiveConnectedLineNum", _NOBODY),
        ("EffectiveConnectedLineName", _NOBODY),
        ("TimeToHangup", 0),
        ("BridgeID", place.bridge_id),
        ("Application", place.application),
        ("Data", place.data),
        ("Seconds", seconds),
        *_identity(action_id),
    )


def core_show_channel(
    facts: ChannelFacts, place: Place, seconds: int, action_id: str
) -> AmiMessage:
    """One channel in the answer to ``CoreShowChannels``."""
    hours, rest = divmod(seconds, 3600)
    return AmiMessage.of(
        ("Event", "CoreShowChannel"),
        *_identity(action_id),
        *describe(facts, place),
        ("Application", place.application),
        ("ApplicationData", place.data),
        ("Duration", f"{hours:02}:{rest // 60:02}:{rest % 60:02}"),
        ("BridgeId", place.bridge_id),
    )


def _identity(action_id: str) -> Headers:
    return [("ActionID", action_id)] if action_id else []
