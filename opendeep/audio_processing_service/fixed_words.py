"""The words for when there is no voice to say any: clips that are part of the package.

8 kHz µ-law, one byte a sample; in the callee's language where there is a clip, else in English:
half of what nobody understands is said by the tone, and silence would say less. English was
rendered with Hibari (Apache-2.0), the other languages with eSpeak NG.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

from opendeep.audio_processing_service import pcm
from opendeep.audio_processing_service.playout import PartKey, Playout

APOLOGY: Final = PartKey("apology", 0)
_APOLOGIES: Final = {
    "en": "I am sorry. There is a technical problem, and this automated call cannot go on. "
    "Goodbye.",
    "de": "Es tut mir leid. Es gibt ein technisches Problem, und dieser automatische Anruf kann "
    "nicht fortgesetzt werden. Auf Wiederhören.",
    "es": "Lo siento. Hay un problema técnico y esta llamada automática no puede continuar. Adiós.",
    "fr": "Je suis désolé. Il y a un problème technique et cet appel automatique ne peut pas "
    "continuer. Au revoir.",
    "it": "Mi dispiace. C'è un problema tecnico e questa chiamata automatica non può continuare. "
    "Arrivederci.",
    "pt": "Peço desculpa. Há um problema técnico e esta chamada automática não pode continuar. "
    "Adeus.",
    "nl": "Het spijt me. Er is een technisch probleem en dit automatische gesprek kan niet "
    "doorgaan. Tot ziens.",
    "pl": "Przepraszam. Wystąpił problem techniczny i ta automatyczna rozmowa nie może być "
    "kontynuowana. Do widzenia.",
}
_MOMENTS: Final = {
    "en": "One moment, please.",
    "de": "Einen Moment bitte.",
    "es": "Un momento, por favor.",
    "fr": "Un instant, s'il vous plaît.",
    "it": "Un momento, per favore.",
    "pt": "Um momento, por favor.",
    "nl": "Een ogenblik alstublieft.",
    "pl": "Proszę chwilę poczekać.",
}
_INTRODUCTIONS: Final = {
    "en": "This is an automated AI assistant. One moment, please.",
    "de": "Hier ist ein automatischer KI-Assistent. Einen Moment bitte.",
    "es": "Le habla un asistente automático de inteligencia artificial. Un momento, por favor.",
    "fr": "Je suis un assistant automatique d'intelligence artificielle. Un instant, s'il vous "
    "plaît.",
    "it": "Sono un assistente automatico di intelligenza artificiale. Un momento, per favore.",
    "pt": "Sou um assistente automático de inteligência artificial. Um momento, por favor.",
    "nl": "Dit is een automatische AI-assistent. Een ogenblik alstublieft.",
    "pl": "Mówi automatyczny asystent sztucznej inteligencji. Proszę chwilę poczekać.",
}
_TEXTS: Final = {"apology": _APOLOGIES, "moment": _MOMENTS, "introduction": _INTRODUCTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedWords:
    """A clip and its words."""

    text: str
    mulaw: bytes

    @property
    def ms(self) -> int:
        """How long it takes."""
        return len(self.mulaw) // pcm.MULAW_BYTES_PER_MS


def apology(language: str = "en") -> FixedWords:
    """Return what a callee hears when the voice AI is missing or has died."""
    return _clip("apology", _known(language))


def moment(language: str = "en") -> FixedWords:
    """Return what a callee hears while the voice AI is slow, or another session is opened."""
    return _clip("moment", _known(language))


def introduction(language: str = "en") -> FixedWords:
    """Return what a callee who was told of no AI yet hears while the voice AI is slow."""
    return _clip("introduction", _known(language))


def play(playout: Playout, key: PartKey, words: FixedWords) -> str:
    """Have the callee told so; return the words."""
    playout.add(key, words.mulaw, words.ms)
    playout.complete(key)
    return words.text


def _known(language: str) -> str:
    tag = language.partition("-")[0].lower()
    return tag if tag in _APOLOGIES else "en"


@lru_cache(maxsize=32)
def _clip(name: str, language: str) -> FixedWords:
    path = files("opendeep.audio_processing_service") / "sounds" / f"{name}.{language}.ulaw"
    return FixedWords(text=_TEXTS[name][language], mulaw=path.read_bytes())
