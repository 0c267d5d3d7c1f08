"""Is it alive, is it ready, and how much does it do: for operators and for the page's banner."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from opendeep.web_interface.identity import Services

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the process serves requests."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(services: Services) -> JSONResponse:
    """Say what is up and what is down: 503 only where something essential is.

    ``status`` is ``ok``, ``degraded`` (something outside is down, the rest goes on) or ``down``.
    """
    parts = await services.health()
    down = [part for part in parts if not part.ok]
    essential = any(part.essential for part in down)
    status = "down" if essential else "degraded" if down else "ok"
    listed = [{"name": part.name, "ok": part.ok, "detail": part.detail} for part in parts]
    return JSONResponse(
        {"status": status, "parts": listed},
        503 if essential else 200,
        headers={"cache-control": "no-store"},
    )


@router.get("/metrics")
async def metrics(services: Services) -> Response:
    """Return the process's metrics in Prometheus' text format."""
    return Response(generate_latest(services.registry), media_type=CONTENT_TYPE_LATEST)
