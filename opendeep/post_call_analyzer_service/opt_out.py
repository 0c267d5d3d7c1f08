"""Words by which a callee says "never call again": a fixed list, joined by OR with the model.

The model may miss one; the list may not know one; either is enough. What the AI says is not
looked at. A request to call back, or not to call *before* a time, is no opt-out.
"""

import re
from collections.abc import Iterable

from opendeep.common.data_models import Speaker
from opendeep.post_call_analyzer_service.evidence_check import HeardLine
from opendeep.post_call_analyzer_service.spoken_numbers import words

_NOT = r"(?:do not|dont|never|please not)"
_AGAIN = r"(?:again|any ?more|ever|any longer)"
_WHOM = r"(?:me|us|here|this number|this line|my number|our number)"
_LIST = r"(?:list|lists|database|system|records)"
_PATTERNS = tuple(
    re.compile(rf"\b{pattern}\b")
    for pattern in (
        rf"{_NOT} (?:ever )?(?:call|phone|ring|contact|bother|dial)(?: back| {_WHOM})* {_AGAIN}",
        rf"never (?:ever )?(?:call|phone|ring|contact|dial) {_WHOM}",
        r"stop (?:calling|phoning|ringing|contacting|bothering|harassing)",
        rf"(?:take|remove|delete|strike) {_WHOM} (?:off|from) \w+(?: \w+)? {_LIST}",
        rf"(?:remove|delete) {_WHOM}(?: please)?$",
        r"(?:lose|forget|delete) (?:this|my|our) number",
        r"(?:do not call|dnd|dnc) list",
        r"no more (?:phone )?calls",
        r"rufen sie (?:mich |uns |hier )?(?:nie|nicht) (?:wieder|mehr|nochmal) an",
        r"(?:nie|nicht) (?:wieder|mehr) anrufen",
        r"no (?:me|nos) (?:llames?|llamen|vuelva a llamar|vuelvan a llamar)(?: nunca)? m[aá]s",
        r"ne (?:me |nous )?(?:rappelez|appelez|t[eé]l[eé]phonez) (?:plus|jamais)",
    )
)


def find_opt_out(lines: Iterable[HeardLine]) -> HeardLine | None:
    """Return the first line in which the callee asks not to be called again, or None."""
    for line in lines:
        if line.speaker is Speaker.CALLEE and _asks_to_stop(line.text):
            return line
    return None


def _asks_to_stop(text: str) -> bool:
    plain = " ".join(words(text))
    return any(pattern.search(plain) for pattern in _PATTERNS)
