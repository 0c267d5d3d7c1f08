"""The user's confirmation: a plan becomes a campaign, once."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import ValidationError
from starlette.responses import Response

from opendeep.common.data_models import CampaignPlan
from opendeep.common.ids import ChatSessionId
from opendeep.task_manager.plan_validation import parse_plan, require_valid
from opendeep.web_interface.api.shapes import (
    ErrorReply,
    PlanExecuted,
    PlanExecution,
    PlanPreviewView,
    PreviewedCallView,
)
from opendeep.web_interface.identity import CurrentUser, Services

router = APIRouter(prefix="/api", tags=["chat"])

IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=200)]


@router.post(
    "/execute_campaign",
    status_code=201,
    responses={
        200: {"model": PlanExecuted, "description": "The same key again: the same ids"},
        409: {"model": ErrorReply, "description": "The same key with another plan"},
        422: {"model": ErrorReply, "description": "The plan has faults: one detail per fault"},
    },
)
async def execute_campaign(
    body: PlanExecution,
    response: Response,
    services: Services,
    user_id: CurrentUser,
    idempotency_key: IdempotencyKey = None,
) -> PlanExecuted:
    """Make the campaign of a confirmed plan: 201; the same key again: 200 and the same ids."""
    session_id = None if body.session_id is None else ChatSessionId(body.session_id)
    plan = _read_plan(body.campaign_plan, services.clock.now())
    executed = await services.orchestrator.execute_plan(
        user_id, plan, idempotency_key=idempotency_key, session_id=session_id
    )
    if not executed.created:
        response.status_code = 200
    return PlanExecuted(campaign_id=executed.campaign_id, task_ids=list(executed.task_ids))


@router.post("/preview_plan", responses={422: {"model": ErrorReply}})
async def preview_plan(
    body: PlanExecution, services: Services, user_id: CurrentUser
) -> PlanPreviewView:
    """Tell who would be called when, who would not and why, and the cost; stores nothing."""
    now = services.clock.now()
    plan = _read_plan(body.campaign_plan, now)
    require_valid(plan, now, countries=None)
    preview = await services.plan_preview.run(user_id, plan)
    calls = [
        PreviewedCallView(
            index=call.index,
            title=plan.tasks[call.index].title,
            phone_number=plan.tasks[call.index].phone_number,
            verdict=call.verdict,
            at=call.at,
            rule_id=call.rule_id,
            reason=call.reason,
        )
        for call in preview.calls
    ]
    skipped = sum(call.at is None for call in calls)
    return PlanPreviewView(
        calls=calls,
        planned=len(calls) - skipped,
        skipped=skipped,
        first_at=preview.first_at,
        ends_at=preview.ends_at,
        cost_usd=preview.cost_usd,
        cost_at_most_usd=preview.cost_at_most_usd,
    )


def _read_plan(raw: dict[str, Any], now: datetime) -> CampaignPlan:
    """Read a plan's shape; its meaning is judged by the orchestrator, after the key.

    A plan that was confirmed keeps its ids when it is sent again, even though its times have
    passed by then.

    Raises:
        PlanInvalidError: with every fault, of shape and of meaning.
    """
    try:
        return CampaignPlan.model_validate(raw)
    except ValidationError:
        return parse_plan(raw, now)
