"""Files come in as multipart and only from pages and scripts of ours; the stop switch is an API."""

import json
from typing import Any

import httpx

from opendeep.web_interface.guards import SESSION_COOKIE

PLAN = {
    "title": "Survey",
    "goal": "Ask everybody",
    "tasks": [
        {
            "title": "Ask {name}",
            "phone_number": "{phone}",
            "goal": "Ask {name}",
            "success_criteria": "An answer",
        }
    ],
}
CONTACTS = b"name,phone\nAnn,+12025550100\nBob,911\n"
HEADERS = {"x-opendeep-user": "ada"}


async def imported(client: httpx.AsyncClient, data: bytes = CONTACTS, **more: object):
    """Import contacts."""
    return await client.post(
        "/api/campaigns/import",
        files={"file": ("contacts.csv", data, "text/csv")},
        data={"plan": json.dumps(PLAN)},
        headers=more.pop("headers", HEADERS),
        **more,
    )


async def audited(client: httpx.AsyncClient, more: str = "") -> dict[str, Any]:
    """Read one entry of the do-not-call list's audit."""
    answer = await client.get(f"/api/dnd_list/audit?limit=1{more}", headers=HEADERS)
    found: dict[str, Any] = answer.json()
    return found


async def test_contacts_become_a_campaign(client: httpx.AsyncClient) -> None:
    """Good lines are tasks, bad ones are at the errors' address; the same file again is no more."""
    first, again = await imported(client), await imported(client)
    assert (first.status_code, first.json()) == (202, again.json())
    made = first.json()
    assert (made["accepted"], made["rejected"]) == (1, 1)
    errors = await client.get(made["errors_url"], headers=HEADERS)
    assert errors.text.splitlines()[1].startswith("3,")
    tasks = await client.get(f"/api/tasks?campaign_id={made['campaign_id']}", headers=HEADERS)
    assert [task["title"] for task in tasks.json()["items"]] == ["Ask Ann"]
    assert (await client.get(made["errors_url"])).status_code == 404


async def test_a_form_of_a_foreign_page_brings_no_file(client: httpx.AsyncClient) -> None:
    """Without a header that only scripts can set, or with a stale session, a file is refused."""
    assert (await imported(client, headers={})).status_code == 403
    cookies = {"cookie": f"{SESSION_COOKIE}={'0' * 64}", "x-csrf-token": "guess"}
    assert (await imported(client, headers=cookies)).status_code == 403
    elsewhere = await client.post("/api/profile", files={"file": ("x", b"")}, headers=HEADERS)
    assert elsewhere.status_code == 415


async def test_bad_files_and_plans_are_refused(client: httpx.AsyncClient) -> None:
    """UTF-16, no JSON and a file without a good line make no campaign."""
    assert (await imported(client, "name,phone\n".encode("utf-16"))).status_code == 422
    assert (await imported(client, b"name,phone\nBob,911\n")).status_code == 422
    answer = await client.post(
        "/api/campaigns/import",
        files={"file": ("contacts.csv", CONTACTS, "text/csv")},
        data={"plan": "{"},
        headers=HEADERS,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_plan")
    assert (await client.get("/api/campaigns", headers=HEADERS)).json()["items"] == []


async def test_the_plan_may_be_a_file(client: httpx.AsyncClient) -> None:
    """A plan that comes as a file makes the same campaign as one in a field; a huge one, none."""
    files = {
        "file": ("contacts.csv", CONTACTS, "text/csv"),
        "plan": ("plan.json", json.dumps(PLAN).encode(), "application/json"),
    }
    answer = await client.post("/api/campaigns/import", files=files, headers=HEADERS)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    assert answer.json()["campaign_id"] == (await imported(client)).json()["campaign_id"]
    files["plan"] = ("plan.json", b" " * 200_001, "application/json")
    answer = await client.post("/api/campaigns/import", files=files, headers=HEADERS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_plan")


async def test_a_dnd_list_goes_in_and_out_as_a_file(client: httpx.AsyncClient) -> None:
    """Numbers come in with a reason, go out as CSV, and the audit tells who did what."""
    data = b"phone_number,reason\n+12025550100,asked\nx,\n"
    answer = await client.post(
        "/api/dnd_list/import", files={"file": ("dnd.csv", data)}, headers=HEADERS
    )
    assert answer.json()["added"] == 1
    assert [fault["line"] for fault in answer.json()["faults"]] == [3]
    exported = await client.get("/api/dnd_list/export", headers=HEADERS)
    assert exported.text.splitlines()[1].startswith("+12025550100,asked,import")
    await client.request("DELETE", "/api/dnd_list?phone_number=%2B12025550100", headers=HEADERS)
    [latest] = (audit := await audited(client))["items"]
    assert (latest["action"], audit["next_cursor"] is None) == ("dnd_removed", False)
    [first] = (await audited(client, f"&cursor={audit['next_cursor']}"))["items"]
    assert first["action"] == "dnd_added"
    broken = {"file": ("dnd.csv", b"\xff")}
    refused = await client.post("/api/dnd_list/import", files=broken, headers=HEADERS)
    assert refused.status_code == 422


async def test_everything_stops_and_goes_on(client: httpx.AsyncClient) -> None:
    """The switch tells since when and why; both ways are idempotent."""
    assert (await client.get("/api/stop")).json()["stopped"] is False
    stopped = (await client.post("/api/stop", json={"reason": "Wrong script."})).json()
    assert (stopped["stopped"], stopped["reason"]) == (True, "Wrong script.")
    assert (await client.post("/api/stop")).json() == stopped
    assert (await client.post("/api/resume")).json()["stopped"] is False
    assert (await client.post("/api/resume")).json()["since"] is None
