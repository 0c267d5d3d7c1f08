"""Logs: constant messages, facts as fields, people dropped."""

import json
import logging

import pytest
import structlog

from opendeep.common.logger_setup import setup_logging


@pytest.fixture(autouse=True)
def _restored():
    """Put the logging of the process back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_people_are_dropped(capsys: pytest.CaptureFixture[str]):
    """A field under pii is not written unless it is asked for; the others are."""
    setup_logging(log_format="json", level="info")
    structlog.get_logger("t").info("call_placed", call_id="c", **{"pii.number": "+12015550100"})
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["call_id"], line["level"]) == ("call_placed", "c", "info")
    assert "pii.number" not in line

    structlog.reset_defaults()
    setup_logging(log_format="json", level="info", keep_pii=True)
    structlog.get_logger("u").info("call_placed", **{"pii.number": "+12015550100"})
    assert "+12015550100" in capsys.readouterr().err


def test_console_is_for_people(capsys: pytest.CaptureFixture[str]):
    """The console form is not JSON, shows tracebacks, and respects the level."""
    setup_logging(log_format="console", level="warning")
    log = structlog.get_logger("v")
    log.info("quiet")
    log.error("failed", call_id="c", exc_info=ValueError("boom"))
    written = capsys.readouterr().err
    assert "quiet" not in written
    assert "failed" in written
    assert "ValueError: boom" in written


def test_a_traceback_shows_no_values(capsys: pytest.CaptureFixture[str]):
    """Local variables hold numbers, words and secrets: no form of the log prints them."""
    for log_format in ("console", "json"):
        structlog.reset_defaults()
        setup_logging(log_format=log_format, level="info")
        number = "+1201555" + "0100"
        try:
            number.index("x")
        except ValueError:
            structlog.get_logger("w").exception("failed")
        written = capsys.readouterr().err
        assert "substring not found" in written
        assert number not in written
