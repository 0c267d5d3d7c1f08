"""What the overseer's model may propose: a strict schema; nothing here is a decision yet."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from opendeep.common.data_models import Frozen

SCHEMA_NAME = "task_oversight"
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
ActionKind = Literal[
    "set_priority",
    "hold",
    "set_next_time",
    "revise_instructions",
    "split",
    "propose_task",
    "check_in",
    "close_unresolved",
    "new_phase",
    "remember",
]


class ProposedTask(Frozen):
    """A task that the user might want; the number must be one of the campaign's."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    goal: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    phone_number: Annotated[str, StringConstraints(max_length=40)] | None = None


class LearnedFact(Frozen):
    """Something that calls brought: a name, the keys of a menu, when somebody is there."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class ProposedAction(Frozen):
    """One change to one task, with the reason that the user will read.

    Only the field of its kind is read: ``priority``; ``until`` (hold) and ``at`` (next time) in
    ISO 8601 with a zone; ``text`` (instructions, or the question of a check-in); ``attempts``
    (new phase, how many more); ``parts`` (split, new tasks); ``facts`` (remember).
    """

    task_id: int
    kind: ActionKind
    reason: Reason
    priority: int | None = None
    at: str | None = None
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None
    attempts: int | None = None
    parts: Annotated[list[ProposedTask], Field(max_length=4)] = Field(default_factory=list)
    facts: Annotated[list[LearnedFact], Field(max_length=20)] = Field(default_factory=list)


class OversightProposal(Frozen):
    """All that the model proposes for one user."""

    actions: Annotated[list[ProposedAction], Field(max_length=30)] = Field(default_factory=list)
