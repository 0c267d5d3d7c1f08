"""The chat assistant with its model and its look-ups."""

import asyncio
import importlib
from contextlib import AsyncExitStack

from opendeep.bootstrap.far_ends import FarEnds
from opendeep.common.clock import Clock
from opendeep.config.app_config import AppConfig
from opendeep.database.engine import Database
from opendeep.llm_integrations.grounding import GeminiConfig, GroundedAnswer
from opendeep.llm_integrations.text_model import TextModel
from opendeep.task_manager.ui_assistant_svc import AssistantChats, AssistantPorts
from opendeep.tools.information_retriever_svc import InformationRetrieverService, WebSearch
from opendeep.tools.places_client import PlacesClient, PlacesConfig

_GEMINI = "opendeep.llm_integrations.google_gemini_client"


class SearchAtFirstUse:
    """Opens the Gemini client when somebody searches: its SDK costs half a second to import."""

    def __init__(self, config: GeminiConfig, stack: AsyncExitStack) -> None:
        self._config = config
        self._stack = stack
        self._opening = asyncio.Lock()
        self._client: WebSearch | None = None

    async def search(self, question: str, *, system_prompt: str) -> GroundedAnswer:
        """Answer from the web; see ``GoogleGeminiClient.search``."""
        async with self._opening:
            client = self._client or await self._open()
        return await client.search(question, system_prompt=system_prompt)

    async def _open(self) -> WebSearch:
        module = await asyncio.to_thread(importlib.import_module, _GEMINI)
        opened: WebSearch = await self._stack.enter_async_context(
            module.GoogleGeminiClient(self._config)
        )
        self._client = opened
        return opened


async def open_assistant(
    stack: AsyncExitStack,
    config: AppConfig,
    ends: FarEnds,
    *,
    database: Database,
    clock: Clock,
    model: TextModel,
) -> AssistantChats:
    """Open what the assistant looks things up with, on the caller's exit stack."""
    places = await stack.enter_async_context(
        PlacesClient(PlacesConfig(base_url=ends.places_base_url, api_key=ends.google_key))
    )
    gemini = GeminiConfig(
        base_url=ends.gemini_base_url, api_key=ends.google_key, model=config.gemini_model
    )
    retriever = InformationRetrieverService(places, SearchAtFirstUse(gemini, stack))
    return AssistantChats(
        AssistantPorts(
            database=database,
            model=model,
            retriever=retriever,
            clock=clock,
            countries=config.countries,
        )
    )
