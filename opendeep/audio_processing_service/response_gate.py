"""One answer at a time: decides when a wish for a response may be sent.

Only one response at a time may write to a conversation; a second ``response.create`` is refused
with ``conversation_already_has_active_response``. Wishes wait here until the present answer is
made. A plain wish also waits while the callee speaks, and is dropped when the server will answer
the callee's turn by itself. The server may always be faster (it begins an answer on its own after
the callee's turn), so a refused wish is kept and sent after that answer.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opendeep.audio_processing_service import realtime_protocol as wire

_MAX_WISHES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A wish for an answer; with a tag it has its own instructions and is never merged."""

    tag: str | None = None
    instructions: str | None = None


PLAIN = Wish()


class ResponseGate:
    """Sends wishes one at a time.

    Args:
        send: puts a client event on the wire.

    Attributes:
        automatic: whether the server answers the callee's turns by itself.
        active: id of the response that is being made, or None.
        tag: the tag of that response, or None.
    """

    __slots__ = (
        "_asked",
        "_caller_speaks",
        "_made",
        "_send",
        "_sent",
        "_server_echoes_tags",
        "_wishes",
        "active",
        "automatic",
        "tag",
    )

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._wishes: deque[Wish] = deque(maxlen=_MAX_WISHES)
        self._asked: Wish | None = None
        self._made: Wish = PLAIN
        self._sent = 0
        self.automatic = False
        self._caller_speaks = False
        self._server_echoes_tags = False
        self.active: str | None = None
        self.tag: str | None = None

    @property
    def expects(self) -> bool:
        """Whether an answer may begin now, ours or the server's own."""
        return self.active is None and (self._asked is not None or self.automatic)

    @property
    def _event_id(self) -> str:
        return f"wish-{self._sent}"

    def wish(self, wish: Wish) -> None:
        """Ask for an answer as soon as that is allowed; several plain wishes become one."""
        if wish != PLAIN or (PLAIN not in self._wishes and self._asked != PLAIN):
            self._wishes.append(wish)
        self._pump()

    def set_automatic(self, *, automatic: bool) -> None:
        """Note whether the server answers the callee's turns by itself."""
        self.automatic = automatic

    def speech_started(self) -> None:
        """Note that the callee speaks."""
        self._caller_speaks = True

    def speech_stopped(self) -> None:
        """Note that the callee stopped; the server may answer now."""
        self._caller_speaks = False
        if self.automatic and PLAIN in self._wishes:
            self._wishes.remove(PLAIN)
        self._pump()

    def created(self, response_id: str, metadata: Mapping[str, str] | None) -> None:
        """Note the beginning of an answer, ours or the server's own."""
        tag = (metadata or {}).get("tag")
        if tag is not None:
            self._server_echoes_tags = True
        self._made = PLAIN
        if self._asked is not None:
            if tag is None and not self._server_echoes_tags:
                tag = self._asked.tag
            if tag == self._asked.tag:
                self._made, self._asked = self._asked, None
        self.active = response_id
        self.tag = tag

    def done(self, response_id: str) -> None:
        """Note the end of an answer, also of one whose beginning was not seen."""
        if self.active is None or self.active == response_id:
            self.active = None
            self.tag = None
        self._pump()

    def refused(self) -> None:
        """Keep the wish that the server refused because it was making an answer already."""
        if self._asked is not None:
            self._wishes.appendleft(self._asked)
            self._asked = None

    def asked(self, event_id: str | None) -> bool:
        """Whether this is the id of the wish that the server has not begun to answer."""
        return self._asked is not None and event_id == self._event_id

    def dropped(self) -> str | None:
        """Forget the wish that the server refused for good; return its tag."""
        wish, self._asked = self._asked, None
        self._pump()
        return None if wish is None else wish.tag

    def ask_again(self) -> None:
        """Ask anew for the answer that does not come, or breaks off; others wait behind it."""
        wish = self._asked or (PLAIN if self.active is None else self._made)
        self._asked = self.active = self.tag = None
        if wish != PLAIN or PLAIN not in self._wishes:
            self._wishes.appendleft(wish)
        self._pump()

    def forget(self) -> None:
        """Drop the wishes that were not sent."""
        self._wishes.clear()

    def _pump(self) -> None:
        if self.active is not None or self._asked is not None or not self._wishes:
            return
        wish = self._wishes[0]
        if wish == PLAIN and self._caller_speaks:
            return
        self._wishes.popleft()
        self._asked = wish
        self._sent += 1
        self._send(
            wire.create_response(
                instructions=wish.instructions, tag=wish.tag, event_id=self._event_id
            )
        )
