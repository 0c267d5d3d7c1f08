"""``opendeep doctor``: is everything that is configured reachable, and what to do if not."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable

from opendeep.bootstrap.application import database_url, model_config
from opendeep.bootstrap.check import Check
from opendeep.bootstrap.exchange_checks import check_exchange
from opendeep.bootstrap.far_ends import FarEnds, far_ends
from opendeep.bootstrap.services import recordings_dir
from opendeep.common.errors import OpenDeepError, UnavailableError
from opendeep.common.logger_setup import setup_logging
from opendeep.config.app_config import AppConfig
from opendeep.database import migrate
from opendeep.database.engine import make_directory
from opendeep.llm_integrations.openai_form_client import OpenAIFormClient
from opendeep.llm_integrations.text_model import UserMessage
from opendeep.tools.places_client import PlacesClient, PlacesConfig

_ENOUGH_DISK_BYTES = 200 * 1024 * 1024


async def examine(config: AppConfig) -> list[Check]:
    """Try everything that is configured; only the answer goes to standard output."""
    setup_logging(log_format="console", level="warning")
    checks = [
        await _try("database", lambda: _database(config), "see DATABASE_URL"),
        await _try("disk", lambda: _disk(config), "make room, or move OPENDEEP_DATA_DIR"),
    ]
    try:
        async with far_ends(config) as ends:
            checks += await check_exchange(config, ends)
            checks += [
                await _try("text model", lambda: _model(config, ends), "see OPENAI_API_KEY"),
                await _try("business directory", lambda: _places(ends), "see GOOGLE_API_KEY"),
            ]
    except OpenDeepError as error:
        checks.append(
            Check(name="practice network", ok=False, message=error.message, remedy="see above")
        )
    return checks


async def _try(name: str, check: Callable[[], Awaitable[str]], remedy: str) -> Check:
    try:
        return Check(name=name, ok=True, message=await check())
    except OpenDeepError as error:
        return Check(name=name, ok=False, message=error.message, remedy=remedy)


async def _database(config: AppConfig) -> str:
    revision = await asyncio.to_thread(migrate.upgrade, database_url(config))
    return f"at revision {revision}"


async def _disk(config: AppConfig) -> str:
    folder = recordings_dir(config)
    make_directory(folder)
    free = shutil.disk_usage(folder).free
    if free < _ENOUGH_DISK_BYTES:
        raise UnavailableError(f"only {free // 1024**2} MB free for recordings")
    return f"{free // 1024**2} MB free for recordings"


async def _model(config: AppConfig, ends: FarEnds) -> str:
    async with OpenAIFormClient(
        model_config(config, ends, config.openai_small_text_model)
    ) as model:
        await model.chat_with_tools([UserMessage(text="Say OK.")], [])
    return f"{config.openai_small_text_model} answers at {ends.openai_base_url}"


async def _places(ends: FarEnds) -> str:
    places = PlacesConfig(base_url=ends.places_base_url, api_key=ends.google_key)
    async with PlacesClient(places) as client:
        await client.search_text("library")
    return f"answers at {ends.places_base_url}"
