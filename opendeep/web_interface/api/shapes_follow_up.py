"""The JSON shapes of notifications."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from opendeep.common.ids import TaskId
from opendeep.database.models import DeliveryStatus, TargetKind
from opendeep.web_interface.api.shapes import Incoming, Outgoing


class NewTarget(Incoming):
    """Whom to tell of outcomes."""

    kind: TargetKind
    address: Annotated[str, StringConstraints(min_length=3, max_length=2000)]


class TargetView(Outgoing):
    """Who is told of outcomes."""

    id: int
    kind: TargetKind
    address: str
    created_at: datetime


class TargetMade(TargetView):
    """A new target with the secret that signs what is sent to it; null for an e-mail address."""

    secret: str | None


class DeliveryView(Outgoing):
    """A message and how it went; ``last_error`` shows nothing of what the receiver answered."""

    id: int
    target_id: int
    task_id: TaskId
    message_id: str
    event: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime
    last_error: str | None
    created_at: datetime
