"""Bad plans, repeated confirmations and foreign tenants, over HTTP to a served product."""

import copy
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.faults_product import CALLEE, Json, plan, serve

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120), pytest.mark.enable_socket]

BUSY = "+12015550101"
LONG = "x" * 1_000_000


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Serve the product with nothing configured; give a client of it."""
    with (
        serve(tmp_path_factory.mktemp("plans"), {}) as product,
        httpx.Client(base_url=product.address, timeout=60) as client,
    ):
        yield client


def confirm(
    http: httpx.Client, campaign_plan: object, *, key: str | None = None, user: str = "default"
) -> httpx.Response:
    """Send the user's confirmation."""
    headers = {"X-OpenDeep-User": user} | ({} if key is None else {"Idempotency-Key": key})
    return http.post(
        "/api/execute_campaign", json={"campaign_plan": campaign_plan}, headers=headers
    )


def broken(**fields: Any) -> Json:
    """Write a plan of one task with these fields; a field of None is left out."""
    campaign_plan = plan(CALLEE)
    task = campaign_plan["tasks"][0]
    for name, value in fields.items():
        if value is None:
            del task[name]
        else:
            task[name] = value
    return campaign_plan


FAULTS: list[tuple[str, object, list[tuple[str, str]]]] = [
    ("no number", broken(phone_number=None), [("tasks[0].phone_number", "missing")]),
    ("empty number", broken(phone_number=""), [("tasks[0].phone_number", "empty")]),
    ("no plus", broken(phone_number="2015550100"), [("tasks[0].phone_number", "not_e164")]),
    ("words", broken(phone_number="my dentist"), [("tasks[0].phone_number", "not_e164")]),
    ("unassigned", broken(phone_number="+12015"), [("tasks[0].phone_number", "invalid")]),
    ("emergency", broken(phone_number="911"), [("tasks[0].phone_number", "emergency")]),
    ("emergency abroad", broken(phone_number="+44999"), [("tasks[0].phone_number", "emergency")]),
    ("crisis line", broken(phone_number="988"), [("tasks[0].phone_number", "emergency")]),
    ("premium", broken(phone_number="+19005550100"), [("tasks[0].phone_number", "premium")]),
    (
        "premium abroad",
        broken(phone_number="+499001234567"),
        [("tasks[0].phone_number", "premium")],
    ),
    (
        "premium in the UK",
        broken(phone_number="+449098790000"),
        [("tasks[0].phone_number", "premium")],
    ),
    ("past", broken(latest="2020-01-01T10:00:00+00:00"), [("tasks[0].latest", "past")]),
    ("began long ago", broken(earliest="2020-01-01T10:00:00Z"), [("tasks[0].earliest", "past")]),
    ("no zone", broken(latest="2099-01-01T10:00:00"), [("tasks[0].latest", "no_zone")]),
    ("no date", broken(latest="soon"), [("tasks[0].latest", "not_iso_8601")]),
    ("year 9999", broken(latest="9999-12-31T23:59:59-12:00"), [("tasks[0].latest", "too_far")]),
    ("unknown zone", broken(time_zone="Moon/Base"), [("tasks[0].time_zone", "unknown_zone")]),
    ("0 tasks", plan(), [("tasks", "empty")]),
    ("no tasks", {"title": "a", "goal": "b"}, [("tasks", "missing")]),
    ("1 MB goal", broken(goal=LONG), [("tasks[0].goal", "string_too_long")]),
    ("1 MB title", {**plan(CALLEE), "title": LONG}, [("title", "string_too_long")]),
    ("1 MB fact", broken(facts={"note": LONG}), [("tasks[0].facts", "too_long")]),
    ("no source", broken(sources=[]), [("tasks[0].sources", "missing_source")]),
    ("not an object", [], [("campaign_plan", "dict_type")]),
    (
        "all at once",
        {
            **plan(CALLEE, "112", BUSY, time_zone="Moon/Base"),
            "title": " ",
        },
        [
            ("tasks[0].time_zone", "unknown_zone"),
            ("tasks[1].phone_number", "emergency"),
            ("tasks[1].time_zone", "unknown_zone"),
            ("tasks[2].time_zone", "unknown_zone"),
            ("title", "empty"),
        ],
    ),
    (
        "shape and meaning",
        broken(phone_number="911", max_attempts=0, time_zone="Moon/Base", nonsense=1),
        [
            ("tasks[0].max_attempts", "greater_than_equal"),
            ("tasks[0].nonsense", "extra_forbidden"),
            ("tasks[0].phone_number", "emergency"),
            ("tasks[0].time_zone", "unknown_zone"),
        ],
    ),
]


@pytest.mark.parametrize(
    ("campaign_plan", "expected"),
    [case[1:] for case in FAULTS],
    ids=[case[0] for case in FAULTS],
)
def test_a_bad_plan(
    http: httpx.Client, campaign_plan: object, expected: list[tuple[str, str]]
) -> None:
    """422 with exactly one entry for each fault, nothing long repeated, and nothing stored."""
    user = uuid.uuid4().hex
    answer = confirm(http, campaign_plan, user=user)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    found = sorted((detail["path"], detail["code"]) for detail in error["details"])
    assert found == sorted(expected)
    assert all(detail["message"] for detail in error["details"])
    assert len(answer.content) < 3000
    stored = http.get("/api/campaigns", headers={"X-OpenDeep-User": user}).json()
    assert stored["items"] == []


def test_more_than_two_megabytes(http: httpx.Client) -> None:
    """A body beyond the limit is refused before it is read as JSON."""
    answer = confirm(http, broken(goal=LONG * 3))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"", b"[" * 9_999, b'{"campaign_plan": 1e999}']
)
def test_no_json(http: httpx.Client, body: bytes) -> None:
    """What is not JSON is a fault of the request and not of the server."""
    headers = {"Content-Type": "application/json"}
    answer = http.post("/api/execute_campaign", content=body, headers=headers)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("value", [rb'"\ud800"', b"NaN", b"1e400"])
def test_facts_that_no_reply_could_show(http: httpx.Client, value: bytes) -> None:
    """Half characters and numbers that are none are refused, so that a stored task can be read."""
    body = json.dumps({"campaign_plan": broken(facts={"note": "@"})}).encode()
    headers = {"Content-Type": "application/json"}
    answer = http.post(
        "/api/execute_campaign", content=body.replace(b'"@"', value), headers=headers
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["code"] == "invalid_text"


def test_confirming_twice(http: httpx.Client) -> None:
    """The same key again is the same campaign; the same key with another plan is a conflict."""
    campaign_plan, key, user = plan(BUSY), uuid.uuid4().hex, uuid.uuid4().hex
    first = confirm(http, campaign_plan, key=key, user=user)
    assert first.status_code == 201
    again = confirm(http, campaign_plan, key=key, user=user)
    assert (again.status_code, again.json()) == (200, first.json())
    other = copy.deepcopy(campaign_plan) | {"title": "Another plan"}
    refused = confirm(http, other, key=key, user=user)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "key_reused"
    assert len(http.get("/api/campaigns", headers={"X-OpenDeep-User": user}).json()["items"]) == 1


def test_confirming_without_a_key(http: httpx.Client) -> None:
    """Without a key the plan itself is the key: a double click makes one campaign."""
    campaign_plan, user = plan(BUSY), uuid.uuid4().hex
    answers = [confirm(http, campaign_plan, user=user) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()


def test_a_key_is_one_users_own(http: httpx.Client) -> None:
    """Two users may use the same key for different plans."""
    key = uuid.uuid4().hex
    users = [uuid.uuid4().hex for _ in range(2)]
    made = [confirm(http, plan(BUSY), key=key, user=user) for user in users]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() != made[1].json()


def called_task(http: httpx.Client, user: str) -> tuple[int, int, str]:
    """Have a busy number called; return the ids of campaign, task and call."""
    made = confirm(http, plan(BUSY), user=user).json()
    task_id = made["task_ids"][0]
    deadline = time.monotonic() + 30
    while True:
        task = http.get(f"/api/tasks/{task_id}", headers={"X-OpenDeep-User": user}).json()
        if task["status"] == "retry_scheduled":
            return made["campaign_id"], task_id, task["calls"][0]["id"]
        assert time.monotonic() < deadline, task
        time.sleep(0.2)


def test_the_second_tenant(http: httpx.Client) -> None:
    """Nothing of one user exists for another: 404 to look at it, and 404 to change it."""
    campaign_id, task_id, call_id = called_task(http, "ada")
    eve = {"X-OpenDeep-User": "eve"}
    for path in (
        f"/api/campaigns/{campaign_id}",
        f"/api/campaigns/{campaign_id}/report?format=md",
        f"/api/tasks/{task_id}",
        f"/api/calls/{call_id}",
        f"/api/calls/{call_id}/recording",
    ):
        answer = http.get(path, headers=eve)
        assert answer.status_code == 404, path
        assert "Dental" not in answer.text
    for path, body in (
        (f"/api/campaigns/{campaign_id}/cancel", {}),
        (f"/api/tasks/{task_id}/retry", {}),
        (f"/api/tasks/{task_id}/cancel", {}),
        (f"/api/calls/{call_id}/commands", {"type": "hangup"}),
    ):
        assert http.post(path, json=body, headers=eve).status_code == 404, path
    for path in ("/api/campaigns", "/api/tasks", f"/api/tasks?campaign_id={campaign_id}"):
        assert http.get(path, headers=eve).json()["items"] == []
    kept = http.get(f"/api/tasks/{task_id}", headers={"X-OpenDeep-User": "ada"}).json()
    assert kept["status"] == "retry_scheduled"
    assert kept["status_reason"] == "The line was busy. OpenDeep tries again in 10 minutes."
