"""The rules by which the practice brain reads a callee: one table from intent to patterns.

Recognisers are noisy ("mm-hm" becomes "Mamma!"), so the patterns are loose, and the dialogue
reads back whatever it relies on.
"""

import re
from enum import StrEnum
from typing import Final


class Intent(StrEnum):
    """What an utterance does; several may hold at once."""

    DO_NOT_CALL = "do_not_call"
    VOICEMAIL = "voicemail"
    SCREENING = "screening"
    MENU = "menu"
    WRONG_NUMBER = "wrong_number"
    ROBOT = "robot"
    ATTACK = "attack"
    HOLD = "hold"
    PATIENT = "patient"
    GOODBYE = "goodbye"
    HELLO = "hello"
    UNCLEAR = "unclear"
    BACKCHANNEL = "backchannel"
    YES = "yes"
    NO = "no"
    ASKS_NAME = "asks_name"
    ASKS_WHO = "asks_who"
    ASKS_DETAIL = "asks_detail"
    ASKS_PURPOSE = "asks_purpose"
    ASKS_WHEN = "asks_when"
    ASKS_MORE = "asks_more"
    CONFIRMS = "confirms"
    DENIES = "denies"
    FULL = "full"
    HOURS = "hours"
    OFFER = "offer"


_SOURCES: Final = {
    Intent.DO_NOT_CALL: (
        (
            r"\b(?:never|don'?t|do not|stop|quit)\b[^.?!]{0,25}\bcall(?:ing|ed)?\b"
            r"(?! (?:that|it|this|you back|them|him|her))"
        ),
        r"\b(?:take|remove)\b[^.?!]{0,12}\b(?:me|us|my|this|our)\b[^.?!]{0,30}\blist",
        r"\bdo not call list\b",
        r"\bleave (?:me|us) alone\b",
    ),
    Intent.VOICEMAIL: (
        r"\bleave (?:me |us |a |your |an? \w+ )*(?:message|name and (?:your )?(?:phone )?number)",
        r"\b(?:after|at) the (?:tone|beep|signal)\b",
        r"\b(?:voice ?mail|mailbox|answering machine)\b",
        (
            r"\b(?:can'?t|cannot|unable to|not able to) (?:come to|take|answer|get to|pick up)\b"
            r"[^.?!]{0,20}\b(?:phone|calls?)\b"
        ),
        r"\brecord your message\b",
    ),
    Intent.SCREENING: (
        r"\bscreen(?:ing|ed|er)?\b",
        r"\b(?:say|state|give|tell (?:me|us)) your name\b[^.?!]*\b(?:why|reason|purpose|calling)",
        r"\bwho(?: is|'s) calling\b[^.?!]*\b(?:why|reason|about|purpose)",
        r"\byour name and (?:the |your )?(?:reason|purpose|why)",
        r"\bbefore (?:i|we) (?:try to )?connect\b",
    ),
    Intent.MENU: (
        (
            r"\bpress(?:ed)? (?:the )?(?:number |key )?"
            r"(?:\d|zero|one|two|to|too|three|four|for|five|six|seven|eight|nine|star|pound)\b"
        ),
    ),
    Intent.WRONG_NUMBER: (
        r"\b(?:wrong|different) (?:phone )?number\b",
        r"\bno(?:body| one| such \w+)?\b[^.?!]{0,25}\b(?:by|with|of) that name\b",
        r"\b(?:private|residential) (?:number|home|house|residence|line)\b",
        r"\b(?:isn'?t|is not|not) (?:a |an |the )?(?:\w+ )?(?:office|business|clinic|salon|shop)\b",
        r"\bno (?:\w+ )?(?:office|business|clinic|salon|dentist) (?:here|at this)\b",
        r"\bmisdial",
    ),
    Intent.ROBOT: (
        (
            r"\b(?:are|is)\b(?: you| this| that| it)\b[^.?!]{0,25}"
            r"\b(?:robots?|robotic|human|real person|person|machine|bot|ai|a\.i|computer|recording|"
            r"artificial|automated)\b"
        ),
        (
            r"\b(?:am i|i'?m) (?:talking|speaking) (?:to|with) an? "
            r"(?:robot|human|real|machine|bot|ai|computer|recording|person)"
        ),
    ),
    Intent.ATTACK: (
        (
            r"\b(?:ignore|forget|disregard|override|drop|change)\b[^.?!]{0,30}"
            r"\b(?:instructions?|rules|prompts?|programming|orders)\b"
        ),
        r"\b(?:system|secret|hidden|initial|original) (?:prompt|instructions?|message)\b",
        (
            r"\b(?:what|tell me|read|repeat|reveal)\b[^.?!]{0,30}\byour (?:\w+ )?"
            r"(?:instructions?|prompt|rules)\b"
        ),
        r"\b(?:pretend|act as|role ?play|from now on|new instructions?|developer mode)\b",
        (
            r"\b(?:other|another|else)\b[^.?!]{0,20}\b(?:appointment|call|customer|client)s?\b"
            r"[^.?!]{0,25}\b(?:do|does|did|have|has|make|this|your)\b"
        ),
        (
            r"\b(?:passwords?|credit card|card number|social security|api keys?|"
            r"pin (?:code|number)|bank (?:account|details))\b"
        ),
    ),
    Intent.HOLD: (
        (
            r"\b(?:please hold|hold (?:on|the line|please)|stay on the line|bear with me|"
            r"(?:on|placed? you on) (?:a )?(?:brief )?hold)\b"
        ),
        r"\b(?:one|a|just a|just one|give me a) (?:quick )?(?:moment|second|sec|minute)\b",
        r"\ball (?:of )?our\b[^.?!]{0,40}\bbusy\b",
        r"\byour call is (?:very )?important\b",
        r"\blet me (?:just )?(?:check|see|look|have a look|take a look|pull up)\b",
        r"\b(?:connecting|transferring|putting) you\b",
        (
            r"\b(?:i|we) (?:only )?have (?:\w+ ){0,2}(?:one|two|three|few|some|couple) "
            r"(?:of )?(?:free |open |other )?(?:times?|slots?|openings?|options?)\b"
        ),
        r"\bplease wait\b",
        r"\bconnect you\b",
    ),
    Intent.PATIENT: (
        (
            r"^(?:of course|sure|certainly|no problem|ok|okay|all right|alright|yes|yeah|fine)?"
            r"[,.! ]*(?:please )?(?:take your time|no (?:rush|hurry)|i(?:'ll| will) wait)\b"
        ),
    ),
    Intent.GOODBYE: (
        r"\b(?:good[ -]?bye?|bye|bye-bye|take care|farewell)\b(?! (?:the|a))",
        r"\bhave a (?:nice|good|great|lovely|wonderful) (?:day|one|afternoon|evening|weekend)\b",
    ),
    Intent.UNCLEAR: (
        (
            r"^(?:i'?m )?(?:so )?(?:sorry|pardon|excuse me|what|huh|come again|say again)"
            r"(?: me)?[?.!,]*(?: what)?[?.!]*$"
        ),
        r"\b(?:say|repeat|run) (?:that|it|this) (?:again|by me)?\b",
        (
            r"\b(?:didn'?t|did not|couldn'?t|can'?t|don'?t) (?:quite )?"
            r"(?:catch|hear|understand|get) (?:that|you|it|what)\b"
        ),
        r"\bwhat (?:was that|did you say|do you mean)\b",
        r"\bcould you repeat\b",
    ),
    Intent.ASKS_NAME: (
        (
            r"\b(?:what|which|whose|and the|and a|(?:can|could|may) i (?:have|get)|get|need|have|"
            r"take|with) (?:is |'s |was )?"
            r"(?:the |a |your |their |his |her |full |last |first )*name\b"
        ),
        r"\bname (?:should|shall|can|do|would|will|is|for|on|please)\b",
        r"\b(?:what'?s|what is) (?:the |their |his |her |your )?(?:full |last |first )?name\b",
        (
            r"\bwho(?: is|'s| would| should| shall| am| will)\b[^.?!]{0,30}"
            r"\b(?:for|booking|appointment|book|put|under|coming)\b"
        ),
        r"\bname[?]$",
    ),
    Intent.ASKS_WHO: (
        r"\bwho(?: is|'s) (?:this|calling|that|speaking|there)\b",
        r"\bwho are you\b",
        r"\bwho am i (?:speaking|talking) (?:to|with)\b",
        r"\bmay i ask who\b",
    ),
    Intent.ASKS_DETAIL: (
        (
            r"\b(?:your|his|her|their|the|have|need|what|a|an) (?:\w+ ){0,2}"
            r"(?:(?:phone|telephone|mobile|cell|contact|callback|back) number|date of birth|"
            r"birth ?date|birthday|insurance|e-?mail|zip code|home address)\b"
        ),
        r"\b(?:new|existing|returning|current) (?:patient|customer|client)\b",
        r"\bbeen (?:here|with us|to see us) before\b",
    ),
    Intent.ASKS_PURPOSE: (
        r"\b(?:how|what) (?:can|may|could) (?:i|we) (?:help|do for|assist)\b",
        r"\bwhat(?: is|'s| are)?\b[^.?!]{0,20}\b(?:about|regarding|calling for|concerning)\b",
        r"\bwhy are you calling\b",
        r"\bwhat (?:do|did|would) you (?:want|need|like)\b",
        r"\byou (?:wanted|want|need|would like)\b[^.?!]{0,30}[?]",
    ),
    Intent.ASKS_WHEN: (
        (
            r"\b(?:when|what (?:day|time|date)|which (?:day|time))\b[^.?!]{0,30}"
            r"\b(?:you|he|she|they|work|works|suit|suits|best|prefer)\b[^.!]*[?]"
        ),
        r"\bany (?:preference|particular (?:day|time))\b",
        r"\b(?:morning|mornings) or (?:the )?(?:afternoon|afternoons)\b",
    ),
    Intent.ASKS_MORE: (
        r"\b(?:anything|something) else\b[^.]*[?]",
        r"\banything else (?:i|we|that|for|today)\b",
    ),
    Intent.CONFIRMS: (
        r"(?<!fully )(?<!all )\bbooked\b(?! (?:up|out|solid|until|through))",
        (
            r"\b(?:all set|confirmed|you'?re down|you are down|put you down|got you down|"
            r"i'?ll put you|i'?ve put you|it'?s done|that'?s done|reserved|pencil(?:l)?ed you|"
            r"you(?:'re| are) in)\b"
        ),
        r"\b(?:i|we)(?:'ve| have) (?:got )?(?:\w+ )?\w+ (?:down|booked|scheduled|set)\b",
        r"\bscheduled\b",
        r"\b(?:see|expect|look forward to seeing) (?:you|him|her|them)\b",
        r"\byour (?:appointment|reservation|booking) is\b",
    ),
    Intent.DENIES: (r"\bnot (?:yet |now )?(?:booked|confirmed|scheduled|reserved)\b",),
    Intent.FULL: (
        r"\b(?:fully|all|completely) booked\b",
        r"\bbooked (?:up|out|solid)\b",
        (
            r"\b(?:no|any|nothing) (?:more )?(?:availability|openings?|available|free|"
            r"appointments?|slots?|tables?)\b(?![^.]*[?])"
        ),
        r"\b(?:don'?t|do not|doesn'?t) have (?:anything|any)\b",
        r"\bnothing (?:else|left|open|then|on|in|next)\b",
        r"\beverything (?:else )?is taken\b",
        r"\bonly (?:have|offer)\b[^.?!]{0,12}\b(?:those|these|that|the)\b",
    ),
    Intent.HOURS: (
        r"\b(?:we'?re|we are|is|are) (?:only |usually )?(?:open|closed)\b",
        r"\b(?:opening|business|office) hours\b",
    ),
    Intent.NO: (
        r"^(?:no(?! problem)|nope|nah|incorrect|wrong|not quite|not really|i'?m afraid not)\b",
        r"\b(?:that'?s|that is) (?:not|wrong|incorrect)\b",
        r"\bunfortunately\b",
    ),
    Intent.YES: (
        (
            r"^(?:oh |ok |okay |well |ah )*(?:yes|yeah|yep|yup|yas|correct|right|sure|exactly|"
            r"perfect|absolutely|of course|certainly|great|ok|okay|fine|wonderful|excellent|"
            r"definitely|no problem|sounds good|you got it|you bet|very good|alright|all right|"
            r"it is|thank)\b"
        ),
        r"\b(?:that'?s|that is|is) (?:right|correct|fine|perfect|great|it)\b",
    ),
}
PATTERNS: Final = {
    intent: tuple(re.compile(source, re.IGNORECASE) for source in sources)
    for intent, sources in _SOURCES.items()
}
"""Any one pattern that matches somewhere in the utterance gives its intent."""
