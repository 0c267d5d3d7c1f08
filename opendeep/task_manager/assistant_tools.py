"""The assistant's tools as the model sees them, and the check of what it sends to them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from opendeep.common.data_models import CampaignPlan, Form, FormQuestion
from opendeep.llm_integrations.text_model import ToolSpec

ASK_USER = "ask_user"
BUSINESS_INFO = "get_authoritative_business_info"
SEARCH = "search_internet"
PROPOSE_PLAN = "propose_campaign_plan"

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class _Arguments(BaseModel):
    """Base of all arguments; unknown keys are ignored, since models invent some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AskUserArguments(_Arguments):
    """A form."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    questions: list[dict[str, Any]] = Field(min_length=1, max_length=20)


class BusinessArguments(_Arguments):
    """Which business, and where."""

    query: Words
    location: Words | None = None


class SearchArguments(_Arguments):
    """What to find out."""

    query: Words


def read_form(arguments: dict[str, Any], form_id: str) -> Form:
    """Read a form from the model's arguments.

    Raises:
        ValidationError: they make no form.
        ValueError: two questions share an id, or a choice has nothing to choose from.
    """
    asked = AskUserArguments.model_validate(arguments)
    known = FormQuestion.model_fields.keys()
    questions = [
        FormQuestion.model_validate({name: raw[name] for name in raw.keys() & known})
        for raw in asked.questions
    ]
    if len({question.id for question in questions}) < len(questions):
        raise ValueError("two questions have the same id")
    if any(question.type == "choice" and not question.options for question in questions):
        raise ValueError("a question of type choice needs options")
    return Form(id=form_id, title=asked.title or "A few questions", questions=questions)


def explain(error: ValueError) -> str:
    """Say in one line, for the model, what is wrong with its arguments."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)[:10]
    )


def _object(required: list[str], /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _plan_parameters() -> dict[str, Any]:
    schema = CampaignPlan.model_json_schema(by_alias=True)
    definitions = schema.pop("$defs")
    return {**_object(["plan"], plan=schema), "$defs": definitions}


_TEXT = {"type": "string"}
_QUESTION = _object(
    ["id", "label", "type"],
    id={"type": "string", "description": "A short name like preferred_time."},
    label={"type": "string", "description": "The question, as the user reads it."},
    type={"enum": ["text", "choice", "date", "time", "number", "phone", "boolean"]},
    options={"type": "array", "items": _TEXT, "description": "For type choice."},
    required={"type": "boolean"},
)

TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec(
        name=ASK_USER,
        description=(
            "Ask the user for missing facts as one form. The result is a JSON object of question "
            "id to answer."
        ),
        parameters=_object(
            ["title", "questions"],
            title=_TEXT,
            questions={"type": "array", "items": _QUESTION},
        ),
    ),
    ToolSpec(
        name=BUSINESS_INFO,
        description=(
            "Look up a business by name or kind: phone number (E.164), address, opening hours, "
            "time zone. The authoritative source for phone numbers."
        ),
        parameters=_object(
            ["query"],
            query={"type": "string", "description": "The name or kind of business."},
            location={"type": "string", "description": "City or address to search near."},
        ),
    ),
    ToolSpec(
        name=SEARCH,
        description="Search the web for facts that the business directory does not have.",
        parameters=_object(["query"], query=_TEXT),
    ),
    ToolSpec(
        name=PROPOSE_PLAN,
        description=(
            "Propose the campaign plan to the user. The result says whether it was accepted, or "
            "every fault to correct."
        ),
        parameters=_plan_parameters(),
    ),
)
