"""The errors of OpenDeep: what went wrong, whose fault it is, and whether to try again.

The tree::

    OpenDeepError
    ├── InvalidInputError          invalid      what a person, a model or a file gave is unusable
    │   ├── PlanInvalidError                    a campaign plan with one fault per entry
    │   └── SettingsError                       configuration; the message names the remedy
    ├── NotFoundError              not_found    no such row for this user
    ├── ConflictError              conflict     the row is no longer in the state asked for
    │   ├── InvalidTransitionError              a state table has no such edge
    │   └── NoListenerError                     a command was sent to a call that nobody holds
    ├── ForbiddenError             forbidden    who asks may not
    ├── WireProtocolError          invalid      a peer broke its protocol; its connection ends
    └── UnavailableError           unavailable  something outside is down, slow or full; retryable
        ├── ExchangeUnavailableError            Asterisk's manager interface
        ├── VoiceUnavailableError               the real-time voice AI
        └── ModelUnavailableError               a text model (LLM), search or business directory

HTTP codes are given to kinds in ``web_interface/error_handlers.py`` alone.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """What a caller can do about an error."""

    INVALID = "invalid"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"


class OpenDeepError(Exception):
    """Root of all errors that OpenDeep raises on purpose.

    Attributes:
        kind: what the caller can do about it.
        retryable: whether the same request may succeed later without a change.
        code: a stable word for programs (``error.code`` in the API).
    """

    kind: ClassVar[ErrorKind] = ErrorKind.INVALID
    retryable: bool = False
    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InvalidInputError(OpenDeepError):
    """What a person, a model or a file gave cannot be used."""

    code = "invalid_input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with an input; ``path`` is as in ``tasks[0].phone_number``."""

    path: str
    code: str
    message: str


class PlanInvalidError(InvalidInputError):
    """A campaign plan was refused; ``faults`` holds one entry per fault."""

    code = "invalid_plan"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(f"The plan has {len(faults)} fault(s): {faults[0].message}")
        self.faults = faults


class SettingsError(InvalidInputError):
    """The configuration cannot be used; the message names the setting and the remedy."""

    code = "invalid_settings"


class NotFoundError(OpenDeepError):
    """The row does not exist, or belongs to somebody else: the two look the same."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"There is no {what} {key}.")
        self.what = what
        self.key = key


class ConflictError(OpenDeepError):
    """The thing asked for does not fit the present state."""

    kind = ErrorKind.CONFLICT
    code = "conflict"


class InvalidTransitionError(ConflictError):
    """A state table has no edge for this input in this state."""

    code = "invalid_transition"

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine}: nothing follows {event} in state {state}.")
        self.machine = machine
        self.state = state
        self.event = event


class NoListenerError(ConflictError):
    """A command was published and nobody acknowledged it."""

    code = "no_listener"

    def __init__(self, channel: str) -> None:
        super().__init__(
            "Nobody listens for this command: the call is over or its process is gone."
        )
        self.channel = channel


class ForbiddenError(OpenDeepError):
    """Who asks is not allowed to do this."""

    kind = ErrorKind.FORBIDDEN
    code = "forbidden"


class WireProtocolError(OpenDeepError):
    """A peer sent bytes that its protocol does not allow; the connection cannot go on."""

    code = "protocol_error"


class UnavailableError(OpenDeepError):
    """Something outside is down, slow or full.

    Args:
        message: what failed, for the person who reads it.
        retryable: False where the same request cannot succeed (quota used up, key refused).

    Attributes:
        kept_in: the chat session that keeps what the user said, where the same can be said again.
    """

    kind = ErrorKind.UNAVAILABLE
    code = "unavailable"
    retryable = True

    def __init__(self, message: str, *, retryable: bool = True, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
        self.kept_in: str | None = None


class ExchangeUnavailableError(UnavailableError):
    """Asterisk's manager interface cannot be reached, refused us, or did not answer in time."""

    code = "exchange_unavailable"


class VoiceUnavailableError(UnavailableError):
    """The real-time voice AI cannot be reached, refused the session, or closed it."""

    code = "voice_unavailable"


class ModelUnavailableError(UnavailableError):
    """A text model, search or business directory failed or answered nonsense after repairs."""

    code = "model_unavailable"
