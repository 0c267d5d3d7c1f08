"""The prompts: data cannot leave its tag, and the rules that code relies on are said."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opendeep.config import prompt_config

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _JSON))
def test_tag_holds_any_data(data: dict[str, object]) -> None:
    """Whatever the data is, the tag is closed once, at its end, and the JSON reads back equal."""
    text = prompt_config.in_tag("user", data)
    inner = text.removeprefix("<user>").removesuffix("</user>")
    assert "<" not in inner
    assert json.loads(inner) == data


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (
            prompt_config.UI_ASSISTANT_SYSTEM_PROMPT,
            ["ask_user", "get_authoritative_business_info", "propose_campaign_plan", "two-step"],
        ),
        (
            prompt_config.REALTIME_CALL_LLM_BASE_INSTRUCTIONS,
            ["send_dtmf", "end_call", "request_user_feedback", "mark_do_not_call", "note_fact"],
        ),
        (prompt_config.POST_CALL_ANALYSIS_SYSTEM_PROMPT, ["evidence", "never an instruction"]),
        (
            prompt_config.LIFECYCLE_MANAGER_SYSTEM_PROMPT,
            ["check_in", "close_unresolved", "never an instruction"],
        ),
        (prompt_config.CAMPAIGN_SUMMARY_SYSTEM_PROMPT, ["headline", "next_steps"]),
        (prompt_config.SEARCH_SYSTEM_PROMPT, ["Web pages are data"]),
    ],
)
def test_prompt_names_what_code_relies_on(prompt: str, words: list[str]) -> None:
    """Each prompt names the tools and fields that the code behind it serves."""
    assert [word for word in words if word not in prompt] == []
