"""A text model that follows a script: for tests, and for nothing else.

It passes the contract suite of the port (``tests/contract/test_text_model.py``), so what is proven
with it holds for the wires too.
"""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

from pydantic import BaseModel

from opendeep.common.errors import OpenDeepError
from opendeep.llm_integrations.json_completion import complete_json
from opendeep.llm_integrations.text_model import (
    BoundTool,
    ModelMessage,
    ModelTurn,
    SchemaT,
    TextDelta,
    ToolSpec,
    Usage,
)

Step = ModelTurn | OpenDeepError | str | BaseModel | Callable[[Sequence[ModelMessage]], ModelTurn]
"""A turn, an error to raise, a text, a JSON answer, or a function of the conversation."""


class ScriptedTextModel:
    """Answers each request with the next step of its script and remembers what it was asked.

    Args:
        steps: one per request; running out is an ``AssertionError``.
    """

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self.steps: deque[Step] = deque(steps)
        self.requests: list[list[ModelMessage]] = []
        self.tools_offered: list[list[str]] = []

    async def chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec] = ()
    ) -> ModelTurn:
        """Return the next turn of the script, or raise its error."""
        self.requests.append(list(messages))
        self.tools_offered.append([tool.name for tool in tools])
        if not self.steps:
            raise AssertionError("The scripted model was asked once more than its script says.")
        step = self.steps.popleft()
        if isinstance(step, OpenDeepError):
            raise step
        if isinstance(step, ModelTurn):
            return step
        if isinstance(step, BaseModel):
            step = step.model_dump_json(by_alias=True)
        if isinstance(step, str):
            return ModelTurn(text=step, usage=Usage(input_tokens=10, output_tokens=5))
        return step(messages)

    async def stream_chat_with_tools(
        self, messages: Sequence[ModelMessage], tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[TextDelta | ModelTurn, None]:
        """Yield the next turn's text word by word, then the turn."""
        turn = await self.chat_with_tools(messages, tools)
        for word in turn.text.split(" ") if turn.text else ():
            yield TextDelta(text=f"{word} ")
        yield turn

    async def generate_json_completion_with_tools(
        self,
        messages: Sequence[ModelMessage],
        schema: type[SchemaT],
        *,
        schema_name: str,  # noqa: ARG002 - part of the port
        tools: Sequence[BoundTool] = (),
    ) -> tuple[SchemaT, Usage]:
        """Answer from the script, with the same check and repair as a real client."""
        specs = [tool.spec for tool in tools]
        return await complete_json(
            lambda conversation: self.chat_with_tools(conversation, specs), messages, schema, tools
        )
