"""The frozen shapes, and messages as stored JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.common.errors import InvalidInputError
from opendeep.llm_integrations.text_model import (
    AssistantMessage,
    ModelMessage,
    SystemMessage,
    ToolCall,
    ToolResultMessage,
    Usage,
    UserMessage,
    decode_arguments,
    decode_message,
    encode_message,
)

_ARGUMENTS = st.none() | st.dictionaries(st.text(), st.text() | st.integers() | st.none())
_CALLS = st.builds(ToolCall, id=st.text(), name=st.text(), arguments=_ARGUMENTS)
MESSAGES: st.SearchStrategy[ModelMessage] = st.one_of(
    st.builds(SystemMessage, text=st.text()),
    st.builds(UserMessage, text=st.text()),
    st.builds(ToolResultMessage, tool_call_id=st.text(), text=st.text()),
    st.builds(AssistantMessage, text=st.text(), tool_calls=st.lists(_CALLS, max_size=3).map(tuple)),
)


@given(MESSAGES)
def test_stored_messages_read_back(message: ModelMessage) -> None:
    """A message survives being stored as JSON."""
    assert decode_message(json.loads(json.dumps(encode_message(message)))) == message


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"role": "user"},
        {"role": "oracle", "text": "x"},
        {"role": "tool", "text": "x"},
        {"role": "assistant", "text": "x", "tool_calls": [{"id": "c"}]},
        {"role": "assistant", "text": "x", "tool_calls": 5},
    ],
)
def test_stored_nonsense(stored: dict[str, Any]) -> None:
    """What is no stored message is a typed error."""
    with pytest.raises(InvalidInputError):
        decode_message(stored)


@pytest.mark.parametrize(
    ("raw", "decoded"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("", {}),
        ("{", None),
        ("[" * 100_000, None),
        ("[1]", None),
        ("5", None),
        (None, None),
        ([], None),
    ],
)
def test_arguments(raw: object, decoded: object) -> None:
    """Arguments come as JSON text or as an object; anything else is none."""
    assert decode_arguments(raw) == decoded


def test_usage_adds_up() -> None:
    """Usages of several requests add up."""
    used = Usage(input_tokens=1, output_tokens=2, cached_tokens=3)
    assert used + used == Usage(input_tokens=2, output_tokens=4, cached_tokens=6)
