"""When the callee asked to be called again, read from the transcript."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from opendeep.common.call_back import CALL_BACK
from opendeep.common.data_models import CallCause, Promise, Speaker, TaskStatus
from opendeep.llm_integrations.testing import ScriptedTextModel
from opendeep.post_call_analyzer_service.analysis_schema import CallAnalysisAnswer, PromiseMade
from opendeep.post_call_analyzer_service.analysis_svc import PostCallAnalyzerService
from opendeep.post_call_analyzer_service.call_back import find_call_back, promised_call_back
from opendeep.post_call_analyzer_service.heard import HeardLine
from tests.fixtures.finished_calls import open_world

THURSDAY = datetime(2026, 11, 26, 17, tzinfo=UTC)  # noon in New York
NEW_YORK = ZoneInfo("America/New_York")


def found(callee: str, ai: str = "", language: str = "en") -> str | None:
    """Say what a callee's line asks for, after words of the AI."""
    lines = [HeardLine(seq=1, speaker=Speaker.AI, text=ai)] if ai else []
    lines.append(HeardLine(seq=2, speaker=Speaker.CALLEE, text=callee))
    wish = find_call_back(lines, language=language, said_at=THURSDAY)
    return None if wish is None else wish.spoken(NEW_YORK)


@pytest.mark.parametrize(
    ("words", "language", "expected"),
    [
        ("Call me Tuesday after 3.", "en", "Tue 15:00"),
        ("She is not here. Try again tomorrow at ten.", "en", "Fri 10:00"),
        ("Don't call Tuesday, call Wednesday before noon.", "en", "Wed before 12:00"),
        ("Please call back in an hour.", "en", "Thu 13:00"),
        ("Call in half an hour, would you.", "en", "Thu 12:30"),
        ("Call us between 2 and 4 pm on Friday.", "en", "Fri 14:00-16:00"),
        ("Could you call back next week?", "en", "Mon"),
        ("He is back Monday morning, ring then.", "en", "Mon 08:00-12:00"),
        ("Try again on December 3rd, not before 4 pm.", "en", "Thu 3 Dec 16:00"),
        ("I can't talk. Give me a call half past two tomorrow.", "en", "Fri 14:30"),
        ("Rufen Sie bitte am Dienstag nach 15 Uhr wieder an.", "de", "Tue 15:00"),
        ("Llámenos el martes después de las 3.", "es", "Tue 15:00"),
        ("Llame mañana a las 4 de la tarde.", "es", "Fri 16:00"),
        ("Rappelez mardi après 15 heures.", "fr", "Tue 15:00"),
    ],
)
def test_asked_in_so_many_words(words: str, language: str, expected: str) -> None:
    """The callee names the time at which they want to be called."""
    assert found(words, language=language) == expected


@pytest.mark.parametrize(
    ("ai", "callee", "language", "expected"),
    [
        ("When may I call again?", "Tuesday after three, please.", "en", "Tue 15:00"),
        ("May I call back tomorrow at 10?", "Yes, please.", "en", "Fri 10:00"),
        ("May I call back tomorrow at 10?", "Monday at nine is better.", "en", "Mon 09:00"),
        ("Wann darf ich wieder anrufen?", "Morgen um 10 Uhr.", "de", "Fri 10:00"),
        ("Can I book Tuesday at 3?", "Yes, Tuesday at 3 is free.", "en", None),
    ],
)
def test_asked_by_the_ai(ai: str, callee: str, language: str, expected: str | None) -> None:
    """A time that answers the question when to call, or a plain yes to a proposal, is a wish."""
    assert found(callee, ai, language) == expected


@pytest.mark.parametrize(
    "words",
    [
        "We will call you back on Tuesday.",
        "I'll ring you tomorrow at ten.",
        "Somebody will give you a call on Monday.",
        "Thanks for the call, see you Tuesday at 3.",
        "Call me later.",
        "Never call again on Tuesday.",
        "We are closed on Mondays.",
    ],
)
def test_what_is_no_wish(words: str) -> None:
    """Who calls themselves, names no time or wants no call asks for nothing."""
    assert found(words) is None


def test_the_last_word_counts() -> None:
    """A callee who thinks again is called at the time they named last."""
    lines = [
        HeardLine(seq=1, speaker=Speaker.CALLEE, text="Call me Monday at nine."),
        HeardLine(seq=2, speaker=Speaker.CALLEE, text="Sorry, call me Tuesday after 3."),
    ]
    wish = find_call_back(lines, language="en", said_at=THURSDAY)
    assert wish is not None
    assert (wish.seq, wish.spoken(NEW_YORK)) == (2, "Tue 15:00")


def test_promises_of_the_analysis_speak_every_language() -> None:
    """What the analysis quotes as a promise to call again is kept; who calls us is not called."""
    ours = Promise(what="Call again", due="Tuesday at 3 PM", quote="ligue terça às 15", seq=4)
    theirs = Promise(what="Call back", due="Tuesday", quote="We will call you Tuesday", seq=6)
    wish = promised_call_back([ours, theirs], language="pt", said_at=THURSDAY)
    assert wish is not None
    assert (wish.seq, wish.spoken(NEW_YORK)) == (4, "Tue 15:00")


async def test_the_task_waits_for_the_time_asked_for() -> None:
    """A busy person's "call me Tuesday after 3" is kept in the task, also if the model gave up."""
    answer: dict[str, Any] = {
        "verdict": "failure", "summary": "Not a good time.", "agreed": [], "promises": [],
        "next_step": "give_up", "evidence": [], "confidence": 0.9, "dnd": False,
        "question_for_user": None,
    }  # fmt: skip
    async with open_world() as world:
        await world.campaign()
        words = "I am busy now. Call me Tuesday after 3."
        call = await world.finished_call(
            CallCause.CALLEE_HUNG_UP, [(Speaker.AI, "Hello?"), (Speaker.CALLEE, words)]
        )
        service = PostCallAnalyzerService(
            database=world.database,
            bus=world.bus,
            model=ScriptedTextModel([CallAnalysisAnswer.model_validate(answer)]),
            clock=world.clock,
        )
        assert await service.analyse_call(call) is TaskStatus.RETRY_SCHEDULED
        task = await world.task(call.task_id)
        assert task.inter_call_context[CALL_BACK]["weekday"] == 1
        assert task.next_action_time == call.ended_at
        assert words in (task.status_reason or "")


def test_a_promise_without_a_time_is_none() -> None:
    """A promise to call again some day delays nothing."""
    made = PromiseMade(what="Call again", due=None)
    promise = Promise(what=made.what, due=made.due, quote="call again", seq=1)
    assert promised_call_back([promise], language="en", said_at=THURSDAY) is None
