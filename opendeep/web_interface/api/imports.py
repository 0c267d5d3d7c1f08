"""Files: contacts become a campaign, numbers go onto the do-not-disturb list and come off it."""

import json
from typing import Annotated

from fastapi import APIRouter, File, Form, Header, UploadFile
from starlette.responses import Response

from opendeep.common.errors import InvalidInputError
from opendeep.common.ids import CampaignId
from opendeep.database.repositories.records import AuditLog
from opendeep.task_manager.do_not_call import export_csv, import_csv
from opendeep.web_interface.api.shapes import (
    CampaignImported,
    Cursor,
    DndAuditView,
    DndImported,
    Limit,
    LineFault,
    Part,
    RowId,
)
from opendeep.web_interface.identity import CurrentUser, Services

router = APIRouter(prefix="/api", tags=["imports"])

_CSV = "text/csv; charset=utf-8"
_PLAN_BYTES = 200_000
_DND_ACTIONS = ("dnd_added", "dnd_removed")


def _as_file(text: str, name: str) -> Response:
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "no-store",
    }
    return Response(text, media_type=_CSV, headers=headers)


def _plan(text: str | bytes) -> object:
    if len(text) > _PLAN_BYTES:
        raise InvalidInputError("The plan is larger than 200,000 bytes.", code="invalid_plan")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("The plan is no JSON.", code="invalid_plan") from error


@router.post("/campaigns/import", status_code=202)
async def import_campaign(
    file: UploadFile,
    plan: Annotated[UploadFile | str, File()],
    services: Services,
    user_id: CurrentUser,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> CampaignImported:
    """Make a campaign of a CSV file and a plan whose one task is the template of every line.

    The plan is a field, or a file as ``curl -F plan=@plan.json`` sends it.
    """
    raw = _plan(plan if isinstance(plan, str) else await plan.read(_PLAN_BYTES + 1))
    data = await file.read()
    made = await services.campaign_import.run(user_id, raw, data, idempotency_key)
    return CampaignImported(
        campaign_id=made.campaign_id,
        accepted=made.accepted,
        rejected=made.rejected,
        errors_url=f"/api/campaigns/{made.campaign_id}/import_errors",
    )


@router.get("/campaigns/{campaign_id}/import_errors")
async def import_errors(campaign_id: RowId, services: Services, user_id: CurrentUser) -> Response:
    """Return the lines of the file that became no task, as CSV."""
    text = await services.campaign_import.errors(user_id, CampaignId(campaign_id))
    return _as_file(text, f"campaign-{campaign_id}-errors.csv")


@router.post("/dnd_list/import")
async def import_dnd_list(
    file: UploadFile,
    services: Services,
    user_id: CurrentUser,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> DndImported:
    """Put every number of a CSV file with a column ``phone_number`` on the list."""
    try:
        text = (await file.read()).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError("The file is not UTF-8 text.", code="not_utf8") from error
    done = await import_csv(services.database, user_id, text, reason=reason)
    faults = [LineFault(line=fault.line, reason=fault.reason) for fault in done.faults]
    return DndImported(added=done.added, known=done.known, faults=faults)


@router.get("/dnd_list/export")
async def export_dnd_list(services: Services, user_id: CurrentUser) -> Response:
    """Return the list as CSV, for the import."""
    async with services.database.transaction() as tx:
        text = await export_csv(tx, user_id)
    return _as_file(text, "do-not-call.csv")


@router.get("/dnd_list/audit")
async def audit_dnd_list(
    services: Services, user_id: CurrentUser, limit: Limit = 50, cursor: Cursor = None
) -> Part[DndAuditView]:
    """Tell who put which number on the list or took it off, when and why; latest first."""
    async with services.database.transaction() as tx:
        page = await AuditLog(tx, user_id).list(*_DND_ACTIONS, limit=limit, cursor=cursor)
    items = [
        DndAuditView(at=entry.created_at, action=entry.action, detail=entry.detail)
        for entry in page.items
    ]
    return Part(items=items, next_cursor=page.next_cursor)
