"""Questions to the user: list and answer."""

from fastapi import APIRouter

from opendeep.common.data_models import FeedbackStatus
from opendeep.common.ids import FeedbackId, UserId
from opendeep.database.repositories.feedback_requests import FeedbackRequests
from opendeep.web_interface.api.shapes import (
    Cursor,
    FeedbackAnswer,
    FeedbackView,
    Limit,
    Part,
    RowId,
)
from opendeep.web_interface.api.views import feedback_by_id, feedback_view
from opendeep.web_interface.identity import CurrentUser, Services
from opendeep.web_interface.ports import WebServices

router = APIRouter(prefix="/api", tags=["feedback"])


@router.get("/feedback_requests")
async def list_feedback_requests(
    services: Services,
    user_id: CurrentUser,
    status: FeedbackStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Part[FeedbackView]:
    """List the questions to the user."""
    async with services.database.transaction() as tx:
        page = await FeedbackRequests(tx, user_id).list(status=status, limit=limit, cursor=cursor)
        items = [await feedback_view(tx, user_id, row) for row in page.items]
    return Part(items=items, next_cursor=page.next_cursor)


@router.post("/feedback_requests/{feedback_id}/answer")
async def answer_feedback_request(
    feedback_id: RowId, body: FeedbackAnswer, services: Services, user_id: CurrentUser
) -> FeedbackView:
    """Answer a question; 409 when it was answered or its time ran out."""
    key = FeedbackId(feedback_id)
    await services.feedback.answer(user_id, key, body.answer)
    return await _shown(services, user_id, key)


async def _shown(services: WebServices, user_id: UserId, key: FeedbackId) -> FeedbackView:
    async with services.database.transaction() as tx:
        return await feedback_by_id(tx, user_id, key)
