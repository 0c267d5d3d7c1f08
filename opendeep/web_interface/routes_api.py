"""The entry router of ``/api``; one file a surface under ``api/``."""

from fastapi import APIRouter

from opendeep.web_interface.api import (
    call_commands,
    calls,
    campaigns,
    chat,
    dnd,
    feedback,
    plans,
    profile,
    tasks,
)

router = APIRouter()
for _surface in (chat, plans, campaigns, tasks, calls, call_commands, feedback, dnd, profile):
    router.include_router(_surface.router)
