"""What every WebSocket does alike: talk until one side is gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from opendeep.common.errors import OpenDeepError

log = structlog.get_logger(__name__)

_TRY_AGAIN_LATER = 1013


async def until_gone(socket: WebSocket, *works: Coroutine[Any, Any, None]) -> None:
    """Run ``works`` beside each other until the first of them ends or the other side is gone.

    A work that returns ends the conversation: the socket is closed normally. One of our own errors
    closes it with 1013 ("try again later"), anything else is raised.
    """
    ended = asyncio.Event()
    gone = False
    failure: OpenDeepError | None = None

    async def watch(work: Coroutine[Any, Any, None]) -> None:
        nonlocal gone, failure
        try:
            await work
        except WebSocketDisconnect:
            gone = True
        except OpenDeepError as error:
            failure = error
        finally:
            ended.set()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch(work)) for work in works]
        await ended.wait()
        for task in tasks:
            task.cancel()
    if gone:
        return
    if failure is None:
        await socket.close()
    else:
        log.warning("websocket_failed", code=failure.code, reason=failure.message)
        await socket.close(_TRY_AGAIN_LATER, failure.code)


async def ignore_input(socket: WebSocket) -> None:
    """Read and drop what comes in: that is how a closed connection is noticed."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
