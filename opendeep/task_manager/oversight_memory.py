"""A task's memory between its calls (``inter_call_context``), kept small.

It belongs to one task of one user and is only ever made of that task's own rows. What is oldest
and least needed goes first: summaries of earlier calls, then answers, then facts. Agreements,
promises of the last call and who was wrong on the line are kept to the end.
"""

import json
from collections.abc import Mapping
from typing import Any

BYTES_MOST = 6_000
_FACTS_MOST = 40
_FACT_CHARACTERS_MOST = 300
_ATTEMPTS_KEPT = 3
_ANSWERS_KEPT = 5
_SUMMARY_CHARACTERS_MOST = 200


def remember(context: Mapping[str, Any], facts: Mapping[str, str]) -> dict[str, Any]:
    """Add facts (people, menu maps, opening hours, …) under ``facts``; a newer one wins."""
    known = context.get("facts")
    merged = dict(known) if isinstance(known, dict) else {}
    for name, value in facts.items():
        merged.pop(name[:100], None)
        merged[name[:100]] = value[:_FACT_CHARACTERS_MOST]
    return {**context, "facts": dict(list(merged.items())[-_FACTS_MOST:])}


def size_of(context: Mapping[str, Any]) -> int:
    """Return how many bytes the context takes in a prompt."""
    return len(json.dumps(context, ensure_ascii=False).encode())


def compact(context: Mapping[str, Any], bytes_most: int = BYTES_MOST) -> dict[str, Any]:
    """Return the context in at most ``bytes_most`` bytes; one that is small stays as it is."""
    if size_of(context) <= bytes_most:
        return dict(context)
    kept = dict(context)
    attempts = kept.get("attempts")
    if isinstance(attempts, list):
        kept["attempts"] = [_shorter(one) for one in attempts[-_ATTEMPTS_KEPT:]]
        kept["earlier_attempts"] = _count(kept) + max(len(attempts) - _ATTEMPTS_KEPT, 0)
    answers = kept.get("user_answers")
    if isinstance(answers, list):
        kept["user_answers"] = answers[-_ANSWERS_KEPT:]
    for name in ("attempts", "facts", "user_answers", "agreed"):
        while size_of(kept) > bytes_most and kept.get(name):
            kept[name] = _without_first(kept[name])
    droppable = [name for name in kept if name not in {"wrong_number", "agreed"}]
    for name in droppable:
        if size_of(kept) <= bytes_most:
            break
        del kept[name]
    return kept


def _count(context: Mapping[str, Any]) -> int:
    counted = context.get("earlier_attempts")
    return counted if isinstance(counted, int) else 0


def _shorter(attempt: object) -> object:
    if not isinstance(attempt, dict):
        return attempt
    summary = str(attempt.get("summary") or "")
    return {**attempt, "summary": summary[:_SUMMARY_CHARACTERS_MOST]}


def _without_first(value: object) -> object:
    if isinstance(value, list):
        return value[1:]
    if isinstance(value, dict):
        return dict(list(value.items())[1:])
    return None
