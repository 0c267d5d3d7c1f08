"""What the user's answer to a check-in means for the task: a pure function."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opendeep.task_manager.number_class import number_fault

_NUMBER = re.compile(r"\+[0-9][0-9 ().-]{5,24}[0-9]")
_STOP = re.compile(r"^\s*(stop|cancel|give up|no|never mind|forget it)\b", re.IGNORECASE)
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


def decide_check_in(question: str, answer: str, context: Mapping[str, Any]) -> CheckInDecision:
    """Read an answer: a number replaces the task's, "cancel" ends it, all else is remembered."""
    remembered = [*context.get("user_answers", []), {"question": question, "answer": answer}]
    new_context = {**context, "user_answers": remembered[-_KEPT_ANSWERS:]}
    if _STOP.match(answer):
        return CheckInDecision(
            cancel=True, phone_number=None, context=new_context, reason="You cancelled it."
        )
    match = _NUMBER.search(answer)
    number = re.sub(r"[^0-9+]", "", match[0]) if match else None
    if number is not None and (fault := number_fault(number)) is not None:
        return CheckInDecision(
            cancel=False,
            phone_number=None,
            context=new_context,
            reason=f"The number in your answer was not taken: {fault.message}",
        )
    reason = "You gave a new number." if number else "You answered; the task goes on."
    return CheckInDecision(cancel=False, phone_number=number, context=new_context, reason=reason)
