"""The scripted model itself: steps of every kind, and the end of the script."""

import pytest

from opendeep.llm_integrations.testing import ScriptedTextModel
from opendeep.llm_integrations.text_model import ModelTurn, UserMessage


async def test_a_step_may_be_a_function() -> None:
    """A function of the conversation makes the turn."""
    model = ScriptedTextModel([lambda messages: ModelTurn(text=f"{len(messages)} message")])
    assert (await model.chat_with_tools([UserMessage(text="hi")])).text == "1 message"


async def test_the_script_ends() -> None:
    """Asking more than the script says fails the test that does it."""
    with pytest.raises(AssertionError, match="once more"):
        await ScriptedTextModel().chat_with_tools([])
