"""The fixed first words of a call, in the callee's language: an AI, on whose behalf, and why.

No model has a hand in them, and nothing switches them off (LEG-01). Where calls are recorded they
say so before the reason, as a fact and not as a chance (LEG-11). A language that is not here falls
back to English: better understood by some than missing.

Names and reasons come in the user's own words, so the sentences are built such that nothing in
them has to be inflected: what is wanted stands after a colon.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from opendeep.task_manager.speech_choices import primary_language

DISCLOSURE_VERSION: Final = 2
"""Grows with every change of a wording."""
FALLBACK: Final = "en"
_VOWELS: Final = frozenset("aeiouàâäéèêëîïôöùûüœæ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The sentences of one language.

    Attributes:
        introduction: an AI, and on whose behalf; ``{name}`` is filled in.
        anonymous: the same where no name is known.
        recorded: that the call is recorded.
        booking: what shall be booked; ``{service}`` is filled in.
        reason: why the call is made; ``{title}`` is filled in.
        before_vowel: the introduction for a name that begins with a vowel, where that matters.
    """

    introduction: str
    anonymous: str
    recorded: str
    booking: str
    reason: str
    before_vowel: str | None = None


WORDINGS: Final[Mapping[str, Wording]] = MappingProxyType(
    {
        "en": Wording(
            introduction="Hello, this is an automated AI assistant calling on behalf of {name}.",
            anonymous="Hello, this is an automated AI assistant calling on behalf of a customer.",
            recorded="This call is being recorded.",
            booking="I would like to book {service}.",
            reason="I am calling about the following: {title}.",
        ),
        "de": Wording(
            introduction="Guten Tag, ich bin ein automatischer Assistent mit künstlicher "
            "Intelligenz und rufe im Auftrag von {name} an.",
            anonymous="Guten Tag, ich bin ein automatischer Assistent mit künstlicher Intelligenz "
            "und rufe im Auftrag einer Kundin oder eines Kunden an.",
            recorded="Dieses Gespräch wird aufgezeichnet.",
            booking="Ich möchte gern Folgendes buchen: {service}.",
            reason="Es geht um Folgendes: {title}.",
        ),
        "es": Wording(
            introduction="Hola, le habla un asistente automático de inteligencia artificial en "
            "nombre de {name}.",
            anonymous="Hola, le habla un asistente automático de inteligencia artificial en nombre "
            "de un cliente.",
            recorded="Esta llamada se está grabando.",
            booking="Quisiera reservar lo siguiente: {service}.",
            reason="Le llamo por lo siguiente: {title}.",
        ),
        "fr": Wording(
            introduction="Bonjour, je suis un assistant automatique, une intelligence "
            "artificielle, et je vous appelle de la part de {name}.",
            anonymous="Bonjour, je suis un assistant automatique, une intelligence artificielle, "
            "et je vous appelle de la part d'un client.",
            recorded="Cet appel est enregistré.",
            booking="Je souhaiterais effectuer la réservation suivante : {service}.",
            reason="Voici l'objet de mon appel : {title}.",
            before_vowel="Bonjour, je suis un assistant automatique, une intelligence "
            "artificielle, et je vous appelle de la part d'{name}.",
        ),
        "it": Wording(
            introduction="Salve, sono un assistente automatico basato sull'intelligenza "
            "artificiale e chiamo per conto di {name}.",
            anonymous="Salve, sono un assistente automatico basato sull'intelligenza artificiale e "
            "chiamo per conto di un cliente.",
            recorded="Questa chiamata viene registrata.",
            booking="Vorrei prenotare quanto segue: {service}.",
            reason="Chiamo per il seguente motivo: {title}.",
        ),
        "pt": Wording(
            introduction="Olá, aqui fala um assistente automático de inteligência artificial, em "
            "nome de {name}.",
            anonymous="Olá, aqui fala um assistente automático de inteligência artificial, em nome "
            "de um cliente.",
            recorded="Esta chamada é gravada.",
            booking="Gostaria de reservar o seguinte: {service}.",
            reason="O motivo da chamada é o seguinte: {title}.",
        ),
        "nl": Wording(
            introduction="Goedendag, ik ben een automatische assistent met kunstmatige "
            "intelligentie en ik bel namens {name}.",
            anonymous="Goedendag, ik ben een automatische assistent met kunstmatige intelligentie "
            "en ik bel namens een klant.",
            recorded="Dit gesprek wordt opgenomen.",
            booking="Ik wil graag het volgende boeken: {service}.",
            reason="Ik bel over het volgende: {title}.",
        ),
        "pl": Wording(
            introduction="Dzień dobry, mówi automatyczny asystent oparty na sztucznej "
            "inteligencji. Dzwonię w imieniu następującej osoby: {name}.",
            anonymous="Dzień dobry, mówi automatyczny asystent oparty na sztucznej inteligencji. "
            "Dzwonię w imieniu klienta.",
            recorded="Ta rozmowa jest nagrywana.",
            booking="Proszę o następującą rezerwację: {service}.",
            reason="Dzwonię w następującej sprawie: {title}.",
        ),
    }
)


def language_of(tag: str | None) -> str:
    """Return the language in which a call in ``tag`` is opened, as a key of :data:`WORDINGS`."""
    primary = primary_language(tag) if tag else None
    return FALLBACK if primary is None or primary not in WORDINGS else primary


def introduce(language: str, name: str | None) -> str:
    """Say that an AI calls, and for whom; ``name`` None is a customer without a name."""
    wording = WORDINGS[language]
    if name is None:
        return wording.anonymous
    plain = " ".join(name.split()).rstrip(".")
    begins_with_vowel = plain[:1].casefold() in _VOWELS
    elided = wording.before_vowel if begins_with_vowel else None
    return (elided or wording.introduction).replace("{name}", plain)


def say_booking(language: str, service: str) -> str:
    """Say what shall be booked."""
    named = _with_article(service) if language == FALLBACK else service
    return WORDINGS[language].booking.replace("{service}", named)


def say_reason(language: str, title: str) -> str:
    """Say why the call is made."""
    return WORDINGS[language].reason.replace("{title}", title)


def _with_article(service: str) -> str:
    words = service.lower().split()
    if words[0] in {"a", "an", "the", "some", "my"}:
        return service
    return f"{'an' if words[0][0] in 'aeiou' else 'a'} {service}"
