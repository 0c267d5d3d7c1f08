"""Calls: look, and listen to the recording."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from opendeep.common.errors import NotFoundError
from opendeep.common.ids import CallId
from opendeep.database.repositories.calls import Calls
from opendeep.web_interface.api.shapes import CallView
from opendeep.web_interface.api.views import call_view
from opendeep.web_interface.error_handlers import error_body
from opendeep.web_interface.identity import Config, CurrentUser, Services

router = APIRouter(prefix="/api", tags=["calls"])


@router.get("/calls/{call_id}")
async def get_call(call_id: str, services: Services, user_id: CurrentUser) -> CallView:
    """Show one call with its transcript, events and analysis."""
    async with services.database.transaction() as tx:
        return await call_view(tx, user_id, CallId(call_id))


class Recording(FileResponse):
    """A file served whole or in byte ranges; a range that cannot be served is told as an error."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or why not, in the one shape of errors."""
        refusal: JSONResponse | None = None

        async def send_error(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start":
                refusal = _range_refusal(message)
            if refusal is None:
                await send(message)

        await super().__call__(scope, receive, send_error)
        if refusal is not None:
            await refusal(scope, receive, send)


def _range_refusal(start: Message) -> JSONResponse | None:
    size = Headers(raw=start["headers"]).get("content-range")
    match start["status"]:
        case 416:
            body = error_body("range_not_satisfiable", "The recording ends before this range.")
            return JSONResponse(body, 416, headers={"content-range": size} if size else None)
        case 400:
            message = "The Range header cannot be read; write it as in bytes=0-1023."
            return JSONResponse(error_body("invalid_range", message), 400)
        case _:
            return None


@router.get("/calls/{call_id}/recording", response_class=Recording)
async def get_recording(
    call_id: str, services: Services, config: Config, user_id: CurrentUser
) -> Recording:
    """Return the recording: WAV, callee left, AI right; byte ranges are served (RFC 9110 §14)."""
    async with services.database.transaction() as tx:
        call = await Calls(tx, user_id).get(CallId(call_id))
    if call.recording_path is None or call.status.is_live:
        raise NotFoundError("recording of call", call.id)
    found = await run_in_threadpool(recording_file, config.recordings_dir, call.recording_path)
    if found is None:
        raise NotFoundError("recording of call", call.id)
    headers = {"cache-control": "private, no-cache"}
    return Recording(found, media_type="audio/wav", headers=headers)


def recording_file(directory: Path, stored: str) -> Path | None:
    """Return the file if it exists inside of the directory; a row cannot name another one."""
    root = directory.resolve()
    path = (root / stored).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None
