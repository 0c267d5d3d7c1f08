"""The entry router of pages, sockets and health; one file a surface under ``ui/``."""

from fastapi import APIRouter

from opendeep.web_interface.ui import (
    events_socket,
    health,
    listen_socket,
    pages,
    phone_socket,
)

router = APIRouter()
for _surface in (pages, health, events_socket, listen_socket, phone_socket):
    router.include_router(_surface.router)
