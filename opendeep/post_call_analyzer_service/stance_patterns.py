"""How people say yes, no and perhaps, in four languages: data for ``stance.py``.

Patterns run over words in canonical form (lower case, no apostrophes, numbers as digits), so
"you're" is ``youre`` and "we're" is ``were``. They are strict on purpose: what is not plainly a yes
is none, since a doubtful success costs the user one look and a false one a missed appointment.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(patterns) + r")\b")


_OPENERS = r"^(?:(?:oh|ok|okay|well|um|uh|ah|and|alright|great|good|hm|mm|so|yes|yeah|all right) )*"

AFFIRMS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "en": re.compile(
            _OPENERS + r"(?:yes|yeah|yep|yup|correct|right|sure|exactly|absolutely|of course"
            r"|certainly|definitely|ok|okay|alright|all right|perfect|great|fine|wonderful"
            r"|excellent"
            r"|sounds (?:good|great|fine|perfect)|no problem|you got it|you bet|will do|done|deal"
            r"|agreed|gladly|lovely|very (?:good|well)|(?:that|it) (?:is|would be) (?:right|correct"
            r"|fine|perfect|good|great|okay|ok)|thats (?:right|correct|fine|perfect|good|great|okay"
            r"|ok|it|confirmed)|(?:i|we) can do (?:that|it)|ill (?:tell|let|pass|give|make "
            r"sure|do)(?! you)"
            r"|happy to|confirmed)\b"
            r"|\b(?:that|this|it|which|day|clk\S+|\d+|am|pm|oclock|morning|afternoon|evening|time"
            r") (?:works|is fine|is good|is ok|is okay|is perfect|is great|suits us|will be fine"
            r"|will work|would be fine|works (?:fine|great|well|for us|for me))\b"
            r"|\bfine (?:by|with|for) (?:me|us)\b"
        ),
        "de": re.compile(
            r"^(?:(?:ok|okay|gut|also|ach|na|oh|ja) )*(?:ja|jawohl|genau|richtig|stimmt|gerne?"
            r"|in ordnung|alles klar|perfekt|einverstanden|passt|das passt|das geht|ok|okay|gut"
            r"|prima|super|selbstverständlich|natürlich|klar|abgemacht|korrekt)\b|\bpasst(?: gut)?$"
        ),
        "es": re.compile(
            r"^(?:(?:ok|vale|bueno|muy|pues|sí) )*(?:sí|correcto|exacto|claro|de acuerdo|vale"
            r"|perfecto|muy bien|bien|por supuesto|está bien|eso es|ok|con gusto)\b"
        ),
        "fr": re.compile(
            r"^(?:(?:ok|bon|bien|alors|ah|oui) )*(?:oui|daccord|exactement|cest (?:ça|bon|parfait"
            r"|noté|exact)|parfait|très bien|bien sûr|entendu|ça marche|ça va|volontiers|ok"
            r"|tout à fait)\b"
        ),
    }
)
"""A sentence that says yes to what was said before it."""

_BY = (
    r"(?:ive|i have|weve|we have|ill|i will|we will|ive just|i just|well|we just|i|go ahead and)"
    r" (?:got |go ahead and |just |now )*"
)
_SOMEBODY = r"(?:you|him|her|them|it|that|this|\w+ \w+)"
_THING = r"(?:appointment|booking|reservation|table|visit|session|test drive|slot|order)"
_DONE = r"(?:booked|confirmed|reserved|scheduled|placed|made)"
CONFIRMS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "en": _any(
            r"(?:you|youre|theyre|he|hes|she|shes|they|mr \w+|mrs \w+|ms \w+|name) ?(?:is|are|s)?"
            r" ?(?:now |all |officially )*(?:booked|confirmed|scheduled|reserved|registered|signed"
            r" up|enrolled|down for|in for|set for|all set|in the (?:books?|system|calendar"
            r"|diary|schedule))",
            r"all (?:set|booked|confirmed)(?: for| then|$)",
            r"(?!the |an? |another|some|our|that|this|whole|it |\w*day )\w+(?: \w+)? is "
            r"(?:now |all )?"
            r"(?:booked|scheduled|confirmed|registered|down) (?:for|on|in) (?!another|some|a )",
            rf"{_BY}(?:put|pencil|got|have|written|wrote|noted) {_SOMEBODY} (?:down|in|booked)",
            rf"{_BY}(?:booked|book|reserved|reserve|scheduled|schedule|moved|registered|entered)"
            rf" (?:you|him|her|them|it|that|this|(?:your|the|an?) (?:\w+ )?(?:{_THING}|room|seat"
            r"|place|spot))",
            r"(?:it is|its|thats|that is) (?:now |all )*(?:booked|confirmed|reserved"
            r"|settled|scheduled"
            r"|placed|in the (?:books?|system|calendar|diary))",
            rf"{_THING} (?:is|has been) (?:now |all )*{_DONE}",
            rf"your {_THING} is (?:on \w+day|at (?:\d|clk)|for \w+day|set)",
            r"(?:see|expect|look forward to seeing) (?:you|him|her|them) (?:then|there|on"
            r"|at|tomorrow"
            r"|next|\w+day|this)",
            r"^(?:(?:ok|okay|great|perfect|alright|all right|good|yes|done) )*(?:booked|reserved"
            r"|scheduled|confirmed)(?: for| on| then|$| \w*day)",
        ),
        "de": _any(
            r"(?:termin|tisch|zimmer|platz|sie|alles|das|es) (?:ist|sind|wurde|wird) (?:\w+ ){0,9}"
            r"(?:gebucht|eingetragen|reserviert|bestätigt|notiert|vermerkt)",
            r"^(?:(?:ja|gut|so|ok|okay) )*ist (?:\w+ )?(?:eingetragen|notiert|gebucht|reserviert)",
            r"(?:habe?|haben) (?:ich |wir )?(?:sie|ihn|es|das|ihnen|den|einen|ihren) (?:\w+ ){0,9}"
            r"(?:gebucht|eingetragen|reserviert|notiert|vermerkt)",
            r"(?:trage|trag|buche|notiere|reserviere) (?:ich )?(?:\w+ ){0,6}(?:ein|sie"
            r"|ihnen|ihn|es)",
            r"bis (?:dann|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|morgen)",
        ),
        "es": _any(
            r"(?:queda|quedó|le he|la he|lo he|he|hemos|tiene su \w+|su \w+ está) (?:\w+ ){0,6}"
            r"(?:reservad[oa]|confirmad[oa]|apuntad[oa]|anotad[oa]|agendad[oa])",
            r"(?:le|lo|la) (?:apunto|reservo|anoto|agendo)",
            r"(?:nos vemos|le esperamos) (?:el|entonces|mañana|lunes|martes)",
        ),
        "fr": _any(
            r"(?:cest|jai|nous avons|vous êtes|votre \w+ \w+ est|votre \w+ est) (?:\w+ ){0,6}"
            r"(?:réservée?|confirmée?|notée?|inscrite?|fixée?)",
            r"je (?:vous|le|la) (?:note|réserve|inscris|mets)",
            r"^(?:(?:oui|bon|alors) )*à (?:mardi|lundi|mercredi|jeudi|vendredi|samedi|demain)",
        ),
    }
)
"""A sentence by which the thing itself is done, such as a booking that stands."""

CANCELS: Final = _any(
    r"(?:ive|i have|we have|weve|its|it is|thats|that is|(?:appointment|membership|subscription"
    r"|booking|reservation|order|contract|account|visit) (?:is|has been)) "
    r"(?:now |been |all |just |already )*cancell?ed",
    r"(?:ill|i will|we will|well) (?:go ahead and )?(?:cancel|take) (?:it|that|your|the|you off)",
    r"(?:ist|wurde|habe .{0,30}) (?:storniert|abgesagt)",
    r"(?:está|queda|he) cancelad[oa]",
    r"(?:est|jai) annulée?",
)
"""What confirms a cancellation, where that was asked for."""

NEGATION: Final = _any(
    r"not|no|never|none|nothing|nobody|cannot|cant|dont|doesnt|didnt|isnt|arent|wasnt|werent|wont"
    r"|wouldnt|couldnt|shouldnt|havent|hasnt|hadnt|aint|unable|neither|nor|unfortunately|afraid"
    r"|hardly|refuse|impossible",
    r"nicht|kein|keine|keinen|nein|leider|nie|nunca|tampoco|jamás|lamentablemente"
    r"|desafortunadamente"
    r"|non|pas|jamais|malheureusement|aucun|aucune",
)
HARMLESS_NEGATION: Final = re.compile(
    r"\b(?:no problem|no worries|not a problem|why not|no need|no trouble|not at all|dont worry"
    r"|dont forget|dont hesitate|no charge|no cost|no obligation|nothing else|no later|not later"
    r"|no extra|kein problem|keine ursache|nichts zu danken|no hay problema|pas de problème"
    r"|pas de souci|no se preocupe|nicht vergessen)\b"
)

BLOCKED: Final = _any(
    r"taken|gone|fully booked|booked (?:up|out|solid|full)|full|closed|unavailable",
    r"(?:were|we are|are all|is already|are already|already) (?:\w+ )?booked|is booked$|already",
    r"(?:someone|somebody) else|(?:another|other|different|previous|last) (?:customer"
    r"|patient|client"
    r"|guest|caller|person|lady|gentleman|one)",
    r"used to|would have|would be (?:booked|confirmed)|would need|could have|might have"
    r"|had (?:been|you)|was (?:free|available|open|booked)"
    r"|were you|(?:waiting|wait|standby|stand by|cancellation) ?list|on standby|waitlist\w*",
    r"pretend|imagine|suppose|supposing|hypothetically|joking|kidding|just joking|as if|yeah right"
    r"|whatever|in your dreams|test call|only testing",
    r"vergeben|belegt|ausgebucht|geschlossen|warteliste|ocupad[oa]|complet[oa]|cerrad[oa]"
    r"|lista de espera|complet|fermé|prise?|liste dattente",
)
"""What makes a sentence no confirmation, though it holds no "not"."""

DOUBT: Final = _any(
    r"maybe|perhaps|probably|possibly|might|may(?! \d)|could|would(?! (?:be|cost|work|suit"
    r"|do))|i think|i guess|i "
    r"believe|i suppose|if"
    r"|unless|until|once|as soon as|should|shall|hopefully|try|trying|see if|lets see|whether|when"
    r"|let me|check|checking|almost|about to|supposed|in principle|in theory|normally|usually"
    r"|generally|as long as|provided|assuming|wait|hold on|hang on|one moment|a moment|a second"
    r"|a minute|want me to|before i|after i|then i",
    r"vielleicht|eventuell|wahrscheinlich|möglicherweise|wenn|falls|könnte|würde|moment|sobald|ob"
    r"|quizás|quizá|tal vez|a lo mejor|si|cuando|podría|sería|un momento|creo",
    r"peut être|probablement|sans doute|quand|pourrait|serait|un instant|je crois|je pense|sil",
)
"""What leaves open whether a sentence is meant."""

STRONG_DOUBT: Final = _any(
    r"(?:cant|cannot|cant really|wont) (?:promise|guarantee|confirm|say|commit)|not (?:sure|certain"
    r"|positive|confirmed|final|definite|guaranteed)|(?:dont|do not) know|in theory|depends"
    r"|depending|maybe|tentativ\w*|pencil\w*|provisional\w*|pending|(?:have|has|need|needs|got) to"
    r" (?:check|ask|confirm|verify|look|see|speak|talk|be (?:confirmed|approved|checked))|must"
    r" (?:check|ask|confirm|approve|be confirmed)|(?:call|ring|phone|get|text|email|write) "
    r"(?:you|him"
    r"|her|them|back)? ?(?:back|later) (?:to|with|and|once|when|about|on)|to be confirmed"
    r"|subject to"
    r"|(?:waiting|wait|standby|cancellation) ?list|waitlist\w*|no guarantee|no promises|conditional"
    r"|nothing (?:is )?(?:final|fixed|settled|confirmed)|(?:will|to|still) (?:have to |need to |"
    r"needs to )?(?:approve|be approved|confirm (?:it|that|this|later|by|with|the))|unconfirmed"
    r"|request (?:only|(?:\w+ ){0,6}(?:has been|is|was) (?:sent|received|noted))",
    r"muss (?:ich )?(?:noch|erst)|unter vorbehalt|noch nicht|nicht sicher|weiss (?:ich )?nicht"
    r"|vorläufig|rufe? (?:sie )?zurück|tengo que (?:consultar|preguntar|confirmar)|no (?:sé|estoy"
    r" segur[oa])|provisional|por confirmar|je dois (?:vérifier|demander|confirmer)|sous réserve"
    r"|pas sûre?|je vous rappelle|à confirmer|pas encore",
)
"""Doubt that spoils the whole line, and what was settled before it."""

REVOKES: Final = _any(
    r"cancel|cancell?ed|scratch that|never mind|nevermind|forget it|forget (?:about )?(?:that|the"
    r" (?:booking|appointment))|my mistake|i misspoke|i was wrong|i made a mistake|correction"
    r"|on second thoughts?|changed my mind|hold off|strike that|disregard",
    r"(?:just|already|now|been) (?:been )?taken|(?:is|its|thats|just|are) (?:gone|taken)|double"
    r" ?booked|wrong (?:day|week|time|calendar|month|page|number|person|place|department"
    r"|date)|(?:cant|cannot|can not"
    r"|wont|will not|unable to|not able to|couldnt) (?:do|make|take|offer|fit|book|give|accept|keep"
    r"|hold|honou?r|go)|not (?:possible|available|free|open|booked|going to work|work|in the"
    r" system|going through|agreed?)|(?:doesnt|does not|wont|didnt|did not) (?:work|go through|fit"
    r"|suit)|no longer|fully booked|booked (?:up|out|solid)|(?:were|we are|is|its) (?:closed|full)"
    r"|call (?:us |me )?(?:back|again) (?:later|tomorrow|another|next|to)|nothing is (?:booked"
    r"|confirmed)|have(?:nt| not) (?:booked|confirmed|agreed)|did(?:nt| not) (?:book|confirm|agree"
    r"|say)|never (?:agreed|said|confirmed|booked)|not interested|not booking|not yet|dont book"
    r"|take you off"
    r"|removed? (?:you|it|that)|private (?:number|house|residence|person)|system (?:is|just|went)"
    r" (?:down|crashed)|lost (?:it|the booking)|start over|just (?:kidding|joking)|only (?:kidding"
    r"|joking)|i(?:m| was| am) (?:kidding|joking)|gotcha",
    r"doch nicht|geht nicht|(?:leider|schon|gerade) (?:nicht|vergeben|belegt|weg)|storniert|irrtum"
    r"|mein fehler|passt (?:doch |leider |mir )?nicht|falsch verbunden|abgesagt|ausgebucht",
    r"no puede ser|no (?:es )?posible|me equivoqué|cancelad[oa]|cancelo|ya (?:está|no) "
    r"(?:ocupad[oa]|disponible|hay)|número equivocado|mejor no|no podemos|no puedo",
    r"pas possible|plus (?:disponible|de place|libre)|annulée?|je me suis trompée?|finalement non"
    r"|mauvais numéro|on ne peut pas|je ne peux pas|déjà prise?",
)
"""What takes back whatever was settled before it."""

RETRACTS: Final = _any(
    r"forget (?:about )?(?:that|it|what)|i was wrong|i am wrong|my mistake|i made a mistake"
    r"|i misspoke|correction|scratch that|strike that|disregard|actually|no wait|oh wait",
    r"mein fehler|irrtum|stimmt nicht|me equivoqué|je me suis trompée?",
)
"""What takes back an answer."""

HALTS: Final = _any(
    r"oh no|oops|hang on|hold on|wait|one moment|just a moment|let me check|scratch|moment"
    r"|warten sie|espere|un momento|attendez|un instant"
)
"""Something stopped the callee: what was settled before must be said again."""

TURNS: Final = _any(
    r"actually|i see (?:now|here)|instead|rather|sorry but|im sorry|i am sorry|i meant|no "
    r"sorry|ah no"
    r"|make (?:it|that)|change (?:it|that)|moved? (?:it|you|that)|mistake|however",
    r"eigentlich|entschuldigung|lieber|stattdessen|en realidad|perdón|mejor|en fait|pardon|plutôt"
    r"|désolée?",
)
"""A change of mind, if what follows is a no, a doubt, or another time."""

QUESTION_START: Final = re.compile(
    r"^(?:(?:and|so|ok|okay|well|but|sorry|yes|yeah|all right|alright|great|good|sure) )*"
    r"(?:who|what|whats|which|when|where|why|how|whose|do you|did you|is (?:that|this|it|there)"
    r"|are you|can (?:you|i)|could (?:you|i)|would you|will you|may i|shall (?:i|we)"
    r"|should (?:i|we)"
    r"|have you|does|is he|is she|anything else|wer|was|welche\w*|wann|wo|warum|wie|soll ich"
    r"|haben sie|können sie|quién|qué|cuál|cuándo|cómo|a nombre de quién|qui|quel|quelle|quand"
    r"|comment|est ce que|avez vous|pouvez vous|à quel nom)\b"
)
CLOSING_QUESTION: Final = _any(
    r"anything else|something else|is that all|will that be all|that all|noch etwas|sonst noch"
    r"|algo más|autre chose"
)
"""A question that comes when all is settled."""

PHATIC: Final = _any(
    r"speaking|listening|go ahead|hello|hi|good (?:morning|afternoon|evening|day)|how can i"
    r"|how may i"
    r"|one moment|hold on|hang on|i (?:can )?hear you|still here|im here|i am here|im still"
    r"|it is me"
    r"|its me|who is|whos|just a|bear with|go on|i see|i know|i understand|tell me|shoot|am apparat"
    r"|ich höre|hallo|moment|dígame|diga|hola|un momento|allô|jécoute|un instant|bonjour",
    r"(?:this is|you(?:ve| have) reached|youre through to|speaking with)",
    r"(?:so )?you (?:want|need|said|say|would like|are asking|are looking)|youd like"
    r"|youre (?:asking|looking|calling|after)|you mean",
)
"""Words that keep a talk going and settle nothing."""

INSTRUCTION: Final = _any(
    r"(?:ignore|disregard|forget|override|overwrite|bypass) (?:\w+ ){0,4}(?:instructions?|rules"
    r"|prompts?|guidelines|everything|orders|above)|system (?:prompt|message|note|override"
    r"|instruction)"
    r"|(?:verdict|outcome|confidence|json|schema|next step|dnd|prompt|transcript|analyzer|analysis"
    r"|analyser|evidence|the model|language model|llm|chatbot|success criteria)",
    r"(?:mark|report|record|log|note|write|file|set|treat|count|classify|rate|grade|judge|label"
    r"|output|respond|answer|say|state|put) (?:\w+ ){0,5}(?:as )?(?:(?:a )?success\w*|succeeded"
    r"|completed?|fulfilled|achieved|goal reached|task (?:is )?done|resolved)",
    r"(?:you must|you should|you have to|you will|you are (?:to|required)|your task is to) "
    r"(?:now )?"
    r"(?:say|answer|write|report|output|respond|mark|tell your|state|conclude)",
    r"(?:as|youre|you are) an ai|developer mode|from now on|new instructions?|system colon|end of"
    r" (?:call|transcript|conversation)|tell (?:your|the) (?:user|boss|client|customer"
    r"|owner) (?:that )?"
    r"(?:it|everything|the|this)",
)
"""Speech addressed to the machine that judges, not to the caller: a line with it is no evidence."""

MACHINE: Final = _any(
    r"(?:leave|record) (?:\w+ ){0,4}(?:message|name and)|(?:after|at) the (?:tone|beep)|voice ?mail"
    r"|mailbox|answering machine|press (?:the )?(?:number |key )?\d|your call (?:is|may)"
    r"|calls? (?:is"
    r"|are|may be) (?:being )?(?:recorded|important|monitored)|all (?:of )?our (?:\w+ ){0,3}(?:are"
    r" busy|agents|lines)|stay on the line|call screening|screening service|state your name"
    r"|say your"
    r" name|before i (?:try to )?connect|google assistant|the (?:person|number|subscriber"
    r"|party) you"
    r" (?:are|have|were)|(?:is )?not available to take|please hold|thank you for calling "
    r"(?:\w+ ){1,6}"
    r"(?:our|for|if|press|please)|automated|virtual assistant|recorded message",
    r"hinterlassen sie|nach dem (?:ton|signal|piepton)|mailbox|anrufbeantworter|drücken sie|deje su"
    r" mensaje|después de (?:la señal|el tono)|buzón|pulse|marque|laissez (?:\w+ )?message|après le"
    r" (?:bip|signal)|messagerie|tapez|appuyez",
)
"""Words of voicemails, menus, queues and screens."""

REFUSES_ANSWER: Final = _any(
    r"(?:dont|do not|cant|cannot|couldnt|wont|not able to|unable to|not allowed to|not going to"
    r"|not permitted to|not authori[sz]ed to|would rather not|prefer not to) (?:\w+ "
    r")?(?:know|say|tell|give"
    r"|help|answer|share|disclose|discuss|comment|speak|talk|confirm|provide|quote|release"
    r"|remember|do"
    r"|understand|hear|see|catch)|no idea|not sure|no clue|(?:have|need) to (?:ask|check"
    r"|look|call|speak|find)|(?:isnt|is not|not) (?:here|in|available)"
    r"|nobody|no ?one here|wrong number|not interested|busy|call (?:back|again)|(?:he|she"
    r"|they|manager"
    r"|doctor|owner|boss) (?:is|are|would|will|might|can|knows)|visit (?:our|the) web|on "
    r"(?:our|the) web"
    r"|website|ask (?:someone|him|her|them|at|when|the)|come in|in person|email us|no comment|not"
    r" something (?:i|we)|goodbye|bye|pardon|repeat|say that again|what was that|who are you|who is"
    r" this|robot|private|residen\w+|let me|one moment|hold on|depends|varies",
    r"weiss (?:ich )?nicht|keine ahnung|kann ich (?:ihnen )?nicht|falsch verbunden|no "
    r"(?:lo )?sé|ni idea"
    r"|número equivocado|no puedo|je ne sais pas|aucune idée|mauvais numéro|je ne peux pas",
)
"""An answer that gives nothing: not known, not told, not now."""
