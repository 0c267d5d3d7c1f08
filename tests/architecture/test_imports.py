"""The layers and doors that ``pyproject.toml`` declares are the ones that the code keeps."""

import logging
from collections.abc import Iterator

import pytest
from importlinter import cli

from tests.architecture.measures import ROOT


@pytest.fixture
def loggers_as_before() -> Iterator[None]:
    """Undo what import-linter does to logging: it silences every logger that exists."""
    loggers = [
        logger
        for logger in logging.Logger.manager.loggerDict.values()
        if isinstance(logger, logging.Logger)
    ]
    silent = [logger.disabled for logger in loggers]
    yield
    for logger, was_silent in zip(loggers, silent, strict=True):
        logger.disabled = was_silent


@pytest.mark.usefixtures("loggers_as_before")
def test_import_contracts() -> None:
    """import-linter finds every contract kept."""
    config = str(ROOT / "pyproject.toml")
    assert cli.lint_imports(config_filename=config, no_cache=True) == cli.EXIT_STATUS_SUCCESS
