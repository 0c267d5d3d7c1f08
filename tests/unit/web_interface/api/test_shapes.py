"""The shapes of the API say no more and no less than the contract."""

from opendeep.web_interface.api import shapes

CONTRACT = {
    shapes.CampaignView: {"id", "title", "goal", "status", "counts", "created_at", "cost"},
    shapes.TaskView: {
        "id", "campaign_id", "title", "status", "phone_number", "priority", "status_reason",
        "current_attempt_count", "max_attempts", "next_action_time", "outcome",
        "inter_call_context", "calls",
    },
    shapes.CallView: {
        "id", "task_id", "attempt_number", "status", "cause", "started_at", "answered_at",
        "ended_at", "transcript", "events", "analysis", "cost",
    },
    shapes.TranscriptLineView: {"seq", "speaker", "text", "start_ms", "end_ms"},
    shapes.FeedbackView: {
        "id", "kind", "task_id", "call_id", "question", "options", "expires_at", "status",
    },
    shapes.ChatTurn: {"session_id", "reply", "form", "campaign_plan", "tool_activity"},
    shapes.DndView: {"phone_number", "reason"},
}  # fmt: skip


def test_every_field_of_the_contract_is_there() -> None:
    """Each reply has at least the contract's fields."""
    for shape, fields in CONTRACT.items():
        assert fields <= set(shape.model_fields), shape


def test_the_profile_has_exactly_the_contracts_fields() -> None:
    """A PUT profile has the contract's four fields and refuses others."""
    assert set(shapes.ProfileBody.model_fields) == {
        "display_name", "time_zone", "language", "facts",
    }  # fmt: skip
