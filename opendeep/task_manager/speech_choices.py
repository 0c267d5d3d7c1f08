"""Which voices and languages a plan or a profile may name: closed sets, so that a slip is told.

Voices are those of OpenAI's Realtime models (its API reference, ``audio.output.voice``); names
that only its text-to-speech models know make noise there. Languages are primary subtags of BCP 47:
all two-letter ones (ISO 639-1), and of the three-letter ones, which stand for languages that have
no shorter tag, those that many people speak.
"""

import re
from typing import Final

VOICES: Final = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse",
)  # fmt: skip

_TWO_LETTERS: Final = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de
    dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia
    id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo
    lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl
    ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti
    tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_THREE_LETTERS: Final = """
    ace ast awa bal ban bem bho bik brh bug ceb ckb cmn crh dyu efi fil frr fur gag gom gsw hak haw
    hil hmn hne hsb ilo kab kam kbd kha kmb kok ksh lad lah lez luo lus mad mag mai mak mas mfe min
    mni mos nan nap nds nso nyn pag pam pap pcm pms quc rom sah sat scn sco shi shn srn szl tet tig
    tiv tpi tum tyv tzm udm umb vec war wuu xal yua yue zgh
"""
_LANGUAGES: Final = frozenset(f"{_TWO_LETTERS} {_THREE_LETTERS}".split())
_TAG: Final = re.compile(r"([a-z]{2,3})(-[a-z0-9]{1,8})*\Z", re.ASCII | re.IGNORECASE)


def primary_language(tag: str) -> str | None:
    """Return the primary subtag of a language tag (RFC 5646), as ``de`` of ``de-AT``, lower case.

    None where the tag is not well formed, or its language is not known.
    """
    matched = _TAG.match(tag)
    primary = matched[1].lower() if matched else None
    return primary if primary in _LANGUAGES else None
