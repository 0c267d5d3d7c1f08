"""Whether the days, times, numbers and names of a claim are those of the conversation."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from opendeep.common.data_models import Speaker
from opendeep.post_call_analyzer_service.heard import HeardLine
from opendeep.post_call_analyzer_service.settlement import Settlement, fits
from opendeep.post_call_analyzer_service.spoken_numbers import digit_run, words
from opendeep.post_call_analyzer_service.spoken_terms import Day, Moment, Slot, Terms, terms_of
from opendeep.post_call_analyzer_service.stance import split

_LONG_NUMBER: Final = re.compile(r"\+?\d[\d\s().-]{4,}\d")
_LONG_NUMBER_DIGITS: Final = 6
_WHEN: Final = re.compile(
    r"\b(?:time|date|day|when|slot|appointment|booking|booked|start|starts|reservation|datetime"
    r"|termin|zeit|datum|tag|uhrzeit|hora|fecha|día|cita|heure|jour|horaire|rendez)\b"
)
_ANOTHER_TIME: Final = re.compile(
    r"\b(?:arriv\w*|open\w*|clos\w*|hours|deadline|reminder|until|from|duration|callback|call back"
    r"|check ?out|end|ends)\b"
)
_NAME: Final = re.compile(
    r"\b(?:name|person|contact|with|doctor|dentist|stylist|spoke to|agent|staff|who|nombre|nom)\b"
)
_PRICE: Final = re.compile(
    r"\b(?:price|cost|costs|fee|total|amount|deposit|refund|rate|quote|preis|precio|prix)\b"
)
_TITLES: Final = frozenset(
    words("dr mr mrs ms miss doctor herr frau señor señora the a of and for")
)
_PLAIN: Final = frozenset(
    words(
        "yes no true false ja nein sí oui non confirmed booked agreed accepted available "
        "unavailable cancelled canceled done am pm reserved scheduled free open possible included "
        "none the approved granted answered given delivered refunded not"
    )
)
"""Words that say how it went: a model may choose them itself."""


class Claims:
    """The words of one call, ready to be compared with.

    Args:
        lines: the transcript.
        settlement: what the callee settled, stated and said yes to.
        language: of the call.
        facts: what the user gave for the call; a name among them may stand unsaid.
        called_on: the callee's date at the call.
    """

    def __init__(
        self,
        lines: Sequence[HeardLine],
        settlement: Settlement,
        language: str,
        facts: Sequence[str],
        called_on: date | None,
    ) -> None:
        self._language = language.lower().partition("-")[0]
        self._called_on = called_on
        self._read: dict[str, Terms] = {}
        self._settlement = settlement
        self._facts = [terms_of(fact, self._language) for fact in facts]
        people = [line for line in lines if line.speaker is not Speaker.SYSTEM]
        self._by_seq = {line.seq: line for line in people}
        self._order = [line.seq for line in people]
        self._said = [self._terms(part) for line in people for part in split(line.text)]
        self._words = _forms(word for line in people for word in words(line.text))
        self._known = self._words | _forms(word for fact in facts for word in words(fact))
        self._fact_words = [frozenset(words(fact)) for fact in facts]
        self._runs = [digit_run(line.text, self._language) for line in people]
        stated = [sentence.terms for _, sentence in settlement.backed]
        assented = [self._terms(part) for _, text in settlement.assented for part in split(text)]
        self._backed = [*stated, *assented]

    def _terms(self, text: str) -> Terms:
        known = self._read.get(text)
        if known is None:
            known = self._read[text] = terms_of(text, self._language)
        return known

    def stands(self, name: str, value: str) -> bool:
        """Whether an agreed fact is what was said; of an appointment, what was settled."""
        key = " ".join(words(name.replace("_", " ")))
        terms = self._terms(value)
        if terms.broken or not self._runs_were_said(value):
            return False
        if terms.slots and not self._slots_stand(key, terms.slots):
            return False
        if not self._numbers_stand(key, value, terms):
            return False
        if _NAME.search(key) is not None:
            return self._name_was_said(value)
        return self._words_were_said(value)

    def names_the_slot(self, agreed: Mapping[str, object]) -> bool:
        """Whether what was agreed says the day or time that was settled."""
        settled = self._settlement.settled
        if settled is None or settled.slot is None:
            return False
        return any(self._terms(str(value)).slots for value in agreed.values())

    def was_said(self, text: str) -> bool:
        """Whether all days, times and numbers of a text were said by somebody in the call."""
        terms = self._terms(text)
        if terms.broken or not self._runs_were_said(text):
            return False
        slots = [slot for said in [*self._said, *self._facts] for slot in said.slots]
        numbers = {number for said in [*self._said, *self._facts] for number in said.numbers}
        days = all(any(self._same_day(day, slot.day) for slot in slots) for day in terms.days)
        times = all(any(_same_time(time, slot.time) for slot in slots) for time in terms.times)
        return days and times and self._plain_numbers(text, terms) <= numbers

    def was_heard(self, text: str) -> bool:
        """Whether a text's days, times, numbers and names were said in the call."""
        return self.was_said(text) and self._words_were_said(text)

    def fit_line(self, claim: str, seq: int) -> bool:
        """Whether a claim's days, times and numbers are in its line or the turn before it."""
        terms = self._terms(claim)
        if not (terms.slots or terms.numbers):
            return True
        around = self._around(seq)
        slots = [slot for text in around for slot in self._terms(text).slots]
        numbers = {number for text in around for number in self._terms(text).numbers}
        settled = self._settlement.settled
        if settled is not None and settled.slot is not None:
            slots.append(settled.slot)
        days = all(any(self._same_day(day, slot.day) for slot in slots) for day in terms.days)
        times = all(any(_same_time(time, slot.time) for slot in slots) for time in terms.times)
        return days and times and self._plain_numbers(claim, terms) <= numbers

    def _around(self, seq: int) -> list[str]:
        at = self._order.index(seq)
        around = [self._by_seq[seq].text]
        for before in reversed(self._order[:at]):
            around.append(self._by_seq[before].text)
            if self._by_seq[before].speaker is Speaker.CALLEE:
                break
        return around

    def _slots_stand(self, key: str, slots: Sequence[Slot]) -> bool:
        settled = self._settlement.settled
        stands = settled.slot if settled is not None else None
        aside = _ANOTHER_TIME.search(key) is not None
        if stands is not None and not aside:
            return all(self._is_part_of(slot, stands) for slot in slots)
        if stands is not None and any(fits(slot, stands, self._called_on) for slot in slots):
            return True
        if aside or _WHEN.search(key) is None:
            return all(self._was_backed(slot) for slot in slots)
        return settled is None and all(self._was_backed(slot) for slot in slots)

    def _is_part_of(self, slot: Slot, whole: Slot) -> bool:
        """Whether each half that is claimed was settled, and is the same."""
        day = slot.day is None or self._same_day(slot.day, whole.day)
        time = slot.time is None or _same_time(slot.time, whole.time)
        return day and time

    def _was_backed(self, slot: Slot) -> bool:
        return any(self._is_part_of(slot, known) for said in self._backed for known in said.slots)

    def _same_day(self, day: Day, other: Day | None) -> bool:
        return other is not None and day.matches(other, self._called_on)

    def _numbers_stand(self, key: str, value: str, terms: Terms) -> bool:
        wanted = self._plain_numbers(value, terms)
        if not wanted:
            return True
        price = terms.money or _PRICE.search(key) is not None
        for said in self._backed:
            if wanted <= set(said.numbers) and (said.money or not price or not self._has_money()):
                return True
        return not price and any(wanted <= set(fact.numbers) for fact in self._facts)

    def _has_money(self) -> bool:
        return any(said.money for said in self._backed)

    def _plain_numbers(self, text: str, terms: Terms) -> set[int]:
        """The numbers of a text without those of long runs, and without the cents of full sums."""
        long = {int(part) for run in _long_runs(text) for part in re.findall(r"\d+", run)}
        joined = {int(run[-15:]) for run in map(_only_digits, _long_runs(text))}
        return {n for n in terms.numbers if n not in long | joined and not (n == 0 and terms.money)}

    def _runs_were_said(self, text: str) -> bool:
        """A long number, with or without the country code 1, in one line or from the user."""
        return all(
            any(run in said or run.removeprefix("1") in said for said in self._runs)
            for run in map(_only_digits, _long_runs(text))
        )

    def _words_were_said(self, value: str) -> bool:
        """Whether proper names in a value are known, and at least one of its words is."""
        names = {word.lower() for word in re.findall(r"\b[A-Z][a-z]+\b", value)}
        if self._language == "de":
            names = set()
        names = {word for word in names if not self._terms(word).slots} - _PLAIN
        content = set(words(value)) - _PLAIN - _TITLES
        said = content & self._known or not content or any(map(str.isdecimal, value))
        return bool(said) and all(name in self._known for name in names)

    def _name_was_said(self, value: str) -> bool:
        wanted = {word for word in words(value) if not word.isdecimal()} - _TITLES
        return wanted <= self._words or any(wanted <= fact for fact in self._fact_words)


def _forms(found: Iterable[str]) -> frozenset[str]:
    """Words as they are, and without a plural's or possessive's s."""
    return frozenset(form for word in found for form in (word, word.removesuffix("s")))


def _same_time(time: Moment, other: Moment | None) -> bool:
    return other is not None and time.matches(other)


def _long_runs(text: str) -> list[str]:
    plain = re.sub(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?", " ", text)
    return [
        run for run in _LONG_NUMBER.findall(plain) if len(_only_digits(run)) >= _LONG_NUMBER_DIGITS
    ]


def _only_digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))
