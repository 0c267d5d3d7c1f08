"""The conversation as rows: what the user sent is stored first, an open form gets its result."""

import pytest

from opendeep.common.data_models import Form
from opendeep.common.errors import ConflictError, InvalidInputError, NotFoundError
from opendeep.common.ids import ChatSessionId
from opendeep.database.models import Profile
from opendeep.database.repositories import Profiles
from opendeep.llm_integrations.text_model import (
    AssistantMessage,
    SystemMessage,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from opendeep.task_manager import assistant_session
from opendeep.task_manager.assistant_session import (
    AssistantSession,
    OpenForm,
    Said,
    check_answers,
)
from opendeep.task_manager.provenance import Evidence
from tests.unit.task_manager.conftest import World

FORM = Form.model_validate(
    {
        "id": "f",
        "title": "t",
        "questions": [
            {"id": "days", "label": "Which days?"},
            {"id": "note", "label": "Anything else?", "required": False},
        ],
    }
)


async def begin(
    world: World, said: Said, session_id: ChatSessionId | None = None
) -> AssistantSession:
    """Begin or go on with a conversation."""
    return await AssistantSession.begin(world.database, world.user_id, session_id, said)


async def with_form(world: World) -> ChatSessionId:
    """Make a conversation with an open form."""
    session = await begin(world, Said(message="book"))
    call = ToolCall(id="c1", name="ask_user", arguments={})
    turn = AssistantMessage(tool_calls=(call,))
    await session.add_turn(turn, (), open_form=OpenForm(tool_call_id="c1", form=FORM))
    return session.id


async def test_what_was_said_survives(world: World) -> None:
    """Messages of a conversation are read again as they were stored."""
    session = await begin(world, Said(message=" Hello "))
    await session.add_turn(AssistantMessage(text="Hi"), ())
    again = await begin(world, Said(message="Book it"), session.id)
    assert again.messages == [
        UserMessage(text="Hello"),
        AssistantMessage(text="Hi"),
        UserMessage(text="Book it"),
    ]


async def test_answers_are_the_forms_result(world: World) -> None:
    """Answers become the result of the tool call that asked; a form is answered once."""
    session_id = await with_form(world)
    answers = Said(form_answers={"days": "Monday", "odd": "x"}, message="thanks")
    session = await begin(world, answers, session_id)
    assert session.messages[-2:] == [
        ToolResultMessage(tool_call_id="c1", text='{"days": "Monday"}'),
        UserMessage(text="thanks"),
    ]
    assert session.open_form is None
    await session.add_turn(AssistantMessage(text="Thank you."), ())
    with pytest.raises(ConflictError):
        await begin(world, answers, session_id)


@pytest.mark.parametrize("message", [None, "thanks"])
async def test_the_same_answers_after_a_failure(world: World, message: str | None) -> None:
    """What was stored before the model failed may be sent again, and is stored once."""
    session_id = await with_form(world)
    answers = Said(form_answers={"days": "Monday"}, message=message)
    first = await begin(world, answers, session_id)
    again = await begin(world, answers, session_id)
    assert again.messages == first.messages


async def test_the_same_words_after_a_failure(world: World) -> None:
    """The same words are stored once while the model owes an answer; other words follow."""
    said = Said(message="Hello")
    session = await begin(world, said)
    await begin(world, said, session.id)
    call = ToolCall(id="c", name="search_internet", arguments={})
    found = ToolResultMessage(tool_call_id="c", text="{}")
    await session.add_turn(AssistantMessage(tool_calls=(call,)), [found])
    await begin(world, said, session.id)
    other = await begin(world, Said(message="Hello?"), session.id)
    assert [message for message in other.messages if isinstance(message, UserMessage)] == [
        UserMessage(text="Hello"),
        UserMessage(text="Hello?"),
    ]
    await other.add_turn(AssistantMessage(text="Hi"), ())
    assert len((await begin(world, Said(message="Hello?"), session.id)).messages) == 6


async def test_words_instead_of_answers(world: World) -> None:
    """A user who writes instead closes the form, so that no tool call waits for ever."""
    session = await begin(world, Said(message="never mind"), await with_form(world))
    result = session.messages[-2]
    assert isinstance(result, ToolResultMessage)
    assert "skipped" in result.text


async def test_missing_answer_changes_nothing(world: World) -> None:
    """A missing answer is told, and the form stays open."""
    session_id = await with_form(world)
    with pytest.raises(InvalidInputError, match="Which days"):
        await begin(world, Said(form_answers={"days": " "}), session_id)
    session = await begin(world, Said(form_answers={"days": "Monday"}), session_id)
    assert len(session.messages) == 3


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"message": "  "},
        {"message": "x" * 10_001},
    ],
)
def test_nothing_usable(said: dict[str, str]) -> None:
    """Nothing, blanks and endless texts are refused."""
    with pytest.raises(InvalidInputError):
        Said(**said)


def test_answers_are_bounded() -> None:
    """An answer has a limit; one that is not required may be left out."""
    with pytest.raises(InvalidInputError, match="too long"):
        check_answers(FORM, {"days": "x" * 2001})
    assert check_answers(FORM, {"days": 5, "note": None}) == {"days": 5}


async def test_somebody_elses_session(world: World) -> None:
    """Another user's conversation does not exist."""
    session = await begin(world, Said(message="Hello"))
    other = await world.user("bob")
    with pytest.raises(NotFoundError):
        await AssistantSession.begin(world.database, other, session.id, Said(message="Hi"))


async def test_endless_conversation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A conversation that is too long for the model is ended plainly."""
    monkeypatch.setattr(assistant_session, "CONVERSATION_LIMIT", 1)
    session = await begin(world, Said(message="Hello"))
    with pytest.raises(InvalidInputError, match="new one"):
        await begin(world, Said(message="Hello"), session.id)


async def test_evidence(world: World) -> None:
    """Evidence is the profile, the user's words and answers, and the look-ups; nothing else."""
    async with world.database.transaction() as tx:
        await Profiles(tx, world.user_id).put(Profile(facts={"mobile": "+12125550111"}))
    session = await begin(world, Said(message="Hello"))
    names = ("ask_user", "get_authoritative_business_info", "search_internet", "other")
    calls = tuple(ToolCall(id=name, name=name, arguments={}) for name in names)
    results = [ToolResultMessage(tool_call_id=name, text=f"from {name}") for name in names]
    await session.add_turn(AssistantMessage(text="I recall +1...", tool_calls=calls), results)
    session.messages.append(SystemMessage(text="rules"))
    assert session.evidence() == [
        Evidence(origin="user", text='{"mobile": "+12125550111"}'),
        Evidence(origin="user", text="Hello"),
        Evidence(origin="user", text="from ask_user"),
        Evidence(origin="places", text="from get_authoritative_business_info"),
        Evidence(origin="search", text="from search_internet"),
    ]
