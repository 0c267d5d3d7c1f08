"""``opendeep serve``: the application with its pages, until a signal."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass

from starlette.types import ASGIApp

from opendeep import __version__
from opendeep.bootstrap.application import Application, running_application
from opendeep.bootstrap.far_ends import notices
from opendeep.bootstrap.interpreter import calm_interpreter
from opendeep.bootstrap.media_metrics import export_media
from opendeep.bootstrap.process_part import ALL_ROLES, ProcessPart, Role, part_of
from opendeep.bootstrap.services import recordings_dir
from opendeep.bootstrap.web_server import WebServer, take_port
from opendeep.bootstrap.workers import Workers, plan_workers
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.common.errors import UnavailableError
from opendeep.common.lifecycle import Nursery, Service
from opendeep.common.logger_setup import setup_logging
from opendeep.common.redis_client import RedisClient
from opendeep.config.app_config import AppConfig
from opendeep.database.repositories import SystemUsers
from opendeep.web_interface.app import create_app
from opendeep.web_interface.ports import HealthPart, WebServices
from opendeep.web_interface.web_config import WebConfig

Announce = Callable[[str], None]


def start_logging(config: AppConfig) -> None:
    """Set logging up as the settings say; a terminal gets the form for people."""
    log_format = config.log_format or ("console" if sys.stderr.isatty() else "json")
    setup_logging(log_format=log_format, level=config.log_level)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServePlan:
    """What ``opendeep serve`` was asked for.

    Attributes:
        roles: what this process, with its workers, does.
        workers: how many processes hold calls; 1 is this one itself.
        until_stdin_closes: stop when standard input ends, as a worker does with its parent.
    """

    roles: frozenset[Role] = ALL_ROLES
    workers: int = 1
    until_stdin_closes: bool = False


async def serve(config: AppConfig, *, announce: Announce, plan: ServePlan | None = None) -> None:
    """Run everything, or a part, until SIGINT or SIGTERM; calls are then hung up and saved.

    Raises:
        SettingsError: something in the configuration cannot be used.
        UnavailableError: the database or a port.
    """
    plan = plan or ServePlan()
    part = part_of(config, plan.roles, plan.workers)
    start_logging(config)
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        serves_pages = Role.WEB in part.roles
        listener = take_port(config.web_host, config.web_port) if serves_pages else None
        if listener is not None:
            stack.enter_context(closing(listener))
        await stack.enter_async_context(_stop_signals(stopping, stdin=plan.until_stdin_closes))
        application = await stack.enter_async_context(running_application(config, part))
        crew = _crew(application, plan.workers)
        pages = _pages(application, listener)
        calm_interpreter()
        async with Nursery("serve") as nursery:
            running = [nursery.start(service.run(), name=service.name) for service in pages + crew]
            _greet(config, part, listener, announce)
            waiting = nursery.start(_wait(stopping), name="signal")
            await asyncio.wait({*running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            announce("Stopping: calls are hung up, everything is saved.")
            # Side by side: slow pages must not keep callees waiting, nor the reverse.
            application.stop_work()
            for service in pages + crew:
                service.stop()
            if running:
                await asyncio.wait(running)


def _crew(application: Application, workers: int) -> list[Service]:
    if workers == 1:
        return []
    return [Workers(plan_workers(application.config, application.ends, workers))]


def _pages(application: Application, listener: socket.socket | None) -> list[Service]:
    if listener is None:
        return []
    server = WebServer(web_app(application), listener=listener)
    server.listen()
    return [server]


async def _wait(stopping: asyncio.Event) -> None:
    await stopping.wait()


@asynccontextmanager
async def _stop_signals(stopping: asyncio.Event, *, stdin: bool) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()

    def heard() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if stdin:
        loop.add_reader(sys.stdin.fileno(), heard)
    try:
        yield
    finally:
        if stdin:
            loop.remove_reader(sys.stdin.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _greet(
    config: AppConfig, part: ProcessPart, listener: socket.socket | None, announce: Announce
) -> None:
    if listener is None:
        announce(f"OpenDeep runs here: {', '.join(sorted(part.roles)) or 'workers'}.")
        return
    host = f"[{config.web_host}]" if ":" in config.web_host else config.web_host
    announce(f"OpenDeep is at http://{host}:{listener.getsockname()[1]}")
    for notice in notices(config):
        announce(f"  · {notice}")
    if config.practice_text or config.practice_exchange:
        announce(
            "  For real services set OPENAI_API_KEY, GOOGLE_API_KEY and ASTERISK_AMI_HOST "
            "(docs/settings.md). Ctrl-C stops."
        )


def web_app(application: Application) -> ASGIApp:
    """Make the pages and the API of a running application."""
    services = application.services
    web = WebServices(
        assistant=application.assistant,
        orchestrator=services.orchestrator,
        task_actions=services.task_actions,
        campaign_actions=services.campaign_actions,
        plan_preview=services.plan_preview,
        campaign_import=services.campaign_import,
        stop_switch=services.stop_switch,
        oversight=services.oversight,
        notifications=services.notifications,
        feedback=services.feedback,
        reports=services.summarizer,
        database=application.database,
        bus=application.bus,
        clock=application.clock,
        health=lambda: examine_health(application),
        browser_phone=lambda: application.ends.browser_phone,
    )
    export_media(services.media, web.registry)
    config = application.config
    return create_app(
        web,
        WebConfig(
            recordings_dir=recordings_dir(config),
            host=config.web_host,
            notices=notices(config),
            version=__version__,
        ),
    )


async def examine_health(application: Application) -> Sequence[HealthPart]:
    """Tell what the process depends on and whether it is there."""
    failing = {
        name: reason
        for supervisor in application.supervisors
        for name, reason in supervisor.failing.items()
    }
    links: list[tuple[str, AsteriskAmiClient | RedisClient]] = []
    if application.services.ami is not None:
        links.append(("telephone exchange", application.services.ami))
    if isinstance(application.bus, RedisClient):
        links.append(("redis", application.bus))
    parts = [
        await _database_health(application),
        *(
            HealthPart(
                name=name,
                ok=link.is_connected,
                detail="" if link.is_connected else (link.fault or "not connected"),
            )
            for name, link in links
        ),
    ]
    parts += [HealthPart(name=name, ok=False, detail=why) for name, why in failing.items()]
    return parts


async def _database_health(application: Application) -> HealthPart:
    try:
        async with application.database.transaction() as tx:
            await SystemUsers(tx).list()
    except UnavailableError as error:
        return HealthPart(name="database", ok=False, detail=error.message, essential=True)
    return HealthPart(name="database", ok=True, essential=True)
