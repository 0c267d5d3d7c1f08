"""Words and numbers of a transcript in one comparable form.

Speech recognisers write "2:30", "two thirty" or "half past two" for the same sound.
:func:`canonical` writes number words as digits, so that ``spoken_terms.py`` can read times, days
and amounts with one set of patterns. Number words are known in four languages, digits in all.
"""

import re
import unicodedata

from opendeep.post_call_analyzer_service.number_words import (
    LEAST_SCALE,
    LONGEST_PHRASE,
    NUMBER_PHRASES,
    SCALES,
)

_APOSTROPHES = str.maketrans("", "", "'’‘`´")  # noqa: RUF001 - the typographic ones are meant
_NO_SPACES_SCRIPTS = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])"
)
_THOUSANDS = re.compile(r"(?<=\d)[,.](?=\d{3}\b)")
_CENTS = re.compile(r"(?<=\d)[.,](\d{2})\b")
_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::\d{2})?(?!\d)")
_CLOCK_H = re.compile(r"\b(\d{1,2}) ?h ?(\d{2})\b", re.IGNORECASE)
_CLOCK_DOT = re.compile(
    r"(?<![$€£\d.])(?<![$€£] )\b([01]?\d|2[0-3])\.([0-5]\d)\b(?! ?(?:€|\$|£|euros?|dollars?|%))"
)
_DIGIT = r"\d+|zero|oh|one|two|three|four|five|six|seven|eight|nine"
_OH = re.compile(rf"(?<=[\dorenx]),? oh(?= (?:{_DIGIT})\b)", re.IGNORECASE)
"""Said for a zero: after a digit, or the last letter of one, and before another."""
_BREAKS = re.compile(r"[,;!?¿¡()]|\.(?=\s|$)|(?<=\d)\s?[-–]\s?(?=\d)")  # noqa: RUF001
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?=\D|$)")
_AFTER_ISO = re.compile(r"(iso\d+x\d+x\d+) ?T(?=\d)")
_ZONE = re.compile(r"(?<=:\d\d)(?:[+-]\d{2}:?\d{2}|Z)(?!\w)")
_MERIDIEM = re.compile(r"\b([ap])\.? ?m\b\.?", re.IGNORECASE)
_LETTERS_AFTER_DIGITS = re.compile(r"\b(\d+)(?=[^\W\d_])")
_ORDINAL_DIGITS = re.compile(r"\b(\d+)(?:st|nd|rd|th)\b", re.IGNORECASE)


def words(text: str) -> list[str]:
    """Split ``text`` into lower-case words without punctuation, accents composed.

    Letters of scripts that are written without spaces stand alone, so that a part of such a
    sentence can still be found in it.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()
    folded = unicodedata.normalize("NFKC", folded.replace("ß", "ss"))
    spaced = _NO_SPACES_SCRIPTS.sub(r" \1 ", folded)
    return "".join(
        letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "
        for letter in spaced
    ).split()


def contains_words(text: str, quote: str) -> bool:
    """Whether the words of ``quote``, at least one, stand in ``text`` in the same order, unbroken.

    A quote with no word in it, such as "...", is contained in nothing.
    """
    wanted = words(quote)
    return bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(words(text))} "


def canonical(text: str, language: str = "en", *, breaks: bool = False) -> str:
    """Write ``text`` as plain words with its numbers in digits; ``breaks`` keeps commas as ``|``.

    A clock time in digits becomes ``clk2x30``, an ISO date ``iso2026x12x01``, and the cents of a
    price stand behind the whole number.

    >>> canonical("Tuesday the twenty-fourth at two thirty, or 4:15?")
    'tuesday the 24 at 2 30 or clk4x15'
    """
    marked = _ISO.sub(r"iso\1x\2x\3", _ZONE.sub("", text))
    marked = _CLOCK.sub(r"clk\1x\2 ", _AFTER_ISO.sub(r"\1 ", marked))
    marked = _CLOCK_H.sub(r"clk\1x\2 ", _THOUSANDS.sub("", marked))
    marked = _CLOCK_DOT.sub(r"clk\1x\2 ", marked)
    marked = _MERIDIEM.sub(r" \1m ", _ORDINAL_DIGITS.sub(r"\1", _CENTS.sub(r" \1", marked)))
    spaced = _LETTERS_AFTER_DIGITS.sub(r"\1 ", marked)
    said = _OH.sub(" 0 ", spaced) if language == "en" else spaced
    parts = (_with_digits(words(part), language) for part in _BREAKS.split(said))
    return (" | " if breaks else " ").join(" ".join(part) for part in parts if part)


def _with_digits(tokens: list[str], language: str) -> list[str]:
    phrases = NUMBER_PHRASES.get(language, {})
    scales = SCALES.get(language, {})
    written: list[str] = []
    number_before = scaled = False
    at = 0
    while at < len(tokens):
        for length in range(min(LONGEST_PHRASE, len(tokens) - at), 0, -1):
            value = phrases.get(tuple(tokens[at : at + length]))
            if value is not None:
                if scaled and value < LEAST_SCALE:
                    written[-1] = str(int(written[-1]) + value)
                else:
                    written.append(str(value))
                scaled = False
                break
        else:
            length = 1
            scale = scales.get(tokens[at])
            scaled = scale is not None
            if scale is not None and number_before:
                written[-1] = str(int(written[-1]) * scale)
            else:
                written.append(tokens[at] if scale is None else str(scale))
        number_before = written[-1].isdecimal()
        at += length
    return written


def digit_run(text: str, language: str = "en") -> str:
    """Return all digits of ``text`` in one run, as for a phone number said digit by digit."""
    tokens = canonical(text, language).split()
    return "".join("".join(filter(str.isdecimal, token)) for token in tokens)
