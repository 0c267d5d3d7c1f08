"""Alive and ready."""

import httpx

from opendeep.web_interface.ports import HealthPart
from tests.unit.web_interface.fakes import World


async def test_alive_is_said_without_looking(client: httpx.AsyncClient) -> None:
    """The process answers for itself."""
    answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_names_what_is_down(world: World, client: httpx.AsyncClient) -> None:
    """All up is ok; something outside down is degraded; something essential down is 503."""
    assert (await client.get("/readyz")).json()["status"] == "ok"
    world.health.append(HealthPart(name="Exchange", ok=False, detail="Login refused."))
    degraded = await client.get("/readyz")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert degraded.json()["parts"][1] == {
        "name": "Exchange",
        "ok": False,
        "detail": "Login refused.",
    }
    world.health[0] = HealthPart(name="Database", ok=False, essential=True)
    down = await client.get("/readyz")
    assert (down.status_code, down.json()["status"]) == (503, "down")
