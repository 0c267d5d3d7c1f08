"""More ways to say "never call again", and what only sounds like it: data for ``opt_out_words.py``.

Over words in lower case without punctuation and apostrophes ("don't" is ``dont``); letters of
scripts that are written without spaces stand alone.
"""

from typing import Final

_NOT = r"(?:do not|dont|never|please not|not to|must not|may not|shouldnt|should not|cant|cannot)"
_CALL = r"(?:call|phone|ring|contact|dial|telephone)"
_CALLING = r"(?:calling|phoning|ringing|contacting|bothering|harassing|dialing|dialling|pestering)"
_AGAIN = r"(?:again|any ?more|ever|any longer|another time)"
_WHOM = (
    r"(?:me|us|here|this number|this line|my number|our number|this house|this phone|back|her|him)"
)
_OFF = r"(?:off|from|out of)"
_LIST = r"(?:list|lists|database|system|records|registry|files)"
_OWN = r"(?:me|us|my (?:name|number)|our (?:name|number)|this number|this line)"

_ENGLISH: Final = (
    rf"{_NOT} (?:you )?(?:ever |dare )?{_CALL}(?: {_WHOM})* {_AGAIN}",
    rf"(?:do not|dont|never|never ever)(?: you)?(?: ever| dare)* {_CALL} {_WHOM}(?: please)?$",
    rf"{_NOT} (?:ever |dare ){{1,2}}{_CALL}",
    rf"never (?:ever )?{_CALL}(?: {_WHOM})?$",
    (
        rf"(?:do not|dont|not to|never) (?:be )?(?:disturb|bother|try|pester)(?:ed)? (?:me|us"
        rf"|this number|calling) {_AGAIN}"
    ),
    (
        r"(?:stop|quit|cease|discontinue|desist)(?: from)?(?: and desist)? (?:all )?(?:of )?"
        r"(?:these )?"
        rf"(?:{_CALLING}|calls|contact)"
    ),
    r"stop (?:these|the|those|your) (?:phone )?calls",
    rf"(?:take|get|remove|delete|strike|scrub|erase|wipe) {_OWN} {_OFF}(?: \w+){{0,2}} {_LIST}",
    rf"(?:take|get) {_OWN} off(?: now| please)?$",
    (
        r"(?:remove|delete|erase) (?:me|us|my number|our number|this number)(?: (?:please|now"
        r"|at once))?$"
    ),
    rf"(?:be|get|want|number) (?:removed|taken off|deleted|off)(?: {_OFF})?(?: \w+){{0,2}} {_LIST}",
    r"(?:want|wish|like) (?:to be|my number|our number|this number) (?:removed|deleted|erased)",
    r"want off (?:this|your|the)",
    r"(?:lose|forget) (?:this|my|our) number",
    r"(?:do not call|do not contact|dnd|dnc|no call) (?:list|registry|register)",
    r"(?:mark|flag|put|list) (?:\w+ ){1,3}(?:as )?(?:do not (?:call|contact)|dnc|dnd)",
    r"^dnc",
    r"no calls$",
    r"no more (?:of these |of those |such |phone |sales )?calls",
    r"no calls (?:to this|here|at this)",
    (
        r"(?:dont|do not) (?:want|wish|like|accept|consent)(?: to)? (?:any |more |any more |to "
        r"|get |receive |these |further |such )*calls"
    ),
    (
        r"(?:dont|do not|never|not) (?:want|wish|like) (?:to be|you to|you|anyone to|them "
        r"to)(?: \w+)? ?(?:called|contacted|calling|call|phoned|ring)"
    ),
    r"(?:not|dont want) to be (?:called|contacted|phoned|disturbed)",
    (
        r"(?:dont|do not|never) (?:want|wish|need) to hear from you(?: people| guys)? (?:again"
        r"|ever|any ?more)"
    ),
    r"(?:rather|prefer)(?: that)? you (?:didnt|not|dont|did not|do not) (?:call|contact|phone)",
    r"(?:revoke|withdraw|cancel) (?:my|our) consent",
    r"(?:dont|do not) consent",
    r"^(?:please )?unsubscribe(?: me| us| this number)?(?: please)?$",
    r"(?:want|like|wish|need) to (?:unsubscribe|opt out)",
    r"opt (?:me|us|this number) out|i opt out",
    r"leave (?:me|us) alone",
    r"block this number",
    (
        rf"(?:asked|told|said|tell|telling|warned)(?: \w+){{0,3}} not to (?:be "
        rf")?{_CALL}(?:ed)?(?: {_WHOM})?(?: {_AGAIN})?$"
    ),
    r"(?:asked|said|wish|want) not to be (?:called|contacted)",
    r"(?:said|told you|just) (?:do not|dont) (?:call|phone|ring|contact)(?: \w+){0,2}$",
    r"(?:nobody|no one|noone) calls (?:me|us|here) again",
    r"(?:dont|do not) let me catch you calling",
    (
        r"if (?:you|anyone|anybody) calls? (?:me |us |here )?(?:again|one more time|once more) "
        r"(?:i|im|ill|we|well)(?: am| will|ll)? (?:will )?(?:call|calling|report|sue|get|go "
        r"to) (?:the|my|a|you|it|this)"
    ),
    r"call (?:me|us|here) again and (?:ill|i will|im)",
    rf"(?:not allowed|not permitted|have no right|no permission) to {_CALL}",
    r"(?:may not|must not|are not to|mustnt|shouldnt|should not) call (?:me|us|here|this number)",
    r"(?:circumstances|no account) (?:call|phone|contact) me",
    r"last time you (?:call|phone|ring)",
    r"no thank you and please (?:dont|do not) call",
    r"and (?:dont|do not) call$",
)
_OTHERS: Final = (
    # German
    (
        r"(?:rufen?|ruft)(?: sie)?(?: \w+)?(?: bitte)? (?:nie|nicht)(?: wieder| mehr| noch "
        r"einmal| nochmal)+ an"
    ),
    r"(?:nie|nicht) (?:wieder|mehr) anrufen",
    r"hören sie auf (?:\w+ )?anzurufen",
    r"(?:streichen|nehmen|entfernen) sie (?:mich|uns|diese nummer|meine nummer) (?:von|aus)",
    r"(?:löschen|entfernen|vergessen) sie (?:bitte )?(?:meine|diese|unsere) nummer",
    r"nicht mehr angerufen werden",
    r"keine(?: weiteren)? anrufe(?: mehr)?",
    r"lassen sie (?:mich|uns) in ruhe",
    r"widerrufe meine einwilligung",
    r"unterlassen sie (?:diese|die|weitere) anrufe",
    # Spanish
    r"no (?:me |nos )?(?:llames?|llamen) m[aá]s",
    r"no (?:me |nos )?(?:vuelva|vuelvan|vuelvas) a (?:llamar|llamarme|llamarnos|contactar\w*)",
    r"(?:deje|dejen|deja) de llamar(?:me|nos)?",
    r"(?:borre|borren|elimine|eliminen|quite|quiten) (?:mi|este|nuestro) número",
    r"(?:quíteme|quítenme|bórreme|sáqueme|quiteme) de (?:su|la) lista",
    r"no quiero (?:más|recibir más) llamadas",
    r"no quiero que me llamen?",
    r"nunca más me llame",
    r"no me molesten? más",
    # French
    r"(?:ne |n)(?:me |nous |m)?(?:m|r)?a?p?pelez plus",
    (
        r"(?:ne |n)(?:me |nous |m)?(?:rappelez|appelez|téléphonez|telephonez|contactez) (?:plus"
        r"|jamais)"
    ),
    (
        r"(?:arrêtez|cessez|arretez) de (?:me |nous |m)?(?:appeler|rappeler|téléphoner|mappeler"
        r"|nousappeler)"
    ),
    r"(?:retirez|enlevez|supprimez|rayez) (?:moi|nous) de",
    r"(?:supprimez|effacez|retirez|oubliez) (?:mon|ce|notre) numéro",
    r"(?:ne )?veux plus (?:être appelée?|dappels?|quon)",
    r"^plus dappels",
    r"laissez (?:moi|nous) tranquilles?",
    # Italian, Portuguese, Dutch
    r"non (?:mi |ci )?(?:chiami|chiamate|chiamatemi|chiamarmi|telefoni|richiami)(?: mai)? più",
    r"smett(?:ete|a|etela) di (?:chiamar|telefonar)\w*",
    r"(?:cancelli|cancellate|elimini|togliete|tolga) (?:il mio|questo) numero",
    r"(?:toglietemi|mi tolga|cancellatemi|mi cancelli) dalla",
    r"non voglio più (?:chiamate|essere chiamat[oa])",
    r"não (?:me |nos )?(?:ligue|liguem|telefone) (?:mais|nunca)",
    r"(?:pare|parem) de (?:me |nos )?(?:ligar|telefonar)",
    r"(?:tire|tirem|remova|apague|apaguem|retire) (?:o )?(?:meu|este|nosso) número",
    r"não quero mais (?:ligações|chamadas)",
    r"nunca mais me ligue",
    r"bel(?:t u)?(?: me| mij| ons| hier)? (?:niet|nooit) (?:meer|weer)",
    r"stop met bellen",
    r"haal (?:me|mij|ons|dit nummer) van (?:de|uw|jullie) lijst",
    r"niet meer gebeld worden",
    # Polish, Turkish, Swedish, Danish, Norwegian
    r"(?:więcej|już) nie dzwonić|nie dzwoń(?:cie)?(?: do \w+)?(?: tu| tutaj)? więcej",
    r"(?:usunąć|usuńcie|skasować) (?:mój|ten|nasz) numer",
    r"(?:bir daha|art[\u0131i]k) (?:beni |bizi )?aramay[\u0131i]n",
    r"aramay[\u0131i] (?:b[\u0131i]rak[\u0131i]n|kesin)",
    (
        r"ring (?:mig|oss|hit|meg) (?:inte|ikke|aldrig|aldri) (?:igen|mer|mere)|ring (?:ikke"
        r"|aldrig|inte) (?:igen|mer)"
    ),
    r"(?:sluta|slutt|stop) (?:å |med at )?ring[ae]?",
    # Chinese, Japanese, Korean, Russian, Arabic; letters of the first two stand alone
    r"(?:不 要|别|請 勿|请 勿|不 准)(?: 再)?(?: 给 我)? 打(?: 电 话| 電 話| 来| 來)",
    r"電 話 (?:を )?(?:し な い で|か け な い で|し て こ な い で)",
    r"전화하지 (?:마|말)\w*",
    (
        r"(?:больше|никогда) (?:мне |сюда |нам )?не звоните|не звоните (?:мне|сюда|нам)(?: "
        r"больше)?|удалите мой номер"
    ),
    r"لا تتصل\w*(?: بي| بنا)?(?: مرة أخرى| مجددا| ثانية)|توقف عن الاتصال",
)
MORE_PHRASES: Final = (*_ENGLISH, *_OTHERS)

EXCUSES: Final = (
    r"(?:called|contacted|phoned) (?:before|after|until|between|on|at|in the|today|this)",
    r"calls (?:are |is )?(?:scheduled|today|this|planned|left|waiting)",
    r"why do you never|our opt out",
    (
        r"(?:call|phone|ring|contact)(?: (?:me|us|here|this number|back))*(?: again| any "
        r"?more)? (?:before|after|until|till|between|during|on|at|unless|this early|so "
        r"early|so late)"
    ),
    (
        r"hesitate to|forget to|need to (?:call|phone)(?: \w+)? ?(?:back|again)|have to "
        r"(?:call|phone)(?: \w+)? ?(?:back|again)"
        r"|(?:dont|do not|no) need to (?:call|phone|ring)|(?:dont|do not) have to (?:call"
        r"|phone|ring)"
    ),
    (
        r"(?:i|we|he|she|they)(?:ll| will| would|d)? never (?:call|contact|phone|ring)"
        r"(?! me| us| here| this number)"
        r"|never called|not call again i|cant stop (?:calling|phoning)"
    ),
    (
        r"(?:thought|hoped|believed|said) (?:\w+ ){0,3}(?:you|they|he|she) (?:would|wouldnt"
        r"|will) not call"
    ),
    r"(?:i|we) (?:dont|do not) (?:call|phone|contact) (?!me|us|here)\w+",
    r"(?:call|calling) (?:it|that|this a|him|her) ",
    r"do you want (?:me )?to|should i|shall i|would you like",
    r"waiting list|wait list|newsletter",
    r"(?:dont|do not) call my (?:mobile|cell|work|home)|call the office",
    r"sie müssen nicht|vor \w+ uhr|antes de|avant|its not that",
    r"(?:why|how come) did you never|told not to call before",
)
"""A sentence with one of these means another thing."""
