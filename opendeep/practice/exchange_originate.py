"""Originate as Asterisk reads it: an action in, an order to dial or the words of a refusal out.

Pure functions. Source: Asterisk 22 ``manager.c`` (``action_originate``).
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from opendeep.call_processor_service.ami_protocol import AmiMessage

CALL_ID_VARIABLE: Final = "OPENDEEP_CALL_ID"
ADDRESS_VARIABLE: Final = "OPENDEEP_AUDIOSOCKET"
DIAL_BY_VARIABLE: Final = "OPENDEEP_DIAL_BY"
_DEFAULT_TIMEOUT_MS: Final = 30_000
_LONGEST_CHANNEL_ID: Final = 149
_APPLICATION: Final = "audiosocket"
GUARD_CONTEXT: Final = "opendeep-out"
_EXTENSIONS: Final = frozenset({"media", "check"})
# Endpoints that stand for faults, as the tests' real exchange has them; all others are trunks.
MUTE_TRUNK: Final = "mute"
REFUSED_TRUNK: Final = "refused"
_UNREGISTERED: Final = "unregistered"
_TECHNOLOGIES: Final = frozenset({"PJSIP", "SIP", "Local", "IAX2", "DAHDI"})
_GUARDED_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DIALLABLE: Final = re.compile(r"[+0-9].*")
# Substrings that Asterisk refuses in an Originate's application (any case) and data (exact).
_FORBIDDEN_APPLICATIONS: Final = (
    "agi", "exec", "system", "mixmonitor", "originate", "reload", "externalivr", "dbdeltree",
)  # fmt: skip
_FORBIDDEN_DATA: Final = ("CURL", "DB", "EVAL", "FILE", "ODBC", "REALTIME", "SHELL")


class OriginateRefusedError(Exception):
    """Asterisk answers ``Response: Error`` with this message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOrder:
    """A checked Originate.

    Attributes:
        number: what to dial, without technology and trunk.
        channel_id: the Uniqueid to be, or empty for one of the exchange's own.
    """

    requested: str
    technology: str
    dialled: str
    number: str
    channel_id: str
    action_id: str
    context: str
    exten: str
    application: str
    data: str
    caller_id: str
    timeout_seconds: float
    variables: MappingProxyType[str, str]

    @property
    def trunk(self) -> str:
        """The endpoint, as in ``PJSIP/number@endpoint``; a telephone is its own."""
        return re.split(r"[/&;]", self.dialled.rpartition("@")[2])[0]

    @property
    def is_local(self) -> bool:
        """Whether the dialplan's guard is asked first, as in ``Local/number@opendeep-out/n``."""
        return self.technology == "Local"

    @property
    def refused_by_dialplan(self) -> bool:
        """Whether the guard refuses the number with cause 28."""
        return self.is_local and not _GUARDED_NUMBER.fullmatch(self.number)

    def is_late(self, epoch_seconds: float) -> bool:
        """Whether the guard refuses it, with cause 41, as one that was held up on its way."""
        digits = re.sub(r"[^0-9]", "", self.variables.get(DIAL_BY_VARIABLE, ""))
        return self.is_local and bool(digits) and int(epoch_seconds) > int(digits)

    @property
    def is_unreachable(self) -> bool:
        """Whether Asterisk cannot even make a channel for it."""
        if self.is_local:
            return self.trunk != GUARD_CONTEXT or not _DIALLABLE.match(self.number)
        return self.technology not in _TECHNOLOGIES or self.trunk == _UNREGISTERED

    def channel_name(self, number: int) -> str:
        """Name the exchange's channel with this number."""
        if self.is_local:
            return f"Local/{self.number}@{self.trunk}-{number:08x};1"
        return f"{self.technology}/{self.trunk}-{number:08x}"

    @property
    def call_uuid(self) -> str | None:
        """What the AudioSocket is named with."""
        if self.application:
            return self.data.partition(",")[0]
        return self.variables.get(CALL_ID_VARIABLE)

    @property
    def audiosocket(self) -> str | None:
        """The media server that the action itself names, ``host:port``."""
        if self.application:
            return self.data.partition(",")[2]
        return self.variables.get(ADDRESS_VARIABLE)


def read_originate(action: AmiMessage) -> DialOrder:
    """Check an Originate action.

    Raises:
        OriginateRefusedError: with Asterisk's own message.
    """
    requested = action.get("Channel")
    technology, slash, dialled = requested.partition("/")
    application, data = action.get("Application"), action.get("Data")
    priority = action.get("Priority")
    timeout_ms = action.get("Timeout", str(_DEFAULT_TIMEOUT_MS))
    for fault, message in (
        (not requested, "Channel not specified"),
        (not slash or not dialled, "Invalid channel"),
        (not timeout_ms.isdigit(), "Invalid timeout"),
        (len(action.get("ChannelId")) > _LONGEST_CHANNEL_ID, _too_long("Uniqueid")),
        (_forbidden(application, data), "Originate Access Forbidden: app or data blacklisted"),
        (
            not application and not (action.get("Exten") and action.get("Context") and priority),
            "Originate with 'Exten' requires 'Context' and 'Priority'",
        ),
        (bool(priority) and not priority.isdigit(), "Invalid priority"),
        (not application and action.get("Exten") not in _EXTENSIONS, "Extension does not exist."),
        (
            bool(application) and application.lower() != _APPLICATION,
            f"No such application '{application}'",
        ),
    ):
        if fault:
            raise OriginateRefusedError(message)
    return DialOrder(
        requested=requested,
        technology=technology,
        dialled=dialled,
        number=_number(dialled),
        channel_id=action.get("ChannelId"),
        action_id=action.action_id,
        context=action.get("Context"),
        exten=action.get("Exten"),
        application=application,
        data=data,
        caller_id=action.get("CallerID"),
        timeout_seconds=int(timeout_ms) / 1000,
        variables=_variables(action),
    )


def leg_order(requested: str) -> DialOrder:
    """Return what the dialplan's ``Dial`` is told to dial."""
    technology, _, dialled = requested.partition("/")
    return DialOrder(
        requested=requested,
        technology=technology,
        dialled=dialled,
        number=_number(dialled),
        channel_id="",
        action_id="",
        context="",
        exten="",
        application="",
        data="",
        caller_id="",
        timeout_seconds=0,
        variables=MappingProxyType({}),
    )


def _number(dialled: str) -> str:
    return re.split(r"[@&;/]", dialled)[0]


def _too_long(what: str) -> str:
    return f"{what} length exceeds maximum of {_LONGEST_CHANNEL_ID}"


def _forbidden(application: str, data: str) -> bool:
    lowered = application.lower()
    return any(word in lowered for word in _FORBIDDEN_APPLICATIONS) or any(
        word in data for word in _FORBIDDEN_DATA
    )


def _variables(action: AmiMessage) -> MappingProxyType[str, str]:
    """Read ``Variable`` headers; a comma begins a further variable, as in Asterisk."""
    pairs = [pair for header in action.get_all("Variable") for pair in header.split(",")]
    return MappingProxyType(
        {name: value for name, _, value in (pair.partition("=") for pair in pairs)}
    )
