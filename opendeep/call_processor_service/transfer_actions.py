"""Requests to Asterisk for handing a callee over; all are of AMI's class ``call``.

Source: docs.asterisk.org, AMI actions Setvar, Redirect, Bridge and AbsoluteTimeout; tried on
Asterisk 22.10.1. The dialplan's side is in ``deploy/asterisk/extensions.conf``.
"""

import re
from typing import Final

from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.common.errors import InvalidInputError

TRANSFER_CONTEXT: Final = "opendeep-transfer"
BLIND_EXTEN: Final = "blind"
HANDED_OVER: Final = "OPENDEEP_HANDED_OVER"
"""Where it is 1, a channel that comes out of its bridge hangs up without the safe message."""
TRANSFER_TO: Final = "OPENDEEP_TRANSFER_TO"
RING_SECONDS: Final = "OPENDEEP_TRANSFER_RING"

_CHANNEL = re.compile(r"[A-Za-z0-9+@/._:;-]{1,160}")
_DIAL_STRING = re.compile(r"[A-Za-z0-9]+/[A-Za-z0-9+@/._:-]{1,120}")
_SHORT = re.compile(r"[0-9]{0,6}")


def set_dial_string(channel: str, dial_string: str) -> AmiAction:
    """Tell the dialplan whom to dial; one destination, without options.

    Raises:
        InvalidInputError: it has another form: ``&`` would dial a second number.
    """
    return _set(channel, TRANSFER_TO, _checked(_DIAL_STRING, dial_string))


def set_number(channel: str, name: str, value: str) -> AmiAction:
    """Set one of our variables to a short number, or to nothing."""
    return _set(channel, name, _checked(_SHORT, value))


def redirect_blind(channel: str) -> AmiAction:
    """Take a channel out of AudioSocket, and have the dialplan dial for it."""
    return AmiAction(
        name="Redirect",
        headers=(
            ("Channel", _checked(_CHANNEL, channel)),
            ("Context", TRANSFER_CONTEXT),
            ("Exten", BLIND_EXTEN),
            ("Priority", "1"),
        ),
    )


def bridge(first: str, second: str) -> AmiAction:
    """Let two channels talk to each other, whatever they do now."""
    return AmiAction(
        name="Bridge",
        headers=(
            ("Channel1", _checked(_CHANNEL, first)),
            ("Channel2", _checked(_CHANNEL, second)),
            ("Tone", "no"),
        ),
    )


def absolute_timeout(channel: str, seconds: int) -> AmiAction:
    """Let a channel live no longer than ``seconds`` from now."""
    return AmiAction(
        name="AbsoluteTimeout",
        headers=(("Channel", _checked(_CHANNEL, channel)), ("Timeout", str(seconds))),
    )


def _set(channel: str, name: str, value: str) -> AmiAction:
    return AmiAction(
        name="Setvar",
        headers=(("Channel", _checked(_CHANNEL, channel)), ("Variable", name), ("Value", value)),
    )


def _checked(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise InvalidInputError("AMI: this value has characters that are not allowed.")
    return text
