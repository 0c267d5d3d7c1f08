"""The user's do-not-disturb list."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from opendeep.common.errors import InvalidInputError
from opendeep.database.models import DndEntry
from opendeep.database.repositories.dnd_list import DndList
from opendeep.task_manager.do_not_call import list_number, unlist_number
from opendeep.web_interface.api.shapes import Cursor, DndNumber, DndView, Limit, Part
from opendeep.web_interface.identity import CurrentUser, Services

router = APIRouter(prefix="/api", tags=["dnd"])


def _view(row: DndEntry) -> DndView:
    return DndView(**{name: getattr(row, name) for name in DndView.model_fields})


@router.get("/dnd_list")
async def list_dnd(
    services: Services, user_id: CurrentUser, limit: Limit = 50, cursor: Cursor = None
) -> Part[DndView]:
    """List the numbers that are never called for this user."""
    async with services.database.transaction() as tx:
        page = await DndList(tx, user_id).list(limit=limit, cursor=cursor)
    return Part(items=[_view(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/dnd_list", status_code=201)
async def add_dnd(body: DndNumber, services: Services, user_id: CurrentUser) -> DndView:
    """Put a number on the list; a number that is on it stays as it is."""
    async with services.database.transaction() as tx:
        entry = await list_number(tx, user_id, body.phone_number, body.reason, added_by="user")
    return _view(entry)


@router.delete("/dnd_list", status_code=204)
async def remove_dnd(
    services: Services,
    user_id: CurrentUser,
    phone_number: Annotated[str | None, Query(max_length=40)] = None,
    body: DndNumber | None = None,
) -> Response:
    """Take a number off the list; it is named in the query or in the body."""
    if phone_number is None:
        if body is None:
            raise InvalidInputError("Name the phone_number to take off the list.")
        phone_number = body.phone_number
    # A plus sign that was not percent-encoded arrives as a space.
    number = f"+{phone_number.strip().removeprefix('+')}"
    async with services.database.transaction() as tx:
        await unlist_number(tx, user_id, number, "" if body is None else body.reason)
    return Response(status_code=204)
