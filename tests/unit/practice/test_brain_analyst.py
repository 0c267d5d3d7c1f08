"""Verdicts over finished calls, from their transcripts alone."""

import json
from typing import Any

import pytest

from opendeep.common.data_models import CallAnalysis
from opendeep.practice.brain_analyst import analyse

Json = dict[str, Any]
TASK: Json = {
    "goal": "Book a dental cleaning",
    "business_name": "Bright Smile Dental",
    "facts": {"service": "dental cleaning", "name_for_booking": "Alex Doe"},
}


def judged(
    *lines: str,
    cause: str = "completed",
    task: Json | None = None,
    noted: Json | None = None,
    asked: list[Json] | None = None,
) -> Json:
    """Judge a call; a line that begins with ``A:`` is the AI's, ``S:`` the system's."""
    speakers = {"A": "ai", "C": "callee", "S": "system"}
    transcript = [
        {"seq": seq, "speaker": speakers[line[0]], "text": line[2:].strip(), "start_ms": seq * 1000}
        for seq, line in enumerate(lines, start=1)
    ]
    call = {
        "task": TASK if task is None else task,
        "call": {"cause": cause, "answered": True},
        "facts_noted": noted or {},
        "asked_user": asked or [],
        "transcript": transcript,
    }
    analysis = analyse(f"Judge <call> this.\n<call>{json.dumps(call)}</call>")
    agreed = {pair["name"]: pair["value"] for pair in analysis["agreed"]}
    CallAnalysis.model_validate({**analysis, "agreed": agreed})
    for quote in analysis["evidence"]:
        assert transcript[quote["seq"] - 1]["text"] == quote["quote"]
    return {**analysis, "agreed": agreed}


def test_a_confirmed_booking() -> None:
    """It is a success with day, time, service, name and the callee's own words."""
    analysis = judged(
        "C: Hello, how can I help you?",
        "A: I would like to book a dental cleaning.",
        "C: I have Tuesday at two-thirty in the afternoon.",
        "A: Tuesday at two thirty in the afternoon would be perfect. I would take that.",
        "C: What name?",
        "A: Please put it under the name Alex Doe.",
        "C: Great, you are now booked for Tuesday at 2:30.",
        "S: pressed 2",
        "A: So that is Tuesday at two thirty in the afternoon, correct?",
        "C: Yes, correct.",
    )
    assert analysis["verdict"] == "success"
    assert analysis["next_step"] == "done"
    assert analysis["agreed"] == {
        "day": "Tuesday",
        "time": "14:30",
        "service": "dental cleaning",
        "name": "Alex Doe",
    }
    assert [quote["seq"] for quote in analysis["evidence"]] == [7, 3]


def test_a_booking_without_a_day() -> None:
    """What nobody understood is not agreed, and lowers the confidence."""
    analysis = judged(
        "C: I have two thirty in the afternoon.",
        "A: Two thirty in the afternoon works, I would take that.",
        "C: You are booked.",
    )
    assert analysis["verdict"] == "success"
    assert "day" not in analysis["agreed"]
    assert len(judged("A: Monday at nine works.", "C: You are booked.")["evidence"]) == 1
    assert judged("A: That works.", "C: You are booked.")["verdict"] == "failure"
    assert analysis["confidence"] < 0.9


def test_the_assistants_words_prove_nothing() -> None:
    """Without the callee's confirmation a booking is no success."""
    analysis = judged(
        "C: I have Tuesday at two thirty in the afternoon.",
        "A: Tuesday at two thirty in the afternoon would be perfect, you are booked.",
        "C: Well, let us see.",
    )
    assert analysis["verdict"] == "failure"
    assert analysis["agreed"] == {}


def test_a_confirmation_that_is_taken_back() -> None:
    """A "no" after the confirmation undoes it."""
    analysis = judged(
        "C: I have Tuesday at two thirty.",
        "A: Tuesday at two thirty works.",
        "C: You are booked.",
        "A: So that is Tuesday at two thirty in the afternoon, correct?",
        "C: No, that is wrong.",
    )
    assert analysis["verdict"] == "failure"


def test_never_call_again() -> None:
    """The wish is reported with its words."""
    analysis = judged("A: Hello.", "C: Never call me again!")
    assert analysis["dnd"] is True
    assert analysis["next_step"] == "give_up"


def test_wrong_number() -> None:
    """The user is asked for another number."""
    analysis = judged("C: You have the wrong number.")
    assert analysis["next_step"] == "ask_user"
    assert "Bright Smile Dental" in analysis["question_for_user"]


@pytest.mark.parametrize(
    ("lines", "summary"),
    [
        (("A: Hello?",), "Nobody spoke"),
        (("C: Please leave a message after the tone.",), "A voicemail greeting"),
        (("C: Please hold.", "C: For sales, press one."), "Only a machine"),
    ],
)
def test_machines(lines: tuple[str, ...], summary: str) -> None:
    """Where no person spoke, the call may be tried again."""
    analysis = judged(*lines)
    assert analysis["verdict"] == "failure"
    assert analysis["next_step"] == "retry"
    assert analysis["summary"].startswith(summary)


@pytest.mark.parametrize(
    ("lines", "cause", "summary"),
    [
        (("C: Hello, thank you for calling. I will probably",), "callee_hung_up", "hung up before"),
        (("C: Sorry, we are fully booked.",), "ai_hung_up", "No suitable time"),
        (("C: Good morning.",), "ai_hung_up", "ended before anything"),
    ],
)
def test_nothing_was_reached(lines: tuple[str, ...], cause: str, summary: str) -> None:
    """A conversation without a result may be tried again."""
    analysis = judged(*lines, cause=cause)
    assert analysis["next_step"] == "retry"
    assert summary in analysis["summary"]


@pytest.mark.parametrize(("answer", "next_step"), [("Decline", "ask_user"), (None, "retry")])
def test_what_the_user_declined_is_not_asked_for_again(answer: str | None, next_step: str) -> None:
    """After the user's answer only the user can go on; without one the call may be repeated."""
    analysis = judged(
        "C: I only have Wednesday at nine in the morning.",
        "C: Sorry, that is all I have. Goodbye.",
        cause="ai_hung_up",
        asked=[{"question": "Take Wednesday at nine?", "answer": answer}],
    )
    assert analysis["next_step"] == next_step
    assert ("other wishes" in (analysis["question_for_user"] or "")) is (answer is not None)


@pytest.mark.parametrize(
    ("cause", "verdict"), [("completed", "success"), ("callee_hung_up", "partial")]
)
def test_answers_to_questions(cause: str, verdict: str) -> None:
    """A call that asks is a success once its answers are in and it was ended as done."""
    analysis = judged(
        "A: I would like to ask whether you are open on Sunday.",
        "C: Yes, from ten to four.",
        cause=cause,
        task={"goal": "Ask whether they are open on Sunday"},
        noted={"open on Sunday": "Yes, from ten to four.", "empty": ""},
    )
    assert analysis["verdict"] == verdict
    assert analysis["agreed"] == {"open on Sunday": "Yes, from ten to four."}


def test_questions_without_answers() -> None:
    """A greeting alone answers nothing."""
    analysis = judged("A: Are you open?", "C: Hello?", task={"goal": "Ask whether they are open"})
    assert analysis["verdict"] == "failure"


@pytest.mark.parametrize("prompt", ["", "<call>{junk</call>", "<call>{}</call>"])
def test_unreadable_calls(prompt: str) -> None:
    """Without a transcript nobody spoke."""
    assert analyse(prompt)["summary"] == "Nobody spoke to the assistant."


def test_junk_lines_are_left_out() -> None:
    """Lines that are no objects, or of nobody known, do not count."""
    call = {"transcript": [3, {"speaker": "ghost", "text": "Boo"}], "task": None}
    assert analyse(f"<call>{json.dumps(call)}</call>")["verdict"] == "failure"
