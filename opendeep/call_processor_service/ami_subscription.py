"""What the owner of one channel hears from Asterisk, and what it hears about the link itself."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from opendeep.call_processor_service.ami_protocol import AmiMessage

QUEUE_LIMIT = 500
# As Asterisk writes them: to look for any other spelling would cost each event too much.
_UNIQUE_ID = b"\r\nUniqueid: "
_DEST_UNIQUE_ID = b"\r\nDestUniqueid: "
_ACTION_ID = b"\r\nActionID: "
_LINKED_ID = b"\r\nLinkedid: "
_DEST_LINKED_ID = b"\r\nDestLinkedid: "
_NOBODY = (b"", b"<null>")
# Events that name two channels, of which the second may be the one concerned.
_DIAL = b"Event: Dial"


@dataclass(frozen=True, slots=True)
class AmiLinkLost:
    """Events may be missing from here on; a ``Status`` query tells what became of the channel."""

    reason: str


@dataclass(frozen=True, slots=True)
class AmiLinkRestored:
    """Events come again; those between are gone."""


AmiNews = AmiMessage | AmiLinkLost | AmiLinkRestored


class AmiSubscription:
    """The events of one channel, in order, in a bounded queue.

    A reader that falls too far behind loses what is queued, and is told so as by a link that was
    lost and restored, so that it asks for the channel's state.
    """

    def __init__(self, *, limit: int = QUEUE_LIMIT) -> None:
        self._news: deque[AmiNews | bytes] = deque()
        self._limit = limit
        self._reader: asyncio.Future[None] | None = None
        self._woken = False

    @property
    def waiting(self) -> int:
        """How many news nobody has taken yet."""
        return len(self._news)

    def put(self, news: AmiNews | bytes) -> None:
        """Append without waiting; a message may come as its raw lines."""
        if len(self._news) >= self._limit:
            self._news.clear()
            self._news.extend((AmiLinkLost("too many events"), AmiLinkRestored()))
        self._news.append(news)
        if self._reader is not None:
            self._call_reader()

    def wake(self) -> None:
        """Make the waiting :meth:`get`, or else the next one, return None once."""
        self._woken = True
        if self._reader is not None:
            self._call_reader()

    async def get(self) -> AmiNews | None:
        """Wait for the next news; None after :meth:`wake`. Cancelling it loses nothing.

        One reader at a time.
        """
        while not self._news and not self._woken:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if self._woken:
            self._woken = False
            return None
        news = self._news.popleft()
        return AmiMessage(None, news) if isinstance(news, bytes) else news

    def _call_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
        self._reader = None


class AmiRouter:
    """Brings each event to the subscription of the channel that it names.

    ``Dial*`` events of an originated call name it as ``DestUniqueid``, and an
    ``OriginateResponse`` without a channel only by its ``ActionID``. Of several that are
    subscribed, the first in this order hears the event. Who subscribed for linked channels too
    hears the events of those that nobody subscribed by themselves.

    Headers are looked for as Asterisk writes them: ``Uniqueid: `` and so on.
    """

    def __init__(self) -> None:
        self._subscriptions: dict[bytes, AmiSubscription] = {}
        self._linked: dict[bytes, AmiSubscription] = {}
        self.idle = asyncio.Event()
        self.idle.set()

    @contextmanager
    def subscribe(
        self, unique_id: str, subscription: AmiSubscription, *, linked: bool = False
    ) -> Iterator[None]:
        """Collect what concerns ``unique_id`` while the block is open; one at a time for an id.

        Args:
            unique_id: the channel's.
            subscription: where its events go.
            linked: bring the events of channels whose ``Linkedid`` it is as well; the reader
                must tell them apart by their ``Uniqueid``.
        """
        key = unique_id.encode()
        self._subscriptions[key] = subscription
        if linked:
            self._linked[key] = subscription
        self.idle.clear()
        try:
            yield
        finally:
            del self._subscriptions[key]
            self._linked.pop(key, None)
            if not self._subscriptions:
                self.idle.set()

    def route(self, events: Iterable[bytes]) -> None:
        """Hand each event to its subscription, if anyone listens.

        Args:
            events: each one's lines, as :attr:`AmiMessage.raw` has them.
        """
        # Written out for the one header that most events are routed by: a busy exchange sends
        # hundreds of thousands of events a second.
        subscribed = self._subscriptions.get
        for raw in events:
            named = b""
            if (begin := raw.find(_UNIQUE_ID)) >= 0:
                begin += len(_UNIQUE_ID)
                end = raw.find(b"\r", begin)
                named = raw[begin:end] if end >= 0 else raw[begin:]
            subscription = subscribed(named)
            if subscription is None:
                subscription = self._concerned_otherwise(raw, named)
            if subscription is not None:
                subscription.put(raw)

    def _concerned_otherwise(self, raw: bytes, named: bytes) -> AmiSubscription | None:
        """Return whom an event concerns that does not name a subscribed channel first."""
        subscription = None
        if named in _NOBODY or raw.startswith(_DIAL):
            subscription = self._subscriptions.get(
                _value(raw, _DEST_UNIQUE_ID)
            ) or self._subscriptions.get(_value(raw, _ACTION_ID))
        if subscription is None and self._linked:
            subscription = self._linked.get(_value(raw, _LINKED_ID)) or self._linked.get(
                _value(raw, _DEST_LINKED_ID)
            )
        return subscription

    def tell_all(self, news: AmiLinkLost | AmiLinkRestored) -> None:
        """Tell every subscription about the link."""
        for subscription in self._subscriptions.values():
            subscription.put(news)


def _value(raw: bytes, header: bytes) -> bytes:
    """Return the value of a header that is written just so, or nothing."""
    begin = raw.find(header)
    if begin < 0:
        return b""
    begin += len(header)
    end = raw.find(b"\r", begin)
    return raw[begin:end] if end >= 0 else raw[begin:]
