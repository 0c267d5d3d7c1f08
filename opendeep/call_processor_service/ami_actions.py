"""Requests to Asterisk, checked before a byte is sent.

What comes from people or models reaches Asterisk through these builders alone. They refuse what
Asterisk would read as something else: a line break adds a header, a comma in a variable's value
sets another variable, ``&`` in a channel dials a second number, an upper-case id may hold a word
that Originate refuses.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.common.errors import InvalidInputError

_VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9._:-]{0,64}")
_CHANNEL_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,148}")
_CHANNEL = re.compile(r"[A-Za-z0-9+@/._:;-]{1,160}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,80}")
_KEYS = re.compile(r"[0-9*#A-D]")
_MAX_CAUSE = 127
_SECRETS = frozenset({"secret", "key"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AmiAction:
    """A checked request to Asterisk; make one with the class methods.

    ``repr`` shows the name alone, since headers may hold a secret or a phone number.

    Attributes:
        why_late: asked in the last instant before a byte is written; what it says is why not.
    """

    name: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    action_id: str | None = None
    why_late: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    def encode(self, action_id: str) -> bytes:
        """Serialise the action; its own ``action_id``, where it has one, goes before the given.

        Raises:
            InvalidInputError: a value holds CR, LF or NUL.
        """
        own_id = self.action_id or action_id
        headers = (("Action", self.name), ("ActionID", own_id), *self.headers)
        return AmiMessage(headers).encode()

    def masked(self) -> tuple[tuple[str, str], ...]:
        """Return the headers with secrets replaced, for wire logs."""
        return tuple(
            (key, "***" if key.lower() in _SECRETS else value) for key, value in self.headers
        )

    def expiring(self, why_late: Callable[[], str], variables: dict[str, str]) -> Self:
        """Return the same for a while only: never written once ``why_late`` says why.

        Args:
            why_late: empty words while it may be written.
            variables: tell the dialplan.

        Raises:
            InvalidInputError: see :meth:`originate`.
        """
        told = tuple(("Variable", _variable(name, value)) for name, value in variables.items())
        return replace(self, headers=self.headers + told, why_late=why_late)

    @classmethod
    def login(cls, username: str, secret: str, *, events: str = "on") -> Self:
        """Log in with the secret in the clear: for loopback and TLS."""
        return cls(
            name="Login", headers=(("Username", username), ("Secret", secret), ("Events", events))
        )

    @classmethod
    def challenge(cls) -> Self:
        """Ask for a challenge, the first half of an MD5 login."""
        return cls(name="Challenge", headers=(("AuthType", "MD5"),))

    @classmethod
    def login_md5(cls, username: str, key: str, *, events: str = "on") -> Self:
        """Log in with ``key``, the hex MD5 of challenge and secret."""
        return cls(
            name="Login",
            headers=(
                ("AuthType", "MD5"),
                ("Username", username),
                ("Key", key),
                ("Events", events),
            ),
        )

    @classmethod
    def logoff(cls) -> Self:
        """Say goodbye; Asterisk closes the connection."""
        return cls(name="Logoff")

    @classmethod
    def ping(cls) -> Self:
        """Ask whether the other side still answers."""
        return cls(name="Ping")

    @classmethod
    def core_settings(cls) -> Self:
        """Ask for Asterisk's version."""
        return cls(name="CoreSettings")

    @classmethod
    def list_commands(cls) -> Self:
        """List the actions that this manager user may use, as one header each."""
        return cls(name="ListCommands")

    @classmethod
    def core_show_channels(cls) -> Self:
        """List all channels, as one event each."""
        return cls(name="CoreShowChannels")

    @classmethod
    def status(cls, channel: str) -> Self:
        """Ask for one channel, by its name or unique id."""
        return cls(name="Status", headers=(("Channel", _checked(_CHANNEL, channel, "channel")),))

    @classmethod
    def hangup(cls, channel: str, *, cause: int = 16) -> Self:
        """Hang up a channel (by name or unique id) with a Q.850 cause, 16 being normal."""
        if not 0 < cause <= _MAX_CAUSE:
            raise InvalidInputError(f"AMI: {cause} is not a hang-up cause.")
        name = _checked(_CHANNEL, channel, "channel")
        return cls(name="Hangup", headers=(("Channel", name), ("Cause", str(cause))))

    @classmethod
    def play_dtmf(cls, channel: str, key: str, *, duration_ms: int = 160) -> Self:
        """Send one key; Asterisk takes no more than one, and not below 100 ms."""
        return cls(
            name="PlayDTMF",
            headers=(
                ("Channel", _checked(_CHANNEL, channel, "channel")),
                ("Digit", _checked(_KEYS, key, "key")),
                ("Duration", str(max(100, duration_ms))),
            ),
        )

    @classmethod
    def originate(
        cls,
        *,
        channel: str,
        channel_id: str,
        context: str,
        exten: str,
        timeout_ms: int,
        variables: dict[str, str],
        caller_id: str | None = None,
    ) -> Self:
        """Place a call that runs ``context``/``exten`` priority 1 once it is answered.

        The ``channel_id`` becomes the channel's Uniqueid, and is the action's id too, since an
        OriginateResponse for a channel that was never made names no Uniqueid. It must be lower
        case: Asterisk refuses some upper-case words in Originate. Each variable has a header of
        its own, and no comma, since Asterisk splits values at commas into further variables.

        Raises:
            InvalidInputError: something is not of the form allowed for it.
        """
        identity = _checked(_CHANNEL_ID, channel_id, "channel id")
        headers = [
            ("Channel", _checked(_CHANNEL, channel, "channel")),
            ("Context", _checked(_WORD, context, "context")),
            ("Exten", _checked(_WORD, exten, "extension")),
            ("Priority", "1"),
            ("Timeout", str(timeout_ms)),
            ("Async", "true"),
            ("ChannelId", identity),
        ]
        if caller_id:
            headers.append(("CallerID", caller_id))
        headers += [("Variable", _variable(name, value)) for name, value in variables.items()]
        return cls(name="Originate", headers=tuple(headers), action_id=identity)


def _variable(name: str, value: str) -> str:
    checked_name = _checked(_VARIABLE_NAME, name, "variable name")
    return f"{checked_name}={_checked(_VARIABLE_VALUE, value, 'variable value')}"


def _checked(form: re.Pattern[str], text: str, what: str) -> str:
    if not form.fullmatch(text):
        raise InvalidInputError(f"AMI: this {what} has characters that are not allowed.")
    return text
