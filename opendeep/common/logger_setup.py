"""Logging: constant messages, facts as fields, people only under ``pii.*``."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["console", "json"]


def _drop_pii(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Take out fields named ``pii.*``: they are for a collector that is allowed to have them."""
    for key in [key for key in event if key.startswith("pii.")]:
        del event[key]
    return event


def setup_logging(*, log_format: LogFormat, level: str, keep_pii: bool = False) -> None:
    """Configure structlog and the standard library's loggers once, for the whole process.

    Args:
        log_format: ``console`` for people, ``json`` for collectors.
        level: ``debug``, ``info``, ``warning`` or ``error``.
        keep_pii: leave ``pii.*`` fields in (never the default).
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not keep_pii:
        shared.append(_drop_pii)
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            # The default one shows local variables: numbers, words and secrets among them.
            exception_formatter=structlog.dev.plain_traceback,
        )
        if log_format == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info if log_format == "json" else _keep,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in (
        "httpx",
        "httpx2",
        "httpcore",
        "openai",
        "alembic",
        "uvicorn",
        "asyncio",
        "picows",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _keep(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return event
