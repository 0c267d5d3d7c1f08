"""Words and numbers of a transcript in one comparable form.

Speech recognisers write "2:30", "two thirty" or "half past two" for the same sound, and people
write "2026-12-01" where somebody said "Tuesday the first". This module makes the two comparable.
Only English number words are known; digits are read in every language.
"""

import re
import unicodedata

_ORDINAL_DIGITS = re.compile(r"^(\d+)(?:st|nd|rd|th)$")
_APOSTROPHES = str.maketrans("", "", "'’‘`´")  # noqa: RUF001 - the typographic ones are meant
_NO_SPACES_SCRIPTS = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])"
)


def words(text: str) -> list[str]:
    """Split ``text`` into lower-case words without punctuation, accents composed.

    Letters of scripts that are written without spaces stand alone, so that a part of such a
    sentence can still be found in it.
    """
    folded = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()
    spaced = _NO_SPACES_SCRIPTS.sub(r" \1 ", unicodedata.normalize("NFKC", folded))
    return "".join(
        letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "
        for letter in spaced
    ).split()


_UNITS = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = words("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = words(
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_TENTHS = words("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth")

_VALUES = {
    **{word: number for number, word in enumerate(_UNITS)},
    **{word: number for number, word in enumerate(_ORDINALS)},
    **{word: number * 10 for number, word in enumerate(_TENS, start=2)},
    **{word: number * 10 for number, word in enumerate(_TENTHS, start=2)},
    "oh": 0,
    "noon": 12,
    "midday": 12,
    "midnight": 12,
    "quarter": 15,
    "half": 30,
}
_SCALES = {"hundred": 100, "thousand": 1000}
_TENS_WORDS = frozenset(_TENS)
_ADDED_TO_TENS = frozenset(_UNITS[1:10]) | frozenset(_ORDINALS[1:10])


def contains_words(text: str, quote: str) -> bool:
    """Whether the words of ``quote``, at least one, stand in ``text`` in the same order, unbroken.

    A quote with no word in it, such as "...", is contained in nothing.
    """
    wanted = words(quote)
    return bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(words(text))} "


def numbers(text: str) -> list[int]:
    """Read all numbers of ``text`` in order, in digits or in English words.

    >>> numbers("Tuesday the twenty-fourth at two thirty")
    [24, 2, 30]
    """
    found: list[int] = []
    before = ""
    for word in words(text):
        match = _ORDINAL_DIGITS.match(word)
        if word.isdecimal():
            found.append(int(word))
        elif match:
            found.append(int(match[1]))
        elif word in _ADDED_TO_TENS and before in _TENS_WORDS:
            found[-1] += _VALUES[word]
        elif word in _VALUES:
            found.append(_VALUES[word])
        elif word in _SCALES and found and before in _VALUES:
            found[-1] *= _SCALES[word]
        before = word
    return found


def digits(text: str) -> str:
    """Return all digits of ``text`` in one run, as for a phone number said digit by digit."""
    return "".join(str(number) for number in _as_written(text))


def _as_written(text: str) -> list[str]:
    return [
        word if word.isdecimal() else str(_VALUES[word])
        for word in words(text)
        if word.isdecimal() or word in _VALUES
    ]
