"""The practice exchange's manager interface on TCP: sessions that log in, ask and are told events.

Theory of :class:`AmiSession`: actions are answered one after the other, so a ``PlayDTMF`` holds up
whatever its session asks next, as in Asterisk; events go out at any moment, to logged-in sessions
that want them.
"""

import asyncio
import secrets
from typing import Final

import structlog

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.common.errors import InvalidInputError
from opendeep.common.lifecycle import Nursery
from opendeep.practice.exchange_actions import (
    AMI_VERSION,
    Account,
    Actions,
    answer,
    error,
    may_log_in,
    success,
)
from opendeep.practice.exchange_requests import TOO_LONG, RequestParser
from opendeep.practice.exchange_switch import Switch

log = structlog.get_logger(__name__)

BANNER: Final = f"Asterisk Call Manager/{AMI_VERSION}\r\n".encode()
_READ_BYTES: Final = 65_536
_MOST_UNSENT_BYTES: Final = 4 * 1024 * 1024
_REFUSAL_SECONDS: Final = 1.0  # Asterisk lets who guesses secrets wait
_BEFORE_LOGIN: Final = frozenset({"login", "challenge", "logoff"})


class AmiSession:
    """One manager's connection."""

    def __init__(
        self,
        *,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        actions: Actions,
        account: Account,
        switch: Switch,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._actions = actions
        self._account = account
        self._switch = switch
        self._challenge = ""
        self._logged_in = False
        self._leaving = False

    async def run(self) -> None:
        """Serve until the manager leaves."""
        parser = RequestParser()
        self._writer.write(BANNER)
        try:
            while not self._leaving:
                data = await self._reader.read(_READ_BYTES)
                if not data:
                    break
                for request in parser.receive(data):
                    if not self._leaving:
                        await self._take(request)
                await self._writer.drain()
        except (OSError, InvalidInputError) as reason:
            log.info("practice_manager_dropped", reason=str(reason))
        finally:
            self._switch.listeners.discard(self.tell)
            self._writer.close()

    def tell(self, message: AmiMessage) -> None:
        """Write a message; a manager that does not read loses its connection."""
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            self._writer.transport.abort()
            return
        self._writer.write(message.encode())

    async def _take(self, action: AmiMessage) -> None:
        name = action.action.lower()
        if action.get(TOO_LONG):
            self.tell(error(action, "Failed to parse message: line too long"))
        elif not name:
            self.tell(error(action, "Missing action in request"))
        elif name in _BEFORE_LOGIN:
            await self._enter_or_leave(name, action)
        elif not self._logged_in:
            self.tell(error(action, "Permission denied"))
        elif name == "events":
            self._change_events(action)
        else:
            for message in await self._actions.perform(action):
                self.tell(message)

    async def _enter_or_leave(self, name: str, action: AmiMessage) -> None:
        match name:
            case "challenge" if action.get("AuthType").upper() != "MD5":
                self.tell(error(action, "Must specify AuthType"))
            case "challenge":
                self._challenge = str(secrets.randbelow(10**9))
                self.tell(answer(action, "Success", ("Challenge", self._challenge)))
            case "login" if self._logged_in:
                self.tell(success(action, "Already authenticated"))
            case "login":
                await self._log_in(action)
            case _:
                self.tell(answer(action, "Goodbye", ("Message", "Thanks for all the fish.")))
                self._leaving = True

    async def _log_in(self, action: AmiMessage) -> None:
        if not may_log_in(self._account, action, self._challenge):
            await asyncio.sleep(_REFUSAL_SECONDS)
            self.tell(error(action, "Authentication failed"))
            self._leaving = True
            return
        self._logged_in = True
        self.tell(success(action, "Authentication accepted"))
        if _wants_events(action.get("Events", "on")):
            self.tell(
                AmiMessage.of(
                    ("Event", "FullyBooted"),
                    ("Privilege", "system,all"),
                    ("Uptime", 1),
                    ("LastReload", 1),
                    ("Status", "Fully Booted"),
                )
            )
            self._switch.listeners.add(self.tell)

    def _change_events(self, action: AmiMessage) -> None:
        mask = action.get("EventMask")
        if not mask:
            self.tell(error(action, "Invalid event mask"))
            return
        wanted = _wants_events(mask)
        self.tell(answer(action, "Success", ("Events", "On" if wanted else "Off")))
        if wanted:
            self._switch.listeners.add(self.tell)
        else:
            self._switch.listeners.discard(self.tell)


def _wants_events(mask: str) -> bool:
    return mask.lower() not in {"off", "no", "false", "0"}


class AmiServer:
    """Accepts managers; each is a task of the nursery."""

    def __init__(
        self, *, nursery: Nursery, actions: Actions, account: Account, switch: Switch
    ) -> None:
        self._nursery = nursery
        self._actions = actions
        self._account = account
        self._switch = switch

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Begin to listen; the caller closes the server."""
        return await asyncio.start_server(self._accept, host, port)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = AmiSession(
            reader=reader,
            writer=writer,
            actions=self._actions,
            account=self._account,
            switch=self._switch,
        )
        self._nursery.start(session.run(), name="manager")
