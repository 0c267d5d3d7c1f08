"""What is said and written when a callee is handed over, by language. Pure."""

from types import MappingProxyType
from typing import Final

from opendeep.common.data_models import CallCause

_BRIEFINGS: Final = MappingProxyType(
    {
        "en": "{disclosure} I have the other side on the line and would like to connect you. "
        "Press 1 to take the call, or hang up.",
        "de": "{disclosure} Ich habe die andere Seite in der Leitung und möchte Sie verbinden. "
        "Drücken Sie die 1, um das Gespräch anzunehmen, oder legen Sie auf.",
        "es": "{disclosure} Tengo a la otra parte en línea y quisiera comunicarles. "
        "Pulse 1 para aceptar la llamada, o cuelgue.",
        "fr": "{disclosure} J'ai l'autre personne en ligne et je voudrais vous la passer. "
        "Appuyez sur 1 pour prendre l'appel, ou raccrochez.",
    }
)
BRIEFING_INSTRUCTIONS: Final = (
    "You are an AI on the telephone. You have just told the person on this line that somebody "
    "else is waiting to be connected to them, and that pressing 1 takes the call. Answer in one "
    "short sentence. Ask them to press 1 if they want the call, and to hang up if they do not. "
    "Promise nothing, and say nothing about what you were not told."
)
NOT_TAKEN: Final = "did not take the call"
_FAILURES: Final = MappingProxyType(
    {
        CallCause.BUSY: "was busy",
        CallCause.NO_ANSWER: "did not answer",
        CallCause.REJECTED: "declined the call",
        CallCause.UNALLOCATED: "is not in service",
        CallCause.CONGESTION: "could not be reached: the network had no free line",
        CallCause.VOICEMAIL: "was answered by a voicemail",
        CallCause.CALLEE_HUNG_UP: NOT_TAKEN,
    }
)
_COULD_NOT_BE_REACHED: Final = "could not be reached"


def briefing(disclosure: str, language: str) -> str:
    """Compose what the person hears to whom a callee is to be handed over.

    Args:
        disclosure: the first words of the call itself: an AI, on whose behalf, and why.
        language: BCP 47 tag; English where it is not known.
    """
    words = _BRIEFINGS.get(language.partition("-")[0].lower(), _BRIEFINGS["en"])
    return words.format(disclosure=disclosure)


def failure_words(cause: CallCause) -> str:
    """Return what became of a call to the other number, as the end of a sentence."""
    return _FAILURES.get(cause, _COULD_NOT_BE_REACHED)
