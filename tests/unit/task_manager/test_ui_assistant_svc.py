"""The chat loop against a scripted model: forms, look-ups, plans, refusals, failures."""

import json
from typing import Any

import pytest

from opendeep.common.data_models import ToolActivity
from opendeep.common.errors import ModelUnavailableError, NotFoundError
from opendeep.common.ids import ChatSessionId, UserId
from opendeep.database.models import Profile
from opendeep.database.repositories import ChatSessions, Profiles
from opendeep.llm_integrations.grounding import GroundedAnswer, SearchSource
from opendeep.llm_integrations.testing import ScriptedTextModel
from opendeep.llm_integrations.text_model import (
    ModelTurn,
    SystemMessage,
    TextDelta,
    ToolCall,
    ToolResultMessage,
)
from opendeep.task_manager.ui_assistant_svc import (
    ROUNDS,
    AssistantChats,
    AssistantPorts,
    ChatReply,
    ChatUpdate,
    UIAssistantService,
)
from opendeep.tools.places_client import BusinessInfo
from tests.unit.task_manager.conftest import NUMBER, World

DENTIST = BusinessInfo(
    name="Bright Smile Dental",
    phone_number=NUMBER,
    address="1 Main Street",
    website=None,
    time_zone="America/New_York",
    opening_hours=("Monday: 9 to 5",),
    place_id="p1",
    reference="places/p1",
)
PLAN = {
    "title": "Dentist",
    "goal": "Book a cleaning",
    "tasks": [
        {
            "title": "Book a cleaning",
            "phone_number": NUMBER,
            "goal": "Book a dental cleaning next week",
            "success_criteria": "A day and a time are agreed",
        }
    ],
}
FORM = {"title": "Details", "questions": [{"id": "days", "label": "Which days?", "type": "text"}]}


class Library:
    """Look-ups with fixed answers, or an error."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.error: ModelUnavailableError | None = None

    async def get_authoritative_business_info(
        self, query: str, location: str | None = None
    ) -> list[BusinessInfo]:
        """Find the dentist."""
        self.asked.append((query, location))
        if self.error:
            raise self.error
        return [DENTIST]

    async def search_internet(self, query: str) -> GroundedAnswer:
        """Answer with one source."""
        self.asked.append((query, None))
        source = SearchSource(title="example.com", uri="https://example.com")
        return GroundedAnswer(text="Open on Sundays.", sources=(source,))


class Chat:
    """One user's chat with a scripted model."""

    def __init__(self, world: World, *steps: Any) -> None:
        self.world = world
        self.model = ScriptedTextModel(steps)
        self.library = Library()
        self.heard: list[ChatUpdate] = []
        self.session_id: ChatSessionId | None = None
        self.chats = AssistantChats(
            AssistantPorts(
                database=world.database,
                model=self.model,
                retriever=self.library,
                clock=world.clock,
            )
        )

    async def send(self, message: str | None = None, **form_answers: Any) -> ChatReply:
        """Send words or answers."""
        reply = await self.chats.interact(
            self.world.user_id,
            session_id=self.session_id,
            message=message,
            form_answers=form_answers or None,
            tell=self.hear,
        )
        self.session_id = reply.session_id
        return reply

    async def hear(self, update: ChatUpdate) -> None:
        """Keep what the page would show."""
        self.heard.append(update)

    def result(self, request: int = -1) -> dict[str, Any]:
        """Return the last tool result that the model was shown in a request."""
        results = [m for m in self.model.requests[request] if isinstance(m, ToolResultMessage)]
        decoded: dict[str, Any] = json.loads(results[-1].text)
        return decoded


def uses(name: str, text: str = "", /, **arguments: Any) -> ModelTurn:
    """Make a turn that calls one tool."""
    return ModelTurn(text=text, tool_calls=(ToolCall(id="c", name=name, arguments=arguments),))


def text_of(heard: list[ChatUpdate]) -> str:
    """Return the streamed text."""
    return "".join(update for update in heard if isinstance(update, str))


async def test_from_wish_to_plan(world: World) -> None:
    """A wish leads to a form, a look-up and a plan whose number has its proven source."""
    chat = Chat(
        world,
        uses("ask_user", "Some questions first.", **FORM),
        uses("get_authoritative_business_info", query="Bright Smile Dental", location="New York"),
        uses("propose_campaign_plan", plan=PLAN),
        "Please confirm the plan.",
    )
    first = await chat.send("Book me a dental cleaning")
    assert first.form is not None
    assert [question.id for question in first.form.questions] == ["days"]
    assert (first.reply, first.campaign_plan) == ("Some questions first.", None)
    second = await chat.send(days="next week")
    assert second.form is None
    assert second.reply == "Please confirm the plan."
    assert second.campaign_plan is not None
    [source] = second.campaign_plan.tasks[0].sources
    assert (source.field, source.from_, source.reference) == (
        "phone_number",
        "places",
        "places/p1",
    )
    assert [(used.tool, used.ok) for used in second.tool_activity] == [
        ("get_authoritative_business_info", True),
        ("propose_campaign_plan", True),
    ]
    assert chat.result() == {"accepted": True}
    assert chat.library.asked == [("Bright Smile Dental", "New York")]
    assert chat.result(2)["results"][0]["phone_number"] == NUMBER
    async with world.database.transaction() as tx:
        state = (await ChatSessions(tx, world.user_id).get(first.session_id)).state
    assert state["campaign_plan"]["title"] == "Dentist"


async def test_prompt_holds_the_users_data(world: World) -> None:
    """The system prompt ends with the user's own facts, and today in their zone."""
    profile = Profile(display_name="Ada", time_zone="Pacific/Auckland", facts={"city": "Oamaru"})
    async with world.database.transaction() as tx:
        await Profiles(tx, world.user_id).put(profile)
    chat = Chat(world, "Hello.", "Hello.")
    await chat.send("Hi")
    system = chat.model.requests[0][0]
    assert isinstance(system, SystemMessage)
    user = json.loads(system.text.rpartition("<user>")[2].removesuffix("</user>"))
    assert user == {
        "username": "ada",
        "display_name": "Ada",
        "time_zone": "Pacific/Auckland",
        "language": None,
        "facts": {"city": "Oamaru"},
        "today": "2026-11-24",
        "weekday": "Tuesday",
    }


async def test_number_from_memory_is_sent_back(world: World) -> None:
    """A number that nobody gave is refused with its reason, and the user sees no plan."""
    chat = Chat(world, uses("propose_campaign_plan", plan=PLAN), "Which number?")
    reply = await chat.send("Call my dentist")
    assert reply.campaign_plan is None
    assert [used.ok for used in reply.tool_activity] == [False]
    refused = chat.result()
    assert refused["accepted"] is False
    assert [(fault["path"], fault["code"]) for fault in refused["faults"]] == [
        ("tasks[0].phone_number", "unproven")
    ]


async def test_incomplete_plan_is_sent_back(world: World) -> None:
    """A plan with faults of shape or meaning goes back with every reason, then is accepted."""
    broken = {**PLAN, "tasks": [{"title": "t", "phone_number": "911", "goal": "g"}]}
    late = {**PLAN, "tasks": [{**PLAN["tasks"][0], "latest": "2020-01-01T00:00:00Z"}]}  # type: ignore[dict-item]
    chat = Chat(
        world,
        uses("propose_campaign_plan", plan=broken),
        uses("propose_campaign_plan", plan=late),
        uses("propose_campaign_plan", plan=json.dumps(PLAN)),
        "Done.",
    )
    reply = await chat.send(f"Call {NUMBER}")
    assert [fault["code"] for fault in chat.result(1)["faults"]] == ["missing", "emergency"]
    assert [fault["code"] for fault in chat.result(2)["faults"]] == ["past"]
    assert reply.campaign_plan is not None
    assert reply.campaign_plan.tasks[0].sources[0].from_ == "user"


async def test_search(world: World) -> None:
    """A web search is answered with its sources."""
    chat = Chat(world, uses("search_internet", query="open on Sundays?"), "Yes.")
    reply = await chat.send("Are they open on Sundays?")
    assert [used.tool for used in reply.tool_activity] == ["search_internet"]
    assert chat.result() == {
        "answer": "Open on Sundays.",
        "sources": [{"title": "example.com", "uri": "https://example.com"}],
    }


async def test_look_up_that_is_down(world: World) -> None:
    """A directory that is down is told to the model and to the user; the chat goes on."""
    chat = Chat(world, uses("get_authoritative_business_info", query="x"), "Give me a number.")
    chat.library.error = ModelUnavailableError("The business directory cannot be reached.")
    reply = await chat.send("Call x")
    assert reply.reply == "Give me a number."
    assert reply.tool_activity == (
        ToolActivity(
            tool="get_authoritative_business_info",
            summary="The business directory cannot be reached.",
            ok=False,
        ),
    )


@pytest.mark.parametrize(
    "turn",
    [
        uses("search_internet", query=""),
        uses("search_internet"),
        uses("format_disk"),
        uses("ask_user", questions=[]),
        uses("propose_campaign_plan", plan="{not json"),
        ModelTurn(text="", tool_calls=(ToolCall(id="c", name="search_internet", arguments=None),)),
        ModelTurn(text="", tool_calls=(ToolCall(id="c", name="ask_user", arguments=None),)),
    ],
)
async def test_nonsense_of_the_model(world: World, turn: ModelTurn) -> None:
    """Unknown tools and arguments that do not fit are told to the model, and nothing is done."""
    chat = Chat(world, turn, "Sorry.")
    reply = await chat.send("Hi")
    assert chat.result()["error"]
    assert [used.ok for used in reply.tool_activity] == [False]
    assert reply.reply == "Sorry."
    assert chat.library.asked == []


async def test_two_forms_at_once(world: World) -> None:
    """Of two forms in one turn the first is shown, the second is answered with an error."""
    calls = tuple(ToolCall(id=name, name="ask_user", arguments=FORM) for name in ("c1", "c2"))
    chat = Chat(world, ModelTurn(text="", tool_calls=calls), "Thanks.")
    reply = await chat.send("Hi")
    assert reply.form is not None
    assert reply.form.id == "c1"
    await chat.send(days="Monday")
    results = [m for m in chat.model.requests[-1] if isinstance(m, ToolResultMessage)]
    assert {result.tool_call_id: "error" in result.text for result in results} == {
        "c2": True,
        "c1": False,
    }


async def test_what_is_streamed_is_the_reply(world: World) -> None:
    """The page hears tools and text in order, and the text is the reply."""
    chat = Chat(world, uses("search_internet", "Let me look. ", query="x"), "It is open.")
    reply = await chat.send("Open?")
    [place] = [n for n, update in enumerate(chat.heard) if isinstance(update, ToolActivity)]
    assert "Let me look." in text_of(chat.heard[:place])
    assert "It is open." in text_of(chat.heard[place:])
    assert reply.reply == text_of(chat.heard).strip()
    assert "Let me look." in reply.reply
    assert reply.reply.endswith("It is open.")


async def test_text_that_was_not_streamed(world: World) -> None:
    """A model that sends only its whole turn is heard too."""
    chat = Chat(world)

    async def whole_turn(*_arguments: Any) -> Any:
        yield ModelTurn(text="All at once.")

    chat.model.stream_chat_with_tools = whole_turn  # type: ignore[method-assign]
    assert (await chat.send("Hi")).reply == "All at once."
    assert chat.heard == ["All at once."]


async def test_stream_that_breaks_off(world: World) -> None:
    """A stream without an end is an error that may be tried again."""
    chat = Chat(world)

    async def breaks_off(*_arguments: Any) -> Any:
        yield TextDelta(text="I was")

    chat.model.stream_chat_with_tools = breaks_off  # type: ignore[method-assign]
    with pytest.raises(ModelUnavailableError, match="middle"):
        await chat.send("Hi")


async def test_model_down_keeps_what_the_user_said(world: World) -> None:
    """With the model down the user gets a clear error, and their words are there afterwards."""
    chat = Chat(world, "Hello.", ModelUnavailableError("The text model cannot be reached."), "Ok.")
    await chat.send("Hi")
    with pytest.raises(ModelUnavailableError) as caught:
        await chat.send("Book a table")
    assert caught.value.kept_in == chat.session_id
    await chat.send("Still there?")
    said = [m.text for m in chat.model.requests[-1] if not isinstance(m, SystemMessage)]
    assert said == ["Hi", "Hello.", "Book a table", "Still there?"]


async def test_model_that_never_ends(world: World) -> None:
    """After twelve rounds of tools the assistant gives up in plain words."""
    chat = Chat(world, *[uses("search_internet", query="x")] * ROUNDS)
    reply = await chat.send("Hi")
    assert "could not finish" in reply.reply
    assert len(chat.model.requests) == ROUNDS


async def test_somebody_elses_session(world: World) -> None:
    """Another user's conversation does not exist."""
    chat = Chat(world, "Hello.")
    reply = await chat.send("Hi")
    other = await world.user("bob")
    with pytest.raises(NotFoundError):
        await chat.chats.interact(
            other, session_id=reply.session_id, message="Hi", form_answers=None, tell=chat.hear
        )


async def test_the_assistant_knows_its_username(world: World) -> None:
    """An assistant belongs to one user."""
    ports = AssistantPorts(
        database=world.database,
        model=ScriptedTextModel(),
        retriever=Library(),
        clock=world.clock,
    )
    assert UIAssistantService("ada", UserId(1), ports).username == "ada"
