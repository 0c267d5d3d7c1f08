"""The practice assistant in the chat: look up, ask once, propose a plan, close.

A pure function of the request, like a model: everything it knows is in the messages.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from opendeep.practice import brain_plan
from opendeep.practice.brain_chat import (
    HONESTY,
    AssistantSaid,
    ChatAnswer,
    ChatRequest,
    ToolResult,
    UserSaid,
    say,
    use,
)
from opendeep.practice.brain_goals import Goal, read_goal
from opendeep.practice.brain_plan import Known, user_of

Json = dict[str, Any]
_CAN_DO: Final = (
    f'Hello! {HONESTY} I can prepare phone calls. Try: "Book me a dental cleaning at Bright '
    'Smile Dental next week, afternoons", or: "Call +14155550113 and ask whether they are open '
    'on Sunday".'
)
_SEARCH: Final = re.compile(
    r"^(?:please )?(?:search|look up|google|find out online|what (?:is|are)|"
    r"when (?:is|are|does|do)|who is|where is)\b",
    re.IGNORECASE,
)
_AGREES: Final = re.compile(
    r"^(?:yes|yeah|ok|okay|sure|go|go ahead|do it|confirm|start|great|perfect|fine)\b",
    re.IGNORECASE,
)
_SEARCH_VERBS: Final = re.compile(
    r"^(?:please )?(?:search(?: for)?|look up|google|find out online)\s+", re.IGNORECASE
)
_MOST_PROPOSALS: Final = 3


@dataclass(slots=True)
class Chat:
    """How far the chat has come with its latest goal."""

    goal: Goal | None = None
    places: list[Json] | None = None
    answers: Json | None = None
    proposals: list[object] = field(default_factory=list)
    search: object = None
    last_user: str = ""
    has_plan: bool = False

    def take(self, turn: UserSaid | ToolResult) -> None:
        """Take in the next message."""
        if isinstance(turn, UserSaid):
            self._hear(turn.text)
            return
        match turn.name:
            case "get_authoritative_business_info":
                results = turn.result.get("results") if isinstance(turn.result, dict) else None
                self.places = [entry for entry in results or [] if isinstance(entry, dict)]
            case "ask_user":
                self.answers = turn.result if isinstance(turn.result, dict) else {}
            case "propose_campaign_plan":
                self.proposals.append(turn.result)
                self.has_plan = _accepted(turn.result)
            case "search_internet":
                self.search = turn.result
            case _:
                pass

    def _hear(self, text: str) -> None:
        self.last_user = text
        self.search = None
        said = read_goal(text)
        if _SEARCH.match(text.strip()) and not said.numbers:
            return
        changes = self.goal is not None and said.changes_something
        if changes and self.goal is not None and not (said.business and said.is_call):
            if said.numbers != self.goal.numbers and said.numbers:
                self.places = None
            self.goal = self.goal.changed_by(said)
            self.proposals = []
            self._forget_answers(said)
        elif said.is_call:
            self.goal, self.places, self.answers, self.proposals = said, None, None, []
            self.has_plan = False

    def _forget_answers(self, said: Goal) -> None:
        """What is said later wins over the form."""
        later = {
            "preferred_days": said.days,
            "preferred_time": said.time,
            "name_for_booking": said.name,
            "phone_number": said.numbers,
        }
        if self.answers is not None:
            self.answers = {
                name: value for name, value in self.answers.items() if not later.get(name)
            }


def _accepted(result: object) -> bool:
    return isinstance(result, dict) and result.get("accepted") is True


def plan(request: ChatRequest) -> ChatAnswer:
    """Answer the chat's last message."""
    chat = Chat()
    for turn in request.turns:
        if not isinstance(turn, AssistantSaid):
            chat.take(turn)
    last = request.turns[-1] if request.turns else None
    if isinstance(last, UserSaid) and _wants_search(last.text, request):
        query = _SEARCH_VERBS.sub("", last.text.strip())
        return use("search_internet", query=query)
    if isinstance(last, ToolResult) and last.name == "search_internet":
        return say(_search_answer(last.result))
    if chat.goal is None:
        return say(_CAN_DO)
    done = chat.proposals and _accepted(chat.proposals[-1])
    if done and isinstance(last, UserSaid):
        return say(_after_plan(last.text))
    return _next_step(chat, chat.goal, request)


def _wants_search(text: str, request: ChatRequest) -> bool:
    said = read_goal(text)
    return (
        "search_internet" in request.tools
        and _SEARCH.match(text.strip()) is not None
        and not said.numbers
    )


def _next_step(chat: Chat, goal: Goal, request: ChatRequest) -> ChatAnswer:
    known = Known(goal=goal, user=user_of(request.system), places=chat.places, answers=chat.answers)
    can_look_up = "get_authoritative_business_info" in request.tools
    if not goal.numbers and chat.places is None and can_look_up:
        return _look_up(known)
    questions = brain_plan.questions(known)
    if questions and chat.answers is None and "ask_user" in request.tools:
        text = "I need to know a little more before I can plan the call."
        title = brain_plan.form_title(known)
        return use("ask_user", text=text, title=title, questions=questions)
    if not known.numbers:
        return say(
            f"I could not find a phone number for {goal.query}. Please tell me the number, with "
            "its country code, and I will prepare the call."
        )
    if chat.proposals:
        return _after_proposal(chat, known)
    return use("propose_campaign_plan", plan=brain_plan.campaign_plan(known))


def _look_up(known: Known) -> ChatAnswer:
    query = known.goal.query
    facts = known.user.get("facts")
    city = facts.get("city") or facts.get("location") if isinstance(facts, dict) else None
    if city:
        return use("get_authoritative_business_info", query=query, location=str(city))
    return use("get_authoritative_business_info", query=query)


def _after_proposal(chat: Chat, known: Known) -> ChatAnswer:
    result = chat.proposals[-1]
    if _accepted(result):
        return say(brain_plan.closing(known))
    faults = result.get("faults") if isinstance(result, dict) else None
    listed = [fault for fault in faults or [] if isinstance(fault, dict)]
    repaired = brain_plan.repaired(brain_plan.campaign_plan(known), listed)
    if repaired is not None and len(chat.proposals) < _MOST_PROPOSALS:
        return use("propose_campaign_plan", plan=repaired)
    reasons = [str(fault.get("message") or fault.get("code")) for fault in listed]
    why = " ".join(reasons) or "It was refused without a reason."
    return say(f"I cannot plan that: {why} Please tell me what to change.")


def _after_plan(text: str) -> str:
    if _AGREES.match(text.strip()):
        return (
            'Please check the plan and press "Confirm and Schedule Campaign". '
            "I cannot start calls myself."
        )
    return (
        'The plan is ready: press "Confirm and Schedule Campaign" to start it, or tell me what '
        f"to change, such as the days, the time or the number. {HONESTY}"
    )


def _search_answer(result: object) -> str:
    if not isinstance(result, dict) or not result.get("answer"):
        return "The search found nothing about that."
    titles = [
        str(source.get("title"))
        for source in result.get("sources") or []
        if isinstance(source, dict) and source.get("title")
    ]
    cited = f" (Source: {', '.join(titles)})" if titles else ""
    return f"{result['answer']}{cited}"
