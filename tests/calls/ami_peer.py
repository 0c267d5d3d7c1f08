"""A scripted Asterisk manager: answers actions as Asterisk does, and plays what a test writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from opendeep.common.lifecycle import Nursery

HOST = "127.0.0.1"
PORT = 5038
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
USERNAME = "opendeep"
SECRET = "correct horse"  # noqa: S105

Script = Callable[["ScriptedCall"], Awaitable[None]]
Headers = tuple[tuple[str, str | int], ...]


class ScriptedCall:
    """One originated channel, and what a test makes of it."""

    def __init__(self, peer: "AmiPeer", action: AmiMessage) -> None:
        self.peer = peer
        self.action = action
        self.unique_id = action.get("ChannelId")
        self.channel = "PJSIP/trunk-00000001"
        self.context = "opendeep"
        self.bridge = ""
        self.hung_up = asyncio.Event()

    def event(self, name: str, *headers: tuple[str, str | int]) -> None:
        """Send an event of this channel."""
        own = (("Channel", self.channel), ("Uniqueid", self.unique_id))
        self.peer.say(("Event", name), *own, *headers)

    def made(self) -> None:
        """Make the channel, and start to dial."""
        self.peer.calls[self.unique_id] = self
        self.event("Newchannel", ("ChannelState", 0), ("ChannelStateDesc", "Down"))
        self.peer.say(
            ("Event", "DialBegin"),
            ("DestChannel", self.channel),
            ("DestUniqueid", self.unique_id),
        )

    def ring(self) -> None:
        """Ring at the callee."""
        self.event("Newstate", ("ChannelState", 5), ("ChannelStateDesc", "Ringing"))

    def answer(self) -> None:
        """Pick up."""
        self.originate_response("Success", 4)
        self.event("Newstate", ("ChannelState", 6), ("ChannelStateDesc", "Up"))
        self.dial_end("ANSWER")

    def dial_end(self, status: str) -> None:
        """End the dialling with Dial's word."""
        self.peer.say(
            ("Event", "DialEnd"), ("DestUniqueid", self.unique_id), ("DialStatus", status)
        )

    def originate_response(self, response: str, reason: int) -> None:
        """Tell what became of Originate."""
        self.peer.say(
            ("Event", "OriginateResponse"),
            ("ActionID", self.action.action_id),
            ("Response", response),
            ("Reason", reason),
            ("Uniqueid", self.unique_id if response == "Success" else "<null>"),
        )

    def hang_up(self, cause: int = 16, text: str = "Normal Clearing") -> None:
        """Take the channel away."""
        self.peer.calls.pop(self.unique_id, None)
        self.hung_up.set()
        self.event("Hangup", ("Cause", cause), ("Cause-txt", text))

    def fail(self, dial_status: str, cause: int, text: str) -> None:
        """End an unanswered call in Asterisk's order: response first, cause last."""
        self.originate_response("Failure", 0)
        self.dial_end(dial_status)
        self.hang_up(cause, text)


async def rings_and_is_answered(call: ScriptedCall) -> None:
    """Ring after a second and be picked up after three."""
    call.made()
    await asyncio.sleep(1)
    call.ring()
    await asyncio.sleep(2)
    call.answer()


async def answered_for(call: ScriptedCall, seconds: float = 20, cause: int = 16) -> None:
    """Answer, talk, and let the callee hang up."""
    await rings_and_is_answered(call)
    await asyncio.sleep(seconds)
    call.hang_up(cause)


class AmiPeer:
    """The manager's side of the wire.

    Attributes:
        actions: everything that was asked, in order.
        calls: channels that exist, by unique id.
        script: what happens after an Originate was accepted.
        refusals: messages by action name, which refuse that action.
        silent: actions that get no answer.
    """

    def __init__(self, script: Script = rings_and_is_answered) -> None:
        self.actions: list[AmiMessage] = []
        self.calls: dict[str, ScriptedCall] = {}
        self.script = script
        self.refusals: dict[str, str] = {}
        self.silent: set[str] = set()
        self.banner = BANNER
        self.logins = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._nursery: Nursery | None = None

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["AmiPeer"]:
        """Listen while the block is open."""
        async with Nursery("peer") as nursery:
            self._nursery = nursery
            async with await asyncio.start_server(self._converse, HOST, PORT):
                try:
                    yield self
                finally:
                    self.drop()

    def say(self, *headers: tuple[str, str | int]) -> None:
        """Send a message to everyone who is connected."""
        data = AmiMessage.of(*headers).encode()
        for writer in self._writers:
            writer.write(data)

    def say_bytes(self, data: bytes) -> None:
        """Send raw bytes."""
        for writer in self._writers:
            writer.write(data)

    def drop(self) -> None:
        """Cut all connections."""
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    def asked(self, name: str) -> list[AmiMessage]:
        """Return the actions of one name."""
        return [action for action in self.actions if action.action == name]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser = AmiParser(expect_banner=False)
        self._writers.add(writer)
        writer.write(self.banner)
        try:
            while data := await reader.read(65536):
                for message in parser.receive(data):
                    assert isinstance(message, AmiMessage)
                    self._answer(writer, message)
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, action: AmiMessage) -> None:
        self.actions.append(action)
        if action.action in self.silent:
            return
        refusal = self.refusals.get(action.action)
        if refusal is not None:
            _reply(writer, action, ("Response", "Error"), ("Message", refusal))
            return
        answers = {
            "Login": self._login,
            "Originate": self._originate,
            "Hangup": self._hangup,
            "Status": self._status,
            "CoreShowChannels": self._show,
        }
        answers.get(action.action, self._agree)(writer, action)

    def _agree(self, writer: asyncio.StreamWriter, action: AmiMessage) -> None:
        _reply(writer, action, ("Response", "Success"))

    def _login(self, writer: asyncio.StreamWriter, action: AmiMessage) -> None:
        if (action.get("Username"), action.get("Secret")) != (USERNAME, SECRET):
            _reply(writer, action, ("Response", "Error"), ("Message", "Authentication failed"))
            return
        self.logins += 1
        accepted = ("Message", "Authentication accepted")
        _reply(writer, action, ("Response", "Success"), accepted)
        self.say(("Event", "FullyBooted"), ("Privilege", "system,all"))

    def _originate(self, writer: asyncio.StreamWriter, action: AmiMessage) -> None:
        queued = ("Message", "Originate successfully queued")
        _reply(writer, action, ("Response", "Success"), queued)
        assert self._nursery is not None
        self._nursery.start(self._play(ScriptedCall(self, action)), name="script")

    async def _play(self, call: ScriptedCall) -> None:
        await self.script(call)

    def _hangup(self, writer: asyncio.StreamWriter, action: AmiMessage) -> None:
        call = self._find(action.get("Channel"))
        if call is None:
            _reply(writer, action, ("Response", "Error"), ("Message", "No such channel"))
            return
        _reply(writer, action, ("Response", "Success"), ("Message", "Channel Hungup"))
        call.hang_up(int(action.get("Cause", "16")))

    def _status(self, writer: asyncio.StreamWriter, action: AmiMessage) -> None:
        call = self._find(action.get("Channel"))
        if call is None:
            _reply(writer, action, ("Response", "Error"), ("Message", "No such channel"))
            return
        place = (("Context", call.context), ("BridgeID", call.bridge))
        item = (("Event", "Status"), ("ChannelState", 6), *place, *_named(call))
        _list(writer, action, [item], complete="StatusComplete")

    def _show(self, writer: asyncio.StreamWriter, action: AmiMessage) -> None:
        items = [
            (
                ("Event", "CoreShowChannel"),
                *_named(call),
                ("Context", call.context),
                ("BridgeId", call.bridge),
            )
            for call in self.calls.values()
        ]
        _list(writer, action, items, complete="CoreShowChannelsComplete")

    def _find(self, channel: str) -> ScriptedCall | None:
        for call in self.calls.values():
            if channel in {call.channel, call.unique_id}:
                return call
        return None


def _named(call: ScriptedCall) -> Headers:
    return (("Channel", call.channel), ("Uniqueid", call.unique_id))


def _reply(
    writer: asyncio.StreamWriter, action: AmiMessage, *headers: tuple[str, str | int]
) -> None:
    first, *rest = headers
    writer.write(AmiMessage.of(first, ("ActionID", action.action_id), *rest).encode())


def _list(
    writer: asyncio.StreamWriter, action: AmiMessage, items: list[Headers], *, complete: str
) -> None:
    _reply(writer, action, ("Response", "Success"), ("EventList", "start"))
    for item in items:
        _reply(writer, action, *item)
    _reply(writer, action, ("Event", complete), ("EventList", "Complete"))
