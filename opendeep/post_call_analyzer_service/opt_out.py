"""Words by which a callee says "never call again": a fixed list, joined by OR with the model.

The list is the one that is listened to during the call. What the AI says is not looked at.
"""

from collections.abc import Iterable

from opendeep.common.data_models import Speaker
from opendeep.common.opt_out_words import asks_to_stop
from opendeep.post_call_analyzer_service.heard import HeardLine


def find_opt_out(lines: Iterable[HeardLine]) -> HeardLine | None:
    """Return the first line in which the callee asks not to be called again, or None."""
    for line in lines:
        if line.speaker is Speaker.CALLEE and asks_to_stop(line.text):
            return line
    return None
