"""Rows as the API shows them; events on the WebSocket use the same shapes."""

from collections.abc import Sequence

from opendeep.common.data_models import REVIEW_OPTIONS, FeedbackStatus
from opendeep.common.ids import CallId, CampaignId, FeedbackId, TaskId, UserId
from opendeep.database.models import Call, CallEventRow, Campaign, Task, TranscriptLine
from opendeep.database.models import FeedbackRequest as FeedbackRow
from opendeep.database.repositories.call_events import CallEvents
from opendeep.database.repositories.calls import Calls
from opendeep.database.repositories.campaigns import Campaigns
from opendeep.database.repositories.feedback_requests import FeedbackRequests
from opendeep.database.repositories.profiles import Profiles
from opendeep.database.repositories.tasks import Tasks
from opendeep.database.repositories.transcripts import Transcripts
from opendeep.database.transaction import Transaction
from opendeep.follow_up_service.calendar_file import appointment_of
from opendeep.web_interface.api.shapes import (
    CallEventView,
    CallSummary,
    CallView,
    CampaignView,
    FeedbackView,
    RememberedAnswer,
    TaskView,
    TranscriptLineView,
)

_REMEMBERED = 5


async def campaign_view(tx: Transaction, user_id: UserId, row: Campaign) -> CampaignView:
    """Show a campaign with its tasks counted."""
    campaigns = Campaigns(tx, user_id)
    return CampaignView(
        id=row.id,
        title=row.title,
        goal=row.goal,
        status=row.status,
        counts=await campaigns.counts(row.id),
        created_at=row.created_at,
        finished_at=row.finished_at,
        cost=await campaigns.cost(row.id),
    )


def _summary(row: Call) -> CallSummary:
    return CallSummary(**{name: getattr(row, name) for name in CallSummary.model_fields})


async def task_view(tx: Transaction, user_id: UserId, row: Task) -> TaskView:
    """Show a task with its attempts."""
    calls = await Calls(tx, user_id).for_task(row.id)
    found = TaskView.model_fields.keys() - {"calls", "appointment_at"}
    columns = {name: getattr(row, name) for name in found}
    # The same zone as in the calendar file: the user's where the task names none.
    zone = row.time_zone or (await Profiles(tx, user_id).get()).time_zone
    booked = appointment_of(row, calls, zone)
    return TaskView(**columns, appointment_at=booked, calls=[_summary(call) for call in calls])


def line_view(row: TranscriptLine) -> TranscriptLineView:
    """Show a transcript line."""
    names = TranscriptLineView.model_fields
    return TranscriptLineView(**{name: getattr(row, name) for name in names})


def _call_view(
    row: Call, task: Task, lines: Sequence[TranscriptLine], events: Sequence[CallEventRow]
) -> CallView:
    return CallView(
        **_summary(row).model_dump(),
        task_id=task.id,
        campaign_id=task.campaign_id,
        task_title=task.title,
        phone_number=row.destination or task.phone_number,
        transcript=[line_view(line) for line in lines],
        events=[
            CallEventView(name=event.name, detail=event.detail, at=event.created_at)
            for event in events
        ],
        analysis=row.analysis,
        cost=row.cost_usd,
        has_recording=row.recording_path is not None and not row.status.is_live,
    )


async def call_view(tx: Transaction, user_id: UserId, call_id: CallId) -> CallView:
    """Show a call with all that was said.

    Raises:
        NotFoundError: the user has no such call.
    """
    row = await Calls(tx, user_id).get(call_id)
    task = await Tasks(tx, user_id).get(row.task_id)
    lines = await Transcripts(tx, user_id).lines(call_id)
    return _call_view(row, task, lines, await CallEvents(tx, user_id).list(call_id))


async def feedback_view(tx: Transaction, user_id: UserId, row: FeedbackRow) -> FeedbackView:
    """Show a question to the user, with what was answered to others of its campaign."""
    task = await Tasks(tx, user_id).get(row.task_id)
    known: Sequence[FeedbackRow] = ()
    if row.status is FeedbackStatus.PENDING and task.campaign_id is not None:
        requests = FeedbackRequests(tx, user_id)
        known = await requests.answered_in_campaign(task.campaign_id, limit=_REMEMBERED)
    columns = {name: getattr(row, name) for name in FeedbackView.model_fields if hasattr(row, name)}
    return FeedbackView(
        **columns,
        task_title=task.title,
        is_review=tuple(row.options) == REVIEW_OPTIONS,
        remembered=[
            RememberedAnswer(question=one.question, answer=one.answer or "") for one in known
        ],
    )


async def campaign_by_id(tx: Transaction, user_id: UserId, campaign_id: CampaignId) -> CampaignView:
    """Show the campaign of this id, or raise NotFoundError."""
    return await campaign_view(tx, user_id, await Campaigns(tx, user_id).get(campaign_id))


async def task_by_id(tx: Transaction, user_id: UserId, task_id: TaskId) -> TaskView:
    """Show the task of this id, or raise NotFoundError."""
    return await task_view(tx, user_id, await Tasks(tx, user_id).get(task_id))


async def feedback_by_id(tx: Transaction, user_id: UserId, feedback_id: FeedbackId) -> FeedbackView:
    """Show the question of this id, or raise NotFoundError."""
    return await feedback_view(tx, user_id, await FeedbackRequests(tx, user_id).get(feedback_id))
