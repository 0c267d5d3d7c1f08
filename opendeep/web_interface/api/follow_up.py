"""What follows an outcome: the calendar file, and whom outcomes are told to."""

from fastapi import APIRouter
from starlette.responses import Response

from opendeep.common.errors import NotFoundError
from opendeep.common.ids import TaskId
from opendeep.database.models import Delivery, DeliveryStatus, NotificationTarget
from opendeep.database.repositories.calls import Calls
from opendeep.database.repositories.notifications import Deliveries, NotificationTargets
from opendeep.database.repositories.profiles import Profiles
from opendeep.database.repositories.tasks import Tasks
from opendeep.follow_up_service.calendar_file import appointment_of, calendar_of
from opendeep.web_interface.api.shapes import Cursor, Limit, Part, RowId
from opendeep.web_interface.api.shapes_follow_up import (
    DeliveryView,
    NewTarget,
    TargetMade,
    TargetView,
)
from opendeep.web_interface.identity import CurrentUser, Services

router = APIRouter(prefix="/api", tags=["follow-up"])


@router.get("/tasks/{task_id}/calendar.ics")
async def get_calendar(task_id: RowId, services: Services, user_id: CurrentUser) -> Response:
    """Return the calendar file of what a task booked; 404 where no day and time were agreed."""
    async with services.database.transaction() as tx:
        task = await Tasks(tx, user_id).get(TaskId(task_id))
        calls = await Calls(tx, user_id).for_task(task.id)
        zone = task.time_zone or (await Profiles(tx, user_id).get()).time_zone
    begins = appointment_of(task, calls, zone)
    if begins is None:
        raise NotFoundError("appointment with a plain day and time of task", task_id)
    return Response(
        calendar_of(task, begins, made_at=services.clock.now()),
        media_type="text/calendar; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="task-{task_id}.ics"',
            "cache-control": "no-store",
        },
    )


@router.get("/notification_targets")
async def list_targets(
    services: Services, user_id: CurrentUser, limit: Limit = 50, cursor: Cursor = None
) -> Part[TargetView]:
    """List the user's webhooks and e-mail addresses; secrets are not shown again."""
    async with services.database.transaction() as tx:
        page = await NotificationTargets(tx, user_id).list(limit=limit, cursor=cursor)
    return Part(items=[_target(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/notification_targets", status_code=201)
async def add_target(body: NewTarget, services: Services, user_id: CurrentUser) -> TargetMade:
    """Add a webhook or an e-mail address; the webhook's secret is in this answer alone."""
    made = await services.notifications.add(user_id, body.kind, body.address)
    return TargetMade(**_target(made).model_dump(), secret=made.secret)


@router.delete("/notification_targets/{target_id}", status_code=204)
async def remove_target(target_id: RowId, services: Services, user_id: CurrentUser) -> None:
    """Forget a target and what was to be sent to it."""
    await services.notifications.remove(user_id, target_id)


@router.get("/notification_deliveries")
async def list_deliveries(
    services: Services,
    user_id: CurrentUser,
    status: DeliveryStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Part[DeliveryView]:
    """List messages, newest first; ``dead`` ones found no receiver for a day."""
    async with services.database.transaction() as tx:
        page = await Deliveries(tx, user_id).list(status, limit=limit, cursor=cursor)
    return Part(items=[_delivery(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/notification_deliveries/{delivery_id}/retry")
async def send_again(delivery_id: RowId, services: Services, user_id: CurrentUser) -> DeliveryView:
    """Send a dead message again, for another day; 409 when it is not dead."""
    return _delivery(await services.notifications.send_again(user_id, delivery_id))


def _target(row: NotificationTarget) -> TargetView:
    return TargetView(**{name: getattr(row, name) for name in TargetView.model_fields})


def _delivery(row: Delivery) -> DeliveryView:
    return DeliveryView(**{name: getattr(row, name) for name in DeliveryView.model_fields})
