"""``WS /ws/events``: what happens to the user's objects, live and replayed."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.websockets import WebSocket

from opendeep.common.errors import NotFoundError
from opendeep.common.event_bus import Subscription
from opendeep.common.ids import CallId, CampaignId, FeedbackId, TaskId, UserId
from opendeep.common.messages import user_events
from opendeep.database.models import UserEvent
from opendeep.database.repositories.records import UserEvents
from opendeep.database.transaction import Transaction
from opendeep.web_interface.api.shapes import Outgoing
from opendeep.web_interface.api.views import (
    call_view,
    campaign_by_id,
    feedback_by_id,
    task_by_id,
)
from opendeep.web_interface.identity import CurrentUser, Services
from opendeep.web_interface.ports import WebServices
from opendeep.web_interface.ui.sockets import ignore_input, until_gone

router = APIRouter()

_BATCH = 100
# A message of the bus may be lost: the table is looked at this often all the same.
_LOOK_SECONDS = 10.0

After = Annotated[int | None, Query(ge=0, le=2**63 - 1)]


@router.websocket("/ws/events")
async def watch_events(
    socket: WebSocket, services: Services, user_id: CurrentUser, after: After = None
) -> None:
    """Send the user's events younger than ``after``, then those that come.

    Without ``after`` only what comes from now on is sent. Each is ``{id, type, at, data}``; data is
    the changed object as its GET returns it now, null where it is gone.
    """
    async with services.bus.subscribe(user_events(user_id)) as news:
        if after is None:
            async with services.database.transaction() as tx:
                after = await UserEvents(tx, user_id).last_id()
        await socket.accept()
        sending = _send_events(socket, services, user_id, after, news)
        await until_gone(socket, sending, ignore_input(socket))


async def _send_events(
    socket: WebSocket, services: WebServices, user_id: UserId, after: int, news: Subscription
) -> None:
    while True:
        events = await read_events(services, user_id, after)
        for event in events:
            await socket.send_json(event)
            after = event["id"]
        if len(events) < _BATCH:
            await _wait(news)


async def _wait(news: Subscription) -> None:
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            await news.get()
    except TimeoutError:
        return


async def read_events(services: WebServices, user_id: UserId, after: int) -> list[dict[str, Any]]:
    """Read the next events and show their objects; an object is read once a batch."""
    shown: dict[tuple[str, str], Any] = {}
    async with services.database.transaction() as tx:
        rows = await UserEvents(tx, user_id).after(after, limit=_BATCH)
        for row in rows:
            key = (row.type, row.subject_id)
            if row.data is None and key not in shown:
                view = await _object_of(tx, user_id, row)
                shown[key] = None if view is None else view.model_dump(mode="json")
    return [
        {
            "id": row.id,
            "type": row.type,
            "at": row.created_at.isoformat(),
            "data": row.data if row.data is not None else shown[row.type, row.subject_id],
        }
        for row in rows
    ]


async def _object_of(tx: Transaction, user_id: UserId, row: UserEvent) -> Outgoing | None:
    """Return the object that an event is about, or None where it is gone or unknown to us."""
    try:
        match row.type:
            case "task_changed":
                return await task_by_id(tx, user_id, TaskId(int(row.subject_id)))
            case "call_changed" | "person_reached":
                return await call_view(tx, user_id, CallId(row.subject_id))
            case "campaign_changed" | "campaign_finished":
                return await campaign_by_id(tx, user_id, CampaignId(int(row.subject_id)))
            case "feedback_requested" | "check_in" | "feedback_answered" | "feedback_expired":
                return await feedback_by_id(tx, user_id, FeedbackId(int(row.subject_id)))
            case _:
                return None
    except NotFoundError:
        return None
