"""What we learn of an exchange at login: its version, and what our manager user may do. Pure.

Source: Asterisk's ``CoreSettings`` and ``ListCommands``, which lists exactly the actions that the
user's write classes allow, each with the classes of which one is needed, as in
``Hangup: Hangup channel.  (Priv: system,call,all)``.
"""

import re
from dataclasses import dataclass

from opendeep.call_processor_service.ami_protocol import AmiMessage

NEEDED_ACTIONS = (
    *("Originate", "Hangup", "PlayDTMF", "Status", "CoreShowChannels"),
    *("Redirect", "Setvar", "Bridge", "AbsoluteTimeout"),  # to hand callees over
)
RIGHTS_REMEDY = (
    "in manager.conf give the user 'write = originate,call,reporting' and "
    "'read = call,system', then 'manager reload'"
)
_TOO_MUCH = ("system", "command", "config")
# The first minor version, by major one, whose AudioSocket has the fixes that calls rely on.
_GOOD_SINCE = {20: 17, 22: 7}
_GOOD_FROM_MAJOR = 23
_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})")
_CLASSES = re.compile(r"\(Priv: ([a-z,]*)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFacts:
    """What an exchange is, and what it lets us do.

    Attributes:
        version: as Asterisk writes it, or ``unknown``.
        missing: actions that calls need and our manager user may not use.
        warnings: sentences for the person who runs the exchange, each with its remedy.
    """

    version: str
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def fault(self) -> str:
        """What makes calls impossible, or an empty string."""
        if not self.missing:
            return ""
        return f"The manager user may not use {', '.join(self.missing)}."


def read_facts(
    settings: AmiMessage | None, commands: AmiMessage | None, *, booted: bool
) -> ExchangeFacts:
    """Judge the answers to ``CoreSettings`` and ``ListCommands``; None is no answer.

    Args:
        settings: the response to ``CoreSettings``.
        commands: the response to ``ListCommands``.
        booted: whether the exchange said in time that it is fully booted.
    """
    version = settings.get("AsteriskVersion") if settings is not None else ""
    warnings = _version_warnings(version)
    if not booted:
        warnings.append(
            "Asterisk did not say that it is fully booted: wait for it, or give the manager user "
            "'read = call,system'."
        )
    missing: tuple[str, ...] = ()
    if commands is None or not commands.is_success:
        warnings.append("What the manager user may do could not be asked (ListCommands).")
    else:
        listed = {key.lower(): value for key, value in commands.headers}
        missing = tuple(name for name in NEEDED_ACTIONS if name.lower() not in listed)
        warnings += _rights_warnings(listed)
    return ExchangeFacts(version=version or "unknown", missing=missing, warnings=tuple(warnings))


def _version_warnings(version: str) -> list[str]:
    found = _VERSION.match(version)
    if found is None:
        told = version or "none"
        return [f"Asterisk's version ({told}) cannot be compared: use 20.17, 22.7 or newer."]
    major, minor = int(found[1]), int(found[2])
    if major >= _GOOD_FROM_MAJOR or minor >= _GOOD_SINCE.get(major, 1000):
        return []
    warning = (
        f"Asterisk {version} is older than 20.17 or 22.7: its AudioSocket may lose keys or break "
        "calls; update it."
    )
    return [warning]


def _rights_warnings(listed: dict[str, str]) -> list[str]:
    """Tell the classes that are granted beyond need: an action that only they allow is listed."""
    granted = set()
    for text in listed.values():
        classes = _CLASSES.search(text)
        if classes is not None:
            names = set(classes[1].split(",")) - {"all", ""}
            granted |= names if len(names) == 1 else set()
    excess = [name for name in _TOO_MUCH if name in granted]
    if not excess:
        return []
    warning = (
        f"The manager user has the write class {', '.join(excess)}: whoever learns its secret owns "
        f"the machine; {RIGHTS_REMEDY}."
    )
    return [warning]
