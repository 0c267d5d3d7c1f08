"""What OpenDeep did to a task by itself: look, undo, and take up or turn down proposals."""

from typing import Literal

from fastapi import APIRouter

from opendeep.common.ids import TaskId
from opendeep.database.models import TaskAction
from opendeep.database.repositories.task_actions import TaskActionLog
from opendeep.database.repositories.tasks import Tasks
from opendeep.web_interface.api.shapes import Cursor, Limit, Part, RowId, TaskActionView
from opendeep.web_interface.identity import CurrentUser, Services

router = APIRouter(prefix="/api", tags=["tasks"])


@router.get("/tasks/{task_id}/actions")
async def list_actions(
    task_id: RowId,
    services: Services,
    user_id: CurrentUser,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Part[TaskActionView]:
    """List what was done to a task, newest first."""
    key = TaskId(task_id)
    async with services.database.transaction() as tx:
        await Tasks(tx, user_id).get(key)
        page = await TaskActionLog(tx, user_id).list(key, limit=limit, cursor=cursor)
    return Part(items=[_view(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/task_actions/{action_id}/{choice}")
async def choose(
    action_id: RowId,
    choice: Literal["undo", "accept", "dismiss"],
    services: Services,
    user_id: CurrentUser,
) -> TaskActionView:
    """Undo an action, or accept or dismiss a proposal; 409 when it is too late for that."""
    act = {
        "undo": services.oversight.undo,
        "accept": services.oversight.accept,
        "dismiss": services.oversight.dismiss,
    }[choice]
    await act(user_id, action_id)
    async with services.database.transaction() as tx:
        return _view(await TaskActionLog(tx, user_id).get(action_id))


def _view(row: TaskAction) -> TaskActionView:
    return TaskActionView(**{name: getattr(row, name) for name in TaskActionView.model_fields})
