"""``opendeep serve``: the application with its pages, until a signal."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing

from starlette.types import ASGIApp

from opendeep import __version__
from opendeep.bootstrap.application import Application, running_application
from opendeep.bootstrap.far_ends import notices
from opendeep.bootstrap.services import recordings_dir
from opendeep.bootstrap.web_server import WebServer, take_port
from opendeep.common.errors import UnavailableError
from opendeep.common.lifecycle import Nursery
from opendeep.common.logger_setup import setup_logging
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


async def serve(config: AppConfig, *, announce: Announce) -> None:
    """Run everything until SIGINT or SIGTERM; calls under way are hung up and saved.

    Raises:
        SettingsError: something in the configuration cannot be used.
        UnavailableError: the database or a port.
    """
    start_logging(config)
    stopping = asyncio.Event()
    with closing(take_port(config.web_host, config.web_port)) as listener:
        async with _signals(stopping), running_application(config) as application:
            server = WebServer(web_app(application), listener=listener)
            server.listen()
            async with Nursery("pages") as nursery:
                serving = nursery.start(server.run(), name="web")
                _greet(config, listener.getsockname()[1], announce)
                waiting = nursery.start(_wait(stopping), name="signal")
                await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
                announce("Stopping: calls are hung up, everything is saved.")
                # Side by side: slow pages must not keep callees waiting, nor the reverse.
                application.stop_work()
                server.stop()
                await asyncio.wait({serving})


async def _wait(stopping: asyncio.Event) -> None:
    await stopping.wait()


@asynccontextmanager
async def _signals(stopping: asyncio.Event) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _greet(config: AppConfig, port: int, announce: Announce) -> None:
    host = f"[{config.web_host}]" if ":" in config.web_host else config.web_host
    announce(f"OpenDeep is at http://{host}:{port}")
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
        feedback=services.feedback,
        reports=services.summarizer,
        database=application.database,
        bus=application.bus,
        clock=application.clock,
        health=lambda: examine_health(application),
        browser_phone=lambda: application.ends.browser_phone,
    )
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
    ami = application.services.ami
    failing = {
        name: reason
        for supervisor in application.supervisors
        for name, reason in supervisor.failing.items()
    }
    parts = [
        await _database_health(application),
        HealthPart(
            name="telephone exchange",
            ok=ami.is_connected,
            detail="" if ami.is_connected else (ami.fault or "not connected"),
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
