"""The few fixed sentences that OpenDeep has the AI say by itself, by language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Sentences of one language."""

    still_there: str
    goodbye_silence: str
    goodbye_time: str
    opted_out: str
    please_hold: str
    still_checking: str
    connecting: str
    not_connected: str


_PHRASES = {
    "en": Phrases(
        still_there="Hello? Are you still there?",
        goodbye_silence="I cannot hear you. I will try again later. Goodbye.",
        goodbye_time="I have to end this call now. Thank you for your time. Goodbye.",
        opted_out="I understand, and I am sorry. You will not be called again. Goodbye.",
        please_hold="One moment, please. I am checking that.",
        still_checking="Thank you for waiting. I am still checking.",
        connecting="One moment, please. I am connecting you.",
        not_connected="I am sorry, I could not connect you.",
    ),
    "de": Phrases(
        still_there="Hallo? Sind Sie noch da?",
        goodbye_silence="Ich kann Sie nicht hören. Ich versuche es später noch einmal. Auf "
        "Wiederhören.",
        goodbye_time="Ich muss das Gespräch jetzt beenden. Vielen Dank für Ihre Zeit. Auf "
        "Wiederhören.",
        opted_out="Ich verstehe, es tut mir leid. Sie werden nicht mehr angerufen. Auf "
        "Wiederhören.",
        please_hold="Einen Moment bitte, ich frage nach.",
        still_checking="Danke, dass Sie warten. Ich frage noch nach.",
        connecting="Einen Moment bitte, ich verbinde Sie.",
        not_connected="Es tut mir leid, ich konnte Sie nicht verbinden.",
    ),
    "es": Phrases(
        still_there="¿Hola? ¿Sigue ahí?",
        goodbye_silence="No le oigo. Volveré a intentarlo más tarde. Adiós.",
        goodbye_time="Tengo que terminar la llamada. Gracias por su tiempo. Adiós.",
        opted_out="Lo entiendo, y lo siento. No se le volverá a llamar. Adiós.",
        please_hold="Un momento, por favor. Lo estoy consultando.",
        still_checking="Gracias por esperar. Todavía lo estoy consultando.",
        connecting="Un momento, por favor. Le paso la llamada.",
        not_connected="Lo siento, no he podido pasarle la llamada.",
    ),
    "fr": Phrases(
        still_there="Allô ? Vous êtes toujours là ?",
        goodbye_silence="Je ne vous entends pas. Je réessaierai plus tard. Au revoir.",
        goodbye_time="Je dois terminer cet appel. Merci pour votre temps. Au revoir.",
        opted_out="Je comprends, et je suis désolé. On ne vous appellera plus. Au revoir.",
        please_hold="Un instant, s'il vous plaît. Je vérifie.",
        still_checking="Merci de patienter. Je vérifie encore.",
        connecting="Un instant, s'il vous plaît. Je vous mets en relation.",
        not_connected="Je suis désolé, je n'ai pas pu vous mettre en relation.",
    ),
    "it": Phrases(
        still_there="Pronto? È ancora in linea?",
        goodbye_silence="Non la sento. Riproverò più tardi. Arrivederci.",
        goodbye_time="Devo terminare la chiamata. Grazie per il suo tempo. Arrivederci.",
        opted_out="Capisco, e mi dispiace. Non verrà più chiamato. Arrivederci.",
        please_hold="Un momento, per favore. Sto verificando.",
        still_checking="Grazie per l'attesa. Sto ancora verificando.",
        connecting="Un momento, per favore. La metto in comunicazione.",
        not_connected="Mi dispiace, non sono riuscito a metterla in comunicazione.",
    ),
    "pt": Phrases(
        still_there="Está? Ainda está aí?",
        goodbye_silence="Não o consigo ouvir. Volto a tentar mais tarde. Adeus.",
        goodbye_time="Tenho de terminar a chamada. Obrigado pelo seu tempo. Adeus.",
        opted_out="Compreendo, e peço desculpa. Não voltará a ser contactado. Adeus.",
        please_hold="Um momento, por favor. Estou a verificar.",
        still_checking="Obrigado por aguardar. Ainda estou a verificar.",
        connecting="Um momento, por favor. Vou passar a chamada.",
        not_connected="Lamento, não consegui passar a chamada.",
    ),
    "nl": Phrases(
        still_there="Hallo? Bent u er nog?",
        goodbye_silence="Ik kan u niet horen. Ik probeer het later nog eens. Tot ziens.",
        goodbye_time="Ik moet dit gesprek nu beëindigen. Dank u voor uw tijd. Tot ziens.",
        opted_out="Dat begrijp ik, en het spijt me. U wordt niet meer gebeld. Tot ziens.",
        please_hold="Een ogenblik, alstublieft. Ik vraag het na.",
        still_checking="Dank u voor het wachten. Ik vraag het nog na.",
        connecting="Een ogenblik, alstublieft. Ik verbind u door.",
        not_connected="Het spijt me, ik kon u niet doorverbinden.",
    ),
    "pl": Phrases(
        still_there="Halo? Czy jest tam ktoś?",
        goodbye_silence="Nie słyszę. Spróbuję ponownie później. Do widzenia.",
        goodbye_time="Muszę już zakończyć rozmowę. Dziękuję za poświęcony czas. Do widzenia.",
        opted_out="Rozumiem i przepraszam. Nie będziemy więcej dzwonić. Do widzenia.",
        please_hold="Chwileczkę, sprawdzam.",
        still_checking="Dziękuję za cierpliwość. Nadal sprawdzam.",
        connecting="Chwileczkę, już łączę.",
        not_connected="Przepraszam, nie udało się połączyć.",
    ),
}


def phrases_for(language: str) -> Phrases:
    """Return the sentences for a BCP 47 tag; English where the language is not known."""
    return _PHRASES.get(language.partition("-")[0].lower(), _PHRASES["en"])
