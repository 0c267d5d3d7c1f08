"""The two-step rule: a number must have come from the user or from a tool."""

import json

import pytest

from opendeep.common.data_models import CampaignPlan, PlanSource, PlanTask
from opendeep.task_manager.provenance import Evidence, check_sources

NUMBER = "+12125550100"


def a_plan(number: str = NUMBER, sources: list[PlanSource] | None = None) -> CampaignPlan:
    """Make a plan of one task."""
    task = PlanTask(
        title="t", phone_number=number, goal="g", success_criteria="s", sources=sources or []
    )
    return CampaignPlan(title="t", goal="g", tasks=[task])


def source(field: str, origin: str, reference: str = "r") -> PlanSource:
    """Make a source as the model writes it."""
    return PlanSource.model_validate({"field": field, "from": origin, "reference": reference})


@pytest.mark.parametrize(
    "words",
    ["Call +1 212-555-0100", "it is (212) 555-0100.", "212.555.0100", "12125550100", NUMBER],
)
def test_the_user_may_write_it_anyhow(words: str) -> None:
    """A number is proven by the user's words in whatever notation."""
    plan, faults = check_sources(a_plan(), [Evidence(origin="user", text=words)])
    assert faults == ()
    proof = plan.tasks[0].sources[0]
    assert (proof.field, proof.from_) == ("phone_number", "user")
    assert proof.reference in words


@pytest.mark.parametrize(
    "words",
    ["", "call my dentist", "+1 212-555-0101", "+44 212 555 0100", "555-0100", "0100"],
)
def test_a_number_from_memory_is_a_fault(words: str) -> None:
    """A number that nobody gave is refused, and the fault names its place."""
    plan, faults = check_sources(a_plan(), [Evidence(origin="user", text=words)])
    assert [(fault.path, fault.code) for fault in faults] == [("tasks[0].phone_number", "unproven")]
    assert plan.tasks[0].sources == []


def test_the_directorys_reference_is_recorded() -> None:
    """A look-up's own reference replaces whatever the model claims about the number."""
    results = {"results": [5, {"phone_number": NUMBER, "reference": "https://maps.example/1"}]}
    evidence = [Evidence(origin="places", text=json.dumps(results))]
    claimed = [source("phone_number", "user", "he said so"), source("address", "places")]
    plan, faults = check_sources(a_plan(sources=claimed), evidence)
    assert faults == ()
    assert plan.tasks[0].sources == [
        source("phone_number", "places", "https://maps.example/1"),
        source("address", "places"),
    ]


def test_a_search_is_quoted() -> None:
    """A result without a reference of its own is quoted around the number."""
    text = json.dumps({"answer": "Their number is 212-555-0100, they say.", "sources": []})
    for written in (text, "Not JSON: 212-555-0100"):
        plan, _ = check_sources(a_plan(), [Evidence(origin="search", text=written)])
        assert "212-555-0100" in plan.tasks[0].sources[0].reference


def test_a_source_that_never_spoke() -> None:
    """A claim about a tool that was not used is a fault of its own."""
    evidence = [Evidence(origin="user", text=NUMBER)]
    _, faults = check_sources(a_plan(sources=[source("address", "places")]), evidence)
    assert [(fault.path, fault.code) for fault in faults] == [("tasks[0].sources[0]", "unproven")]


@pytest.mark.parametrize("number", ["911", "nonsense", "+2901234"])
def test_short_and_odd_numbers(number: str) -> None:
    """What is no full number is proven only when written exactly."""
    _, faults = check_sources(a_plan(number), [Evidence(origin="user", text="911 01234 5678")])
    assert faults
