"""The page in a real browser, over the real application with a scripted rest."""

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from opendeep.common.data_models import FeedbackKind
from opendeep.common.errors import InvalidInputError, ModelUnavailableError
from opendeep.common.ids import CallId
from opendeep.common.messages import Message, TransferCall, call_commands
from opendeep.database.repositories import ChatSessions, FeedbackRequests
from opendeep.web_interface.ports import HealthPart
from tests.integration.chromium import CHROMIUM_ARGUMENTS, chromium_path
from tests.integration.web_demo import serving
from tests.unit.web_interface.fakes import World

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]

PHONE_SCREEN = {"width": 390, "height": 844}
DESK_SCREEN = {"width": 1280, "height": 860}
MICROPHONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
VIEWS = ("chat", "campaigns", "dnd", "phone", "settings")
GOAL = "Book me a dental cleaning at Bright Smile Dental next week, afternoons"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Open a headless Chromium whose microphone is a tone."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=chromium_path(), args=[*CHROMIUM_ARGUMENTS, *MICROPHONE]
        )
        yield opened
        await opened.close()


def is_error(message: ConsoleMessage) -> bool:
    """Say whether the page logged an error; a refusal that the page shows is none."""
    return message.type == "error" and "status of 4" not in message.text


@asynccontextmanager
async def opened(
    browser: Browser, directory: Path, screen: dict[str, int], *, calls: bool = True
) -> AsyncIterator[tuple[World, Page, str]]:
    """Serve the demo and open its page; an error that the page logs fails the test."""
    port = free_port()
    errors: list[str] = []
    async with serving(port, directory, pace_seconds=0.15, calls=calls) as world:
        context = await browser.new_context(viewport=screen)  # type: ignore[arg-type]
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: errors.append(message.text) if is_error(message) else None,
        )
        address = f"http://127.0.0.1:{port}"
        await page.goto(address)
        yield world, page, address
        await context.close()
    assert errors == []


async def fits(page: Page) -> bool:
    """Say whether nothing is wider than the screen."""
    script = "document.documentElement.scrollWidth <= window.innerWidth"
    return bool(await page.evaluate(script))


async def to_plan(page: Page) -> None:
    """Type the wish and answer the form, with the keyboard alone."""
    await page.locator("#chat-input").press_sequentially(GOAL)
    await page.keyboard.press("Enter")
    submit = page.get_by_test_id("submit-answers")
    await expect(submit).to_be_visible()
    await page.locator("input[name=name]").focus()
    await page.keyboard.type("Alex Morgan")
    for keys in (["Tab"], ["Tab", "Space"], ["Tab", "ArrowDown"], ["Tab"]):
        for key in keys:
            await page.keyboard.press(key)
    await expect(submit).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("plan-card")).to_be_visible()


async def test_a_first_message_that_failed_goes_on_in_its_session(
    browser: Browser, tmp_path: Path
) -> None:
    """The words are back in the box; sent again, they go to the session that keeps them."""
    async with opened(browser, tmp_path, DESK_SCREEN, calls=False) as (world, page, _):
        user_id = await world.user()
        async with world.database.transaction() as tx:
            kept = (await ChatSessions(tx, user_id).create()).id
        away = ModelUnavailableError("The text model cannot be reached.")
        away.kept_in = kept
        world.assistant.turns.appendleft(away)
        await page.locator("#chat-input").fill(GOAL)
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The text model cannot be reached.")).to_be_visible()
        await expect(page.locator("#chat-input")).to_have_value(GOAL)
        async with page.expect_request("**/api/chat_interaction") as sent:
            await page.keyboard.press("Enter")
        assert (await sent.value).post_data_json["session_id"] == kept


@pytest.mark.parametrize("screen", [PHONE_SCREEN, DESK_SCREEN], ids=["phone", "desk"])
async def test_from_a_wish_to_the_report(
    browser: Browser, tmp_path: Path, screen: dict[str, int]
) -> None:
    """Chat, form, plan, call, question, report: on both screens, nothing wider than the screen."""
    async with opened(browser, tmp_path, screen) as (world, page, _):
        await expect(page.get_by_test_id("notices")).to_contain_text("Practice AI")
        await to_plan(page)
        assert world.assistant.heard[1][2] == {
            "name": "Alex Morgan", "new": True, "time": "Late afternoon",
        }  # fmt: skip
        assert await fits(page)
        await page.get_by_test_id("confirm-plan").click()
        lines = page.get_by_test_id("transcript-line")
        await expect(lines.first).to_have_attribute("data-speaker", "callee")
        await expect(lines.nth(2)).to_contain_text("<b>Would that work?</b>")
        question = page.get_by_test_id("question-dialog")
        await expect(question).to_be_visible()
        assert await fits(page)
        await page.get_by_test_id("question-answer").fill("Yes, but tell them I come early")
        await page.get_by_test_id("question-send").click()
        await expect(question).to_be_hidden()
        await expect(lines.nth(4)).to_contain_text("I come early")
        report = page.get_by_test_id("report")
        await expect(report).to_contain_text("1 of 1 tasks completed")
        await expect(report.get_by_role("img", name=re.compile("1 . Done"))).to_be_visible()
        assert await fits(page)


async def test_the_conversation_is_there_after_a_reload(browser: Browser, tmp_path: Path) -> None:
    """A reload shows the same conversation; a changed number is what is confirmed, once."""
    async with opened(browser, tmp_path, DESK_SCREEN, calls=False) as (_, page, address):
        await to_plan(page)
        await page.reload()
        await page.get_by_test_id("plan-phone-0").fill("12")
        await page.get_by_test_id("confirm-plan").click()
        await expect(page.get_by_test_id("plan-phone-0")).to_have_attribute("aria-invalid", "true")
        await page.get_by_test_id("plan-phone-0").fill("+12025550113")
        await page.get_by_test_id("confirm-plan").dblclick()
        await expect(page.get_by_test_id("task-row")).to_contain_text("202\u00a0555\u00a00113")
        await page.goto(f"{address}/#/campaigns")
        await expect(page.locator(".campaign-card")).to_have_count(1)


async def test_what_is_live_can_be_steered(browser: Browser, tmp_path: Path) -> None:
    """Listening in, keys and a refused hint work from the panel of a live call."""
    async with opened(browser, tmp_path, DESK_SCREEN) as (_, page, address):
        await to_plan(page)
        await page.get_by_test_id("confirm-plan").click()
        await expect(page.get_by_test_id("question-dialog")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="1 question waits")).to_be_visible()
        listen = page.get_by_test_id("listen-in")
        async with page.expect_websocket() as listening:
            await listen.click()
        await (await listening.value).wait_for_event("framereceived")
        await expect(listen).to_have_attribute("aria-pressed", "true")
        await listen.click()
        await expect(listen).to_have_attribute("aria-pressed", "false")
        await page.get_by_test_id("keypad").click()
        await page.get_by_role("button", name="Key 2").click()
        await expect(page.get_by_role("alert").filter(has_text="Nobody listens")).to_be_visible()
        await page.goto(f"{address}/#/settings")
        await expect(page.locator("#live-pill")).to_contain_text("Book the cleaning")
        await page.locator("#live-pill").click()
        await expect(page.get_by_test_id("live-call")).to_have_attribute(
            "data-state", "in_progress"
        )


@pytest.mark.parametrize("screen", [DESK_SCREEN, PHONE_SCREEN])
async def test_a_live_call_is_handed_over(
    browser: Browser, tmp_path: Path, screen: dict[str, int]
) -> None:
    """A dialog takes number and way; what is wrong is said in it, and a refusal is not lost."""
    taken: list[Message] = []

    async def take(message: Message) -> None:
        if message == TransferCall(to="+12125550166", mode="blind"):
            raise InvalidInputError("That number is never called.", code="transfer_refused")
        taken.append(message)

    async with opened(browser, tmp_path, screen) as (world, page, _):
        await to_plan(page)
        await page.get_by_test_id("confirm-plan").click()
        await page.get_by_test_id("question-dialog").wait_for()
        await page.keyboard.press("Escape")
        call_id = await page.get_by_test_id("live-call").get_attribute("call-id")
        async with world.bus.serve(call_commands(CallId(call_id or "")), take):
            await page.get_by_test_id("transfer").click()
            dialog = page.get_by_test_id("transfer-dialog")
            assert await fits(page)
            await page.get_by_test_id("transfer-number").fill("the manager")
            await page.get_by_test_id("transfer-send").click()
            await expect(dialog.get_by_role("alert")).to_contain_text("country code")
            await dialog.get_by_text("Put through at once").click()
            await page.get_by_test_id("transfer-number").fill("+1 (212) 555-0166")
            await page.get_by_test_id("transfer-send").click()
            await expect(dialog.get_by_role("alert")).to_contain_text("never called")
            await dialog.get_by_text("Ask them first").click()
            await page.get_by_test_id("transfer-number").fill("+1 212 555 0142")
            await page.get_by_test_id("transfer-send").click()
            await expect(dialog).to_be_hidden()
        assert taken == [TransferCall(to="+12125550142", mode="attended")]


async def test_the_recording_plays_in_step(browser: Browser, tmp_path: Path) -> None:
    """After the call, a line's time plays the recording from there and marks the line."""
    async with opened(browser, tmp_path, DESK_SCREEN) as (_, page, __):
        await to_plan(page)
        await page.get_by_test_id("confirm-plan").click()
        await page.get_by_test_id("question-option").first.click()
        await expect(page.get_by_test_id("report")).to_contain_text("1 of 1")
        await page.get_by_test_id("report").get_by_role("link", name="Attempt 1").click()
        await page.get_by_role("button", name="Play from 0:06").click()
        marked = page.locator(".line.now")
        await expect(marked).to_contain_text("Afternoons are full")
        position = await page.evaluate("document.querySelector('audio').currentTime")
        assert position >= 6


async def test_the_phone_rings_over_every_view(browser: Browser, tmp_path: Path) -> None:
    """A phone that is on rings, is picked up, and carries the microphone in 20 ms frames."""
    async with opened(browser, tmp_path, PHONE_SCREEN) as (world, page, address):
        assert world.phone is not None
        await page.goto(f"{address}/#/phone")
        await page.get_by_test_id("phone-on").click()
        state = page.get_by_test_id("phone-state")
        await expect(state).to_have_attribute("data-state", "ready")
        await page.goto(f"{address}/#/campaigns")
        world.phone.events.put_nowait("ring")
        await page.get_by_test_id("phone-answer").click()
        assert await world.phone.done.get() == "answer"
        for _ in range(5):
            world.phone.events.put_nowait(b"\xff" * 160)
            frame = await world.phone.done.get()
            assert isinstance(frame, bytes)
            assert len(frame) == 160
        await page.goto(f"{address}/#/phone")
        await page.get_by_test_id("phone-hangup").click()
        await expect(state).to_have_attribute("data-state", "ready")


async def test_trouble_is_told_on_every_view(browser: Browser, tmp_path: Path) -> None:
    """What is down is named at the top of every view, and every view fits a phone's screen."""
    async with opened(browser, tmp_path, PHONE_SCREEN) as (world, page, address):
        world.health.append(HealthPart(name="Exchange", ok=False, detail="Login refused."))
        await page.reload()
        trouble = page.get_by_test_id("trouble")
        await expect(trouble).to_contain_text("Exchange is down. Login refused.")
        for view in VIEWS:
            await page.goto(f"{address}/#/{view}")
            await expect(page.locator("main h1").first).to_be_attached()
            await expect(trouble).to_be_visible()
            assert await fits(page), view


async def test_each_name_has_its_own_campaigns(browser: Browser, tmp_path: Path) -> None:
    """Another name, typed before the first message, sees nothing of the first one's."""
    async with opened(browser, tmp_path, DESK_SCREEN, calls=False) as (world, page, address):
        await world.campaign()
        await page.locator("#chat-username").fill("alice")
        await page.locator("#chat-input").fill("Hello")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("submit-answers")).to_be_visible()
        assert world.assistant.heard[0][0] == await world.user("alice")
        await expect(page.locator("#chat-username")).to_have_count(0)
        await page.goto(f"{address}/#/campaigns")
        await expect(page.get_by_text("Nothing here yet.")).to_be_visible()


async def test_the_inbox_is_answered_by_keys_alone(browser: Browser, tmp_path: Path) -> None:
    """Arrows go through several questions, digits and typed words answer, and no focus is lost."""
    async with opened(browser, tmp_path, DESK_SCREEN, calls=False) as (world, page, address):
        _, task_id = await world.campaign()
        user_id = await world.user()
        async with world.database.transaction() as tx:
            for question in ("First?", "Second?", "Third?"):
                await FeedbackRequests(tx, user_id).create(
                    kind=FeedbackKind.CHECK_IN,
                    task_id=task_id,
                    question=question,
                    options=["Go on", "Stop"],
                )
        await page.goto(f"{address}/#/inbox")
        cards = page.get_by_test_id("inbox-card")
        await expect(cards).to_have_count(3)
        await cards.first.focus()
        await page.keyboard.press("ArrowDown")
        await expect(cards.nth(1)).to_be_focused()
        await page.keyboard.press("1")
        await expect(cards).to_have_count(2)
        await expect(cards.nth(1)).to_be_focused()
        await cards.nth(1).get_by_test_id("question-answer").focus()
        await page.keyboard.type("1 more week")
        await page.keyboard.press("Escape")
        await expect(cards.nth(1)).to_be_focused()
        await page.keyboard.press("Enter")
        await cards.nth(1).get_by_test_id("question-answer").focus()
        await page.keyboard.press("Enter")
        await expect(cards).to_have_count(1)
        await expect(cards.first).to_be_focused()
        await page.keyboard.press("1")
        await expect(page.get_by_role("heading", name="Questions")).to_be_focused()
        async with world.database.transaction() as tx:
            asked = (await FeedbackRequests(tx, user_id).list()).items
    assert [one.answer for one in asked] == ["Go on", "Go on", "1 more week"]


async def test_a_question_between_calls_waits_for_its_answer(
    browser: Browser, tmp_path: Path
) -> None:
    """A check-in that was asked while nobody looked is shown when the page opens."""
    async with opened(browser, tmp_path, DESK_SCREEN, calls=False) as (world, page, _):
        _, task_id = await world.campaign()
        user_id = await world.user()
        async with world.database.transaction() as tx:
            await FeedbackRequests(tx, user_id).create(
                kind=FeedbackKind.CHECK_IN, task_id=task_id, question="Shall I go on?"
            )
        dialog = page.get_by_test_id("question-dialog")
        await expect(dialog).to_contain_text("Shall I go on?")
        await page.reload()
        await expect(dialog).to_contain_text("Shall I go on?")
