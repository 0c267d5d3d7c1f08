"""What a text must become before it is spoken: sentences, and numbers as people say them."""

import re
from typing import Final

_DIGITS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
)  # fmt: skip
_PHONE: Final = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])[\"”')\]]*\s+(?=\S)")
_ABBREVIATION: Final = re.compile(r"(?:\b(?:Dr|Mr|Mrs|Ms|St|No|vs|[A-Z])|\b[ap]\.m)\.$")
_LONG_SENTENCE: Final = 220
_CLAUSE: Final = re.compile(r"(?<=[,;:])\s+")
_PHONE_DIGITS: Final = range(7, 16)


def spell_numbers(text: str) -> str:
    """Write telephone numbers as single spoken digits, in groups; other numbers stay."""
    return _PHONE.sub(_spell, text)


def _spell(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    digits = "".join(groups)
    if len(digits) not in _PHONE_DIGITS:
        return match[0]
    if len(groups) == 1:
        groups = _grouped(digits)
    spoken = ", ".join(" ".join(_DIGITS[int(digit)] for digit in group) for group in groups)
    return f"plus {spoken}" if match[0].startswith("+") else spoken


def _grouped(digits: str) -> list[str]:
    """Cut an unbroken number as North Americans read it: country, area, exchange, line."""
    head = digits[:-10]
    body = digits[-10:]
    parts = [head, body[:-7], body[-7:-4], body[-4:]]
    return [part for part in parts if part]


def sentences(text: str) -> list[str]:
    """Split a text in sentences; an over-long one is cut at clauses, so that audio comes early."""
    found: list[str] = []
    for line in text.splitlines():
        pending = ""
        for piece in _SENTENCE_END.split(line.strip()):
            pending = f"{pending} {piece}".strip()
            if _ABBREVIATION.search(pending) is None:
                found += _clauses(pending)
                pending = ""
        found += _clauses(pending)
    return [sentence for sentence in found if sentence]


def _clauses(sentence: str) -> list[str]:
    if len(sentence) <= _LONG_SENTENCE:
        return [sentence]
    found = [""]
    for part in _CLAUSE.split(sentence):
        if found[-1] and len(found[-1]) + len(part) > _LONG_SENTENCE:
            found.append("")
        found[-1] = f"{found[-1]} {part}".strip()
    return found
