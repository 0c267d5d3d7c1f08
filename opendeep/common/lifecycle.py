"""Who owns each running thing, and who hears its death.

The only module that may start a bare task or catch every exception. Three tools:

- :class:`Nursery` owns tasks that come and go (one per call, one per socket). A child that fails
  is logged and told to ``on_failure``; its siblings go on. Leaving the block ends what still runs.
- :class:`Supervisor` runs the long-lived services of a process and restarts one that fails.
- :func:`finish_within` and :func:`wait_event` are the two waits that everything else is built on.
"""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Protocol, Self

import structlog

from opendeep.common.errors import OpenDeepError, UnavailableError

log = structlog.get_logger(__name__)

_RESTART_FIRST_SECONDS = 0.5
_RESTART_MOST_SECONDS = 30.0


class Service(Protocol):
    """Something that runs as long as its process does.

    ``run`` returns when all that the service acquired is released. ``stop`` only asks: it may be
    called twice, from anywhere on the loop, before the start or after the end.
    """

    @property
    def name(self) -> str:
        """The service's name in logs and in ``/readyz``."""
        ...

    async def run(self) -> None:
        """Do the service's work until :meth:`stop`."""
        ...

    def stop(self) -> None:
        """Ask ``run`` to return soon."""
        ...


async def wait_event(event: asyncio.Event, seconds: float) -> bool:
    """Wait until ``event`` is set, at most ``seconds``; return whether it was set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def finish_within(seconds: float, work: Coroutine[Any, Any, None], *, name: str) -> bool:
    """Run a last write to its end although the caller is being cancelled.

    The work gets ``seconds``; then it is cancelled. A cancellation of the caller that comes
    meanwhile is raised again after the work ended.

    Returns:
        Whether the work ended in time and without an error. Errors are logged.
    """
    task = asyncio.create_task(work, name=name)
    cancelled: asyncio.CancelledError | None = None
    deadline = asyncio.get_running_loop().time() + seconds
    while not task.done():
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            task.cancel()
        try:
            await asyncio.wait({task}, timeout=max(left, 0) or None)
        except asyncio.CancelledError as error:
            cancelled = error
    done = not task.cancelled() and task.exception() is None
    if not done:
        error_info = None if task.cancelled() else task.exception()
        log.error("last_write_failed", work=name, timed_out=task.cancelled(), exc_info=error_info)
    if cancelled is not None:
        raise cancelled
    return done


class Nursery:
    """Owns tasks that come and go; use it as an asynchronous context manager.

    Args:
        name: prefix of the tasks' names.
        on_failure: told the task's name and error after a child failed (not when cancelled).
        grace_seconds: how long children may run on when the block is left; then they are
            cancelled. 0 cancels at once.
    """

    def __init__(
        self,
        name: str,
        *,
        on_failure: Callable[[str, BaseException], None] | None = None,
        grace_seconds: float = 0.0,
    ) -> None:
        self._name = name
        self._on_failure = on_failure
        self._grace_seconds = grace_seconds
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False

    def __len__(self) -> int:
        return len(self._tasks)

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open = False
        try:
            if exc is None and self._grace_seconds > 0 and self._tasks:
                await asyncio.wait(self._tasks, timeout=self._grace_seconds)
        finally:
            await self._cancel_all()

    def start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """Run ``work`` as a child named ``{nursery}:{name}``.

        Raises:
            RuntimeError: the nursery is not open (any more).
        """
        if not self._open:
            work.close()
            raise RuntimeError(f"The nursery {self._name} is closed.")
        task = asyncio.create_task(work, name=f"{self._name}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._bury)
        return task

    def _bury(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        log.error("task_failed", task=task.get_name(), exc_info=error)
        if self._on_failure is not None:
            self._on_failure(task.get_name(), error)

    async def _cancel_all(self) -> None:
        while self._tasks:
            tasks = set(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


class Supervisor:
    """Runs services side by side until :meth:`stop`; restarts one that fails, with back-off.

    Expected trouble (:class:`UnavailableError`) is logged as one line, anything else with its
    traceback. ``failing`` tells the services that are waiting for a restart and why.
    """

    def __init__(self, services: list[Service], *, stop_seconds: float = 5.0) -> None:
        self._services = services
        self._stop_seconds = stop_seconds
        self._stopping = asyncio.Event()
        self.failing: dict[str, str] = {}

    async def run(self) -> None:
        """Run all services; return when every one of them has returned."""
        async with Nursery("service", grace_seconds=self._stop_seconds) as nursery:
            for service in self._services:
                nursery.start(self._keep(service), name=service.name)
            await self._stopping.wait()
            for service in self._services:
                service.stop()

    def stop(self) -> None:
        """Ask every service to stop; idempotent."""
        self._stopping.set()

    async def _keep(self, service: Service) -> None:
        pause_seconds = _RESTART_FIRST_SECONDS
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            try:
                await service.run()
            except UnavailableError as error:
                log.warning("service_unavailable", service=service.name, reason=error.message)
                self.failing[service.name] = error.message
            except Exception as error:
                log.exception("service_failed", service=service.name)
                reason = error.message if isinstance(error, OpenDeepError) else type(error).__name__
                self.failing[service.name] = reason
            else:
                self.failing.pop(service.name, None)
                return
            if loop.time() - began > _RESTART_MOST_SECONDS:
                pause_seconds = _RESTART_FIRST_SECONDS
            if await wait_event(self._stopping, pause_seconds):
                return
            self.failing.pop(service.name, None)
            pause_seconds = min(pause_seconds * 2, _RESTART_MOST_SECONDS)
