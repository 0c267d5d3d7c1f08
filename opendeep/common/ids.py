"""Identifiers, each of its own type, so that a call id cannot be passed as a task id."""

import uuid
from typing import NewType

UserId = NewType("UserId", int)
CampaignId = NewType("CampaignId", int)
TaskId = NewType("TaskId", int)
FeedbackId = NewType("FeedbackId", int)
ChatSessionId = NewType("ChatSessionId", str)

CallId = NewType("CallId", str)
"""A lower-case UUID4 in its 36-character form: upper case would trip Asterisk's Originate guard."""

CHANNEL_ID_PREFIX = "od-"
LEG_ID_PREFIX = "odt-"


def new_call_id() -> CallId:
    """Make a random call id; it is also the one-time token of the call's AudioSocket."""
    return CallId(str(uuid.uuid4()))


def new_chat_session_id() -> ChatSessionId:
    """Make a random, unguessable id for a chat session."""
    return ChatSessionId(uuid.uuid4().hex)


def channel_id(call_id: CallId) -> str:
    """Return the Asterisk ``ChannelId`` (and so the ``Uniqueid``) of a call: ``od-{calls.id}``."""
    return f"{CHANNEL_ID_PREFIX}{call_id}"


def leg_channel_id(leg_id: CallId) -> str:
    """Return the ``ChannelId`` of a transfer's second call: ``odt-{its id}``, no call's own."""
    return f"{LEG_ID_PREFIX}{leg_id}"


def call_id_of_channel(unique_id: str) -> CallId | None:
    """Return the call id that a channel's ``Uniqueid`` names, or None for a channel not ours."""
    if not unique_id.startswith(CHANNEL_ID_PREFIX):
        return None
    return CallId(unique_id.removeprefix(CHANNEL_ID_PREFIX))
