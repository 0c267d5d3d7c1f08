"""Conversations with the assistant."""

from typing import Any

from opendeep.common.data_models import Frozen
from opendeep.common.errors import NotFoundError
from opendeep.common.ids import ChatSessionId, new_chat_session_id
from opendeep.database.chat_tables import chat_messages, chat_sessions
from opendeep.database.models import ChatSession
from opendeep.database.scopes import ScopedRepository


class _Stored(Frozen):
    message: dict[str, Any]


class ChatSessions(ScopedRepository):
    """One user's conversations; messages and state are the assistant's own JSON."""

    async def create(self) -> ChatSession:
        """Begin an empty conversation."""
        return await self._scope.insert(chat_sessions, ChatSession, {"id": new_chat_session_id()})

    async def get(self, session_id: ChatSessionId) -> ChatSession:
        """Return a conversation.

        Raises:
            NotFoundError: the user has no such conversation.
        """
        query = self._scope.select(chat_sessions, ChatSession)
        found = await query.where(chat_sessions.c.id == session_id).first()
        if found is None:
            raise NotFoundError("chat session", session_id)
        return found

    async def add_message(self, session_id: ChatSessionId, message: dict[str, Any]) -> None:
        """Append a message.

        Raises:
            NotFoundError: the user has no such conversation.
        """
        count = chat_sessions.c.message_count + 1
        session = await self._change(session_id, {"message_count": count})
        values = {"session_id": session_id, "seq": session.message_count, "message": message}
        await self._scope.insert(chat_messages, _Stored, values)

    async def messages(self, session_id: ChatSessionId) -> list[dict[str, Any]]:
        """Return the messages in order; empty for a conversation of somebody else."""
        query = self._scope.select(chat_messages, _Stored)
        query = query.where(chat_messages.c.session_id == session_id)
        return [row.message for row in await query.order_by(chat_messages.c.seq).all()]

    async def set_state(self, session_id: ChatSessionId, state: dict[str, Any]) -> ChatSession:
        """Replace the assistant's state of the conversation.

        Raises:
            NotFoundError: the user has no such conversation.
        """
        return await self._change(session_id, {"state": state})

    async def _change(self, session_id: ChatSessionId, values: dict[str, Any]) -> ChatSession:
        change = self._scope.update(chat_sessions, ChatSession)
        change = change.where(chat_sessions.c.id == session_id)
        changed = await change.set({**values, "updated_at": self._scope.now()})
        if changed is None:
            raise NotFoundError("chat session", session_id)
        return changed
