"""The functions of the AI: what it may say, checked."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.audio_processing_service import call_tools
from opendeep.audio_processing_service.phrases import phrases_for
from opendeep.common.data_models import CallCause
from opendeep.common.errors import InvalidInputError


@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("send_dtmf", {"digits": "1w#"}, call_tools.SendDtmfArguments(digits="1w#")),
        (
            "end_call",
            {"reason": "screened", "summary": "x", "mood": "sad"},
            call_tools.EndCallArguments(reason="screened", summary="x"),
        ),
        (
            "request_user_feedback",
            {"question": "Tuesday?", "options": ["yes", "no"]},
            call_tools.AskUserArguments(question="Tuesday?", options=["yes", "no"]),
        ),
        ("mark_do_not_call", {"words": "Stop."}, call_tools.DoNotCallArguments(words="Stop.")),
        (
            "note_fact",
            {"name": "a", "value": "b"},
            call_tools.NoteFactArguments(name="a", value="b"),
        ),
    ],
)
def test_good_arguments(
    name: str, arguments: dict[str, Any], wanted: call_tools.ToolArguments
) -> None:
    """Arguments that fit are read; keys that the model invented are ignored."""
    assert call_tools.parse_arguments(name, json.dumps(arguments)) == wanted


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("transfer_money", "{}"),
        ("send_dtmf", '{"digits": "1 2"}'),
        ("send_dtmf", '{"digits": 12}'),
        ("send_dtmf", '{"digits": "' + "1" * 33 + '"}'),
        ("end_call", '{"reason": "bored"}'),
        ("end_call", "{}"),
        ("note_fact", "[]"),
        ("note_fact", '{"name": "a", "value": ""}'),
        ("note_fact", "nonsense"),
        ("note_fact", "\ud800"),
        ("note_fact", "[" * 100_000),
        ("request_user_feedback", '{"question": "a", "options": ' + json.dumps(["x"] * 11) + "}"),
    ],
)
def test_bad_arguments(name: str, arguments: str) -> None:
    """What does not fit is refused with a reason for the model."""
    with pytest.raises(InvalidInputError):
        call_tools.parse_arguments(name, arguments)


@given(st.sampled_from([tool.name for tool in call_tools.TOOLS]), st.text(max_size=60))
def test_any_text_is_read_or_refused(name: str, arguments: str) -> None:
    """No text of a model raises anything else."""
    try:
        call_tools.parse_arguments(name, arguments)
    except InvalidInputError:
        return


def test_an_argument_cannot_choose_the_function() -> None:
    """A key named like our tag does not change which function is meant."""
    arguments = '{"tool": "end_call", "name": "a", "value": "b"}'
    assert isinstance(
        call_tools.parse_arguments("note_fact", arguments), call_tools.NoteFactArguments
    )


def test_each_offered_function_has_arguments_and_a_closed_schema() -> None:
    """Every function that is offered can be read, and names its required arguments."""
    for tool in call_tools.TOOLS:
        properties = tool.parameters["properties"]
        required = tool.parameters["required"]
        assert isinstance(properties, dict)
        assert isinstance(required, list)
        assert set(required) <= set(properties)
        with pytest.raises(InvalidInputError, match="do not fit"):
            call_tools.parse_arguments(tool.name, "{}")


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("goal_reached", CallCause.COMPLETED),
        ("voicemail", CallCause.VOICEMAIL),
        ("screened", CallCause.SCREENED),
        ("fax", CallCause.FAX),
        ("no_response", CallCause.SILENCE),
        ("wrong_number", CallCause.AI_HUNG_UP),
        ("callee_refused", CallCause.AI_HUNG_UP),
    ],
)
def test_causes(reason: call_tools.EndReason, cause: CallCause) -> None:
    """Each reason of the AI has its cause."""
    assert call_tools.cause_of(reason) is cause


@pytest.mark.parametrize(
    ("language", "hello"), [("de-AT", "Hallo"), ("EN", "Hello"), ("xx", "Hello"), ("", "Hello")]
)
def test_phrases_by_language(language: str, hello: str) -> None:
    """Fixed sentences come in the call's language, in English where it is not known."""
    assert phrases_for(language).still_there.startswith(hello)
