"""What the user's answer to a check-in means for the task: a pure function."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import phonenumbers

from opendeep.common.data_models import WRONG_NUMBER
from opendeep.common.errors import InvalidInputError
from opendeep.task_manager.number_class import number_fault

_STOP = re.compile(
    r"^\W*(please )?(stop|cancel|give (it )?up|drop it|never ?mind|forget (it|about it))\b"
    r"|^\W*(no|nope|no,? thanks?( you)?)\W*$",
    re.IGNORECASE,
)
_INTERNATIONAL = re.compile(r"\+[0-9][0-9 ().-]{4,24}[0-9]")
_KEPT_ANSWERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckInDecision:
    """What happens to the task.

    Attributes:
        cancel: the user does not want it any more.
        phone_number: a new number to call (E.164), validated, or None.
        context: the task's new ``inter_call_context``.
        reason: for the user, in plain words.
    """

    cancel: bool
    phone_number: str | None
    context: dict[str, Any]
    reason: str


def decide_check_in(
    question: str,
    answer: str,
    context: Mapping[str, Any],
    *,
    old_number: str,
    countries: frozenset[str] = frozenset(),
) -> CheckInDecision:
    """Read an answer: a number replaces the task's, "cancel" ends it, all else is remembered.

    Whoever said that the number is theirs is not called again because of a vague answer: after a
    wrong number only another number, or "cancel", will do.

    Raises:
        InvalidInputError: the answer holds a number that must not be dialled, or lacks the number
            that was asked for.
    """
    remembered = [*context.get("user_answers", []), {"question": question, "answer": answer}]
    new_context = {**context, "user_answers": remembered[-_KEPT_ANSWERS:]}
    number = _number_in(answer, old_number)
    if number is None and _STOP.search(answer):
        return CheckInDecision(
            cancel=True, phone_number=None, context=new_context, reason="You cancelled it."
        )
    if number is not None and (fault := number_fault(number, countries)) is not None:
        raise InvalidInputError(f"This number cannot be called: {fault.message}")
    if context.get(WRONG_NUMBER) == old_number and number in {None, old_number}:
        raise InvalidInputError(
            "The number that was called is somebody else's: write another one with + and country "
            'code, or "cancel". Retry the task if that number is to be called all the same.'
        )
    reason = "You gave a new number." if number else "You answered; the task goes on."
    return CheckInDecision(cancel=False, phone_number=number, context=new_context, reason=reason)


def _number_in(answer: str, old_number: str) -> str | None:
    """Return the first telephone number in the answer as E.164.

    One with a ``+`` is taken as written, right or wrong; another is read as a number of the old
    one's country, and only if it is valid there, so that a date is not taken for a number.
    """
    if written := _INTERNATIONAL.search(answer):
        return re.sub(r"[^0-9+]", "", written[0])
    try:
        old = phonenumbers.parse(old_number)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_country_code(old.country_code or 0)
    for match in phonenumbers.PhoneNumberMatcher(answer, region):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return None
