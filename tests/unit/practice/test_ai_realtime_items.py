"""The conversation's items: their order, their cutting, and faulty events about them."""

from typing import Any

import pytest

from opendeep.practice.brain_turns import Act, Say
from opendeep.practice.realtime_items import Item, Sentence
from opendeep.practice.realtime_session import RealtimeSettings
from tests.unit.practice.realtime_world import Peer, item_of, run_virtual

Json = dict[str, Any]
SAY = 'Say exactly the following words and nothing else: "{}"'
GREETING = "Hello, how can I help you?"


def test_what_was_heard_of_each_part() -> None:
    """A cut answer was heard in parts; what was never made was not heard, what is empty was."""
    says = [Say(text=text, act=Act.SAID) for text in ("A", "B", "C")]
    parts = [
        Sentence(move=0, text="A", ms=100.0, made=True),
        Sentence(move=1, text="B", ms=100.0, made=True),
        Sentence(move=1, text="B", ms=200.0),
    ]
    item = Item(wire={"id": "x"}, says=says, sentences=parts)
    assert [item.heard(move) for move in range(3)] == [1.0, pytest.approx(1 / 3), 1.0]
    item.truncated_ms = 50.0
    assert [item.heard(move) for move in range(2)] == [0.5, 0.0]


def test_items() -> None:
    """Items go where the client wants them, and can be fetched, cut and deleted by its rules."""

    async def work() -> None:
        async with Peer() as peer:
            peer.send("conversation.item.create", item={**item_of("two"), "id": "b"})
            peer.send(
                "conversation.item.create",
                item={**item_of("one"), "id": "a"},
                previous_item_id="root",
            )
            peer.send(
                "conversation.item.create",
                item={**item_of("three"), "id": "c"},
                previous_item_id="a",
            )
            previous = [e["previous_item_id"] for e in peer.of("conversation.item.added")]
            assert previous == [None, None, "a"]
            peer.send("conversation.item.retrieve", item_id="c")
            assert peer.last("conversation.item.retrieved")["item"]["content"][0]["text"] == "three"
            peer.send("conversation.item.delete", item_id="c")
            assert peer.last("conversation.item.deleted")["item_id"] == "c"

    run_virtual(work)


def test_deleted_answers_were_not_said() -> None:
    """An answer that the client deletes is given again."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.says(GREETING)
            done = await peer.until("response.done")
            peer.send("conversation.item.delete", item_id=done["response"]["output"][0]["id"])
            peer.send("response.create")
            await peer.until("response.done", 2)
            assert peer.said()[0] == peer.said()[1]

    run_virtual(work)


def test_an_answer_deleted_while_it_is_made() -> None:
    """Deleting the open item does not stop the response."""

    async def work() -> None:
        async with Peer(RealtimeSettings(speed=1.0)) as peer:
            peer.send("response.create", response={"instructions": SAY.format("x" * 40)})
            added = await peer.until("response.output_item.added")
            peer.send("conversation.item.delete", item_id=added["item"]["id"])
            done = await peer.until("response.done")
            assert done["response"]["status"] == "completed"

    run_virtual(work)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("junk", "missing_required_parameter"),
        ({"type": 3}, "missing_required_parameter"),
        ({"type": "zebra"}, "invalid_value"),
        ({"type": "session.update"}, "invalid_value"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter"),
        ({"type": "input_audio_buffer.append", "audio": "*"}, "invalid_value"),
        ({"type": "conversation.item.create"}, "missing_required_parameter"),
        ({"type": "conversation.item.create", "item": {"type": "zebra"}}, "invalid_value"),
        (
            {"type": "conversation.item.create", "item": {"type": "function_call"}},
            "missing_required_parameter",
        ),
        (
            {"type": "conversation.item.create", "item": {"type": "function_call_output"}},
            "missing_required_parameter",
        ),
        (
            {"type": "conversation.item.create", "item": {"type": "message", "role": "boss"}},
            "invalid_value",
        ),
        (
            {"type": "conversation.item.create", "item": {"type": "message", "role": "user"}},
            "missing_required_parameter",
        ),
        (
            {
                "type": "conversation.item.create",
                "item": {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_audio"}],
                },
            },
            "invalid_value",
        ),
        (
            {
                "type": "conversation.item.create",
                "item": item_of("x"),
                "previous_item_id": "gone",
            },
            "invalid_value",
        ),
        (
            {"type": "conversation.item.create", "item": {**item_of("x"), "id": "here"}},
            "invalid_value",
        ),
        ({"type": "conversation.item.retrieve", "item_id": "x"}, "item_retrieve_invalid_item_id"),
        ({"type": "conversation.item.delete", "item_id": "x"}, "item_delete_invalid_item_id"),
        ({"type": "conversation.item.truncate", "item_id": "x"}, "item_truncate_invalid_item_id"),
        (
            {"type": "conversation.item.truncate", "item_id": "here"},
            "item_truncate_invalid_item_id",
        ),
        ({"type": "response.create", "zebra": 1}, "unknown_parameter"),
        ({"type": "response.create", "response": {"zebra": 1}}, "unknown_parameter"),
        ({"type": "response.create", "response": {"metadata": {"a": 1}}}, "invalid_value"),
        ({"type": "response.create", "response": {"metadata": 3}}, "invalid_value"),
    ],
)
def test_faulty_events(event: Any, code: str) -> None:
    """Each faulty event is answered by an error with the client's own id, and changes nothing."""

    async def work() -> None:
        async with Peer() as peer:
            peer.send("conversation.item.create", item={**item_of("x"), "id": "here"})
            count = len(peer.events)
            if isinstance(event, dict):
                event["event_id"] = "mine"
            peer.session.receive(event)
            assert len(peer.events) == count + 1
            assert peer.error["code"] == code
            assert peer.error["event_id"] == ("mine" if isinstance(event, dict) else None)

    run_virtual(work)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"content_index": 1, "audio_end_ms": 0}, "invalid_value"),
        ({"content_index": 0, "audio_end_ms": -1}, "invalid_value"),
        ({"content_index": 0, "audio_end_ms": 1.5}, "invalid_value"),
        ({"content_index": 0, "audio_end_ms": 999_999}, "invalid_value"),
    ],
)
def test_faulty_truncations(fields: Json, code: str) -> None:
    """An answer cannot be cut at a place that it does not have."""

    async def work() -> None:
        async with Peer() as peer:
            peer.send("response.create", response={"instructions": SAY.format("Hello.")})
            done = await peer.until("response.done")
            item_id = done["response"]["output"][0]["id"]
            peer.send("conversation.item.truncate", item_id=item_id, **fields)
            assert peer.error["code"] == code

    run_virtual(work)


def test_a_truncated_answer_is_continued() -> None:
    """After a murmur the assistant goes on with the sentence that was cut."""

    async def work() -> None:
        async with Peer() as peer:
            peer.telephone()
            peer.says(GREETING)
            done = await peer.until("response.done")
            item_id = done["response"]["output"][0]["id"]
            half = round(50 * len("".join(peer.voice.spoken)) * 0.7)
            peer.send(
                "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=half
            )
            peer.says("Mm-hm.")
            await peer.until("response.done", 2)
            assert peer.said()[1] == peer.said()[0].split(". ")[1]
            peer.send(
                "conversation.item.truncate",
                item_id=item_id,
                content_index=0,
                audio_end_ms=half + 1,
            )
            assert peer.error["code"] == "invalid_value"

    run_virtual(work)
