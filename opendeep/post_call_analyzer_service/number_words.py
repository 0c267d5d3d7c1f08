"""Number words of four languages as data: what a phrase of words is worth.

A phrase is a tuple of words as :func:`~opendeep.post_call_analyzer_service.spoken_numbers.words`
makes them; the longest one that fits is read. Ordinals are worth the same as cardinals.
A sharp s is written ss.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

Phrases = Mapping[tuple[str, ...], int]
_Found = dict[tuple[str, ...], int]

LONGEST_PHRASE: Final = 5
LEAST_SCALE: Final = 100


def _split(names: str) -> list[str]:
    return names.split()


_EN_UNITS = _split(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
)
_EN_TENS = _split("twenty thirty forty fifty sixty seventy eighty ninety")
_EN_ORDINALS = _split(
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh "
    "twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
)
_EN_TENTHS = _split("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth")
_DE_UNITS = _split(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn "
    "vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"
)
_DE_TENS = _split("zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig")
_DE_ORDINALS = _split(
    "erste zweite dritte vierte fünfte sechste siebte achte neunte zehnte elfte zwölfte "
    "dreizehnte vierzehnte fünfzehnte sechzehnte siebzehnte achtzehnte neunzehnte"
)
_ES_UNITS = _split(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
    "quince dieciséis diecisiete dieciocho diecinueve veinte veintiuno veintidós "
    "veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve"
)
_ES_TENS = _split("treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_FR_UNITS = _split(
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze "
    "quinze seize dix-sept dix-huit dix-neuf"
)
_FR_TENS = _split("vingt trente quarante cinquante soixante")


def _english() -> _Found:
    found: _Found = {(word,): value for value, word in enumerate(_EN_UNITS)}
    found |= {(word,): value for value, word in enumerate(_EN_ORDINALS)}
    for number, (ten, tenth) in enumerate(zip(_EN_TENS, _EN_TENTHS, strict=True), start=2):
        found |= {(ten,): number * 10, (tenth,): number * 10}
        for unit in range(1, 10):
            found[ten, _EN_UNITS[unit]] = found[ten, _EN_ORDINALS[unit]] = number * 10 + unit
    return found


def _german() -> _Found:
    found: _Found = {(word,): value for value, word in enumerate(_DE_UNITS)}
    for number, ten in enumerate(_DE_TENS, start=2):
        for unit in range(10):
            before = "" if unit == 0 else "einund" if unit == 1 else f"{_DE_UNITS[unit]}und"
            for ending in ("", "ste", "sten", "ster"):
                found[before + ten + ending,] = number * 10 + unit
    for value, word in enumerate(_DE_ORDINALS, start=1):
        found |= {(word,): value, (f"{word}n",): value, (f"{word}r",): value}
    small = [(phrase[0], value) for phrase, value in found.items() if value < LEAST_SCALE]
    for word, value in small:
        found[f"hundert{word}",] = found[f"einhundert{word}",] = LEAST_SCALE + value
    return found | {("hundert",): LEAST_SCALE, ("zwo",): 2, ("ein",): 1, ("einen",): 1}


def _spanish() -> _Found:
    found: _Found = {(word,): value for value, word in enumerate(_ES_UNITS)}
    for number, ten in enumerate(_ES_TENS, start=3):
        found[ten,] = number * 10
        for unit in range(1, 10):
            found[ten, "y", _ES_UNITS[unit]] = number * 10 + unit
    plain = {"dieciseis": 16, "veintidos": 22, "veintitres": 23, "veintiseis": 26}
    return found | {(word,): value for word, value in plain.items()} | {("primero",): 1}


def _french() -> _Found:
    units = [tuple(word.split("-")) for word in _FR_UNITS]
    found = {phrase: value for value, phrase in enumerate(units)}
    for number, ten in enumerate(_FR_TENS, start=2):
        found[ten,] = number * 10
        found[ten, "et", "un"] = number * 10 + 1
        for unit in range(1, 10):
            found[ten, *units[unit]] = number * 10 + unit
    for unit in range(10, 20):
        found["soixante", *units[unit]] = 60 + unit
        found["quatre", "vingt", *units[unit]] = 80 + unit
    for unit in range(1, 10):
        found["quatre", "vingt", *units[unit]] = 80 + unit
    rest = {("quatre", "vingts"): 80, ("quatre", "vingt"): 80, ("soixante", "et", "onze"): 71}
    return found | rest | {("une",): 1, ("premier",): 1}


NUMBER_PHRASES: Final[Mapping[str, Phrases]] = MappingProxyType(
    {"en": _english(), "de": _german(), "es": _spanish(), "fr": _french()}
)
"""By language; another language's number words are not read, its digits are."""

SCALES: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "en": {"hundred": 100, "thousand": 1000},
        "de": {"hundert": 100, "tausend": 1000},
        "es": {"cien": 100, "ciento": 100, "mil": 1000},
        "fr": {"cent": 100, "cents": 100, "mille": 1000},
    }
)
