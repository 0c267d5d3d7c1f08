"""What one line of the callee does: each of its sentences read as a yes, a no, or neither.

Pure and without memory; ``settlement.py`` puts the lines into their order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from opendeep.post_call_analyzer_service import stance_patterns as say
from opendeep.post_call_analyzer_service.spoken_numbers import canonical
from opendeep.post_call_analyzer_service.spoken_terms import Terms, terms_of

LANGUAGES = frozenset(say.AFFIRMS)
"""Whose yes and no are understood; in others nothing is taken for settled."""

_TITLES = re.compile(r"\b(Dr|Mr|Mrs|Ms|Prof|St|No|Sr|Sra|Mme|M)\.(?=\s)")
_MERIDIEM = re.compile(r"\b([ap])\.\s?m\.?(?=\s|$|,)", re.IGNORECASE)
_ENDS = re.compile(
    r"(?<=[.?!;…。？！—])\s+|,\s+(?=and you\b|and i\b|and we\b|but you\b)|\s+—\s+"  # noqa: RUF001
    # Recognisers hang the closing question to the answer before it, and lose its mark.
    r"|,\s+(?=(?i:anything else)\W*$)",
)
_QUESTION_MARKS = ("?", "？", "؟")  # noqa: RUF001


class Stance(StrEnum):
    """What a sentence does."""

    CONFIRM = "confirm"
    AFFIRM = "affirm"
    STATE = "state"
    QUESTION = "question"
    CLOSING = "closing"
    NEGATE = "negate"
    DOUBT = "doubt"
    PHATIC = "phatic"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """One sentence, read.

    Attributes:
        plain: its words in canonical form.
        revokes: it takes back what was settled.
        halts: something stopped the callee.
        turns: a change of mind, if it is a no, a doubt, or another time.
    """

    text: str
    plain: str
    stance: Stance
    terms: Terms
    revokes: bool = False
    halts: bool = False
    turns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """A line of the callee, read.

    Attributes:
        ignored: it speaks to the judge, or a machine speaks: nothing in it counts.
        spoiled: it doubts as a whole.
    """

    sentences: tuple[Sentence, ...]
    ignored: bool = False
    spoiled: bool = False

    def has(self, *stances: Stance) -> bool:
        """Whether a sentence does one of these."""
        return any(sentence.stance in stances for sentence in self.sentences)


def read_line(text: str, language: str, *, cancelling: bool = False) -> ReadLine:
    """Read what the callee said in one turn; ``cancelling`` where a cancellation is the goal."""
    plain = canonical(text, language)
    ignored = bool(say.INSTRUCTION.search(plain) or say.MACHINE.search(plain))
    spoiled = bool(say.STRONG_DOUBT.search(plain))
    found = tuple(
        _read(part, language, ignored=ignored, cancelling=cancelling) for part in split(text)
    )
    return ReadLine(sentences=found, ignored=ignored, spoiled=spoiled and not ignored)


def split(text: str) -> Iterator[str]:
    """Split a turn into sentences."""
    plain = _MERIDIEM.sub(r"\1m", _TITLES.sub(r"\1", text))
    yield from (part for part in _ENDS.split(plain) if part and part.strip())


def _read(text: str, language: str, *, ignored: bool, cancelling: bool) -> Sentence:
    plain = canonical(text, language)
    negated = bool(say.NEGATION.search(say.HARMLESS_NEGATION.sub(" ", plain)))
    cancels = cancelling and bool(say.CANCELS.search(plain))
    done = cancels if cancelling else _confirms(plain, language)
    stance = Stance.IGNORED if ignored else _stance(text, plain, language, (negated, done))
    return Sentence(
        text=text,
        plain=plain,
        stance=stance,
        terms=terms_of(text, language),
        revokes=not ignored and not cancels and bool(say.REVOKES.search(plain)),
        halts=not ignored and bool(say.HALTS.search(plain)),
        turns=not ignored and bool(say.TURNS.search(plain)),
    )


def _stance(text: str, plain: str, language: str, read: tuple[bool, bool]) -> Stance:
    negated, done = read
    if say.CLOSING_QUESTION.search(plain) and not done:
        return Stance.CLOSING
    if text.rstrip().endswith(_QUESTION_MARKS) or say.QUESTION_START.search(plain):
        return Stance.CLOSING if say.CLOSING_QUESTION.search(plain) else Stance.QUESTION
    if negated or say.DOUBT.search(plain):
        return Stance.NEGATE if negated else Stance.DOUBT
    blocked = say.BLOCKED.search(plain) is not None
    if done and not blocked:
        return Stance.CONFIRM
    if say.PHATIC.search(plain):
        return Stance.PHATIC
    affirms = say.AFFIRMS.get(language)
    yes = affirms is not None and affirms.search(plain) is not None and not blocked
    return Stance.AFFIRM if yes else Stance.STATE


def _confirms(plain: str, language: str) -> bool:
    pattern = say.CONFIRMS.get(language)
    return pattern is not None and pattern.search(plain) is not None
