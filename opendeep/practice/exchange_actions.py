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
from opendeep.practice.exchange_channel import UNKNOWN, ExchangeChannel
from opendeep.practice.exchange_commands import list_commands, may_use
from opendeep.practice.exchange_moves import MoveRefusedError, Moves
from opendeep.practice.exchange_originate import OriginateRefusedError, read_originate
from opendeep.practice.exchange_switch import Switch

ASTERISK_VERSION: Final = "22.10.1-practice"
AMI_VERSION: Final = "11.0.0"
_SHORTEST_KEY_MS: Final = 100
_DEFAULT_KEY_MS: Final = 100
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
        self._began = clock.now()
        self._handlers: dict[str, Callable[[AmiMessage], Awaitable[Reply]]] = {
            "ping": self._ping,
            "listcommands": self._list_commands,
            "originate": self._originate,
            "hangup": self._hangup,
            "playdtmf": self._play_dtmf,
            "status": self._status,
            "coreshowchannels": self._core_show_channels,
            "coresettings": self._core_settings,
            "corestatus": self._core_status,
        }
        moves = Moves(switch)
        self._moves: dict[str, Callable[[AmiMessage], str]] = {
            "setvar": moves.setvar,
            "absolutetimeout": moves.absolute_timeout,
            "redirect": moves.redirect,
            "bridge": moves.bridge,
        }

    async def perform(self, action: AmiMessage) -> Reply:
        """Do an action; return its response and the events of its list."""
        name = action.action.lower()
        if not may_use(name, self._account.rights):
            return [error(action, "Permission denied")]
        move = self._moves.get(name)
        if move is not None:
            return [_moved(action, move)]
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

    async def _list_commands(self, action: AmiMessage) -> Reply:
        return [answer(action, "Success", *list_commands(self._account.rights))]

    async def _originate(self, action: AmiMessage) -> Reply:
        try:
            order = read_originate(action)
        except OriginateRefusedError as refusal:
            return [error(action, str(refusal))]
        self._switch.originate(order, is_late=order.is_late(self._clock.now().timestamp()))
        return [success(action, "Originate successfully queued")]

    async def _hangup(self, action: AmiMessage) -> Reply:
        name = action.get("Channel")
        if not name:
            return [error(action, "No channel specified")]
        channel = self._switch.find(name)
        if channel is None:
            return [error(action, "No such channel")]
        cause = action.get("Cause")
        # Asterisk tells no cause at all when the action names none.
        channel.hang_up(int(cause) if cause.isdigit() else UNKNOWN)
        return [success(action, "Channel Hungup")]

    async def _play_dtmf(self, action: AmiMessage) -> Reply:
        """Send the first key alone; the session sleeps as long as the key sounds."""
        channel = self._switch.find(action.get("Channel"))
        digit, duration = action.get("Digit")[:1], action.get("Duration")
        for fault, message in (
            (channel is None, "Channel not found"),
            (not digit, "No digit specified"),
            (duration and not duration.isdigit(), "Could not convert Duration parameter"),
        ):
            if fault:
                return [error(action, message)]
        duration_ms = int(duration) if duration else _DEFAULT_KEY_MS
        await asyncio.sleep(max(_SHORTEST_KEY_MS, duration_ms) / 1000)
        if channel is not None:
            channel.press(digit.upper())
        return [success(action, "DTMF successfully queued")]

    async def _status(self, action: AmiMessage) -> Reply:
        name = action.get("Channel")
        if name and self._switch.find(name) is None:
            return [error(action, "No such channel")]
        listed = [
            events.status(item.facts, item.place, seconds, action.action_id)
            for item, seconds in self._lives()
            if not name or item is self._switch.find(name)
        ]
        items = ("Items", len(listed))
        return _list(action, "Channel status will follow", listed, "StatusComplete", items)

    async def _core_show_channels(self, action: AmiMessage) -> Reply:
        listed = [
            events.core_show_channel(item.facts, item.place, seconds, action.action_id)
            for item, seconds in self._lives()
        ]
        return _list(action, "Channels will follow", listed, "CoreShowChannelsComplete")

    def _lives(self) -> list[tuple[ExchangeChannel, int]]:
        """Return the live channels and for how many seconds they live."""
        now = asyncio.get_running_loop().time()
        return [(live.channel, int(now - live.began_at)) for live in self._switch.live]

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
                ("CoreRunUser", ""),
                ("CoreRunGroup", ""),
                ("CoreMaxFilehandles", 0),
                ("CoreRealTimeEnabled", "No"),
                ("CoreCDRenabled", "No"),
                ("CoreHTTPenabled", "No"),
                ("SoundsSearchCustomDir", "No"),
            )
        ]

    async def _core_status(self, action: AmiMessage) -> Reply:
        return [
            answer(
                action,
                "Success",
                ("CoreStartupDate", self._began.strftime("%Y-%m-%d")),
                ("CoreStartupTime", self._began.strftime("%H:%M:%S")),
                ("CoreReloadDate", self._began.strftime("%Y-%m-%d")),
                ("CoreReloadTime", self._began.strftime("%H:%M:%S")),
                ("CoreCurrentCalls", len(self._switch.live)),
                ("CoreProcessedCalls", len(self._switch.records)),
            )
        ]


def _moved(action: AmiMessage, move: Callable[[AmiMessage], str]) -> AmiMessage:
    try:
        return success(action, move(action))
    except MoveRefusedError as refusal:
        return error(action, str(refusal))


def _list(
    action: AmiMessage, message: str, listed: Reply, end: str, *more: tuple[str, str | int]
) -> Reply:
    """Frame a list of events as AMI does: announced, then counted."""
    identity = (("ActionID", action.action_id),) if action.action_id else ()
    first = answer(action, "Success", ("EventList", "start"), ("Message", message))
    last = AmiMessage.of(
        ("Event", end),
        *identity,
        ("EventList", "Complete"),
        ("ListItems", len(listed)),
        *more,
    )
    return [first, *listed, last]
