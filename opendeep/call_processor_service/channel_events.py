"""What Asterisk's events mean for the channel that we originated. Pure.

Source: Asterisk's "AMI Events"; order and values observed on Asterisk 22.10.1 with PJSIP.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from opendeep.call_processor_service.ami_protocol import AmiMessage

_STATE_RINGING = "5"
_STATE_UP = "6"
_NUMBER = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class ChannelMade:
    """The channel exists, under this name."""

    channel: str


@dataclass(frozen=True, slots=True)
class ChannelRang:
    """The callee's phone rings."""


@dataclass(frozen=True, slots=True)
class ChannelProgressed:
    """The network gave a sign of its own: an announcement or a tone before the answer."""


@dataclass(frozen=True, slots=True)
class ChannelAnswered:
    """The callee's side picked up."""


@dataclass(frozen=True, slots=True)
class DialEnded:
    """Dialling is over; ``status`` is Dial's word, in capitals."""

    status: str


@dataclass(frozen=True, slots=True)
class TransferDialled:
    """What the channel itself dialled, handed over by the dialplan, came to ``status``."""

    status: str


@dataclass(frozen=True, slots=True)
class OriginateFailed:
    """Originate came to nothing; the ``Hangup`` with the cause may still follow."""

    reason: int


@dataclass(frozen=True, slots=True)
class ChannelHungUp:
    """The channel is gone; ``cause`` is Q.850's number, ``sip_status`` RFC 3261's, 0 for none."""

    cause: int
    text: str
    sip_status: int = 0


ChannelEvent = (
    ChannelMade
    | ChannelRang
    | ChannelProgressed
    | ChannelAnswered
    | DialEnded
    | TransferDialled
    | OriginateFailed
    | ChannelHungUp
)


def read_event(message: AmiMessage) -> ChannelEvent | None:
    """Return what an event says about its channel, or None for an event that says nothing new."""
    reader = _READERS.get(message.event)
    return None if reader is None else reader(message)


def _read_made(message: AmiMessage) -> ChannelEvent:
    return ChannelMade(message.get("Channel"))


def _read_state(message: AmiMessage) -> ChannelEvent | None:
    state = message.get("ChannelState")
    if state == _STATE_RINGING:
        return ChannelRang()
    return ChannelAnswered() if state == _STATE_UP else None


def _read_progress(message: AmiMessage) -> ChannelEvent | None:
    match message.get("DialStatus"):
        case "RINGING":
            return ChannelRang()
        case "PROGRESS" | "PROCEEDING":
            return ChannelProgressed()
        case _:
            return None


def _read_dial_end(message: AmiMessage) -> ChannelEvent:
    status = message.get("DialStatus").upper()
    # Only what a channel dials names it as the caller; an originated one is the destination.
    return TransferDialled(status) if message.get("Uniqueid") else DialEnded(status)


def _is_sip(message: AmiMessage) -> bool:
    return message.get("Channel").upper().startswith("PJSIP/")


def _read_originate(message: AmiMessage) -> ChannelEvent:
    if message.get("Response") == "Success":
        return ChannelAnswered()
    return OriginateFailed(_number(message.get("Reason")))


def _read_hangup(message: AmiMessage) -> ChannelEvent:
    sip_status = _number(message.get("TechCause")) if _is_sip(message) else 0
    return ChannelHungUp(_number(message.get("Cause")), message.get("Cause-txt"), sip_status)


def _number(text: str) -> int:
    return int(text) if _NUMBER.fullmatch(text) else 0


_READERS: Mapping[str, Callable[[AmiMessage], ChannelEvent | None]] = MappingProxyType(
    {
        "Newchannel": _read_made,
        "Newstate": _read_state,
        "Status": _read_state,
        "DialState": _read_progress,
        "DialEnd": _read_dial_end,
        "OriginateResponse": _read_originate,
        "Hangup": _read_hangup,
    }
)
