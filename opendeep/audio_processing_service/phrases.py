"""The few fixed sentences that OpenDeep has the AI say by itself, by language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Sentences of one language."""

    still_there: str
    goodbye_silence: str
    goodbye_time: str
    please_hold: str
    connecting: str
    not_connected: str


_PHRASES = {
    "en": Phrases(
        still_there="Hello? Are you still there?",
        goodbye_silence="I cannot hear you. I will try again later. Goodbye.",
        goodbye_time="I have to end this call now. Thank you for your time. Goodbye.",
        please_hold="One moment, please. I am checking that.",
        connecting="One moment, please. I am connecting you.",
        not_connected="I am sorry, I could not connect you.",
    ),
    "de": Phrases(
        still_there="Hallo? Sind Sie noch da?",
        goodbye_silence="Ich kann Sie nicht hören. Ich versuche es später noch einmal. Auf "
        "Wiederhören.",
        goodbye_time="Ich muss das Gespräch jetzt beenden. Vielen Dank für Ihre Zeit. Auf "
        "Wiederhören.",
        please_hold="Einen Moment bitte, ich frage nach.",
        connecting="Einen Moment bitte, ich verbinde Sie.",
        not_connected="Es tut mir leid, ich konnte Sie nicht verbinden.",
    ),
    "es": Phrases(
        still_there="¿Hola? ¿Sigue ahí?",
        goodbye_silence="No le oigo. Volveré a intentarlo más tarde. Adiós.",
        goodbye_time="Tengo que terminar la llamada. Gracias por su tiempo. Adiós.",
        please_hold="Un momento, por favor. Lo estoy consultando.",
        connecting="Un momento, por favor. Le paso la llamada.",
        not_connected="Lo siento, no he podido pasarle la llamada.",
    ),
    "fr": Phrases(
        still_there="Allô ? Vous êtes toujours là ?",
        goodbye_silence="Je ne vous entends pas. Je réessaierai plus tard. Au revoir.",
        goodbye_time="Je dois terminer cet appel. Merci pour votre temps. Au revoir.",
        please_hold="Un instant, s'il vous plaît. Je vérifie.",
        connecting="Un instant, s'il vous plaît. Je vous mets en relation.",
        not_connected="Je suis désolé, je n'ai pas pu vous mettre en relation.",
    ),
}


def phrases_for(language: str) -> Phrases:
    """Return the sentences for a BCP 47 tag; English where the language is not known."""
    return _PHRASES.get(language.partition("-")[0].lower(), _PHRASES["en"])
