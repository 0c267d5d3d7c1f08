"""One answer at a time, whoever asks for it and however the server races."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service.response_gate import PLAIN, ResponseGate, Wish

SAY = Wish(tag="hello", instructions="Say hello.")


class Wire:
    """What the gate sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.gate = ResponseGate(lambda message: self.sent.append(json.loads(message)))

    @property
    def tags(self) -> list[str | None]:
        """The tags of what was sent; None for plain wishes."""
        return [(event.get("response") or {}).get("metadata", {}).get("tag") for event in self.sent]


def test_wishes_wait_for_the_present_answer() -> None:
    """The next wish is sent when the answer before it was made."""
    wire = Wire()
    wire.gate.wish(SAY)
    wire.gate.wish(PLAIN)
    wire.gate.wish(PLAIN)
    assert wire.tags == ["hello"]
    wire.gate.created("r1", {"tag": "hello"})
    assert (wire.gate.active, wire.gate.tag) == ("r1", "hello")
    wire.gate.done("r1")
    assert wire.tags == ["hello", None]
    wire.gate.created("r2", None)
    wire.gate.done("r2")
    assert wire.tags == ["hello", None]


def test_a_refused_wish_is_sent_after_the_servers_own_answer() -> None:
    """When the server was faster, the wish waits for that answer and is not lost."""
    wire = Wire()
    wire.gate.created("r0", {"tag": "hello"})
    wire.gate.done("r0")
    wire.gate.wish(SAY)
    wire.gate.created("auto", None)
    assert wire.gate.tag is None
    wire.gate.refused()
    wire.gate.done("auto")
    assert wire.tags == ["hello", "hello"]


def test_a_server_that_does_not_echo_tags() -> None:
    """Without echoed metadata, the answer that follows a wish is taken for it."""
    wire = Wire()
    wire.gate.wish(SAY)
    wire.gate.created("r1", None)
    assert wire.gate.tag == "hello"


def test_plain_wishes_wait_for_the_callee() -> None:
    """Nobody is talked over by a plain wish; the server's own answer makes it needless."""
    wire = Wire()
    wire.gate.speech_started()
    wire.gate.wish(PLAIN)
    wire.gate.set_automatic(automatic=True)
    assert wire.sent == []
    wire.gate.speech_stopped()
    assert wire.sent == []
    wire.gate.set_automatic(automatic=False)
    wire.gate.speech_started()
    wire.gate.wish(PLAIN)
    wire.gate.speech_stopped()
    assert wire.tags == [None]


def test_fixed_words_do_not_wait_for_the_callee() -> None:
    """A wish with its own words is sent also while the callee speaks."""
    wire = Wire()
    wire.gate.speech_started()
    wire.gate.wish(SAY)
    assert wire.tags == ["hello"]


def test_forgotten_wishes_are_not_sent() -> None:
    """What was dropped does not come up later."""
    wire = Wire()
    wire.gate.created("r1", None)
    wire.gate.wish(PLAIN)
    wire.gate.forget()
    wire.gate.done("r1")
    assert wire.sent == []


def test_nothing_to_refuse() -> None:
    """A refusal that belongs to no wish changes nothing."""
    wire = Wire()
    wire.gate.refused()
    wire.gate.done("unseen")
    assert wire.sent == []


@given(
    st.lists(
        st.sampled_from(["plain", "say", "created", "done", "refused", "start", "stop"]),
        max_size=40,
    )
)
def test_never_two_at_a_time(steps: list[str]) -> None:
    """Whatever happens, nothing is sent while an answer is being made or was asked for."""
    wire = Wire()
    asked = active = False
    for step in steps:
        before = len(wire.sent)
        match step:
            case "plain":
                wire.gate.wish(PLAIN)
            case "say":
                wire.gate.wish(SAY)
            case "created" if not active:
                wire.gate.created("r", wire.sent[-1].get("metadata") if asked else None)
                asked, active = False, True
            case "done" if active:
                active = False
                wire.gate.done("r")
            case "refused" if asked:
                asked = False
                wire.gate.refused()
            case "start":
                wire.gate.speech_started()
            case "stop":
                wire.gate.speech_stopped()
            case _:
                continue
        sent = len(wire.sent) - before
        assert sent <= (0 if asked or active else 1)
        asked = asked or sent == 1
