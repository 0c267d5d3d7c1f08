"""The application as a whole: its description, its files, its metrics."""

import httpx

from opendeep.web_interface.web_config import BODY_LIMIT_BYTES
from tests.unit.web_interface.fakes import World


async def test_the_api_describes_itself(client: httpx.AsyncClient) -> None:
    """OpenAPI names the paths of the contract, and every reference in it resolves."""
    answer = await client.get("/api/openapi.json")
    described = answer.json()
    assert {
        "/api/chat_interaction",
        "/api/execute_campaign",
        "/api/campaigns/{campaign_id}/report",
        "/api/calls/{call_id}/commands",
        "/api/feedback_requests/{feedback_id}/answer",
        "/api/dnd_list",
        "/api/profile",
    } <= set(described["paths"])
    confirmed = described["paths"]["/api/execute_campaign"]["post"]["responses"]
    assert set(confirmed) == {"200", "201", "409", "422"}
    schemas = described["components"]["schemas"]
    references = {part.split('"')[0] for part in answer.text.split("#/components/schemas/")[1:]}
    assert references <= set(schemas)


async def test_no_page_of_the_framework_loads_outside_scripts(client: httpx.AsyncClient) -> None:
    """The framework's own documentation pages, which need outside hosts, are off."""
    for path in ("/docs", "/redoc"):
        assert (await client.get(path)).status_code == 404


async def test_metrics_count_replies_by_route(client: httpx.AsyncClient) -> None:
    """Replies are counted under their route, not under paths with ids in them."""
    await client.get("/api/tasks/4711")
    text = (await client.get("/metrics")).text
    assert 'route="/api/tasks/{task_id}",status="404"' in text
    assert "4711" not in text
    assert "opendeep_websockets_open 0.0" in text


async def test_static_files_are_served_as_modules(client: httpx.AsyncClient) -> None:
    """The entry files of the page exist under their fixed names, with their types."""
    script = await client.get("/static/js/main.js")
    assert script.status_code == 200
    assert "javascript" in script.headers["content-type"]
    assert (await client.get("/static/css/style.css")).status_code == 200
    assert (await client.get("/static/../app.py")).status_code == 404


def test_the_body_limit_is_two_megabytes(world: World) -> None:
    """Two megabytes are the default limit of a request body."""
    assert world.config.body_limit_bytes == BODY_LIMIT_BYTES == 2 * 1024 * 1024
