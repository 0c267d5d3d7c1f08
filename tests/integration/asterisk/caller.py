"""What OpenDeep is to an exchange: a manager that dials, with a media server beside it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opendeep.call_processor_service.ami_protocol import AmiMessage
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.manager import WAIT_SECONDS, Manager, open_manager
from tests.integration.asterisk.media import MediaCall, MediaServer, open_media


def number(dd: str) -> str:
    """Return the practice number of a callee."""
    return f"+120155501{dd}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """One Originate: the channel's id, and the name that its AudioSocket has."""

    call_id: str
    unique_id: str
    action_id: str
    manager: Manager = field(repr=False)
    media_server: MediaServer = field(repr=False)

    async def event(self, name: str, **headers: str) -> AmiMessage:
        """Wait for an event of this call's channel."""
        key = "DestUniqueid" if name.startswith("Dial") else "Uniqueid"
        return await self.manager.event(name, **{key: self.unique_id}, **headers)

    async def hangup(self, seconds: float = WAIT_SECONDS) -> AmiMessage:
        """Wait for the channel's end."""
        return await self.manager.event("Hangup", seconds=seconds, Uniqueid=self.unique_id)

    async def originate_response(self) -> AmiMessage:
        """Wait for what became of the Originate; it may come after ``Hangup``."""
        return await self.manager.event("OriginateResponse", ActionID=self.action_id)

    async def answered(self) -> AmiMessage:
        """Wait until the channel is up."""
        return await self.event("Newstate", ChannelStateDesc="Up")

    async def media(self) -> MediaCall:
        """Wait until the exchange has connected its sound."""
        return await self.media_server.call(self.call_id)

    async def hang_up(self, cause: str | None = "16") -> AmiMessage:
        """Hang up by the manager; return the response."""
        extra = (("Cause", cause),) if cause else ()
        return await self.manager.ask("Hangup", ("Channel", self.unique_id), *extra)

    async def end(self) -> AmiMessage:
        """Hang up, and wait for the channel's end."""
        await self.hang_up()
        return await self.hangup()

    def story(self) -> list[str]:
        """Return the channel's own events in their order, in short words.

        What two threads of Asterisk tell in any order is left out: ``OriginateResponse``,
        ``DialState``, and requests to hang up. ``DialBegin``, which comes from the thread that
        originates while the line may ring already, stands where it does in a quiet hour.
        """
        words = [
            _word(message)
            for message in self.manager.about(self.unique_id)
            if message.event in _STORY
        ]
        if "DialBegin" in words:
            words.remove("DialBegin")
            words.insert(words.index("Newchannel") + 1, "DialBegin")
        return words

    def told(self, event: str, header: str) -> list[str]:
        """Return a header of each of the channel's events with a name."""
        return [message.get(header) for message in self.manager.about(self.unique_id, event)]


_STORY = {
    "Newchannel": "",
    "DialBegin": "",
    "Newstate": "ChannelStateDesc",
    "DialEnd": "DialStatus",
    "Hangup": "Cause",
}


def _word(message: AmiMessage) -> str:
    header = _STORY[message.event]
    return f"{message.event} {message.get(header)}" if header else message.event


class Caller:
    """Dials at an exchange and takes the sound of its calls."""

    def __init__(self, address: ExchangeAddress, manager: Manager, media: MediaServer) -> None:
        self.address = address
        self.manager = manager
        self.media = media

    async def dial(
        self,
        dd: str,
        *,
        channel: str = "",
        channel_id: str = "",
        timeout_ms: int = 20_000,
        audiosocket: str = "",
        dial_by: int | None = None,
    ) -> Dialled:
        """Originate to a callee, or to any ``channel``; wait until it is queued."""
        call_id = str(uuid.uuid4())
        dialled = Dialled(
            call_id=call_id,
            unique_id=channel_id or f"od-{call_id}",
            action_id=f"od-{call_id}",
            manager=self.manager,
            media_server=self.media,
        )
        limit = () if dial_by is None else (("Variable", f"OPENDEEP_DIAL_BY={dial_by}"),)
        action = AmiMessage.of(
            ("Action", "Originate"),
            ("ActionID", dialled.action_id),
            ("Channel", channel or self.address.template.format(number=number(dd))),
            ("Context", "opendeep"),
            ("Exten", "media"),
            ("Priority", "1"),
            ("Async", "true"),
            ("Timeout", timeout_ms),
            ("ChannelId", dialled.unique_id),
            ("Variable", f"OPENDEEP_CALL_ID={call_id}"),
            ("Variable", f"OPENDEEP_AUDIOSOCKET={audiosocket or self.media.address}"),
            *limit,
        )
        self.manager.write(action.encode())
        queued = await self.manager.response(dialled.action_id)
        assert queued.get("Message") == "Originate successfully queued"
        return dialled

    async def talk(self, dd: str) -> tuple[Dialled, MediaCall]:
        """Dial a callee who answers; wait until the sound is connected."""
        dialled = await self.dial(dd)
        return dialled, await dialled.media()


@asynccontextmanager
async def open_caller(address: ExchangeAddress) -> AsyncIterator[Caller]:
    """Log in to an exchange and listen for its AudioSocket; leave no call behind."""
    async with open_media() as media, open_manager(address.host, address.port) as manager:
        answer = await manager.log_in(address.username, address.secret)
        assert answer.get("Message") == "Authentication accepted"
        caller = Caller(address, manager, media)
        yield caller
        await _hang_up_what_is_left(manager)


async def _hang_up_what_is_left(manager: Manager) -> None:
    made = {m.get("Uniqueid") for m in manager.messages if m.event == "Newchannel"}
    over = {m.get("Uniqueid") for m in manager.messages if m.event == "Hangup"}
    ours = {unique_id for unique_id in made - over if unique_id.startswith("od-")}
    for unique_id in ours:
        await manager.ask("Hangup", ("Channel", unique_id))
    async with asyncio.timeout(WAIT_SECONDS):
        for unique_id in ours:
            await manager.event("Hangup", Uniqueid=unique_id)
