"""The page: one template, served with the session that its CSRF token belongs to."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

from opendeep.web_interface.guards import SESSION_COOKIE, csrf_token, is_session, new_session
from opendeep.web_interface.identity import Config, Services

PACKAGE_DIR: Final = Path(__file__).parent.parent
_SESSION_SECONDS = 30 * 24 * 3600

router = APIRouter(include_in_schema=False)
_templates = Jinja2Templates(directory=PACKAGE_DIR / "templates")


@router.get("/")
async def index(request: Request, services: Services, config: Config) -> Response:
    """Serve the page; a browser that has a session keeps it, so that its other tabs go on."""
    given = request.cookies.get(SESSION_COOKIE)
    session = given if given is not None and is_session(given) else new_session()
    context = {
        "csrf_token": csrf_token(session),
        "notices": config.notices,
        "version": config.version,
        "has_phone": services.browser_phone() is not None,
    }
    response = _templates.TemplateResponse(request, "index.html", context)
    response.headers["cache-control"] = "no-store"
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=_SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=config.secure_cookies,
    )
    return response
