"""The entry router of ``/api``; one file a surface under ``api/``."""

from fastapi import APIRouter

from opendeep.web_interface.api import (
    call_commands,
    calls,
    campaigns,
    chat,
    dnd,
    feedback,
    follow_up,
    imports,
    plans,
    profile,
    stop,
    task_actions,
    tasks,
)

router = APIRouter()
_SURFACES = (
    chat,
    plans,
    campaigns,
    task_actions,
    tasks,
    calls,
    call_commands,
    feedback,
    follow_up,
    dnd,
    profile,
    stop,
    imports,
)
for _surface in _SURFACES:
    router.include_router(_surface.router)
