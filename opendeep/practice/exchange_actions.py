"""What each manager action does, and which right it needs, in the words of Asterisk 22.

No sockets here: messages in, messages out.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.common.clock import Clock
from opendeep.practice import exchange_events as events
from opendeep.practice.exchange_channel import NORMAL_CLEARING
from opendeep.practice.exchange_originate import OriginateRefusedError, read_originate
from opendeep.practice.exchange_switch import Switch

ASTERISK_VERSION: Final = "22.10.1-practice"
AMI_VERSION: Final = "11.0.0"
_SHORTEST_KEY_MS: Final = 100
_DEFAULT_KEY_MS: Final = 100
_KEYS: Final = frozenset("0123456789*#ABCDabcd")
# The classes of which one is needed, from the registrations in Asterisk's sources.
_RIGHTS: Final = {
    "originate": {"originate"},
    "hangup": {"system", "call"},
    "playdtmf": {"call"},
    "status": {"system", "call", "reporting"},
    "coreshowchannels": {"system", "reporting"},
    "coresettings": {"system", "reporting"},
    "corestatus": {"system", "reporting"},
    "command": {"command"},
    "mixmonitor": {"system"},
    "mutechannel": {"system"},
}

Reply = list[AmiMessage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A manager's name, secret and write classes."""

    username: str
    secret: str
    rights: frozenset[str] = frozenset({"originate", "call", "reporting"})


def answer(action: AmiMessage, response: str, *headers: tuple[str, str | int]) -> AmiMessage:
    """Build the response to an action; its ``ActionID`` comes second, if it had one."""
    identity = (("ActionID", action.action_id),) if action.action_id else ()
    return AmiMessage.of(("Response", response), *identity, *headers)


def error(action: AmiMessage, message: str) -> AmiMessage:
    """Build a refusal."""
    return answer(action, "Error", ("Message", message))


def success(action: AmiMessage, message: str) -> AmiMessage:
    """Build an acknowledgement."""
    return answer(action, "Success", ("Message", message))


def may_log_in(account: Account, action: AmiMessage, challenge: str) -> bool:
    """Check a Login, with the secret in the clear or as MD5 of challenge and secret."""
    if not hmac.compare_digest(action.get("Username").encode(), account.username.encode()):
        return False
    if action.get("AuthType").upper() == "MD5":
        digest = hashlib.md5(f"{challenge}{account.secret}".encode(), usedforsecurity=False)
        return bool(challenge) and hmac.compare_digest(digest.hexdigest(), action.get("Key"))
    return hmac.compare_digest(action.get("Secret").encode(), account.secret.encode())


class Actions:
    """Answers a logged-in manager's actions."""

    def __init__(self, *, switch: Switch, account: Account, clock: Clock) -> None:
        self._switch = switch
        self._account = account
        self._clock = clock
        self._handlers: dict[str, Callable[[AmiMessage], Awaitable[Reply]]] = {
            "ping": self._ping,
            "originate": self._originate,
            "hangup": self._hangup,
            "playdtmf": self._play_dtmf,
            "status": self._status,
            "coreshowchannels": self._core_show_channels,
            "coresettings": self._core_settings,
            "corestatus": self._core_status,
        }

    async def perform(self, action: AmiMessage) -> Reply:
        """Do an action; return its response and the events of its list."""
        name = action.action.lower()
        rights = _RIGHTS.get(name)
        if rights is not None and not rights & self._account.rights:
            return [error(action, "Permission denied")]
        handler = self._handlers.get(name)
        if handler is None:
            message = f"Invalid/unknown command: {action.action}."
            return [
                error(action, f"{message} Use Action: ListCommands to show available commands.")
            ]
        return await handler(action)

    async def _ping(self, action: AmiMessage) -> Reply:
        timestamp = f"{self._clock.now().timestamp():.6f}"
        return [answer(action, "Success", ("Ping", "Pong"), ("Timestamp", timestamp))]

    async def _originate(self, action: AmiMessage) -> Reply:
        try:
            order = read_originate(action)
        except OriginateRefusedError as refusal:
            return [error(action, str(refusal))]
        self._switch.originate(order)
        return [success(action, "Originate successfully queued")]

    async def _hangup(self, action: AmiMessage) -> Reply:
        name = action.get("Channel")
        if not name:
            return [error(action, "No channel specified")]
        channel = self._switch.find(name)
        if channel is None:
            return [error(action, "No such channel")]
        cause = action.get("Cause", str(NORMAL_CLEARING))
        channel.hang_up(int(cause) if cause.isdigit() else NORMAL_CLEARING)
        return [success(action, "Channel Hungup")]

    async def _play_dtmf(self, action: AmiMessage) -> Reply:
        """Send the first key alone; the session sleeps as long as the key sounds."""
        name, digit = action.get("Channel"), action.get("Digit")[:1]
        channel = self._switch.find(name) if name else None
        if not name:
            return [error(action, "Channel not specified")]
        if channel is None:
            return [error(action, "Channel not found.")]
        if digit not in _KEYS or not digit:
            return [error(action, "No digit specified")]
        duration = action.get("Duration")
        duration_ms = int(duration) if duration.isdigit() else _DEFAULT_KEY_MS
        await asyncio.sleep(max(_SHORTEST_KEY_MS, duration_ms) / 1000)
        channel.press(digit.upper())
        return [success(action, "DTMF successfully queued")]

    async def _status(self, action: AmiMessage) -> Reply:
        name = action.get("Channel")
        channels = [live.channel for live in self._switch.live]
        if name:
            found = self._switch.find(name)
            if found is None:
                return [error(action, "No such channel")]
            channels = [found]
        listed = [events.status(item.facts, item.state, action.action_id) for item in channels]
        return _list(action, "Channel status will follow", listed, "StatusComplete", "Items")

    async def _core_show_channels(self, action: AmiMessage) -> Reply:
        now = asyncio.get_running_loop().time()
        listed = [
            events.core_show_channel(
                live.channel.facts, live.channel.state, int(now - live.began_at), action.action_id
            )
            for live in self._switch.live
        ]
        end = "CoreShowChannelsComplete"
        return _list(action, "Channels will follow", listed, end, "ListItems")

    async def _core_settings(self, action: AmiMessage) -> Reply:
        return [
            answer(
                action,
                "Success",
                ("AMIversion", AMI_VERSION),
                ("AsteriskVersion", ASTERISK_VERSION),
                ("SystemName", "practice"),
                ("CoreMaxCalls", 0),
                ("CoreMaxLoadAvg", "0.000000"),
            )
        ]

    async def _core_status(self, action: AmiMessage) -> Reply:
        return [answer(action, "Success", ("CoreCurrentCalls", len(self._switch.live)))]


def _list(action: AmiMessage, message: str, listed: Reply, end: str, count_header: str) -> Reply:
    """Frame a list of events as AMI does: announced, then counted."""
    identity = (("ActionID", action.action_id),) if action.action_id else ()
    first = answer(action, "Success", ("EventList", "start"), ("Message", message))
    last = AmiMessage.of(
        ("Event", end), *identity, ("EventList", "Complete"), (count_header, len(listed))
    )
    return [first, *listed, last]
