"""Campaigns over HTTP."""

import httpx
import pytest

from tests.unit.web_interface.fakes import World


async def test_a_campaign_is_shown_with_its_tasks_counted(
    world: World, client: httpx.AsyncClient
) -> None:
    """List and look show the same object."""
    campaign_id, _ = await world.campaign("+12025550100", "+12025550113")
    listed = (await client.get("/api/campaigns")).json()
    shown = (await client.get(f"/api/campaigns/{campaign_id}")).json()
    assert listed == {"items": [shown], "next_cursor": None}
    assert shown["counts"] == {"pending": 2}
    assert shown["status"] == "active"
    assert shown["cost"] == 0


async def test_lists_come_in_parts(world: World, client: httpx.AsyncClient) -> None:
    """The cursor of one part leads to the next, newest first; a made-up cursor is refused."""
    ids = [(await world.campaign(f"+1202555010{digit}"))[0] for digit in range(3)]
    first = (await client.get("/api/campaigns?limit=2")).json()
    second = (await client.get(f"/api/campaigns?limit=2&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None
    assert (await client.get("/api/campaigns?cursor=x")).status_code == 422
    assert (await client.get("/api/campaigns?limit=0")).status_code == 422


async def test_lists_filter_by_status(world: World, client: httpx.AsyncClient) -> None:
    """Only campaigns of the status asked for are listed."""
    await world.campaign()
    assert len((await client.get("/api/campaigns?status=active")).json()["items"]) == 1
    assert (await client.get("/api/campaigns?status=paused")).json()["items"] == []
    assert (await client.get("/api/campaigns?status=odd")).status_code == 422


async def test_pause_resume_and_cancel(world: World, client: httpx.AsyncClient) -> None:
    """Each action answers with the changed campaign; one that does not fit is a conflict."""
    campaign_id, _ = await world.campaign()
    url = f"/api/campaigns/{campaign_id}"
    assert (await client.post(f"{url}/pause")).json()["status"] == "paused"
    assert (await client.post(f"{url}/pause")).status_code == 409
    assert (await client.post(f"{url}/resume")).json()["status"] == "active"
    assert (await client.post(f"{url}/cancel")).json()["status"] == "cancelled"
    assert (await client.post(f"{url}/explode")).status_code == 404


@pytest.mark.parametrize(
    ("report_format", "media_type"),
    [
        ("md", "text/markdown"),
        ("json", "application/json"),
        ("html", "text/html"),
        ("csv", "text/csv"),
    ],
)
async def test_reports_come_in_four_formats(
    world: World, client: httpx.AsyncClient, report_format: str, media_type: str
) -> None:
    """Each format has its type, a policy without scripts, and names the campaign or its tasks."""
    campaign_id, _ = await world.campaign()
    answer = await client.get(f"/api/campaigns/{campaign_id}/report?format={report_format}")
    assert answer.headers["content-type"].startswith(media_type)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "Call number 0" in answer.text


async def test_a_report_is_json_unless_asked_otherwise(
    world: World, client: httpx.AsyncClient
) -> None:
    """The default is JSON; an unknown format is refused."""
    campaign_id, _ = await world.campaign()
    assert (await client.get(f"/api/campaigns/{campaign_id}/report")).json()["title"] == "Dentist"
    answer = await client.get(f"/api/campaigns/{campaign_id}/report?format=docx")
    assert answer.status_code == 422


async def test_another_users_campaign_is_not_found(world: World, client: httpx.AsyncClient) -> None:
    """Whatever another user does with a campaign's address, it is not found."""
    campaign_id, _ = await world.campaign(user="alice")
    url = f"/api/campaigns/{campaign_id}"
    assert (await client.get("/api/campaigns")).json()["items"] == []
    for answer in (
        await client.get(url),
        await client.get(f"{url}/report"),
        await client.post(f"{url}/cancel"),
    ):
        assert answer.status_code == 404
    owner = {"x-opendeep-user": "alice"}
    assert (await client.get(url, headers=owner)).json()["status"] == "active"
