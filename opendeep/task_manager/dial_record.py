"""Decisions as rows: what goes into them, and deciding them again.

A stored decision holds its facts whole. Deciding them again at the same instant gives the same
verdict by the same rule until the rules themselves change, which ``policy_version`` tells.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from opendeep.database.models import DialDecision
from opendeep.task_manager.dial_facts import Decision, DialFacts, WaitUntil
from opendeep.task_manager.dial_policy import POLICY_VERSION, decide

_FACTS = TypeAdapter(DialFacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A stored decision that would be another one now.

    Attributes:
        stored: its verdict and rule, as stored.
        now: its verdict and rule, as decided again.
        same_version: whether the rules are those that decided it.
    """

    decision_id: int
    stored: str
    now: str
    same_version: bool


def row_of(decision: Decision, facts: DialFacts, now: datetime) -> dict[str, Any]:
    """Return the columns of a row for a decision made at ``now``; JSON in ``inputs``."""
    return {
        "decided_at": now,
        "verdict": decision.verdict,
        "rule_id": decision.rule_id,
        "until": _until(decision),
        "inputs": _FACTS.dump_python(facts, mode="json"),
        "policy_version": POLICY_VERSION,
    }


def facts_of(row: DialDecision) -> DialFacts:
    """Return the facts of a stored decision.

    Raises:
        pydantic.ValidationError: the row's inputs are not facts.
    """
    return _FACTS.validate_python(row.inputs)


def differences(rows: list[DialDecision]) -> Iterator[Difference]:
    """Decide each row again; yield those where the verdict, the rule or the time is another."""
    for row in rows:
        stored, now = _words(row.verdict, row.rule_id, row.until), _again(row)
        if stored != now:
            same = row.policy_version == POLICY_VERSION
            yield Difference(decision_id=row.id, stored=stored, now=now, same_version=same)


def _again(row: DialDecision) -> str:
    try:
        facts = facts_of(row)
    except ValidationError:
        return "unreadable: its inputs were changed by hand"
    decision = decide(facts, row.decided_at)
    return _words(decision.verdict, decision.rule_id, _until(decision))


def _until(decision: Decision) -> datetime | None:
    return decision.until if isinstance(decision, WaitUntil) else None


def _words(verdict: str, rule_id: str, until: datetime | None) -> str:
    return f"{verdict} ({rule_id})" + (f" until {until.isoformat()}" if until else "")
