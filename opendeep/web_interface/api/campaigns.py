"""Campaigns: list, look, pause, resume, cancel, report."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from opendeep.campaign_summarizer_service.report_render import ReportFormat
from opendeep.common.data_models import CampaignStatus
from opendeep.common.ids import CampaignId, UserId
from opendeep.database.repositories.campaigns import Campaigns
from opendeep.web_interface.api.shapes import CampaignView, Cursor, Limit, Part, RowId
from opendeep.web_interface.api.views import campaign_by_id, campaign_view
from opendeep.web_interface.identity import CurrentUser, Services
from opendeep.web_interface.ports import WebServices

router = APIRouter(prefix="/api", tags=["campaigns"])

_MEDIA_TYPES: dict[ReportFormat, str] = {
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}
# A report is a document of its own: it may carry its own style, and nothing else.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"
)


@router.get("/campaigns")
async def list_campaigns(
    services: Services,
    user_id: CurrentUser,
    status: CampaignStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Part[CampaignView]:
    """List the user's campaigns, newest first."""
    async with services.database.transaction() as tx:
        page = await Campaigns(tx, user_id).list(limit=limit, cursor=cursor, status=status)
        items = [await campaign_view(tx, user_id, row) for row in page.items]
    return Part(items=items, next_cursor=page.next_cursor)


@router.get("/campaigns/{campaign_id}")
async def get_campaign(
    campaign_id: RowId, services: Services, user_id: CurrentUser
) -> CampaignView:
    """Show one campaign."""
    return await _shown(services, user_id, CampaignId(campaign_id))


@router.post("/campaigns/{campaign_id}/{action}")
async def act_on_campaign(
    campaign_id: RowId,
    action: Literal["pause", "resume", "cancel"],
    services: Services,
    user_id: CurrentUser,
) -> CampaignView:
    """Pause, resume or cancel a campaign; 409 when its state does not allow it."""
    key = CampaignId(campaign_id)
    await _shown(services, user_id, key)
    act = {
        "pause": services.campaign_actions.pause,
        "resume": services.campaign_actions.resume,
        "cancel": services.campaign_actions.cancel,
    }[action]
    await act(user_id, key)
    return await _shown(services, user_id, key)


@router.get("/campaigns/{campaign_id}/report")
async def get_report(
    campaign_id: RowId,
    services: Services,
    user_id: CurrentUser,
    report_format: Annotated[ReportFormat, Query(alias="format")] = "json",
) -> Response:
    """Return the campaign's report as it stands now."""
    key = CampaignId(campaign_id)
    await _shown(services, user_id, key)
    document = await services.reports.render(user_id, key, report_format)
    headers = {"content-security-policy": _REPORT_POLICY, "cache-control": "no-store"}
    if report_format in {"md", "csv", "pdf"}:
        name = f"campaign-{campaign_id}.{report_format}"
        headers["content-disposition"] = f'attachment; filename="{name}"'
    return Response(document, media_type=_MEDIA_TYPES[report_format], headers=headers)


async def _shown(services: WebServices, user_id: UserId, campaign_id: CampaignId) -> CampaignView:
    async with services.database.transaction() as tx:
        return await campaign_by_id(tx, user_id, campaign_id)
