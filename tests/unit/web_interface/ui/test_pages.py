"""The page itself."""

import re
from pathlib import Path

import httpx

from opendeep.common.event_bus import InProcessEventBus
from opendeep.database.engine import MemoryDatabase
from opendeep.web_interface.guards import SESSION_COOKIE, csrf_token
from opendeep.web_interface.ui.pages import PACKAGE_DIR
from tests.unit.web_interface.fakes import World, make_world


async def test_the_page_brings_a_session_and_its_token(client: httpx.AsyncClient) -> None:
    """The cookie is for this server's pages alone, and the token on the page belongs to it."""
    answer = await client.get("/")
    session = answer.cookies[SESSION_COOKIE]
    assert csrf_token(session) in answer.text
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    again = await client.get("/")
    assert again.cookies[SESSION_COOKIE] == session


async def test_a_forged_session_is_replaced(client: httpx.AsyncClient) -> None:
    """A cookie that is not of our making gives way to a new session."""
    answer = await client.get("/", headers={"cookie": f"{SESSION_COOKIE}=<script>"})
    assert re.fullmatch(r"[0-9a-f]{64}", answer.cookies[SESSION_COOKIE])
    assert "<script>" not in answer.text.replace('<script type="module"', "")


async def test_a_page_can_change_things_with_its_token_only(client: httpx.AsyncClient) -> None:
    """With the session's cookie, a change needs the token from the page."""
    page = await client.get("/")
    body = {"phone_number": "+12025550106"}
    assert (await client.post("/api/dnd_list", json=body)).status_code == 403
    found = re.search(r'name="csrf-token" content="([0-9a-f]+)"', page.text)
    assert found is not None
    headers = {"x-csrf-token": found[1], "origin": "http://127.0.0.1:8000"}
    assert (await client.post("/api/dnd_list", json=body, headers=headers)).status_code == 201


async def test_notices_are_on_the_page_as_text(tmp_path: Path) -> None:
    """What is in effect is said at the top; markup in it is text."""
    bus = InProcessEventBus()
    async with MemoryDatabase(bus) as database:
        notices = ("Practice AI & exchange", "<b>Test Mode</b>")
        world = make_world(database, bus, tmp_path, notices=notices, has_phone=False)
        transport = httpx.ASGITransport(app=world.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            text = (await client.get("/")).text
    assert "Practice AI &amp; exchange" in text
    assert "&lt;b&gt;Test Mode&lt;/b&gt;" in text
    assert "#/phone" not in text


async def test_the_phone_is_offered_where_it_exists(client: httpx.AsyncClient) -> None:
    """With the practice exchange, the page has a phone; without notices, no banner."""
    text = (await client.get("/")).text
    assert "#/phone" in text
    assert 'data-testid="notices"' not in text


def test_the_page_asks_no_outside_host_and_runs_no_inline_script(world: World) -> None:
    """No file of the page names another host, sets markup from data, or carries inline code."""
    assert world.app is not None
    files = [*PACKAGE_DIR.glob("static/**/*.*"), *PACKAGE_DIR.glob("templates/*")]
    assert len(files) > 20
    for file in files:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://", text), file
        for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in text, (file, word)
        assert not re.search(r"<[^>]+\s(on\w+|style)=", text), file
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), file
