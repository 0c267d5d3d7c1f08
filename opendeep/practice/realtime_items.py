"""A Realtime conversation: items in order, with what only the server knows of each."""

import copy
from dataclasses import dataclass, field
from typing import Any, Final

from opendeep.practice.brain_turns import Say
from opendeep.practice.realtime_config import EventFaultError, invalid, missing

Json = dict[str, Any]
_USER_PARTS: Final = frozenset({"input_text", "input_audio", "input_image"})
_PARTS: Final = {
    "system": frozenset({"input_text"}),
    "user": _USER_PARTS,
    "assistant": frozenset({"output_text"}),
}
_MS_A_CHARACTER: Final = 65


@dataclass(slots=True, kw_only=True)
class Sentence:
    """A sentence of an answer: which move it belongs to, and its audio's length.

    ``ms`` is an estimate until it was synthesised (``made``).
    """

    move: int
    text: str
    ms: float
    made: bool = False

    @classmethod
    def planned(cls, move: int, text: str) -> "Sentence":
        """Make a sentence that is not synthesised yet."""
        return cls(move=move, text=text, ms=len(text) * _MS_A_CHARACTER)


@dataclass(slots=True, kw_only=True)
class Item:
    """An item as the client sees it (``wire``), and what the practice brain keeps with it.

    Attributes:
        transcript: the callee's words, None until the recogniser answered.
        says: the moves that an answer consists of.
        sentences: their sentences in order.
        truncated_ms: where the client cut the answer.
        audio_ms: the length of a caller's utterance.
    """

    wire: Json
    transcript: str | None = None
    says: list[Say] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)
    truncated_ms: float | None = None
    audio_ms: float = 0.0

    @property
    def id(self) -> str:
        """The item's id."""
        return str(self.wire["id"])

    @property
    def made_ms(self) -> float:
        """How much audio of an answer exists."""
        return sum(sentence.ms for sentence in self.sentences if sentence.made)

    def heard(self, move: int) -> float:
        """Return the part (0 to 1) of a move that the callee heard."""
        limit = self.made_ms if self.truncated_ms is None else self.truncated_ms
        whole = heard = begin = 0.0
        for sentence in self.sentences:
            if sentence.move == move:
                whole += sentence.ms
                if sentence.made:
                    heard += min(max(limit - begin, 0.0), sentence.ms)
            begin += sentence.ms
        return heard / whole if whole else 1.0


class Conversation:
    """The default conversation of a session."""

    def __init__(self, conversation_id: str) -> None:
        self.id = conversation_id
        self.items: list[Item] = []

    def last_id(self) -> str | None:
        """Return the id of the last item, or None."""
        return self.items[-1].id if self.items else None

    def find(self, item_id: object) -> Item | None:
        """Return an item, or None."""
        return next((item for item in self.items if item.id == item_id), None)

    def add(self, item: Item, *, after: str | None = None) -> str | None:
        """Put an item behind another (``root``: first; None: last); return the id before it.

        Raises:
            EventFaultError: there is no such item, or the id is taken.
        """
        if self.find(item.id) is not None:
            message = f"An item with id '{item.id}' already exists."
            raise EventFaultError("invalid_value", message, param="item.id")
        position = len(self.items)
        if after == "root":
            position = 0
        elif after is not None:
            before = self.find(after)
            if before is None:
                message = f"The item with id '{after}' does not exist."
                raise EventFaultError("invalid_value", message, param="previous_item_id")
            position = self.items.index(before) + 1
        self.items.insert(position, item)
        return self.items[position - 1].id if position else None

    def delete(self, item_id: object) -> None:
        """Take an item out.

        Raises:
            EventFaultError: there is no such item.
        """
        item = self.find(item_id)
        if item is None:
            message = f"Item with item_id not found: {item_id}"
            raise EventFaultError("item_delete_invalid_item_id", message, param="item_id")
        self.items.remove(item)

    def retrieve(self, item_id: object) -> Json:
        """Return an item; of a caller's utterance the words, since its audio is not kept.

        Raises:
            EventFaultError: there is no such item.
        """
        item = self.find(item_id)
        if item is None:
            message = f"Item with item_id not found: {item_id}"
            raise EventFaultError("item_retrieve_invalid_item_id", message, param="item_id")
        return copy.deepcopy(item.wire)

    def truncate(self, item_id: object, content_index: object, audio_end_ms: object) -> None:
        """Cut an answer to what was heard; its transcript goes.

        Raises:
            EventFaultError: no such answer, or it is shorter than that.
        """
        item = self.find(item_id)
        if item is None or item.wire.get("role") != "assistant":
            message = f"Only model output audio messages can be truncated: {item_id}"
            raise EventFaultError("item_truncate_invalid_item_id", message, param="item_id")
        if content_index != 0:
            raise invalid("content_index", content_index, "0")
        if not isinstance(audio_end_ms, int) or isinstance(audio_end_ms, bool) or audio_end_ms < 0:
            raise invalid("audio_end_ms", audio_end_ms, "an integer of at least 0")
        present = item.made_ms if item.truncated_ms is None else item.truncated_ms
        if audio_end_ms > present:
            message = f"Audio content of {int(present)}ms is already shorter than {audio_end_ms}ms"
            raise EventFaultError("invalid_value", message, param="audio_end_ms")
        item.truncated_ms = float(audio_end_ms)
        for part in item.wire["content"]:
            part.pop("transcript", None)


def checked_item(raw: object, new_id: str) -> Item:
    """Make an item of what a client sent.

    Raises:
        EventFaultError: not an item that a client may create.
    """
    if not isinstance(raw, dict):
        raise missing("item")
    wire = copy.deepcopy(raw)
    wire["id"] = wire.get("id") or new_id
    wire |= {"object": "realtime.item", "status": "completed"}
    match wire.get("type"):
        case "message":
            _check_message(wire)
        case "function_call_output":
            for key in ("call_id", "output"):
                if not isinstance(wire.get(key), str):
                    raise missing(f"item.{key}")
        case "function_call":
            for key in ("call_id", "name", "arguments"):
                if not isinstance(wire.get(key), str):
                    raise missing(f"item.{key}")
        case other:
            supported = ("message", "function_call", "function_call_output")
            raise invalid("item.type", other, supported)
    return Item(wire=wire)


def _check_message(wire: Json) -> None:
    role = wire.get("role")
    if not isinstance(role, str) or role not in _PARTS:
        raise invalid("item.role", role, tuple(_PARTS))
    content = wire.get("content")
    if not isinstance(content, list):
        raise missing("item.content")
    for index, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _PARTS[role]:
            raise invalid(f"item.content[{index}].type", kind, sorted(_PARTS[role]))
