"""What the callee settled, read from the transcript alone, without any model.

Theory: walk through the lines and keep one *slot* (day and time) that is on the table and one
*settlement*. The AI and the callee put things on the table; only the callee settles them:

- by a confirmation ("you are booked for Tuesday at 2:30"), or
- by a yes to words of the AI that name the terms: a read-back, or a wish that the callee repeats.

A yes to anything else ("yes, who is this?") settles nothing. A question for a detail leaves the
settlement pending until the callee goes on. What comes later wins: a cancellation, a correction or
another time takes the settlement back until it is made anew. Words of the AI never settle, and
lines that speak to the judge or come from a machine count for nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from opendeep.common.data_models import Speaker
from opendeep.post_call_analyzer_service import stance_patterns as say
from opendeep.post_call_analyzer_service.heard import HeardLine
from opendeep.post_call_analyzer_service.spoken_numbers import canonical
from opendeep.post_call_analyzer_service.spoken_terms import Slot, terms_of
from opendeep.post_call_analyzer_service.stance import (
    LANGUAGES,
    ReadLine,
    Sentence,
    Stance,
    read_line,
    split,
)
from opendeep.post_call_analyzer_service.task_kind import TaskKind

_CUT_MARK = "—"
_READ_BACK = re.compile(
    r"\b(?:correct|right|confirm\w*|so (?:that|it|thats|its|i|we|you|to)|is that|booked|to be sure"
    r"|agreed|stimmt|richtig|korrekt|also|correcto|entonces|donc|exact)\b"
)
_IDLE_QUESTION = re.compile(
    r"\b(?:good time|have a (?:moment|minute)|may i ask|are you (?:there|still)|hear me|speaking"
    r" (?:to|with)|is this|am i|still there|could you help|can you help|can i talk|how are you"
    r"|anything else|hello|understand me|with me)\b"
)
_ASIDE = re.compile(
    r"\b(?:arrive|early|earlier|come in|opens?|closes?|closed|hours?|minutes|parking|remind\w*|call"
    r" us|text|email|deposit|card|insurance|before|until|takes|lasts|long|born|birth|cancel|lunch"
    r"|cards?|cash|bring|park|forget|late|eat|drink|smoke|pets?|dogs?|worry|necessary|break"
    r"|yesterday|monday to|from \d)\b"
)
_BESIDE = re.compile(r"\b(?:and|but|und|sondern|y|sino|et|mais)\b|[,;]")
_SAYS_NO = re.compile(
    r"(?:oh |well |um |sorry )*(?:no|nope|nein|non)\b(?! (?:thats|that is) (?:all|it|right"
    r"|correct))"
)
_FREE = re.compile(r"\b(?:free|available|open|possible|frei|verfügbar|libre|disponible)\b")
_CANCEL = re.compile(r"\b(?:cancel|storn|absag|annul)")
_UNDERTAKES = re.compile(
    r"\b(?:ill|i will|we will|ill make sure|consider it) (?:tell (?!you)|let|pass|give|send"
    r"|do|make|bring"
    r"|deliver|replace|refund|ship|put|note|take care|done)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What stands: by which line of the callee, and for which day and time if that is known."""

    seq: int
    slot: Slot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What came of a whole conversation.

    Attributes:
        settled: what stands at its end, or None.
        backed: the callee's plain statements that nothing took back, with their lines.
        assented: words of the AI that the callee said yes to, with the callee's line.
        answers: the callee's lines that answer something.
        offers: the days and times that the callee named.
        revoked_by: the line that took back what was settled, or None.
        understood: whether the language's yes and no are known.
    """

    settled: Settled | None
    backed: tuple[tuple[int, Sentence], ...] = ()
    assented: tuple[tuple[int, str], ...] = ()
    answers: frozenset[int] = frozenset()
    offers: tuple[Slot, ...] = ()
    revoked_by: int | None = None
    understood: bool = True


def settle(
    lines: Sequence[HeardLine], *, language: str, kind: TaskKind, called_on: date | None = None
) -> Settlement:
    """Walk through a conversation; see the module's head."""
    walk = _Walk(language=language.lower().partition("-")[0], kind=kind, called_on=called_on)
    for line in lines:
        if line.speaker is Speaker.AI:
            walk.say(line)
        elif line.speaker is Speaker.CALLEE and line.text.strip():
            walk.hear(line)
    return walk.result()


@dataclass(slots=True, kw_only=True)
class _Walk:
    """What lies on the table while the walk goes on; ``ai_turn`` is what the AI said last."""

    language: str
    kind: TaskKind
    called_on: date | None
    slot: Slot | None = None
    ai_turn: list[str] = field(default_factory=list)
    callee_spoke: bool = False
    offers: list[Slot] = field(default_factory=list)
    settled: Settled | None = None
    pending: Settled | None = None
    backed: list[tuple[int, Sentence]] = field(default_factory=list)
    assented: list[tuple[int, str]] = field(default_factory=list)
    answers: set[int] = field(default_factory=set)
    revoked_by: int | None = None

    def result(self) -> Settlement:
        """Return what stands now."""
        return Settlement(
            settled=self.settled,
            backed=tuple(self.backed),
            assented=tuple(self.assented),
            answers=frozenset(self.answers),
            offers=tuple(self.offers),
            revoked_by=self.revoked_by,
            understood=self.language in LANGUAGES,
        )

    def say(self, line: HeardLine) -> None:
        """Take words of the AI: they move what is on the table, and settle nothing.

        An AI that names another time than the one settled was not understood, or did not
        understand.
        """
        if self.callee_spoke:
            self.ai_turn.clear()
            self.callee_spoke = False
        self.ai_turn.append(line.text)
        for part in split(line.text):
            slots = terms_of(part, self.language).slots
            if self._differs(slots):
                self._revoke(line.seq)
            self._move(slots)

    def hear(self, line: HeardLine) -> None:
        """Take a line of the callee."""
        self.callee_spoke = True
        read = read_line(line.text, self.language, cancelling=self.kind is TaskKind.CANCEL)
        if read.ignored:
            self.pending = None
            return
        plain = canonical(line.text, self.language)
        if self.ai_turn and _is_answer(read, plain) and say.RETRACTS.search(plain) is None:
            self.answers.add(line.seq)
        if read.spoiled:
            self._revoke(line.seq)
        for sentence in read.sentences:
            self._take(line.seq, sentence, read)

    def _take(self, seq: int, sentence: Sentence, read: ReadLine) -> None:
        if self._takes_back(sentence):
            self._revoke(seq)
            self._unsay(sentence)
        match sentence.stance:
            case Stance.CONFIRM if not read.spoiled:
                self._confirm(seq, sentence, read)
            case Stance.AFFIRM if not read.spoiled:
                self._affirm(seq, sentence, read)
            case Stance.STATE | Stance.CONFIRM | Stance.AFFIRM:
                self._state(seq, sentence, read)
            case Stance.QUESTION | Stance.DOUBT:
                self.offers.extend(sentence.terms.slots)
                self._move(sentence.terms.slots)
            case Stance.NEGATE:
                self._negate(seq, sentence)
            case _:
                pass

    def _negate(self, seq: int, sentence: Sentence) -> None:
        """Keep what stands beside a "not": "not 95 but 120", "45 a month and no joining fee"."""
        if sentence.terms.slots:
            self.slot = None
            return
        for part in _BESIDE.split(sentence.text):
            plain = canonical(part, self.language)
            terms = terms_of(part, self.language)
            if terms.numbers and not say.NEGATION.search(plain):
                stated = Sentence(text=part, plain=plain, stance=Stance.STATE, terms=terms)
                self.backed.append((seq, stated))

    def _takes_back(self, sentence: Sentence) -> bool:
        """Whether it undoes what was settled: in so many words, or by a no to the terms."""
        if self.kind is TaskKind.ASK:
            return say.RETRACTS.search(sentence.plain) is not None
        confirms = sentence.stance is Stance.CONFIRM
        if sentence.revokes or (sentence.halts and not confirms):
            return True
        opposes = sentence.stance in {Stance.NEGATE, Stance.DOUBT}
        aside = _ASIDE.search(sentence.plain) is not None
        if opposes and not aside and (sentence.terms.slots or self._says_no(sentence)):
            return True
        changes = sentence.turns and not confirms and (opposes or bool(sentence.terms.slots))
        return changes and not self._asked_aside()

    def _says_no(self, sentence: Sentence) -> bool:
        """Whether it is a no to the terms, or to what stands; not one to another question."""
        if _SAYS_NO.match(sentence.plain):
            named = bool(self._asked_slots()) or self.kind is not TaskKind.BOOK
            return named and _IDLE_QUESTION.search(self._asked()) is None
        stands = self.settled is not None and sentence.stance is Stance.NEGATE
        return stands and not self._asked_aside()

    def _asked_aside(self) -> bool:
        """Whether the AI asked for something else than the terms."""
        return "?" in " ".join(self.ai_turn) and not self._asked_slots()

    def _unsay(self, sentence: Sentence) -> None:
        """Forget statements that a correction replaces: of its own sort, or all of them."""
        terms = sentence.terms
        if not (terms.slots or terms.numbers):
            self.backed.clear()
            self.assented.clear()
            self.answers.clear()
            return
        self.backed = [
            (seq, said)
            for seq, said in self.backed
            if not ((terms.slots and said.terms.slots) or (terms.numbers and said.terms.numbers))
        ]

    def _revoke(self, seq: int) -> None:
        if self.settled is not None or self.pending is not None:
            self.revoked_by = seq
        self.settled = self.pending = None

    def _confirm(self, seq: int, sentence: Sentence, read: ReadLine) -> None:
        self._back(seq, sentence)
        self._move(sentence.terms.slots)
        if self.ai_turn:
            self._settle(seq, read)

    def _affirm(self, seq: int, sentence: Sentence, read: ReadLine) -> None:
        self._back(seq, sentence)
        if self._differs(sentence.terms.slots) or self._differs(self._asked_slots()):
            self._revoke(seq)
        self._move(sentence.terms.slots)
        if self._finishes(sentence, read) or (
            self.pending is not None and not read.has(Stance.QUESTION, Stance.DOUBT)
        ):
            self._settle(seq, read)

    def _state(self, seq: int, sentence: Sentence, read: ReadLine) -> None:
        slots = sentence.terms.slots
        self.backed.append((seq, sentence))
        if _ASIDE.search(sentence.plain) and self.settled is not None:
            return
        if self._differs(slots):
            self._revoke(seq)
        self.offers.extend(slots)
        self._move(slots)
        open_ends = (Stance.QUESTION, Stance.DOUBT, Stance.NEGATE, Stance.PHATIC)
        if self.pending is not None and not slots and not read.has(*open_ends):
            self._settle(seq, read)

    def _back(self, seq: int, sentence: Sentence) -> None:
        self.backed.append((seq, sentence))
        if self.ai_turn and not self.ai_turn[-1].rstrip().endswith(_CUT_MARK):
            self.assented.append((seq, " ".join(self.ai_turn)))

    def _settle(self, seq: int, read: ReadLine) -> None:
        settled = Settled(seq=seq, slot=self.slot)
        if read.has(Stance.QUESTION):
            self.pending, self.settled = settled, None
        else:
            self.settled, self.pending = settled, None

    def _finishes(self, sentence: Sentence, read: ReadLine) -> bool:
        """Whether a yes settles: to a read-back, or to a wish whose terms the callee says again."""
        if not self.ai_turn or self.ai_turn[-1].rstrip().endswith(_CUT_MARK):
            return False
        if read.has(Stance.PHATIC, Stance.DOUBT) or _IDLE_QUESTION.search(self._last_question()):
            return False
        asked = self._asked()
        read_back = _READ_BACK.search(asked) is not None and "?" in " ".join(self.ai_turn)
        if self.kind is TaskKind.CANCEL:
            return read_back and _CANCEL.search(asked) is not None
        if self.kind is not TaskKind.BOOK:
            return read_back or _UNDERTAKES.search(sentence.plain) is not None
        named = bool(self._asked_slots())
        if sentence.terms.slots:
            said, asked_slots = sentence.terms.slots, self._asked_slots()
            same = all(any(fits(a, b, self.called_on) for b in asked_slots) for a in said)
            return named and same and _FREE.search(sentence.plain) is None
        return read_back and named

    def _asked(self) -> str:
        return canonical(" ".join(self.ai_turn), self.language)

    def _last_question(self) -> str:
        questions = [part for text in self.ai_turn for part in split(text) if "?" in part]
        return canonical(questions[-1], self.language) if questions else ""

    def _asked_slots(self) -> tuple[Slot, ...]:
        """The days and times that the AI's turn names; of several sentences, the last that does."""
        named = [
            slots
            for text in self.ai_turn
            for part in split(text)
            if (slots := terms_of(part, self.language).slots)
        ]
        return named[-1] if named else ()

    def _differs(self, slots: Sequence[Slot]) -> bool:
        """Whether one of these is not what was settled."""
        stands = self.settled or self.pending
        if stands is None or stands.slot is None:
            return False
        return any(not fits(slot, stands.slot, self.called_on) for slot in slots)

    def _move(self, slots: Sequence[Slot]) -> None:
        if len(slots) > 1:
            self.slot = None
        elif slots:
            self.slot = self._completed(slots[0])

    def _completed(self, said: Slot) -> Slot:
        """Fill in the half that was not said, from an offer that fits, else from the table."""
        if said.day is not None and said.time is not None:
            return said
        for known in [*reversed(self.offers), *([self.slot] if self.slot else [])]:
            if fits(said, known, self.called_on) and (said.day or said.time):
                shared = (said.day and known.day) or (said.time and known.time)
                if shared:
                    return Slot(day=said.day or known.day, time=said.time or known.time)
        if said.time is not None and self.slot is not None:
            return Slot(day=self.slot.day, time=said.time)
        if self.slot is not None and self.slot.day is None:
            return Slot(day=said.day, time=self.slot.time)
        return said


def fits(one: Slot, other: Slot, called_on: date | None) -> bool:
    """Whether nothing that both slots name differs."""
    days = one.day is None or other.day is None or one.day.matches(other.day, called_on)
    times = one.time is None or other.time is None or one.time.matches(other.time)
    return days and times


def _is_answer(read: ReadLine, plain: str) -> bool:
    told = (Stance.CONFIRM, Stance.AFFIRM, Stance.STATE, Stance.NEGATE)
    return read.has(*told) and not read.spoiled and say.REFUSES_ANSWER.search(plain) is None
