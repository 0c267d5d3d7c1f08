"""A whole running OpenDeep in one process: opened in order, released in reverse.

======================  ==========================  =============================================
Acquired                where                       released
======================  ==========================  =============================================
practice network        ``far_ends``                exit stack, last but the database
database                ``SqlDatabase``             exit stack, last
model clients           ``async with`` of each      exit stack
links (AMI, audio, bus) ``_running``                stopped after the work on them
work (services)         ``_running``                stopped first: calls hang up and are saved
======================  ==========================  =============================================
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from opendeep.bootstrap.assistant import open_assistant
from opendeep.bootstrap.far_ends import FarEnds, far_ends
from opendeep.bootstrap.process_part import ProcessPart, Role
from opendeep.bootstrap.services import (
    Foundation,
    Services,
    build_services,
    node_name,
    recordings_dir,
)
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.node_membership import refuse_taken_name
from opendeep.common.clock import Clock, SystemClock
from opendeep.common.event_bus import EventBus, InProcessEventBus
from opendeep.common.lifecycle import Nursery, Service, Supervisor
from opendeep.common.redis_client import RedisClient, RedisConfig
from opendeep.config.app_config import AppConfig
from opendeep.database import migrate
from opendeep.database.engine import Database, SqlDatabase, make_directory
from opendeep.llm_integrations.openai_form_client import OpenAIFormClient, OpenAIFormConfig
from opendeep.task_manager.ui_assistant_svc import AssistantChats

_WORK_STOP_SECONDS = 3.5
_LINK_STOP_SECONDS = 1.0
_LINK_WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The running parts that pages and commands need."""

    config: AppConfig
    ends: FarEnds
    database: Database
    bus: EventBus
    clock: Clock
    assistant: AssistantChats
    services: Services
    supervisors: tuple[Supervisor, ...]
    """First the links, last the work on them."""

    def stop_work(self) -> None:
        """Ask the services to hang up and save, while pages are still being closed; idempotent."""
        self.supervisors[-1].stop()


def database_url(config: AppConfig) -> str:
    """Return the database's address: the setting, or SQLite in the data directory."""
    if config.database_url:
        return config.database_url
    return f"sqlite:///{config.opendeep_data_dir.resolve() / 'opendeep.db'}"


@asynccontextmanager
async def running_application(
    config: AppConfig, part: ProcessPart | None = None
) -> AsyncIterator[Application]:
    """Run everything but the pages while the block is open, or this process's part of it.

    Raises:
        SettingsError: something in the configuration cannot be used.
        UnavailableError: the database, or a port of the practice network.
    """
    async with AsyncExitStack() as stack:
        base = await _open_foundation(config, part or ProcessPart(), stack)
        make_directory(recordings_dir(config))
        services = build_services(base)
        if Role.CALLS in base.part.roles:
            await refuse_taken_name(base.database, node_name(config))
        links = await stack.enter_async_context(_running(services.links, _LINK_STOP_SECONDS))
        for link in (services.ami, base.bus):
            if isinstance(link, AsteriskAmiClient | RedisClient):
                await link.wait_connected(_LINK_WAIT_SECONDS)
        work = await stack.enter_async_context(_running(services.work, _WORK_STOP_SECONDS))
        yield Application(
            config=config,
            ends=base.ends,
            database=base.database,
            bus=base.bus,
            clock=base.clock,
            assistant=base.assistant,
            services=services,
            supervisors=(links, work),
        )


async def _open_foundation(
    config: AppConfig, part: ProcessPart, stack: AsyncExitStack
) -> Foundation:
    redis = RedisConfig(url=config.redis_url) if config.redis_url else None
    bus: EventBus = RedisClient(redis) if redis else InProcessEventBus()
    clock = SystemClock()
    url = database_url(config)
    await asyncio.to_thread(migrate.upgrade, url)
    database = await stack.enter_async_context(SqlDatabase(url, bus, clock=clock))
    ends = await stack.enter_async_context(far_ends(config))
    model, small_model = [
        await stack.enter_async_context(OpenAIFormClient(model_config(config, ends, name)))
        for name in (config.openai_text_model, config.openai_small_text_model)
    ]
    assistant = await open_assistant(
        stack, config, ends, database=database, clock=clock, model=model
    )
    return Foundation(
        config=config,
        ends=ends,
        database=database,
        bus=bus,
        clock=clock,
        model=model,
        small_model=small_model,
        assistant=assistant,
        part=part,
        wakeups=database.wakeup_listener(),
    )


def model_config(config: AppConfig, ends: FarEnds, model: str) -> OpenAIFormConfig:
    """Return where a text model is and how it is spoken to."""
    return OpenAIFormConfig(
        base_url=ends.openai_base_url,
        api_key=ends.openai_key,
        model=model,
        api_style=config.openai_api_style,
    )


@asynccontextmanager
async def _running(services: list[Service], stop_seconds: float) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(services, stop_seconds=stop_seconds)
    async with Nursery("supervisor", grace_seconds=stop_seconds + 0.5) as nursery:
        nursery.start(supervisor.run(), name="run")
        try:
            yield supervisor
        finally:
            supervisor.stop()
