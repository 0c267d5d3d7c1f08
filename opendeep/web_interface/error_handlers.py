"""Errors as HTTP: the only place that gives codes to :class:`ErrorKind`.

Every error reply has one shape: ``{"error": {"code", "message", "details"}}``. What the client
sent is never echoed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from opendeep.common.errors import ErrorKind, OpenDeepError, PlanInvalidError, UnavailableError
from opendeep.web_interface.guards import SECURITY_HEADERS

log = structlog.get_logger(__name__)

_RETRY_AFTER_SECONDS = "5"
_CODES_OF_STATUS = {404: "not_found", 405: "method_not_allowed", 400: "bad_request"}


def status_of(kind: ErrorKind) -> int:
    """Return the HTTP status of an error kind."""
    match kind:
        case ErrorKind.INVALID:
            return 422
        case ErrorKind.NOT_FOUND:
            return 404
        case ErrorKind.CONFLICT:
            return 409
        case ErrorKind.FORBIDDEN:
            return 403
        case ErrorKind.UNAVAILABLE:
            return 503
        case _:
            assert_never(kind)


def error_body(
    code: str, message: str, details: Sequence[Mapping[str, str]] = ()
) -> dict[str, dict[str, Any]]:
    """Make the body that every error reply has."""
    return {"error": {"code": code, "message": message, "details": list(details)}}


def body_of(error: OpenDeepError) -> dict[str, dict[str, Any]]:
    """Make the error body of one of our own errors.

    ``details`` has one entry per fault of a plan; after a failed turn of the chat it has the
    session that keeps the user's words.
    """
    details: list[dict[str, str]] = []
    if isinstance(error, UnavailableError) and error.kept_in is not None:
        details = [{"session_id": error.kept_in}]
    if isinstance(error, PlanInvalidError):
        details = [
            {"path": fault.path, "code": fault.code, "message": fault.message}
            for fault in error.faults
        ]
    return error_body(error.code, error.message, details)


def path_of(location: Sequence[str | int]) -> str:
    """Write a validation error's place as in ``tasks[0].phone_number``.

    The outer ``body``/``query`` is dropped, and so is ``campaign_plan``: faults of a plan have the
    same path whoever found them.
    """
    parts = list(location[1:])
    if parts[:1] == ["campaign_plan"] and len(parts) > 1:
        del parts[0]
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path


async def _on_own_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OpenDeepError)  # noqa: S101 - registered for this class only
    headers = {}
    if isinstance(error, UnavailableError) and error.retryable:
        headers["Retry-After"] = _RETRY_AFTER_SECONDS
    return JSONResponse(body_of(error), status_of(error.kind), headers=headers)


async def _on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    faults = error.errors()
    if any(fault["loc"][:1] == ("path",) for fault in faults):
        return JSONResponse(error_body("not_found", "There is nothing of this id."), 404)
    details = [
        {"path": path_of(fault["loc"]), "code": fault["type"], "message": fault["msg"]}
        for fault in faults
    ]
    message = f"The request has {len(details)} fault(s): {details[0]['message']}"
    return JSONResponse(error_body("invalid_request", message, details), 422)


async def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    code = _CODES_OF_STATUS.get(error.status_code, f"http_{error.status_code}")
    return JSONResponse(error_body(code, error.detail), error.status_code, headers=error.headers)


async def _on_bug(_request: Request, _error: Exception) -> JSONResponse:
    """Answer for an error that nobody foresaw; the server logs it with its traceback."""
    body = error_body("internal", "Something went wrong inside OpenDeep; its log says what.")
    return JSONResponse(body, 500, headers=dict(SECURITY_HEADERS))


def install_error_handlers(app: FastAPI) -> None:
    """Register every handler with the application."""
    app.add_exception_handler(OpenDeepError, _on_own_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_bug)
