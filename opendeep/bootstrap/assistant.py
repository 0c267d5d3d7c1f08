"""The chat assistant with its model and its look-ups."""

from contextlib import AsyncExitStack

from opendeep.bootstrap.far_ends import FarEnds
from opendeep.common.clock import Clock
from opendeep.config.app_config import AppConfig
from opendeep.database.engine import Database
from opendeep.llm_integrations.google_gemini_client import GeminiConfig, GoogleGeminiClient
from opendeep.llm_integrations.text_model import TextModel
from opendeep.task_manager.ui_assistant_svc import AssistantChats, AssistantPorts
from opendeep.tools.information_retriever_svc import InformationRetrieverService
from opendeep.tools.places_client import PlacesClient, PlacesConfig


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
    search = await stack.enter_async_context(
        GoogleGeminiClient(
            GeminiConfig(
                base_url=ends.gemini_base_url,
                api_key=ends.google_key,
                model=config.gemini_model,
            )
        )
    )
    retriever = InformationRetrieverService(places, search)
    return AssistantChats(
        AssistantPorts(database=database, model=model, retriever=retriever, clock=clock)
    )
