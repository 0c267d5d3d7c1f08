"""What kind of thing a task wants, read from its own words: which proof it needs.

- ``BOOK``: a day or a time that the callee confirms.
- ``CANCEL``: a cancellation that the callee confirms.
- ``ASK``: an answer that the callee gives.
- ``AGREE``: anything else; the callee must have agreed to it.
"""

import re
from collections.abc import Sequence
from enum import StrEnum

_CANCEL = re.compile(
    r"\b(?:cancel|cancell?ation|call off|unsubscribe|stornier|absag|kündig|cancelar|anular"
    r"|annuler)",
    re.IGNORECASE,
)
_BOOK = re.compile(
    r"\b(?:book|appointment|reserv|schedul|reschedul|table for|arrang|viewing|test drive"
    r"|pick ?up time"
    r"|termin|buch(?:en|ung)|tisch|cita|rendez|prenot|appuntament|visit)",
    re.IGNORECASE,
)
_ASK = re.compile(
    r"\b(?:ask|find out|whether|inquire|enquire|check (?:if|whether|the price)|learn|price"
    r"|cost|hours"
    r"|how much|quote|availability|in stock|compare|know if|information|frag|herausfinden|preis"
    r"|pregunt|averigu|precio|demand|prix|horaires)",
    re.IGNORECASE,
)


class TaskKind(StrEnum):
    """The proof that a task needs."""

    BOOK = "book"
    CANCEL = "cancel"
    ASK = "ask"
    AGREE = "agree"


def kind_of(goal: str, success_criteria: str, questions: Sequence[str] = ()) -> TaskKind:
    """Read a task's kind; the stricter proof where its words allow two."""
    wish = f"{goal} {success_criteria}"
    if _CANCEL.search(goal) and not re.search(
        r"\b(?:book|reschedul|cancellation polic)", goal, re.IGNORECASE
    ):
        return TaskKind.CANCEL
    asks = bool(questions) or _ASK.search(goal) is not None
    if _BOOK.search(goal) and not (asks and not _wants_booking(goal)):
        return TaskKind.BOOK
    if asks:
        return TaskKind.ASK
    return TaskKind.BOOK if _BOOK.search(wish) else TaskKind.AGREE


def _wants_booking(goal: str) -> bool:
    first = re.match(r"\W*(?:please |to |try to |call (?:and|to) )*(\w+)", goal, re.IGNORECASE)
    verb = first[1].lower() if first else ""
    return verb.startswith(
        ("book", "reserv", "schedul", "reschedul", "make", "arrang", "get", "buch")
    )
