"""What machines say when they answer the phone, in several languages.

Words decide only where they are plainly a machine's: a person who is taken for a machine is hung
up on, a machine that is taken for a person costs a minute.
"""

import re
from enum import Enum, auto
from typing import Final


class Speaker(Enum):
    """Who speaks like this."""

    PERSON = auto()
    """Or nobody knows."""
    VOICEMAIL = auto()
    SCREENING = auto()
    MENU = auto()
    QUEUE = auto()
    NETWORK = auto()
    """An announcement that the number cannot be reached."""


def _any(*patterns: str) -> re.Pattern[str]:
    # Over lower-case text, since a search that ignores case costs ten times as much.
    return re.compile("|".join(patterns))


_SCREENING: Final = _any(
    r"call(?:er)? (?:screening|assist)",
    r"screening service",
    r"screen(?:s|ing)? (?:your|this|my) call",
    r"(?:say|state|record|give|tell) (?:me |us )?(?:your|the) name[, ]*(?:and|along|after|if)",
    r"at the (?:tone|beep),? (?:please )?(?:say|state|record) your name",
    r"(?:your )?name and (?:the )?reason (?:for|of)",
    r"who(?: is| ?'s)? calling,? and why",
    r"does not accept (?:unidentified|anonymous)",
    r"nennen sie (?:bitte )?ihren namen und",
    r"diga su nombre y (?:el|la|por)",
    r"(?:dites|indiquez) votre nom et",
    r"(?:dica|pronunci) il suo nome e",
)
_NETWORK: Final = _any(
    r"(?:not|no longer) in service",
    r"(?:cannot|can ?'?t|can not) be completed",
    r"(?:has been|is|was) (?:disconnected|changed)[,.]? .{0,40}(?:number|service)",
    r"number (?:you (?:have )?(?:dialed|dialled|called|reached) )?(?:has been disconnected|is not)",
    r"check the number and (?:dial|try|call)",
    r"all circuits are busy",
    r"kein anschluss unter dieser nummer",
    r"(?:rufnummer|nummer) ist nicht vergeben",
    r"el número (?:marcado|que ha marcado) no existe",
    r"le numéro (?:que vous avez (?:composé|demandé) )?n'est pas attribué",
)
_RECORDS: Final = _any(
    r"(?:after|at|following|wait for) the (?:tone|beep|signal)",
    r"nach dem (?:signal|pfeif|piep)?-?ton",
    r"después de(?:l| la) (?:señal|tono)",
    r"après le (?:bip|signal)",
    r"dopo il segnale",
    r"(?:após|depois) (?:o|do) (?:sinal|bip)",
    r"na de (?:toon|piep)",
)
_VOICEMAIL: Final = _any(
    r"leave (?:(?:me|us) )?(?:a|your|the) (?:\w+ ){0,3}(?:message|name)",
    r"(?:record|recording) (?:your|a) message",
    r"voice ?mail",
    r"answering machine",
    r"reached .{0,40}answering service",
    r"mail ?box",
    # Of themselves: a person says of another that he cannot come to the phone.
    r"\b(?:i|we|you are calling|you (?:have )?called)(?: am| are|'m|'re| is)?(?: currently)? "
    r"(?:can(?:no|')?t|(?:un|not )able to) (?:come to|get|take|answer) (?:the|your) (?:phone|call)",
    r"(?:nobody|no one) is available to take your call",
    r"missed your call.{0,60}(?:leave|message|return|get back|call you back)",
    r"forwarded to (?:an automated|a) voice",
    r"hinterlassen sie",
    r"anrufbeantworter",
    r"deje (?:su|un) mensaje",
    r"buzón de voz",
    r"laissez (?:un|votre|moi un) message",
    r"(?:répondeur|boîte vocale|messagerie)",
    r"lasci(?:a|ate)? un messaggio",
    r"segreteria telefonica",
    r"deixe (?:a sua|sua|uma) mensagem",
    r"(?:correio de voz|caixa postal)",
    r"spreek (?:uw|een) (?:boodschap|bericht)",
)
_DIGIT: Final = (
    r"(?:\d|zero|one|two|three|four|five|six|seven|eight|nine|star|pound|hash|the (?:\w+ ){0,3}key)"
)
_MENU: Final = _any(
    rf"(?:press|dial|push|select) {_DIGIT}\b",
    r"(?:enter|dial) (?:your|the|a) (?:\w+ ){0,4}(?:number|extension|password|pin|code|mailbox)",
    r"followed by the (?:pound|hash|star)",
    r"(?:main|following) (?:menu|options)",
    r"(?:touch ?-?tone )?keypad",
    r"know your party'?s extension",
    r"(?:drücken|wählen) sie (?:bitte )?(?:die )?(?:\d|eins|zwei|drei|null|taste)",
    r"(?:marque|pulse|oprima|presione) (?:el )?(?:\d|uno|dos|tres|cero)",
    r"(?:tapez|appuyez sur|faites)(?: le)? (?:\d|un|deux|trois|zéro|la touche)",
    r"(?:prema|premere|digiti|digitare) (?:il |lo )?(?:\d|uno|due|tre|zero|tasto)",
    r"(?:pressione|digite|tecle|marque) (?:o )?(?:\d|um|dois|três|zero)",
    r"(?:toets|kies|druk op) (?:een |de )?(?:\d|één|twee|drie|nul)",
)
_AFTER_RECORDING: Final = re.compile(r"hang up,? or [^.]*")
"""What to do after a message was left is no menu."""
_QUEUE: Final = _any(
    r"please (?:continue to )?(?:hold|stay|remain)(?: on)?(?: the line)? "
    r"(?:for|while|until|and your)",
    r"(?:stay|remain) on the line",
    r"(?:all|our) .{0,60}(?:currently|now|presently) (?:busy|assisting|helping)",
    r"next available (?:agent|representative|operator|advis|associate|assistant|specialist|member)",
    r"(?:estimated|approximate) (?:hold|wait(?:ing)?) time",
    r"you are(?: currently| now)? (?:caller number|number \w+ in|next in)",
    r"your call is(?: currently| now)? (?:caller number|number|next)",
    r"order (?:in which )?it was received",
    r"your call is (?:very )?important",
    r"thank you for (?:your patience|(?:continuing to )?(?:hold|wait)ing)[,.]? "
    r"(?:your call|please (?:continue|hold|stay|remain)|all (?:our|of|agents|lines))",
    r"callers? (?:waiting|ahead)",
    r"please wait while (?:i|we) (?:connect|transfer)",
    r"(?:we are|i am|i will|now) (?:connecting|transferring) (?:you|your call)",
    r"your call is (?:now )?being (?:connected|transferred)",
    r"sie werden (?:jetzt )?(?:verbunden|weiterverbunden)",
    r"le (?:estamos transfiriendo|comunicamos|paso)",
    r"(?:je|nous) vous (?:mets|mettons) en relation",
    r"bitte (?:bleiben sie (?:am apparat|in der leitung)|warten sie)",
    r"nächste freie mitarbeiter",
    r"(?:permanezca|manténgase) en (?:la )?línea",
    r"(?:restez|patientez) (?:en ligne|quelques)",
    r"rimanga in linea",
    r"(?:aguarde|permaneça) na linha",
    r"blijf aan de lijn",
)


def speaker_of(text: str) -> Speaker:
    """Say who speaks like this; ``PERSON`` unless it is plainly a machine."""
    plain = " ".join(text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower().split())
    if _SCREENING.search(plain):
        return Speaker.SCREENING
    if _NETWORK.search(plain):
        return Speaker.NETWORK
    menu = _MENU.search(_AFTER_RECORDING.sub("", plain)) is not None
    if _RECORDS.search(plain) or (_VOICEMAIL.search(plain) and not menu):
        return Speaker.VOICEMAIL
    if menu:
        return Speaker.MENU
    return Speaker.QUEUE if _QUEUE.search(plain) else Speaker.PERSON
