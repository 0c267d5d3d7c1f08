"""Words by which a callee says "never call again", in the languages in which calls are opened.

A fixed list, joined by OR with the models: a model may miss one, the list may not know one; either
is enough. It is listened to during the call and looked through after it. A request to call back,
or not to call *before* a time, is no opt-out. Pure.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from opendeep.common.opt_out_phrases import EXCUSES, MORE_PHRASES

_NOT: Final = (
    r"(?:do not|dont|never|please not|not to|you not|you cannot|you cant|shouldnt|must not)"
)
_AGAIN: Final = r"(?:again|any ?more|ever|any longer|in (?:the )?future|please never)"
_WHOM: Final = (
    r"(?:me|us|here|him|her|them|this number|this line|this house|my number|our number|my phone"
    r"|our office|my house|my home|at home|at work|this office|my mother|my father|my wife"
    r"|my husband)"
)
_CALL: Final = r"(?:call|calling|phone|phoning|ring|ringing|contact|contacting|bother|dial|disturb)"
_LIST: Final = (
    r"(?:list|lists|database|databases|system|systems|records|file|files|books|directory)"
)
_OFF: Final = r"(?:take|remove|delete|strike|erase|drop|get|scratch|cross)"

ENGLISH: Final = (
    rf"{_NOT} (?:you )?(?:ever |please |bother )?{_CALL}(?: back| {_WHOM})* {_AGAIN}",
    rf"{_NOT} you ever {_CALL}",
    rf"never (?:ever )?{_CALL} {_WHOM}(?! back)",
    (
        rf"{_NOT} want (?:you |any of you |anybody |anyone )?to (?:be )?(?:call|called|phone|phoned"
        rf"|contact|contacted)(?: {_WHOM})* {_AGAIN}"
    ),
    (
        rf"{_NOT} (?:want|like|need|wish)(?: to (?:get|have|receive))? (?:any ?more|any|these"
        rf"|your|such"
        r"|more|further) (?:\w+ )?(?:phone )?calls(?! (?:before|after|until|between|on|at|in|today"
        r"|tomorrow|this))"
    ),
    rf"{_NOT} want to (?:hear|be hearing) from you(?: {_AGAIN})?",
    (
        rf"{_NOT} want to be (?:called|phoned|contacted|bothered|disturbed)(?! (?:before|after"
        rf"|until"
        r"|between|on|at|in the|today|tomorrow|this))"
    ),
    (
        r"(?:stop|quit|cease) (?:with )?(?:calling|phoning|ringing|contacting|bothering|harassing"
        r"|pestering|the calls|these calls|all calls|your calls|dialing)"
    ),
    (
        rf"{_OFF} (?:me|us|my name|our name|(?:this|my|our) (?:\w+ )?number|this line)"
        rf"(?: please)? (?:off|from|out of) (?:of )?(?:\w+ ){{0,3}}{_LIST}"
    ),
    rf"{_OFF} (?:me|us|my number|our number|this number) (?:off|out) (?:of )?(?:there|it|that)",
    r"(?:remove|delete|erase|unsubscribe) (?:me|us|my number|our number|this number)(?: please)?$",
    r"^(?:please )?unsubscribe(?: me| us)?(?: please)?$",
    rf"(?:off|out of|from) (?:your|the|that|this) (?:calling|call|phone|contact|mailing) {_LIST}",
    r"(?:lose|forget|delete|erase|burn) (?:this|my|our) (?:phone )?number",
    r"(?:do not|dont) call (?:list|register|registry)",
    r"(?:^|\b(?:the|your|a) )(?:dnd|dnc) list",
    (
        r"no (?:more|further) (?:phone |sales |robot |automated )?calls(?! (?:today|tonight|this"
        r"|until|before|after|scheduled|planned|waiting|booked))"
    ),
    r"(?:opt|opting) (?:me |us )?out\b",
    r"(?:leave|let) (?:me|us) (?:alone|in peace)",
    (
        r"(?:that|this) (?:is|was|had better be) (?:the|your) last (?:time you (?:ever )?(?:call"
        r"|called)"
        r"|call)"
    ),
    r"i (?:revoke|withdraw) (?:my |all )?(?:consent|permission)",
    r"(?:block|blocking|blacklist) (?:my|our|this) number (?:in|from|on|for) (?:your|all|any)",
    (
        r"(?:next|one more) (?:time you|call)(?: call)?(?: and)? i (?:will|ll|am going to) "
        r"(?:sue|call"
        r" (?:the police|my lawyer)|report you)"
    ),
)
GERMAN: Final = (
    (
        r"rufen sie (?:mich |uns |hier |bitte |diese nummer )*(?:nie|nicht|niemals) (?:wieder|mehr"
        r"|nochmal|noch einmal|erneut)(?: hier)?(?: an)?"
    ),
    r"ruf (?:mich |uns |hier |bitte )*(?:nie|nicht|niemals) (?:wieder|mehr|nochmal)(?: an)?",
    (
        r"(?:nie|nicht|niemals) (?:wieder|mehr|nochmal|noch einmal) (?:an(?:zu)?rufen|angerufen"
        r"|anruft"
        r"|anriefen|kontaktieren|kontaktiert|belästigen|belästigt)"
    ),
    (
        r"(?:keine|keinerlei) (?:weiteren )?(?:anrufe|telefonate)(?: mehr)?(?! (?:vor|nach|heute"
        r"|zwischen|am|morgen))"
    ),
    r"hören sie (?:bitte )?(?:damit )?auf (?:mich |uns |hier )*(?:anzurufen|zu belästigen)",
    (
        r"(?:streichen|löschen|nehmen|entfernen) sie (?:bitte )?(?:mich|uns|meine|unsere|diese)"
        r"(?: telefon)?(?: ?nummer)?(?: bitte)? (?:aus|von) (?:ihrer|der|ihrem|allen) \w+"
    ),
    r"(?:löschen|vergessen|streichen) sie (?:bitte )?(?:meine|unsere|diese) (?:telefon)?nummer",
    r"lassen sie (?:mich|uns) (?:bitte )?(?:endlich )?in ruhe",
    r"möchte (?:von ihnen )?nicht (?:mehr|wieder) (?:angerufen|kontaktiert|belästigt) werden",
    r"(?:ich )?widerspreche (?:der|jeder) (?:nutzung|verwendung|kontaktaufnahme)",
)
SPANISH: Final = (
    r"no (?:me|nos|le) (?:vuelvas?|vuelvan|vuelva usted) a (?:llamar|molestar|contactar)",
    (
        r"no (?:me|nos) (?:llames?|llamen|llame usted|molesten?|contacten?)(?: nunca| a este"
        r" n[uú]mero)?"
        r" (?:m[aá]s|nunca|jam[aá]s)"
    ),
    r"(?:nunca|jam[aá]s) (?:m[aá]s )?(?:me|nos) (?:vuelvas?|vuelvan|llamen?)",
    r"no (?:vuelvas?|vuelvan) a (?:llamar(?:me|nos)?|molestar(?:me|nos)?)",
    r"no llamen? (?:m[aá]s|nunca m[aá]s)",
    r"(?:dejen?|pare|paren|deja) de (?:llamar(?:me|nos)?|molestar(?:me|nos)?)",
    (
        r"(?:qu[ií]ten?me|b[oó]rren?me|elim[ií]nen?me|s[aá]quen?me|den?me de baja|qu[ií]tenos"
        r"|b[oó]rrenos|elim[ií]nenos) (?:de|por favor de) (?:\w+ )?(?:listas?|base|registros?"
        r"|sistema)"
    ),
    r"(?:borren?|eliminen?|quiten?) (?:mi|nuestro|este) n[uú]mero",
    r"no (?:quiero|queremos|deseo) (?:recibir )?(?:m[aá]s )?llamadas(?! (?:antes|despu[eé]s|hoy))",
    (
        r"no (?:quiero|queremos|deseo) que (?:me|nos) (?:llamen?|vuelvan a llamar|contacten)"
        r"(?! (?:antes|despu[eé]s|hoy))"
    ),
    r"d[eé]jen?(?:me|nos) en paz",
)
FRENCH: Final = (
    (
        r"(?:ne (?:me |nous )?|ne ?m|n)(?:rappelez|appelez|t[eé]l[eé]phonez|contactez|d[eé]rangez)"
        r"(?: surtout)? (?:plus|jamais)"
    ),
    (
        r"ne (?:plus|jamais) (?:me |nous |m)?(?:rappeler|appeler|t[eé]l[eé]phoner|contacter"
        r"|d[eé]ranger)"
    ),
    (
        r"(?:arr[eê]tez|cessez) de? ?(?:m |me |nous |d )?(?:appeler|t[eé]l[eé]phoner|d[eé]ranger"
        r"|harceler|mappeler|nous appeler)"
    ),
    (
        r"(?:retirez|supprimez|enlevez|effacez|rayez)(?: moi| nous)? (?:de|mon num[eé]ro|notre"
        r" num[eé]ro"
        r"|ce num[eé]ro)(?: (?:votre|vos|la|de vos|de votre))?(?: (?:listes?|fichiers?|base))?"
    ),
    r"(?:laissez) (?:moi|nous) tranquilles?",
    (
        r"je ne veux plus (?:\w+ )?(?:[eê]tre (?:appel[eé]e?|d[eé]rang[eé]e?|contact[eé]e?)"
        r"|recevoir"
        r" d ?appels|que vous m ?appeliez|entendre parler de vous|dappels|que vous mappeliez)"
    ),
    r"plus (?:jamais )?dappels(?! (?:avant|apr[eè]s|aujourdhui))",
)
ITALIAN: Final = (
    (
        r"non (?:mi|ci) (?:chiami?|chiamate|chiamare|richiami?|richiamate|contatti|contattate"
        r"|disturbi"
        r"|disturbate|telefoni|telefonate)(?: mai)? (?:pi[uù]|mai)"
    ),
    (
        r"non (?:chiamatemi|chiamateci|telefonatemi|richiamatemi|chiami|chiamate|chiamare"
        r"|richiamate|telefonate)(?: mai| qui)? pi[uù]"
    ),
    (
        r"(?:smetta|smettete|smettetela|smettila|basta) (?:di|con) (?:chiamar(?:mi|ci|e)"
        r"|telefonar(?:mi"
        r"|ci|e)|disturbar(?:mi|ci|e)|queste (?:chiamate|telefonate))"
    ),
    (
        r"(?:mi tolga|mi cancelli|mi rimuova|toglietemi|cancellatemi|rimuovetemi|ci tolga"
        r"|toglieteci) (?:dal|dalla|dalle|dai) (?:\w+ )?(?:lista|liste|elenco|elenchi|database"
        r"|registro)"
    ),
    r"(?:cancelli|cancellate|elimini|eliminate) (?:il mio|il nostro|questo) numero",
    (
        r"non voglio (?:pi[uù] )?(?:ricevere )?(?:pi[uù] )?(?:chiamate|telefonate|essere"
        r" chiamat[oa])"
        r"(?: pi[uù])?(?! (?:prima|dopo|oggi))"
    ),
    r"(?:mi lasci|lasciatemi|ci lasci|lasciateci) in pace",
)
PORTUGUESE: Final = (
    (
        r"n[aã]o (?:me |nos )?(?:ligue|liguem|telefone|telefonem|contacte|contate|incomode|perturbe"
        r"|chame)(?: mais)? (?:mais|nunca|novamente|outra vez|de novo)"
    ),
    r"n[aã]o (?:volte|voltem|torne|tornem) a (?:me )?(?:ligar|telefonar|contactar|incomodar)",
    r"nunca mais (?:me |nos )?(?:ligue|liguem|telefone|telefonem|contacte)",
    r"(?:pare|parem|deixe|deixem) de (?:me |nos )?(?:ligar|telefonar|incomodar|chamar)",
    (
        r"(?:retire|retirem|remova|removam|tire|tirem|apague|risque)(?: me| o meu n[uú]mero"
        r"| meu n[uú]mero| este n[uú]mero| nos) (?:da|das|do|de) (?:\w+ )?(?:listas?|base|sistema"
        r"|registo|registro|cadastro)"
    ),
    r"(?:apague|apaguem|elimine|eliminem|remova) (?:o )?(?:meu|nosso|este) n[uú]mero",
    r"n[aã]o quero (?:receber )?mais (?:chamadas|liga[cç][oõ]es|telefonemas)",
    r"n[aã]o quero (?:mais )?(?:ser contactad[oa]|ser contatad[oa]|que me liguem)",
    r"(?:me deixe|deixe me|deixem me) em paz",
)
DUTCH: Final = (
    (
        r"bel (?:me|mij|ons|hier|dit nummer|alstublieft )* ?(?:nooit|niet) (?:meer|weer|nog eens)"
        r"(?: op)?"
    ),
    r"(?:nooit|niet) (?:meer|weer) (?:bellen|gebeld|opbellen|lastigvallen|contact opnemen)",
    r"(?:belt|bellen) u (?:me|mij|ons|hier)?(?: alstublieft)? ?(?:nooit|niet) (?:meer|weer)",
    (
        r"(?:stop|hou op|houd op|houdt u op) (?:\w+ )?(?:met )?(?:mij |me |ons )?(?:te )?(?:bellen"
        r"|lastigvallen)"
    ),
    (
        r"(?:haal|haalt u|verwijder|verwijdert u|schrap) (?:me|mij|ons|mijn nummer|ons nummer"
        r"|dit nummer) (?:alstublieft )?(?:van|uit|van de|uit de|van uw|uit uw) (?:\w+ )?(?:lijst"
        r"|bestand|systeem|database)"
    ),
    r"(?:verwijder|wis|vergeet) (?:mijn|ons|dit) (?:telefoon)?nummer",
    r"(?:wil|willen) niet (?:meer|nog eens) (?:gebeld|benaderd|lastiggevallen) worden",
    r"(?:wil|willen) (?:van u )?geen (?:telefoontjes|telefoon|oproepen) meer",
    r"(?:laat|laat u) (?:me|mij|ons) met rust",
)
POLISH: Final = (
    (
        r"(?:prosz[eę] )?(?:wi[eę]cej )?(?:do mnie |do nas |tu |tutaj )?(?:wi[eę]cej )?nie"
        r" dzwoni[cć]"
        r"(?: do mnie| do nas| tu| tutaj)*(?: ju[zż])?(?: wi[eę]cej| nigdy)"
    ),
    (
        r"(?:wi[eę]cej|nigdy)(?: wi[eę]cej)? (?:do mnie |do nas |tu |tutaj )?(?:prosz[eę] )?nie"
        r" (?:dzwoni[cć]|dzwo[nń]cie|dzwo[nń]|niech pan dzwoni)"
    ),
    r"nie dzwo[nń](?:cie)?(?: do mnie| do nas| tu| tutaj)*(?: ju[zż])?(?: wi[eę]cej| nigdy)",
    (
        r"(?:prosz[eę] )?przesta(?:[nń]cie|[nń]|[cć])(?: \w+){0,2} (?:dzwoni[cć]|nachodzi[cć]"
        r"|n[eę]ka[cć])"
    ),
    (
        r"(?:prosz[eę] )?(?:mnie |nas )?(?:usun[aą][cć]|wykre[sś]li[cć]|skre[sś]li[cć]|wypisa[cć])"
        r" (?:mnie |nas |m[oó]j numer |nasz numer |ten numer )?z (?:\w+ )?(?:listy|bazy|systemu"
        r"|rejestru)"
    ),
    r"(?:usun[aą][cć]|skasowa[cć]) (?:m[oó]j|nasz|ten) numer",
    r"nie [zż]ycz[eę] sobie (?:wi[eę]cej )?(?:telefon[oó]w|takich telefon[oó]w|po[lł][aą]cze[nń])",
    r"nie chc[eę] (?:wi[eę]cej )?(?:telefon[oó]w|po[lł][aą]cze[nń])(?: od)?",
    r"(?:zostawcie|prosz[eę] zostawi[cć]|dajcie) (?:mnie|nas|mi) (?:w )?spok[oó]j?u?",
)
PHRASES: Final = (
    *(*ENGLISH, *GERMAN, *SPANISH, *FRENCH),
    *(*ITALIAN, *PORTUGUESE, *DUTCH, *POLISH),
)


def _any_of(phrases: Iterable[str], *, end: str) -> re.Pattern[str]:
    # Looked for at the beginnings of words only, and all in one search: a call's loop waits for it.
    together = "|".join(f"(?:{phrase})" for phrase in phrases)
    return re.compile(rf"\b(?=\w)(?:{together}){end}")


_WISH: Final = _any_of(PHRASES, end=r"(?:\b|$)")
_WISH_TOO: Final = _any_of(MORE_PHRASES, end=r"(?!\w)")
_EXCUSE: Final = _any_of(EXCUSES, end=r"\b")
_APOSTROPHES: Final = str.maketrans("", "", "'\N{RIGHT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}`")
_LONGEST: Final = 2000


_SENTENCE: Final = re.compile(r"(?<=[.!?;\u3002\uff01\uff1f])\s*")
_NO_SPACES_SCRIPTS: Final = re.compile("([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])")


def asks_to_stop(text: str) -> bool:
    """Whether words ask not to be called again, in any of the languages."""
    heard = text[-_LONGEST:]
    return any(_asks(part) for part in dict.fromkeys((heard, *_SENTENCE.split(heard))))


def _asks(text: str) -> bool:
    plain = _plain(text)
    asks = _WISH.search(plain) or _WISH_TOO.search(plain)
    return asks is not None and _EXCUSE.search(plain) is None


def _plain(text: str) -> str:
    """Return lower-case words with single spaces, no punctuation and no apostrophes."""
    folded = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).casefold()
    spaced = _NO_SPACES_SCRIPTS.sub(r" \1 ", unicodedata.normalize("NFKC", folded))
    return " ".join("".join(c if c.isalnum() else " " for c in spaced).split())
