"""Nothing counts as reached unless the callee's words show it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.data_models import (
    CallAnalysis,
    Evidence,
    NextStep,
    Promise,
    QuotedFact,
    Speaker,
    Verdict,
)
from opendeep.post_call_analyzer_service.evidence_check import Wanted, check_evidence
from opendeep.post_call_analyzer_service.heard import HeardLine

LINES = (
    HeardLine(seq=1, speaker=Speaker.CALLEE, text="Bright Smile Dental, how can I help?"),
    HeardLine(seq=2, speaker=Speaker.AI, text="Is Tuesday the first at 2:30 free?", start_ms=3000),
    HeardLine(
        seq=3, speaker=Speaker.CALLEE, text="Yes, Tuesday at two thirty is fine.", start_ms=6500
    ),
    HeardLine(seq=4, speaker=Speaker.SYSTEM, text="Keys 9 were sent."),
)


def claimed(**changes: object) -> CallAnalysis:
    """Make a success with one good quote."""
    values: dict[str, object] = {
        "verdict": Verdict.SUCCESS,
        "summary": "Booked.",
        "next_step": NextStep.DONE,
        "evidence": [Evidence(claim="booked", quote="tuesday at two thirty is fine", seq=3)],
        "confidence": 0.9,
    }
    return CallAnalysis.model_validate(values | changes)


def test_a_true_success_stands() -> None:
    """A success with the callee's own words stays a success, with the line's own time."""
    checked = check_evidence(claimed(agreed={"time": "2:30 PM"}), LINES)
    assert checked.analysis.verdict is Verdict.SUCCESS
    assert checked.analysis.evidence[0].start_ms == 6500
    assert checked.analysis.agreed == {"time": "2:30 PM"}
    assert not checked.taken_back


@pytest.mark.parametrize(
    "quote",
    [
        Evidence(claim="booked", quote="See you on Friday", seq=3),
        Evidence(claim="booked", quote="Tuesday at two thirty is fine", seq=1),
        Evidence(claim="booked", quote="is Tuesday the first at 2:30 free", seq=2),
        Evidence(claim="booked", quote="Keys 9 were sent", seq=4),
        Evidence(claim="booked", quote="Yes", seq=99),
        Evidence(claim="booked", quote="", seq=3),
    ],
    ids=["invented", "other line", "the AI's words", "system note", "no such line", "empty"],
)
def test_a_success_without_the_callees_words_is_unresolved(quote: Evidence) -> None:
    """Invented, misplaced, empty and foreign quotes show nothing."""
    checked = check_evidence(claimed(evidence=[quote]), LINES)
    assert checked.taken_back
    assert checked.analysis.verdict is Verdict.UNRESOLVED
    assert checked.analysis.next_step is NextStep.GIVE_UP
    assert checked.analysis.confidence <= 0.5


@pytest.mark.parametrize(
    "value",
    [
        "2:30 PM",
        "14:30",
        "2026-12-01",
        "2026-12-01T14:30",
        "2026-12-01 14:30:00+01:00",
        "Tuesday, 2:30 p.m.",
        "Tuesday",
    ],
)
def test_what_was_said_is_kept(value: str) -> None:
    """Dates and times count in whatever form they are written."""
    assert check_evidence(claimed(agreed={"when": value}), LINES).analysis.agreed


@pytest.mark.parametrize(
    "value", ["3:45 PM", "Wednesday", "2026-12-09", "25:00", "2026-13-40", "14:31", "December"]
)
def test_a_date_nobody_said_undoes_the_success(value: str) -> None:
    """An agreed date or time that was not said is taken out and undoes the success."""
    checked = check_evidence(claimed(agreed={"when": value, "service": "dental"}), LINES)
    assert checked.analysis.agreed == {"service": "dental"}
    assert checked.dropped_facts == ("when",)
    assert checked.analysis.verdict is Verdict.UNRESOLVED


@pytest.mark.parametrize(
    "agreed",
    [{"price": "89.50"}, {"name": "Maria Lopez"}, {"phone": "+1 212 555 0199"}, {"note": "Zoe"}],
    ids=["price", "name", "phone", "anything"],
)
def test_whatever_nobody_said_undoes_the_success(agreed: dict[str, str]) -> None:
    """A price, a name or a number that was not said is taken out, and the success with it."""
    checked = check_evidence(claimed(agreed={"time": "2:30 PM"} | agreed), LINES)
    assert checked.dropped_facts == tuple(agreed)
    assert checked.analysis.verdict is Verdict.UNRESOLVED
    assert (checked.analysis.agreed, checked.analysis.confidence) == ({"time": "2:30 PM"}, 0.5)


def test_what_the_user_gave_may_stand_unsaid() -> None:
    """A name from the task's facts is no invention of the model."""
    wanted = Wanted(facts=("Maria Lopez",))
    agreed = {"time": "2:30 PM", "name": "Maria Lopez"}
    assert not check_evidence(claimed(agreed=agreed), LINES, wanted).taken_back


def test_german_is_read() -> None:
    """A German yes with a German time is a success; the same in an unknown language is not."""
    lines = [
        HeardLine(seq=1, speaker=Speaker.AI, text="Dienstag um halb drei bitte, stimmt das?"),
        HeardLine(seq=3, speaker=Speaker.CALLEE, text="Ja, Dienstag um halb drei passt."),
    ]
    evidence = [Evidence(claim="gebucht", quote="Dienstag um halb drei passt", seq=3)]
    answer = claimed(evidence=evidence, agreed={"zeit": "14:30"})
    assert not check_evidence(answer, lines, Wanted(language="de-AT")).taken_back
    doubted = check_evidence(answer, lines, Wanted(language="fi"))
    assert doubted.doubt == "What the callee said cannot be checked in this language."


def test_an_unsure_model_has_seen_no_success() -> None:
    """A success that the model itself doubts is none."""
    answer = claimed(agreed={"time": "2:30 PM"}, confidence=0.55)
    assert check_evidence(answer, LINES).taken_back


def test_a_summary_that_lies_is_replaced() -> None:
    """The user reads no time that nobody said."""
    answer = claimed(agreed={"time": "2:30 PM"}, summary="Booked for Friday at 5 PM.")
    summary = check_evidence(answer, LINES).analysis.summary
    assert summary == "The callee confirmed it. time: 2:30 PM."


def test_a_promise_with_another_date_is_dropped() -> None:
    """Of what was promised, only what was said is kept."""
    promises = [
        Promise(what="They call on Tuesday", due="Tuesday"),
        Promise(what="They call", due="2027-05-07"),
    ]
    kept = check_evidence(claimed(promises=promises), LINES).analysis.promises
    assert [(made.what, made.seq, made.start_ms) for made in kept] == [
        ("They call on Tuesday", 3, 6500)
    ]


def test_a_misquoted_agreement_takes_the_success_back() -> None:
    """What is agreed stands only by words that are in the line that it names."""
    fact = QuotedFact(
        name="day", value="Tuesday", agreed=True, quote="Tuesday at two thirty", seq=3
    )
    stands = check_evidence(claimed(agreed={"day": "Tuesday"}, facts=[fact]), LINES).analysis
    assert (stands.verdict, stands.facts[0].start_ms) == (Verdict.SUCCESS, 6500)
    elsewhere = fact.model_copy(update={"seq": 1})
    checked = check_evidence(claimed(agreed={"day": "Tuesday"}, facts=[elsewhere]), LINES)
    assert checked.dropped_facts == ("day",)
    assert (checked.analysis.verdict, checked.analysis.facts) == (Verdict.UNRESOLVED, [])


@pytest.mark.parametrize(
    ("value", "quote", "seq", "stands"),
    [
        ("Bright Smile Dental", "Bright Smile Dental", 1, True),
        ("Bright Smile Dental", "", 0, True),
        ("Harbor Dental", "Bright Smile Dental", 1, False),
        ("Bright Smile Dental on Friday", "Bright Smile Dental", 1, False),
        ("two thirty", "Is Tuesday the first at 2:30 free", 2, False),
        ("Nobody knows", "", 0, False),
    ],
)
def test_a_fact_stands_by_its_own_words(value: str, quote: str, seq: int, stands: bool) -> None:
    """A fact is kept with the callee's line that shows it, with or without a quote of the model."""
    fact = QuotedFact(name="place", value=value, quote=quote, seq=seq)
    kept = check_evidence(claimed(facts=[fact]), LINES).analysis.facts
    assert [(one.value, one.seq) for one in kept] == ([(value, 1)] if stands else [])


def test_a_promise_of_the_ai_counts_by_its_own_words() -> None:
    """A promise may be the AI's; a quote that nobody said takes it away."""
    made = Promise(what="We ask for Tuesday", quote="Is Tuesday the first", seq=2)
    invented = made.model_copy(update={"quote": "We will call on Tuesday"})
    kept = check_evidence(claimed(promises=[made, invented]), LINES).analysis.promises
    assert [(one.quote, one.start_ms) for one in kept] == [("Is Tuesday the first", 3000)]


@pytest.mark.parametrize(
    ("spoken", "value"),
    [
        ("It is half past two then.", "14:30"),
        ("Quarter to three works.", "2:45 PM"),
        ("At nine o'clock, fine.", "09:00"),
        ("Tomorrow at noon.", "2026-11-24 12:00"),
        ("That is eighty-nine dollars.", "$89.00"),
        ("Call two one two five five five oh one nine nine.", "+1 212 555 0199"),
        ("The fee is 1250 dollars", "1,250"),
        ("The first of December is fine", "December 1, 2026"),
        ("230 is good", "2:30"),
        ("Between 10 and 20 dollars", "10 - 20"),
        ("two one two, 555, 0199", "212-555-0199"),
        ("At 3 p.m.", "3 pm"),
        ("Tuesday's good, we do cleanings on Tuesdays", "Tuesday"),
    ],
)
def test_spoken_forms_are_understood(spoken: str, value: str) -> None:
    """What people say and what models write are compared by meaning."""
    lines = [HeardLine(seq=1, speaker=Speaker.CALLEE, text=spoken)]
    evidence = [Evidence(claim="it", quote=spoken, seq=1)]
    wanted = Wanted(called_on=date(2026, 11, 23))
    checked = check_evidence(claimed(evidence=evidence, agreed={"it": value}), lines, wanted)
    assert checked.analysis.agreed == {"it": value}


@pytest.mark.parametrize("number", ["+12125550198", "212-555-0198", "(212) 555 0198"])
def test_a_long_number_must_be_said_whole(number: str) -> None:
    """A phone number with one digit changed was not said."""
    lines = [HeardLine(seq=1, speaker=Speaker.CALLEE, text="two one two 555 0199")]
    checked = check_evidence(claimed(agreed={"phone": number}), lines)
    assert checked.dropped_facts == ("phone",)


def test_a_failure_needs_no_quote() -> None:
    """A failure stays one without evidence, and may be retried."""
    failed = claimed(verdict=Verdict.FAILURE, next_step=NextStep.RETRY, evidence=[])
    assert check_evidence(failed, LINES).analysis == failed


_ANALYSES = st.builds(
    CallAnalysis,
    verdict=st.sampled_from(Verdict),
    summary=st.text(max_size=20),
    agreed=st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=3),
    next_step=st.sampled_from(NextStep),
    evidence=st.lists(
        st.builds(
            Evidence,
            claim=st.text(max_size=10),
            quote=st.one_of(st.text(max_size=20), st.sampled_from([x.text for x in LINES])),
            seq=st.integers(0, 5),
        ),
        max_size=4,
    ),
    confidence=st.floats(0, 1),
    dnd=st.booleans(),
)


@given(_ANALYSES)
def test_no_success_without_the_callees_words(analysis: CallAnalysis) -> None:
    """Whatever a model answers, what stays a success quotes the callee."""
    after = check_evidence(analysis, LINES).analysis
    spoken_by = {line.seq: line.speaker for line in LINES}
    if after.verdict in {Verdict.SUCCESS, Verdict.PARTIAL}:
        assert any(spoken_by[item.seq] is Speaker.CALLEE for item in after.evidence)
    assert after.dnd == analysis.dnd
    assert after.confidence <= analysis.confidence


@given(_ANALYSES)
def test_a_second_check_changes_nothing(analysis: CallAnalysis) -> None:
    """What passed the check passes it again."""
    once = check_evidence(analysis, LINES).analysis
    assert check_evidence(once, LINES).analysis == once


@given(st.text(max_size=40))
def test_any_agreed_value_can_be_checked(value: str) -> None:
    """No text in an agreed value breaks the check."""
    checked = check_evidence(claimed(agreed={"x": value}), LINES)
    assert set(checked.analysis.agreed) <= {"x"}


@pytest.mark.parametrize(
    "answer", ["Yes, that is right. Anything else?", "Yes, that is right, anything else."]
)
def test_a_yes_with_a_closing_question(answer: str) -> None:
    """A time that was misheard is mended by the yes to our read-back, however it is written."""
    lines = (
        HeardLine(seq=1, speaker=Speaker.CALLEE, text="I have Wednesday at nine fifteen."),
        HeardLine(seq=2, speaker=Speaker.AI, text="Wednesday at nine fifteen works, please."),
        HeardLine(seq=3, speaker=Speaker.CALLEE, text="You are now booked for Wednesday at nine."),
        HeardLine(seq=4, speaker=Speaker.AI, text="So that is Wednesday at nine fifteen, correct?"),
        HeardLine(seq=5, speaker=Speaker.CALLEE, text=answer),
    )
    evidence = [Evidence(claim="booked", quote="Yes, that is right", seq=5)]
    checked = check_evidence(claimed(agreed={"time": "9:15 AM"}, evidence=evidence), lines)
    assert checked.analysis.verdict is Verdict.SUCCESS
