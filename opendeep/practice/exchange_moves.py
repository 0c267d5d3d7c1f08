"""Manager actions that move live calls: variables, transfers, bridges; in Asterisk's words."""

from typing import Final

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.practice.exchange_channel import UNKNOWN, ExchangeChannel
from opendeep.practice.exchange_switch import Switch
from opendeep.practice.exchange_transfer import Joined

TRANSFER: Final = ("opendeep-transfer", "blind")
GUARD_CONTEXT: Final = "opendeep-out"
TRANSFER_TO: Final = "OPENDEEP_TRANSFER_TO"
RING_SECONDS: Final = "OPENDEEP_TRANSFER_RING"
_RINGS_SECONDS: Final = 3600.0


class MoveRefusedError(Exception):
    """Asterisk answers ``Response: Error`` with this message."""


class Moves:
    """Each method does one action and returns the message of its success.

    Raises:
        MoveRefusedError: from each, with Asterisk's own message.
    """

    def __init__(self, switch: Switch) -> None:
        self._switch = switch

    def setvar(self, action: AmiMessage) -> str:
        """Set a channel variable; without a channel nothing is kept."""
        name, variable = action.get("Channel"), action.get("Variable")
        if not variable:
            raise MoveRefusedError("No variable specified")
        channel = self._switch.find(name)
        if name and channel is None:
            raise MoveRefusedError("No such channel")
        if channel is not None:
            channel.variables[variable] = action.get("Value")
        return "Variable Set"

    def absolute_timeout(self, action: AmiMessage) -> str:
        """Take a limit for a call's length, which practice calls are too short to need."""
        if not action.get("Channel"):
            raise MoveRefusedError("No channel specified")
        if not action.get("Timeout"):
            raise MoveRefusedError("No timeout specified")
        if self._switch.find(action.get("Channel")) is None:
            raise MoveRefusedError("No such channel")
        return "Timeout Set"

    def redirect(self, action: AmiMessage) -> str:
        """Take a channel out of AudioSocket, to where the dialplan dials for it."""
        name = action.get("Channel")
        if not name:
            raise MoveRefusedError("Channel not specified")
        channel = self._switch.find(name)
        if channel is None:
            raise MoveRefusedError(f"Channel does not exist: {name}")
        context, exten = action.get("Context"), action.get("Exten")
        channel.stand_at(context, exten)
        if not self._dial_for(channel, context, exten):
            channel.hang_up(UNKNOWN)
        return "Redirect successful"

    def _dial_for(self, channel: ExchangeChannel, context: str, exten: str) -> bool:
        ring = channel.variables.get(RING_SECONDS, "")
        seconds = float(ring) if ring.isdigit() else _RINGS_SECONDS
        if (context, exten) == TRANSFER:
            to = channel.variables.get(TRANSFER_TO, "")
            return self._switch.transfer(channel, to, seconds)
        if context == GUARD_CONTEXT:
            return self._switch.transfer(channel, f"Local/{exten}@{GUARD_CONTEXT}", seconds)
        return False

    def bridge(self, action: AmiMessage) -> str:
        """Let two answered channels talk to each other."""
        names = [action.get("Channel1"), action.get("Channel2")]
        if not all(names):
            raise MoveRefusedError("Missing channel parameter in request")
        channels: list[ExchangeChannel] = []
        for number, name in enumerate(names, 1):
            channel = self._switch.find(name)
            if channel is None:
                raise MoveRefusedError(f"Channel{number} does not exist: {name}")
            channels.append(channel)
        first, second = channels
        joined = Joined(first, second)
        for channel in channels:
            if not channel.join(joined):
                raise MoveRefusedError("Bridge failed")
        return "Channels have been bridged"
