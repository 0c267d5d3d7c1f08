"""What came of a finished call, judged by rules from its transcript alone.

A booking counts only if the callee said so: the assistant's own words prove nothing.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from opendeep.practice.brain_callee import Heard, read
from opendeep.practice.brain_patterns import Intent
from opendeep.practice.brain_progress import Booking
from opendeep.practice.brain_recognition import recognised
from opendeep.practice.brain_times import Slot
from opendeep.practice.brain_turns import brief_of_task, tagged

Json = dict[str, Any]
_MACHINE: Final = (Intent.MENU, Intent.VOICEMAIL, Intent.SCREENING, Intent.HOLD)
_SURE: Final = 0.9
_FAIRLY_SURE: Final = 0.7
_SPEAKS_MUCH: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A callee's transcript line, read; ``after_question`` is whether the AI had spoken before."""

    heard: Heard
    seq: int
    start_ms: int
    after_question: bool


class Call:
    """The transcript, read once."""

    def __init__(self, data: Json) -> None:
        self.task = _object(data.get("task"))
        self.cause = str(_object(data.get("call")).get("cause") or "")
        self.noted = _object(data.get("facts_noted"))
        asked = [_object(entry) for entry in data.get("asked_user") or []]
        self.user_answered = any(entry.get("answer") for entry in asked)
        self.lines: list[Line] = []
        self.booking = Booking()
        self.proof: Line | None = None
        self._ai_spoke = False
        for entry in data.get("transcript") or []:
            if isinstance(entry, dict):
                self._take(entry)

    def _take(self, entry: Json) -> None:
        text = str(entry.get("text") or "")
        match entry.get("speaker"):
            case "ai":
                self._ai_spoke = True
                self.booking.say(recognised(text))
            case "callee":
                line = Line(
                    heard=read(text),
                    seq=int(entry.get("seq") or 0),
                    start_ms=int(entry.get("start_ms") or 0),
                    after_question=self._ai_spoke,
                )
                self.lines.append(line)
                self._hear(line)
            case _:
                pass

    def _hear(self, line: Line) -> None:
        before = self.booking.verified or self.booking.confirmed
        self.booking.hear(line.heard)
        after = self.booking.verified or self.booking.confirmed
        if (after and not before) or (after and line.heard.has(Intent.CONFIRMS)):
            self.proof = line
        if not after:
            self.proof = None

    def first(self, *intents: Intent) -> Line | None:
        """Return the first line that does one of these."""
        return next((line for line in self.lines if line.heard.has(*intents)), None)


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def analyse(prompt: str) -> Json:
    """Return the ``call_analysis`` of the ``<call>`` in a prompt."""
    found = tagged(prompt, "call")
    try:
        data = json.loads(found) if found is not None else {}
    except ValueError:
        data = {}
    call = Call(_object(data))
    for rule in (_opt_out, _wrong_number, _machine, _booked, _answered):
        analysis = rule(call)
        if analysis is not None:
            return analysis
    return _nothing_reached(call)


def _analysis(verdict: str, summary: str, next_step: str, **more: object) -> Json:
    return {
        "verdict": verdict,
        "summary": summary,
        "agreed": [],
        "facts": [],
        "promises": [],
        "next_step": next_step,
        "evidence": [],
        "confidence": _SURE,
        "dnd": False,
        "question_for_user": None,
        **more,
    }


def _evidence(claim: str, line: Line) -> Json:
    return {
        "claim": claim,
        "quote": line.heard.text,
        "seq": line.seq,
        "start_ms": line.start_ms,
    }


def _opt_out(call: Call) -> Json | None:
    line = call.first(Intent.DO_NOT_CALL)
    if line is None:
        return None
    claim = "The callee asked not to be called again."
    return _analysis("failure", claim, "give_up", dnd=True, evidence=[_evidence(claim, line)])


def _wrong_number(call: Call) -> Json | None:
    line = call.first(Intent.WRONG_NUMBER)
    if line is None or call.proof is not None:
        return None
    whom = call.task.get("business_name") or call.task.get("contact_name") or "the callee"
    claim = f"The number does not belong to {whom}."
    question = f"The number is not that of {whom}. Which number should I call instead?"
    return _analysis(
        "failure",
        claim,
        "ask_user",
        evidence=[_evidence(claim, line)],
        question_for_user=question,
    )


def _machine(call: Call) -> Json | None:
    spoken = [line for line in call.lines if line.heard.text]
    if not spoken:
        return _analysis("failure", "Nobody spoke to the assistant.", "retry")
    if all(line.heard.has(*_MACHINE) for line in spoken):
        voicemail = call.first(Intent.VOICEMAIL) is not None
        what = "A voicemail greeting answered" if voicemail else "Only a machine answered"
        evidence = [_evidence(f"{what}.", spoken[0])]
        return _analysis("failure", f"{what}; no person was reached.", "retry", evidence=evidence)
    return None


def _booked(call: Call) -> Json | None:
    brief = brief_of_task(call.task)
    choice, proof = call.booking.choice, call.proof
    if not brief.is_booking or choice is None or proof is None:
        return None
    agreed = _agreed(choice, proof, brief.facts)
    where = brief.business_name or "the callee"
    service = brief.facts.get("service") or "appointment"
    claim = f"{where} confirmed {choice.spoken()}."
    summary = f"The {service} at {where} is booked for {choice.spoken()}."
    evidence = [_evidence(claim, proof)]
    offered = _line_naming(call, choice)
    if offered is not None and offered is not proof:
        evidence.append(_evidence(f"{where} offered {choice.spoken()}.", offered))
    confidence = _SURE if choice.is_whole else _FAIRLY_SURE
    return _analysis(
        "success",
        summary,
        "done",
        agreed=agreed,
        facts=_also_free(call, choice),
        evidence=evidence,
        confidence=confidence,
    )


def _agreed(choice: Slot, proof: Line, facts: dict[str, str]) -> list[Json]:
    values = {
        "day": choice.day.capitalize() if choice.day else None,
        "time": choice.clock(),
        "service": facts.get("service"),
        "name": facts.get("name_for_booking"),
    }
    return [_fact(name, value, proof) for name, value in values.items() if value]


def _fact(name: str, value: str, line: Line | None) -> Json:
    quote, seq = ("", 0) if line is None else (line.heard.text, line.seq)
    return {"name": name, "value": value, "quote": quote, "seq": seq}


def _also_free(call: Call, choice: Slot) -> list[Json]:
    """The other whole times that the callee named."""
    found = {
        slot.spoken(): line
        for line in call.lines
        for slot in line.heard.slots
        if slot.is_whole and slot != choice
    }
    return [_fact(f"also free {n}", when, line) for n, (when, line) in enumerate(found.items(), 1)]


def _line_naming(call: Call, choice: Slot) -> Line | None:
    return next((line for line in call.lines if choice in line.heard.slots), None)


def _answered(call: Call) -> Json | None:
    """A call that was to ask or tell something: the callee's answers are what was reached."""
    brief = brief_of_task(call.task)
    if brief.is_booking:
        return None
    answers = [line for line in call.lines if line.after_question and _is_answer(line.heard)]
    if not answers:
        return None
    noted = [_fact(str(k)[:80], str(v)[:500], None) for k, v in call.noted.items() if v]
    evidence = [_evidence("The callee answered.", line) for line in answers[-3:]]
    wanted = max(1, len(brief.questions))
    complete = call.cause in {"completed", ""} and len(answers) >= wanted
    said = answers[-1].heard.text
    return _analysis(
        "success" if complete else "partial",
        f"The callee answered: {said}",
        "done" if complete else "retry",
        agreed=noted,
        evidence=evidence,
        confidence=_FAIRLY_SURE,
    )


def _is_answer(heard: Heard) -> bool:
    others = (Intent.UNCLEAR, Intent.HELLO, Intent.ASKS_PURPOSE, Intent.ASKS_WHO, Intent.ROBOT)
    return bool(heard.text) and not heard.has(*_MACHINE, *others, Intent.ATTACK)


def _needs_the_user(call: Call, last: Line) -> Json:
    """The user's answer did not help: the same wish would meet the same offer again."""
    whom = call.task.get("business_name") or call.task.get("contact_name") or "The callee"
    summary = f"{whom} had nothing else to offer."
    question = f"{summary} What next: try again another day, other wishes, or give up?"
    evidence = [_evidence("The callee's last words.", last)]
    return _analysis("failure", summary, "ask_user", evidence=evidence, question_for_user=question)


def _nothing_reached(call: Call) -> Json:
    last = call.lines[-1]
    claim = "The callee's last words."
    evidence = [_evidence(claim, last)]
    if call.cause == "callee_hung_up" and len(call.lines) < _SPEAKS_MUCH:
        summary = "The callee hung up before anything was agreed."
        return _analysis("failure", summary, "retry", evidence=evidence)
    if call.user_answered:
        return _needs_the_user(call, last)
    refused = call.first(Intent.FULL, Intent.NO)
    if refused is not None:
        evidence = [_evidence("No suitable time was free.", refused)]
        summary = "No suitable time could be agreed on."
        return _analysis("failure", summary, "retry", evidence=evidence)
    summary = "The call ended before anything was agreed."
    return _analysis("failure", summary, "retry", evidence=evidence, confidence=_FAIRLY_SURE)
