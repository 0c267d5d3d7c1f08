"""Words that say "go on" rather than "stop": a listener's murmurs, in several languages.

Deliberately short words only: whoever says more means something by it.
"""

import re
from typing import Final

_SOUNDS: Final = """
m mm mmm mh hm hmm mhm mmhm mmhmm mum uh uhhuh huh um ah aha oh ooh eh
"""
_CONSENT: Final = """
yes yeah yep yup ya ok okay right sure alright fine good great perfect exactly true really
i see got it go on of course all understood
ja jaja genau gut klar stimmt richtig so alles verstehe ach natürlich jawohl
sí si vale claro bueno bien ajá ya acuerdo entiendo exacto perfecto
oui ouais d'accord bon voilà entendu parfait exactement
va certo bene sì d'accordo capisco esatto perfetto
sim tá pois isso entendo compreendo exato
prima oké precies goed juist klopt natuurlijk begrijp
tak dobrze jasne rozumiem oczywiście dokładnie okej
"""
_MURMURS: Final = frozenset((_SOUNDS + _CONSENT).split())
_GREETINGS: Final = frozenset(["hello", "hi", "hey", "hallo", "hola", "allô", "allo", "bonjour"])
_MOST_WORDS: Final = 4
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}-][^\W\d_]+)*")


def words_of(text: str) -> list[str]:
    """Return a text's words in lower case, without punctuation."""
    plain = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return _WORD.findall(plain)


def is_greeting(text: str) -> bool:
    """Whether words are a bare "hello"."""
    words = words_of(text)
    return bool(words) and all(word in _GREETINGS for word in words)


def is_back_channel(text: str, *, greeting: bool = False) -> bool:
    """Whether words only show that somebody listens; True also for no words at all.

    Args:
        text: what the callee said.
        greeting: whether a bare "hello" counts, too, as it does while the AI introduces itself.
    """
    words = words_of(text)
    known = _MURMURS | _GREETINGS if greeting else _MURMURS
    return len(words) <= _MOST_WORDS and all(
        part in known for word in words for part in ([word] if word in known else word.split("-"))
    )
