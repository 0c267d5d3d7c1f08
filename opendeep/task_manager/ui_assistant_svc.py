"""The chat: a tool-calling loop that ends with words, a form, or a plan to confirm.

The model proposes; this code decides. A plan reaches the user only when it has no fault and each
phone number in it is proven to come from the user or from a tool (``provenance.py``).
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog
from pydantic import JsonValue

from opendeep.common.clock import Clock
from opendeep.common.data_models import CampaignPlan, Form, ToolActivity
from opendeep.common.errors import Fault, ModelUnavailableError, UnavailableError
from opendeep.common.ids import ChatSessionId, UserId
from opendeep.config.prompt_config import UI_ASSISTANT_SYSTEM_PROMPT, in_tag
from opendeep.database.engine import Database
from opendeep.database.models import Profile
from opendeep.database.repositories import SystemUsers
from opendeep.llm_integrations.grounding import GroundedAnswer
from opendeep.llm_integrations.text_model import (
    AssistantMessage,
    ModelTurn,
    SystemMessage,
    TextModel,
    ToolCall,
    ToolResultMessage,
)
from opendeep.task_manager import assistant_tools as tools
from opendeep.task_manager.assistant_session import AssistantSession, OpenForm, Said
from opendeep.task_manager.plan_validation import is_known_zone, json_faults
from opendeep.task_manager.provenance import Evidence, check_sources
from opendeep.tools.places_client import BusinessInfo

log = structlog.get_logger(__name__)

ROUNDS = 12
_GIVING_UP = "I could not finish this. Please tell me again, in other words, what you want done."
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

ChatUpdate = ToolActivity | str
TellUser = Callable[[ChatUpdate], Awaitable[None]]
"""Hears of tools and pieces of text as they come."""


class InformationRetriever(Protocol):
    """The look-ups that the assistant may do."""

    async def get_authoritative_business_info(
        self, query: str, location: str | None = None
    ) -> Sequence[BusinessInfo]:
        """Return businesses, the best first; an UnavailableError says what is down."""
        ...

    async def search_internet(self, query: str) -> GroundedAnswer:
        """Return an answer with sources; an UnavailableError says what is down."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantPorts:
    """Whom the assistant works with."""

    database: Database
    model: TextModel
    retriever: InformationRetriever
    clock: Clock
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatReply:
    """One turn of the assistant, complete."""

    session_id: ChatSessionId
    reply: str
    form: Form | None = None
    campaign_plan: CampaignPlan | None = None
    tool_activity: tuple[ToolActivity, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Turn:
    """What one request has come to so far."""

    tell: TellUser
    texts: list[str] = field(default_factory=list)
    activity: list[ToolActivity] = field(default_factory=list)
    plan: CampaignPlan | None = None

    async def used(self, tool: str, summary: str, *, ok: bool) -> None:
        self.activity.append(ToolActivity(tool=tool, summary=summary, ok=ok))
        await self.tell(self.activity[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of one tool call: a result for the model, or a form for the user."""

    result: ToolResultMessage | None = None
    form: OpenForm | None = None


class UIAssistantService:
    """The assistant of one user."""

    def __init__(self, username: str, user_id: UserId, ports: AssistantPorts) -> None:
        self.username = username
        self._user_id = user_id
        self._ports = ports

    async def chat(
        self,
        *,
        session_id: ChatSessionId | None = None,
        message: str | None = None,
        form_answers: dict[str, JsonValue] | None = None,
        tell: TellUser,
    ) -> ChatReply:
        """Take the user's words or answers; return the assistant's turn, which is stored by then.

        Raises:
            InvalidInputError: nothing was sent, or an answer is missing or too long.
            ConflictError: answers came and no form is open.
            NotFoundError: the session is not this user's.
            UnavailableError: the model does not answer; what the user sent is kept, and the error
                says in which session.
        """
        said = Said(message=message, form_answers=form_answers)
        database = self._ports.database
        session = await AssistantSession.begin(database, self._user_id, session_id, said)
        turn = _Turn(tell=tell)
        try:
            await self._rounds(session, turn)
        except UnavailableError as error:
            error.kept_in = session.id
            raise
        return ChatReply(
            session_id=session.id,
            reply="".join(turn.texts).strip(),
            form=session.open_form.form if session.open_form else None,
            campaign_plan=turn.plan,
            tool_activity=tuple(turn.activity),
        )

    async def _rounds(self, session: AssistantSession, turn: _Turn) -> None:
        for _ in range(ROUNDS):
            if await self._round(session, turn):
                return
        log.warning("assistant_gave_up", session_id=session.id)
        await _say(turn, _GIVING_UP)
        await session.add_turn(AssistantMessage(text=_GIVING_UP), ())

    async def _round(self, session: AssistantSession, turn: _Turn) -> bool:
        """Ask the model once and run its tools; return whether it is the user's turn now."""
        answer = await self._ask_model(session, turn)
        results: list[ToolResultMessage] = []
        form: OpenForm | None = None
        for call in answer.tool_calls:
            outcome = await self._run_tool(call, session, turn, form_is_open=form is not None)
            form = outcome.form or form
            results += [outcome.result] if outcome.result else []
        said = AssistantMessage(text=answer.text, tool_calls=answer.tool_calls)
        await session.add_turn(said, results, open_form=form, plan=turn.plan)
        return form is not None or not answer.tool_calls

    async def _ask_model(self, session: AssistantSession, turn: _Turn) -> ModelTurn:
        messages = [SystemMessage(text=self._system_prompt(session.profile)), *session.messages]
        stream = self._ports.model.stream_chat_with_tools(messages, tools.TOOLS)
        told = False
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                if isinstance(piece, ModelTurn):
                    if piece.text and not told:
                        await _say(turn, piece.text)
                    return piece
                await _say(turn, piece.text, follows=told)
                told = True
        raise ModelUnavailableError("The text model stopped in the middle of its answer.")

    def _system_prompt(self, profile: Profile) -> str:
        zone = profile.time_zone if is_known_zone(profile.time_zone or "") else None
        today = self._ports.clock.now().astimezone(ZoneInfo(zone or "UTC"))
        user = {
            "username": self.username,
            "display_name": profile.display_name,
            "time_zone": zone,
            "language": profile.language,
            "facts": profile.facts,
            "today": today.date().isoformat(),
            "weekday": _DAYS[today.weekday()],
        }
        return f"{UI_ASSISTANT_SYSTEM_PROMPT}\n{in_tag('user', user)}"

    async def _run_tool(
        self, call: ToolCall, session: AssistantSession, turn: _Turn, *, form_is_open: bool
    ) -> _Outcome:
        if call.name == tools.ASK_USER and not form_is_open:
            return await _ask_user(call, turn)
        try:
            result = await self._result_of(call, session, turn)
        except ValueError as error:
            await turn.used(call.name, "The request could not be read.", ok=False)
            result = {"error": tools.explain(error)}
        except UnavailableError as error:
            await turn.used(call.name, error.message, ok=False)
            result = {"error": error.message}
        return _Outcome(result=_result(call, result))

    async def _result_of(
        self, call: ToolCall, session: AssistantSession, turn: _Turn
    ) -> dict[str, Any]:
        if call.arguments is None:
            raise ValueError("the arguments are not a JSON object")
        match call.name:
            case tools.BUSINESS_INFO:
                return await self._look_up(call.arguments, turn)
            case tools.SEARCH:
                return await self._search(call.arguments, turn)
            case tools.PROPOSE_PLAN:
                return await self._propose(call.arguments, session, turn)
            case tools.ASK_USER:
                return {"error": "Ask everything in one form; this one was not shown."}
            case _:
                raise ValueError("there is no such tool")

    async def _look_up(self, arguments: dict[str, Any], turn: _Turn) -> dict[str, Any]:
        asked = tools.BusinessArguments.model_validate(arguments)
        found = await self._ports.retriever.get_authoritative_business_info(
            asked.query, asked.location
        )
        where = f" in {asked.location}" if asked.location else ""
        await turn.used(
            tools.BUSINESS_INFO, f"Looked up {asked.query}{where}: {len(found)} found.", ok=True
        )
        return {"results": [_business(business) for business in found]}

    async def _search(self, arguments: dict[str, Any], turn: _Turn) -> dict[str, Any]:
        asked = tools.SearchArguments.model_validate(arguments)
        answer = await self._ports.retriever.search_internet(asked.query)
        await turn.used(tools.SEARCH, f"Searched the web: {asked.query}", ok=True)
        sources = [{"title": source.title, "uri": source.uri} for source in answer.sources]
        return {"answer": answer.text, "sources": sources}

    async def _propose(
        self, arguments: dict[str, Any], session: AssistantSession, turn: _Turn
    ) -> dict[str, Any]:
        plan, faults = self._is_plan_valid(arguments.get("plan"), session.evidence())
        if plan is None:
            message = f"The plan is not complete yet: {len(faults)} thing(s) to correct."
            await turn.used(tools.PROPOSE_PLAN, message, ok=False)
            return {"accepted": False, "faults": [_fault(fault) for fault in faults]}
        turn.plan = plan
        count = len(plan.tasks)
        await turn.used(tools.PROPOSE_PLAN, f"Wrote a plan with {count} task(s).", ok=True)
        return {"accepted": True}

    def _is_plan_valid(
        self, raw: object, evidence: Sequence[Evidence]
    ) -> tuple[CampaignPlan | None, tuple[Fault, ...]]:
        """Judge a proposed plan: the plan with proven sources, or every reason against it."""
        if isinstance(raw, str):
            raw = json.loads(raw)
        found = json_faults(raw, self._ports.clock.now(), countries=self._ports.countries)
        # Missing sources are no fault here: they are written below, from what was found.
        faults = tuple(fault for fault in found if fault.code != "missing_source")
        try:
            plan = CampaignPlan.model_validate(raw)
        except ValueError:
            return None, faults
        plan, unproven = check_sources(plan, evidence)
        faults = (*faults, *unproven)
        return (None, faults) if faults else (plan, ())


class AssistantChats:
    """The assistants of all users, one made for each request."""

    def __init__(self, ports: AssistantPorts) -> None:
        self._ports = ports

    async def interact(
        self,
        user_id: UserId,
        *,
        session_id: ChatSessionId | None,
        message: str | None,
        form_answers: dict[str, JsonValue] | None,
        tell: TellUser,
    ) -> ChatReply:
        """Let the user's own assistant take the turn; see :meth:`UIAssistantService.chat`."""
        async with self._ports.database.transaction() as tx:
            user = await SystemUsers(tx).by_id(user_id)
        assistant = UIAssistantService(user.username, user_id, self._ports)
        return await assistant.chat(
            session_id=session_id, message=message, form_answers=form_answers, tell=tell
        )


async def _ask_user(call: ToolCall, turn: _Turn) -> _Outcome:
    try:
        form = tools.read_form(call.arguments or {}, call.id)
    except ValueError as error:
        await turn.used(call.name, "The form could not be read.", ok=False)
        return _Outcome(result=_result(call, {"error": tools.explain(error)}))
    await turn.used(call.name, f"Asked {len(form.questions)} question(s).", ok=True)
    return _Outcome(form=OpenForm(tool_call_id=call.id, form=form))


async def _say(turn: _Turn, text: str, *, follows: bool = False) -> None:
    """Add a piece to the reply; a new round's text begins a new paragraph."""
    piece = text if follows or not turn.texts else f"\n\n{text}"
    turn.texts.append(piece)
    await turn.tell(piece)


def _result(call: ToolCall, result: dict[str, Any]) -> ToolResultMessage:
    return ToolResultMessage(tool_call_id=call.id, text=json.dumps(result, ensure_ascii=False))


def _business(business: BusinessInfo) -> dict[str, Any]:
    return {
        "name": business.name,
        "phone_number": business.phone_number,
        "address": business.address,
        "website": business.website,
        "time_zone": business.time_zone,
        "opening_hours": list(business.opening_hours),
        "place_id": business.place_id,
        "reference": business.reference,
    }


def _fault(fault: Fault) -> dict[str, str]:
    return {"path": fault.path, "code": fault.code, "message": fault.message}
