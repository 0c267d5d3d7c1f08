"""The main job as its user does it: `opendeep serve`, a browser, one campaign to its report."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.integration.chromium import CHROMIUM_ARGUMENTS, chromium_path

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300), pytest.mark.enable_socket]

CALL_MOST_MS = 150_000
GOAL = "Book me a dental cleaning at Bright Smile Dental next week, afternoons"
SHOTS = os.environ.get("OPENDEEP_SCREENSHOTS")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the product as its users do, with nothing configured; return its address."""
    folder = tmp_path_factory.mktemp("data")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OPENDEEP_")},
        "OPENDEEP_DATA_DIR": str(folder),
        "WEB_PORT": "0",
        "RECORD_CALLS": "true",
        "LOG_FORMAT": "json",
    }
    with (
        (folder / "log.txt").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "opendeep", "serve"],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        first_line = process.stdout.readline()
        address = re.search(r"http://\S+", first_line)
        assert address is not None, (folder / "log.txt").read_text()
        yield address[0]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=6) == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Open a headless Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium_path(), args=list(CHROMIUM_ARGUMENTS)
        )
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open an empty page; whatever it logs as an error fails the test."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    assert errors == []
    opened.close()


def shoot(page: Page, name: str) -> None:
    """Keep a screenshot where the environment asks for it."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


def chat_to_plan(page: Page, server: str) -> None:
    """Type the goal, answer the forms, until the plan card stands."""
    page.goto(server)
    page.locator("#chat-input").fill(GOAL)
    page.locator("#chat-send").click()
    submit = page.get_by_test_id("submit-answers")
    plan = page.get_by_test_id("plan-card")
    expect(submit.or_(plan).first).to_be_visible(timeout=15_000)
    shoot(page, "form")
    if submit.is_visible():
        for field in page.locator("form:has([data-testid=submit-answers]) input[type=text]").all():
            field.fill("Alex Morgan")
        submit.click()
    expect(plan).to_be_visible(timeout=15_000)
    shoot(page, "plan")


@pytest.mark.parametrize("callee", ["00", "13"])
def test_from_chat_to_report(page: Page, server: str, callee: str) -> None:
    """A typed wish becomes a form, a plan, a live call, a question where needed, and a report."""
    chat_to_plan(page, server)
    page.get_by_test_id("plan-phone-0").fill(f"+141555501{callee}")
    page.get_by_test_id("confirm-plan").click()

    expect(page.get_by_test_id("live-call").first).to_be_visible(timeout=20_000)
    lines = page.get_by_test_id("transcript-line")
    expect(lines.locator("xpath=self::*[@data-speaker='callee']").first).to_be_visible(
        timeout=60_000
    )
    expect(lines.locator("xpath=self::*[@data-speaker='ai']").first).to_be_visible(timeout=60_000)
    shoot(page, f"live-{callee}")
    if callee == "13":
        question = page.get_by_test_id("question-dialog")
        expect(question).to_be_visible(timeout=CALL_MOST_MS)
        shoot(page, "question")
        question.get_by_test_id("question-option").first.click()
    expect(page.get_by_test_id("report").first).to_be_visible(timeout=CALL_MOST_MS)
    expect(page.get_by_test_id("report").first).to_contain_text("Bright Smile Dental")
    shoot(page, f"report-{callee}")
