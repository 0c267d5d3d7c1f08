"""Calls: look, and listen to the recording."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from opendeep.common.errors import NotFoundError
from opendeep.common.ids import CallId
from opendeep.database.repositories.calls import Calls
from opendeep.web_interface.api.shapes import CallView
from opendeep.web_interface.api.views import call_view
from opendeep.web_interface.identity import Config, CurrentUser, Services

router = APIRouter(prefix="/api", tags=["calls"])


@router.get("/calls/{call_id}")
async def get_call(call_id: str, services: Services, user_id: CurrentUser) -> CallView:
    """Show one call with its transcript, events and analysis."""
    async with services.database.transaction() as tx:
        return await call_view(tx, user_id, CallId(call_id))


@router.get("/calls/{call_id}/recording", response_class=FileResponse)
async def get_recording(
    call_id: str, services: Services, config: Config, user_id: CurrentUser
) -> FileResponse:
    """Return the recording: WAV, callee left, AI right; byte ranges are served (RFC 9110 §14)."""
    async with services.database.transaction() as tx:
        call = await Calls(tx, user_id).get(CallId(call_id))
    if call.recording_path is None or call.status.is_live:
        raise NotFoundError("recording of call", call.id)
    found = await run_in_threadpool(recording_file, config.recordings_dir, call.recording_path)
    if found is None:
        raise NotFoundError("recording of call", call.id)
    headers = {"cache-control": "private, no-cache"}
    return FileResponse(found, media_type="audio/wav", headers=headers)


def recording_file(directory: Path, stored: str) -> Path | None:
    """Return the file if it exists inside of the directory; a row cannot name another one."""
    root = directory.resolve()
    path = (root / stored).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None
