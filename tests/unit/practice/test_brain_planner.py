"""The practice assistant in the chat, step by step."""

import json
from typing import Any

import pytest

from opendeep.common.data_models import CampaignPlan, Form
from opendeep.practice.brain_chat import (
    AssistantSaid,
    ChatAnswer,
    ChatRequest,
    ChatTurn,
    ToolResult,
    UserSaid,
)
from opendeep.practice.brain_planner import plan

Json = dict[str, Any]
TOOLS = frozenset(
    {"ask_user", "get_authoritative_business_info", "search_internet", "propose_campaign_plan"}
)
DENTAL: Json = {
    "name": "Bright Smile Dental",
    "phone_number": "+14155550100",
    "time_zone": "America/Los_Angeles",
    "reference": "places/practice-1",
}
BOOK = "Book me a dental cleaning at Bright Smile Dental next week, afternoons"
NOBODY: Json = {"username": "default", "display_name": "", "language": "en", "facts": {}}


class Chat:
    """A user's chat: keeps the turns and answers the assistant's tools."""

    def __init__(self, user: Json | None = None, tools: frozenset[str] = TOOLS) -> None:
        self.system = f"About <user> data.\n<user>{json.dumps(user or NOBODY)}</user>"
        self.tools = tools
        self.turns: list[ChatTurn] = []

    def says(self, text: str) -> ChatAnswer:
        """Type a message; return the assistant's answer."""
        self.turns.append(UserSaid(text=text))
        return self.answer()

    def returns(self, answer: ChatAnswer, result: object) -> ChatAnswer:
        """Give the result of the answer's tool; return the next answer."""
        call = answer.calls[0]
        self.turns.append(ToolResult(name=call.name, arguments=call.arguments, result=result))
        return self.answer()

    def answer(self) -> ChatAnswer:
        """Let the assistant answer."""
        request = ChatRequest(system=self.system, turns=self.turns, tools=self.tools)
        answer = plan(request)
        if answer.text is not None and not answer.calls:
            self.turns.append(AssistantSaid(text=answer.text))
        return answer


def tool_of(answer: ChatAnswer) -> str:
    """Return the name of the tool that the assistant wants used."""
    return answer.calls[0].name


def plan_of(answer: ChatAnswer) -> CampaignPlan:
    """Return the proposed plan, which must be valid."""
    assert tool_of(answer) == "propose_campaign_plan"
    return CampaignPlan.model_validate(answer.calls[0].arguments["plan"])


def question_ids(answer: ChatAnswer) -> list[str]:
    """Return the ids of the form's questions, which must make a form."""
    assert tool_of(answer) == "ask_user"
    form = Form.model_validate({"id": "f", **answer.calls[0].arguments})
    return [question.id for question in form.questions]


def test_from_the_wish_to_the_plan() -> None:
    """Look-up, one form with the name, plan with facts and sources, closing words."""
    chat = Chat()
    look_up = chat.says(BOOK)
    assert look_up.calls[0].arguments == {"query": "Bright Smile Dental"}
    form = chat.returns(look_up, {"results": [DENTAL]})
    assert question_ids(form) == ["name_for_booking"]
    proposal = chat.returns(form, {"name_for_booking": "Alex Doe"})
    task = plan_of(proposal).tasks[0]
    assert task.phone_number == "+14155550100"
    assert task.time_zone == "America/Los_Angeles"
    assert task.facts == {
        "service": "dental cleaning",
        "preferred_days": "next week",
        "preferred_time": "afternoons",
        "name_for_booking": "Alex Doe",
    }
    sources = {source.field: (source.from_, source.reference) for source in task.sources}
    assert sources["phone_number"] == ("places", "places/practice-1")
    assert sources["preferred_days"][0] == "user"
    closing = chat.returns(proposal, {"accepted": True})
    assert closing.text is not None
    assert "Confirm and Schedule Campaign" in closing.text


def test_a_profile_with_a_name_is_not_asked() -> None:
    """Where nothing is missing, no form is shown; the profile's city helps the look-up."""
    user = {**NOBODY, "display_name": "Sam Lee", "facts": {"city": "Practice City"}}
    chat = Chat(user)
    look_up = chat.says(BOOK)
    assert look_up.calls[0].arguments["location"] == "Practice City"
    task = plan_of(chat.returns(look_up, {"results": [DENTAL]})).tasks[0]
    assert task.facts["name_for_booking"] == "Sam Lee"


def test_all_that_is_missing_is_asked_at_once() -> None:
    """One form holds every missing fact; it is not shown twice."""
    chat = Chat()
    form = chat.returns(chat.says("Book at Nowhere Grill"), {"results": []})
    assert question_ids(form) == [
        "name_for_booking",
        "service",
        "preferred_days",
        "preferred_time",
        "phone_number",
    ]
    answers = {
        "name_for_booking": "Al",
        "service": "table",
        "preferred_days": "Friday",
        "preferred_time": "evenings",
        "phone_number": "(415) 555-0107",
    }
    plan_ = plan_of(chat.returns(form, answers))
    assert plan_.tasks[0].phone_number == "+14155550107"
    assert plan_.goal == "Book a table at Nowhere Grill, Friday, evenings."


def test_without_a_number_it_says_so() -> None:
    """An unanswered form does not come again; the missing number is named."""
    chat = Chat()
    form = chat.returns(chat.says("Book a table at Nowhere Grill"), {"results": []})
    answer = chat.returns(form, None)
    assert answer.text is not None
    assert "could not find a phone number for Nowhere Grill" in answer.text
    task = plan_of(chat.says("The number is +14155550107")).tasks[0]
    assert task.phone_number == "+14155550107"
    assert task.facts["service"] == "table"
    assert plan_of(chat.says("No, call +14155550104")).tasks[0].phone_number == "+14155550104"


def test_a_typed_number_needs_no_look_up() -> None:
    """A number in the message is used as it is, for each number one task."""
    user = {**NOBODY, "display_name": "Sam Lee"}
    answer = Chat(user).says("Call +14155550113 and +14155550100 and ask whether they are open")
    plan_ = plan_of(answer)
    assert [task.phone_number for task in plan_.tasks] == ["+14155550113", "+14155550100"]
    assert plan_.tasks[0].goal == "Ask whether they are open"
    assert plan_.tasks[0].facts == {"name_for_booking": "Sam Lee"}
    assert plan_.tasks[0].sources[0].from_ == "user"


def test_other_calls_need_a_name_too() -> None:
    """Without a profile it asks who calls."""
    chat = Chat()
    form = chat.says("Call +14155550113 and ask whether they are open")
    assert question_ids(form) == ["name_for_booking"]
    assert plan_of(chat.returns(form, {})).tasks[0].facts == {}
    bare = Chat(tools=frozenset()).says("Book at Nowhere Grill on Friday.")
    assert "could not find a phone number" in str(bare.text)
    number = Chat(tools=frozenset({"propose_campaign_plan"})).says("Book at +14155550100")
    assert plan_of(number).goal == "Book an appointment."


@pytest.mark.parametrize(
    ("wish", "results", "number"),
    [
        ("book a cut at bright smile", [DENTAL], "+14155550100"),
        ("book a cut with my dentist", [{"name": "X"}, DENTAL], "+14155550100"),
        ("Book a cut at Other Place", [DENTAL], None),
        ("order a pizza", [DENTAL], "+14155550100"),
        ("order a pizza", [], None),
    ],
)
def test_only_the_business_that_is_meant(
    wish: str, results: list[Json], number: str | None
) -> None:
    """A named business must match; a kind of business takes the first with a number."""
    chat = Chat({**NOBODY, "display_name": "Al"})
    answer = chat.returns(chat.says(wish), {"results": results})
    asks_number = tool_of(answer) == "ask_user" and "phone_number" in question_ids(answer)
    assert asks_number == (number is None)


def test_changes_after_the_plan() -> None:
    """A later message changes the plan, and wins over the form."""
    chat = Chat()
    form = chat.returns(chat.says("Book a cleaning at Bright Smile Dental"), {"results": [DENTAL]})
    answers = {"name_for_booking": "Al", "preferred_days": "Friday", "preferred_time": "evenings"}
    proposal = chat.returns(form, answers)
    chat.returns(proposal, {"accepted": True})
    task = plan_of(chat.says("make it mornings instead")).tasks[0]
    assert task.facts["preferred_time"] == "mornings"
    assert task.facts["preferred_days"] == "Friday"


def test_talk_after_the_plan() -> None:
    """A yes is pointed to the button, other talk to what can be done; a new wish begins anew."""
    chat = Chat({**NOBODY, "display_name": "Al"})
    proposal = chat.returns(chat.says(BOOK), {"results": [DENTAL]})
    chat.returns(proposal, {"accepted": True})
    assert "I cannot start calls myself" in str(chat.says("ok").text)
    assert "practice assistant" in str(chat.says("nice weather").text)
    assert tool_of(chat.says("Order a pizza at Harbor Pizza")) == "get_authoritative_business_info"


@pytest.mark.parametrize(
    ("path", "repaired"),
    [
        ("tasks[0].time_zone", True),
        ("tasks[0].sources[1]", True),
        ("tasks[0].phone_number", False),
    ],
)
def test_refused_plans(path: str, repaired: bool) -> None:
    """What can be left out is left out once more; anything else is told to the user."""
    chat = Chat({**NOBODY, "display_name": "Al"})
    proposal = chat.returns(chat.says(BOOK), {"results": [DENTAL]})
    fault = {"path": path, "code": "bad", "message": "It is bad."}
    answer = chat.returns(proposal, {"accepted": False, "faults": [fault]})
    if not repaired:
        assert "It is bad." in str(answer.text)
        return
    assert plan_of(answer)
    again = chat.returns(answer, {"accepted": False, "faults": [fault]})
    last = chat.returns(again, {"accepted": False, "faults": [fault]})
    assert "I cannot plan that" in str(last.text)


def test_a_refusal_without_reasons() -> None:
    """A refusal that names nothing is told as such."""
    chat = Chat({**NOBODY, "display_name": "Al"})
    proposal = chat.returns(chat.says(BOOK), {"results": [DENTAL]})
    assert "refused without a reason" in str(chat.returns(proposal, "no").text)


def test_small_talk() -> None:
    """A greeting gets a friendly answer that says what this is."""
    answer = Chat().says("hi")
    assert "practice assistant" in str(answer.text)
    assert "not a real AI" in str(answer.text)
    assert plan(ChatRequest()).text == answer.text


def test_search() -> None:
    """A question about the world is searched, and answered with its source."""
    chat = Chat()
    search = chat.says("search for the opening hours of City Library")
    assert search.calls[0].arguments == {"query": "the opening hours of City Library"}
    found = {"answer": "Nine to five.", "sources": [{"title": "library.example"}, 3]}
    assert chat.returns(search, found).text == "Nine to five. (Source: library.example)"
    again = chat.says("What is the weather?")
    assert chat.returns(again, {"answer": "Fine."}).text == "Fine."
    assert "found nothing" in str(chat.returns(again, None).text)
    assert "practice assistant" in str(Chat(tools=frozenset()).says("What is love?").text)


def test_unreadable_context() -> None:
    """A broken ``<user>``, junk results and unknown tools do not stop it."""
    chat = Chat()
    chat.system = "<user>{junk</user>"
    look_up = chat.says(BOOK)
    chat.turns.append(ToolResult(name="other", arguments={}, result=1))
    assert question_ids(chat.returns(look_up, "junk")) == ["name_for_booking", "phone_number"]
    chat.says("make it mornings")
    chat.system = "nothing"
    assert question_ids(chat.answer()) == ["name_for_booking", "phone_number"]
