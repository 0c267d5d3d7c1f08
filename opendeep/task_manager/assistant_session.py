"""One conversation with the assistant as rows: each step is durable before the next begins.

A model's turn is stored together with the results of its tools, so that no tool call is ever left
without its result; only an open form waits for one, and the session's state says which.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from opendeep.common.data_models import CampaignPlan, Form
from opendeep.common.errors import ConflictError, InvalidInputError
from opendeep.common.ids import ChatSessionId, UserId
from opendeep.database.engine import Database
from opendeep.database.models import Profile
from opendeep.database.repositories import ChatSessions, Profiles
from opendeep.llm_integrations.text_model import (
    AssistantMessage,
    ModelMessage,
    ToolResultMessage,
    UserMessage,
    decode_message,
    encode_message,
)
from opendeep.task_manager.assistant_tools import ASK_USER, BUSINESS_INFO, SEARCH
from opendeep.task_manager.provenance import Evidence, Origin

MESSAGE_LIMIT = 10_000
CONVERSATION_LIMIT = 400
_ANSWER_LIMIT = 2_000
_ORIGINS: dict[str, Origin] = {ASK_USER: "user", BUSINESS_INFO: "places", SEARCH: "search"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenForm:
    """A form that waits for its answers, and the tool call that asked for it."""

    tool_call_id: str
    form: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the user sent: words, answers, or both; checked."""

    message: str | None = None
    form_answers: Mapping[str, JsonValue] | None = None

    def __post_init__(self) -> None:
        if self.message is not None and not self.message.strip():
            raise InvalidInputError("The message is empty.")
        if self.message is not None and len(self.message) > MESSAGE_LIMIT:
            raise InvalidInputError(f"A message has at most {MESSAGE_LIMIT} characters.")
        if self.message is None and self.form_answers is None:
            raise InvalidInputError("Send a message or form answers.")


class AssistantSession:
    """A loaded conversation. ``messages`` is what the model sees, system prompt aside."""

    def __init__(self, database: Database, user_id: UserId, session_id: ChatSessionId) -> None:
        self._database = database
        self._user_id = user_id
        self.id = session_id
        self.messages: list[ModelMessage] = []
        self.profile = Profile()
        self.open_form: OpenForm | None = None

    @classmethod
    async def begin(
        cls, database: Database, user_id: UserId, session_id: ChatSessionId | None, said: Said
    ) -> "AssistantSession":
        """Load the conversation, or begin one, and store what the user said.

        Raises:
            NotFoundError: the session is not this user's.
            ConflictError: answers came and no form is open.
            InvalidInputError: an answer is missing or too long, or the conversation is too long.
        """
        async with database.transaction() as tx:
            chats = ChatSessions(tx, user_id)
            stored = await chats.create() if session_id is None else await chats.get(session_id)
            session = cls(database, user_id, stored.id)
            session.profile = await Profiles(tx, user_id).get()
            session.messages = [decode_message(raw) for raw in await chats.messages(stored.id)]
            session.open_form = _read_open_form(stored.state)
            if len(session.messages) >= CONVERSATION_LIMIT:
                raise InvalidInputError("This chat is too long; begin a new one.")
            for message in session._take(said):
                session.messages.append(message)
                await chats.add_message(stored.id, encode_message(message))
            session.open_form = None
            await chats.set_state(stored.id, {**stored.state, "open_form": None})
        return session

    async def add_turn(
        self,
        turn: AssistantMessage,
        results: Sequence[ToolResultMessage],
        *,
        open_form: OpenForm | None = None,
        plan: CampaignPlan | None = None,
    ) -> None:
        """Store a turn of the model with all that came of it, in one transaction."""
        added: list[ModelMessage] = [turn, *results]
        async with self._database.transaction() as tx:
            chats = ChatSessions(tx, self._user_id)
            for message in added:
                self.messages.append(message)
                await chats.add_message(self.id, encode_message(message))
            if open_form is None and plan is None:
                return
            state = {**(await chats.get(self.id)).state}
            if open_form is not None:
                form = open_form.form.model_dump(mode="json")
                state["open_form"] = {"tool_call_id": open_form.tool_call_id, "form": form}
            if plan is not None:
                state["campaign_plan"] = plan.model_dump(mode="json", by_alias=True)
            await chats.set_state(self.id, state)
        self.open_form = open_form

    def evidence(self) -> list[Evidence]:
        """Return what the assistant was told so far: by the user, and by its tools."""
        facts = json.dumps(self.profile.facts, ensure_ascii=False)
        return [Evidence(origin="user", text=facts), *_evidence(self.messages)]

    def _take(self, said: Said) -> Iterator[ModelMessage]:
        """Turn what the user sent into messages; an open form gets its result either way.

        While the model owes an answer (it failed, what was sent is stored), the same words or
        answers may come again: they ask for the answer and are not stored twice.
        """
        form, owed = self.open_form, self._is_answer_owed()
        if said.form_answers is not None:
            if form is not None:
                answers = check_answers(form.form, said.form_answers)
                text = json.dumps(answers, ensure_ascii=False)
                yield ToolResultMessage(tool_call_id=form.tool_call_id, text=text)
            elif not owed:
                raise ConflictError("No form is open in this chat.")
        elif form is not None:
            note = {"skipped": True, "note": "The user wrote instead of filling in the form."}
            yield ToolResultMessage(tool_call_id=form.tool_call_id, text=json.dumps(note))
        if said.message is not None:
            message = UserMessage(text=said.message.strip())
            if not (owed and message == self._last_words()):
                yield message

    def _is_answer_owed(self) -> bool:
        return bool(self.messages) and not isinstance(self.messages[-1], AssistantMessage)

    def _last_words(self) -> UserMessage | None:
        words = (message for message in reversed(self.messages) if isinstance(message, UserMessage))
        return next(words, None)


def check_answers(form: Form, answers: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the answers to the form's own questions.

    Raises:
        InvalidInputError: a required one is missing, or one is too long.
    """
    checked: dict[str, JsonValue] = {}
    for question in form.questions:
        answer = answers.get(question.id)
        if answer is None or (isinstance(answer, str) and not answer.strip()):
            if question.required:
                raise InvalidInputError(f"Please answer: {question.label}")
            continue
        if len(str(answer)) > _ANSWER_LIMIT:
            raise InvalidInputError(f"The answer is too long: {question.label}")
        checked[question.id] = answer
    return checked


def _read_open_form(state: Mapping[str, Any]) -> OpenForm | None:
    stored = state.get("open_form")
    if not stored:
        return None
    form = Form.model_validate(stored["form"])
    return OpenForm(tool_call_id=stored["tool_call_id"], form=form)


def _evidence(messages: Sequence[ModelMessage]) -> Iterator[Evidence]:
    tools: dict[str, str] = {}
    for message in messages:
        match message:
            case UserMessage():
                yield Evidence(origin="user", text=message.text)
            case AssistantMessage():
                tools.update({call.id: call.name for call in message.tool_calls})
            case ToolResultMessage():
                origin = _ORIGINS.get(tools.get(message.tool_call_id, ""))
                if origin is not None:
                    yield Evidence(origin=origin, text=message.text)
            case _:
                pass
