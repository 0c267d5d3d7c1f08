"""The stop switch: everything stops, and goes on."""

from fastapi import APIRouter

from opendeep.task_manager.stop_switch import StopState
from opendeep.web_interface.api.shapes import RestingTrunk, StopRequest, StopView
from opendeep.web_interface.identity import CurrentUser, Services

router = APIRouter(prefix="/api", tags=["stop"])


def _view(state: StopState) -> StopView:
    return StopView(
        stopped=state.stopped,
        since=state.since,
        reason=state.reason,
        resting=[
            RestingTrunk(name=stop.name.partition(":")[2], reason=stop.reason, until=stop.until)
            for stop in state.resting
        ],
    )


@router.get("/stop")
async def show_stop(services: Services, user_id: CurrentUser) -> StopView:
    """Tell whether everything is stopped, and which trunks rest."""
    del user_id
    return _view(await services.stop_switch.state())


@router.post("/stop")
async def stop_everything(
    services: Services, user_id: CurrentUser, body: StopRequest | None = None
) -> StopView:
    """Dial nothing more and hang up every live call, of all users; idempotent."""
    return _view(await services.stop_switch.stop(user_id, body.reason if body else ""))


@router.post("/resume")
async def resume_everything(services: Services, user_id: CurrentUser) -> StopView:
    """Let dialling go on; idempotent."""
    return _view(await services.stop_switch.resume(user_id))
