"""The message for an answering machine, composed by code: an AI, for whom, why, and how to answer.

It begins as every call does (LEG-01) and names a number only where the user gave one (LEG-22).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import phonenumbers

CALLBACK_FACT: Final = "callback_number"
"""The fact of a task or profile with the number at which the user wants to be called back."""

MESSAGE_EVENT: Final = "voicemail_message"
"""The event of a call that left a message, as the audio side names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageWords:
    """The end of a message in one language; ``{number}`` is filled in."""

    call_back: str
    no_number: str
    goodbye: str


WORDS: Final[Mapping[str, MessageWords]] = MappingProxyType(
    {
        "en": MessageWords(
            call_back="Please call back at {number}. Once more: {number}.",
            no_number="You do not need to do anything.",
            goodbye="Thank you, and goodbye.",
        ),
        "de": MessageWords(
            call_back="Bitte rufen Sie zurück unter {number}. Ich wiederhole: {number}.",
            no_number="Sie müssen nichts weiter tun.",
            goodbye="Vielen Dank, auf Wiederhören.",
        ),
        "es": MessageWords(
            call_back="Por favor, llame al {number}. Repito: {number}.",
            no_number="No hace falta que haga nada.",
            goodbye="Gracias, adiós.",
        ),
        "fr": MessageWords(
            call_back="Merci de rappeler au {number}. Je répète : {number}.",
            no_number="Vous n'avez rien à faire.",
            goodbye="Merci, au revoir.",
        ),
        "it": MessageWords(
            call_back="La prego di richiamare il numero {number}. Ripeto: {number}.",
            no_number="Non deve fare nulla.",
            goodbye="Grazie, arrivederci.",
        ),
        "pt": MessageWords(
            call_back="Por favor, ligue de volta para {number}. Repito: {number}.",
            no_number="Não precisa de fazer nada.",
            goodbye="Obrigado, adeus.",
        ),
        "nl": MessageWords(
            call_back="Belt u alstublieft terug naar {number}. Ik herhaal: {number}.",
            no_number="U hoeft niets te doen.",
            goodbye="Dank u wel, tot ziens.",
        ),
        "pl": MessageWords(
            call_back="Proszę oddzwonić pod numer {number}. Powtarzam: {number}.",
            no_number="Nie trzeba nic robić.",
            goodbye="Dziękuję, do widzenia.",
        ),
    }
)


def message(language: str, opening: str, number: object) -> str:
    """Compose a message.

    Args:
        language: a key of :data:`WORDS`.
        opening: the disclosure of the call.
        number: what the user gave as the number to call back, or anything else for none.
    """
    words = WORDS[language]
    spoken = spoken_number(number)
    ending = words.call_back.replace("{number}", spoken) if spoken else words.no_number
    return f"{opening} {ending} {words.goodbye}"


def spoken_number(number: object) -> str:
    """Return a number as it is said, digit by digit in its usual groups; empty if it is none."""
    if not isinstance(number, str):
        return ""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    groups = phonenumbers.format_number(parsed, style).lstrip("+").replace("-", " ").split()
    return ", ".join(" ".join(group) for group in groups)
