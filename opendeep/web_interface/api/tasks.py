"""Tasks: list, look, retry, hold, resume, cancel."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from opendeep.common.data_models import TaskStatus
from opendeep.common.errors import InvalidInputError
from opendeep.common.ids import CampaignId, TaskId, UserId
from opendeep.database.repositories.tasks import Tasks
from opendeep.web_interface.api.shapes import Cursor, HoldRequest, Limit, Part, RowId, TaskView
from opendeep.web_interface.api.views import task_by_id, task_view
from opendeep.web_interface.identity import CurrentUser, Services
from opendeep.web_interface.ports import WebServices

router = APIRouter(prefix="/api", tags=["tasks"])

CampaignFilter = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


@router.get("/tasks")
async def list_tasks(  # noqa: PLR0917 - FastAPI passes by name
    services: Services,
    user_id: CurrentUser,
    campaign_id: CampaignFilter = None,
    status: TaskStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Part[TaskView]:
    """List the user's tasks."""
    campaign = None if campaign_id is None else CampaignId(campaign_id)
    async with services.database.transaction() as tx:
        page = await Tasks(tx, user_id).list(
            campaign_id=campaign, status=status, limit=limit, cursor=cursor
        )
        items = [await task_view(tx, user_id, row) for row in page.items]
    return Part(items=items, next_cursor=page.next_cursor)


@router.get("/tasks/{task_id}")
async def get_task(task_id: RowId, services: Services, user_id: CurrentUser) -> TaskView:
    """Show one task with its attempts."""
    return await _shown(services, user_id, TaskId(task_id))


@router.post("/tasks/{task_id}/hold")
async def hold_task(
    task_id: RowId, services: Services, user_id: CurrentUser, hold: HoldRequest | None = None
) -> TaskView:
    """Hold a task until a time, or, without one, until the user resumes it."""
    until = None if hold is None else hold.until
    if until is not None and until.tzinfo is None:
        raise InvalidInputError("until needs a time zone, as in 2030-01-31T09:00:00Z.")
    key = TaskId(task_id)
    await _shown(services, user_id, key)
    await services.task_actions.hold(user_id, key, until)
    return await _shown(services, user_id, key)


@router.post("/tasks/{task_id}/{action}")
async def act_on_task(
    task_id: RowId,
    action: Literal["retry", "resume", "cancel"],
    services: Services,
    user_id: CurrentUser,
) -> TaskView:
    """Retry now, resume or cancel a task; 409 when its state does not allow it."""
    key = TaskId(task_id)
    await _shown(services, user_id, key)
    act = {
        "retry": services.task_actions.retry,
        "resume": services.task_actions.resume,
        "cancel": services.task_actions.cancel,
    }[action]
    await act(user_id, key)
    return await _shown(services, user_id, key)


async def _shown(services: WebServices, user_id: UserId, task_id: TaskId) -> TaskView:
    async with services.database.transaction() as tx:
        return await task_by_id(tx, user_id, task_id)
