"""What a message travels in between processes: who sent it, and what a command is answered to."""

from opendeep.common.data_models import Frozen
from opendeep.common.errors import (
    ConflictError,
    ErrorKind,
    ForbiddenError,
    InvalidInputError,
    NoListenerError,
    NotFoundError,
    OpenDeepError,
    UnavailableError,
)
from opendeep.common.messages import Message

_PREFIX = "opendeep:"


class Failure(Frozen):
    """Why a command was refused."""

    kind: ErrorKind
    code: str
    message: str


class Envelope(Frozen):
    """One message between processes.

    Attributes:
        origin: the bus that sent it.
        command_id: of a command and of its answer; empty for news.
        message: what is told; None in an answer.
        failure: in an answer, why not.
    """

    v: int = 1
    origin: str
    command_id: str = ""
    message: Message | None = None
    failure: Failure | None = None

    def encode(self) -> bytes:
        """Return it as JSON."""
        return self.model_dump_json().encode()


_KINDS = {
    ErrorKind.INVALID: InvalidInputError,
    ErrorKind.CONFLICT: ConflictError,
    ErrorKind.FORBIDDEN: ForbiddenError,
    ErrorKind.UNAVAILABLE: UnavailableError,
}


def read_envelope(data: bytes) -> Envelope:
    """Read what :meth:`Envelope.encode` wrote.

    Raises:
        ValidationError: it is something else.
    """
    return Envelope.model_validate_json(data)


def answer_to(command: Envelope, origin: str, failure: OpenDeepError | None) -> Envelope:
    """Answer a command; ``failure`` is None where it was obeyed."""
    told = None
    if failure is not None:
        told = Failure(kind=failure.kind, code=failure.code, message=failure.message)
    return Envelope(origin=origin, command_id=command.command_id, failure=told)


def answered_error(failure: Failure, channel: str) -> OpenDeepError:
    """Return the error that an answer tells, of the kind that the handler raised."""
    if failure.code == NoListenerError.code:
        return NoListenerError(channel)
    if failure.kind is ErrorKind.NOT_FOUND:
        error = NotFoundError("row", "that the command names")
        error.message = failure.message
        return error
    return _KINDS[failure.kind](failure.message, code=failure.code)


def news_channel(channel: str) -> str:
    """Return Redis's channel for what is published on ours."""
    return f"{_PREFIX}news:{channel}"


def channel_of_news(news: str) -> str:
    """Return our channel of :func:`news_channel`'s."""
    return news.removeprefix(f"{_PREFIX}news:")


def served_channel(channel: str) -> str:
    """Return Redis's channel for the commands of ours."""
    return f"{_PREFIX}served:{channel}"


def answers_channel(origin: str) -> str:
    """Return Redis's channel for the answers to a bus."""
    return f"{_PREFIX}answers:{origin}"
