"""The processes for calls: started, watched, started again, and stopped with their parent.

Each worker has a name and an AudioSocket port of its own. A worker that dies loses its calls: it,
or any other process, settles them (``call_recovery_svc``). A worker whose parent dies stops by
itself, since its standard input closes.
"""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from opendeep.bootstrap.far_ends import FarEnds
from opendeep.bootstrap.services import node_name, split_address
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.config.app_config import AppConfig, environment_with

log = structlog.get_logger(__name__)

_RESTART_FIRST_SECONDS = 0.5
_RESTART_MOST_SECONDS = 15.0
_LIVED_WELL_SECONDS = 10.0
_STOP_SECONDS = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """One worker: its name, and the settings that are its own."""

    node: str
    settings: dict[str, str]


def plan_workers(config: AppConfig, ends: FarEnds, count: int) -> list[WorkerPlan]:
    """Give each worker a name, a port and, in practice mode, this process's practice network.

    Raises:
        SettingsError: an address in the settings is not ``host:port``.
    """
    plans = []
    for number in range(1, count + 1):
        node = f"{node_name(config)}-calls-{number}"
        settings = {"opendeep_node": node}
        for name in ("audiosocket_bind", "audiosocket_advertise"):
            address: str = getattr(config, name)
            if address:
                host, port = split_address(address, name.upper())
                shown = f"[{host}]" if ":" in host else host
                settings[name] = f"{shown}:{port + number - 1 if port else 0}"
        if ends.network is not None:
            settings["opendeep_practice_ports"] = f"{ends.network.ai_port},{ends.network.ami_port}"
        plans.append(WorkerPlan(node=node, settings=settings))
    return plans


class Workers:
    """Keeps one process a plan alive; a service.

    Args:
        plans: who they are.
        command: what each runs; by default this program with ``--role calls``.
    """

    name = "workers"

    def __init__(self, plans: Sequence[WorkerPlan], *, command: Sequence[str] = ()) -> None:
        self._plans = plans
        self._command = command or (
            *(sys.executable, "-m", "opendeep", "serve"),
            *("--role", "calls", "--until-stdin-closes"),
        )
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Run the workers until :meth:`stop`; returns when every one has ended."""
        async with Nursery(self.name, grace_seconds=_STOP_SECONDS + 1) as nursery:
            for plan in self._plans:
                nursery.start(self._keep(plan), name=plan.node)
            await self._stopping.wait()

    def stop(self) -> None:
        """Ask the workers to hang up and end."""
        self._stopping.set()

    async def _keep(self, plan: WorkerPlan) -> None:
        loop = asyncio.get_running_loop()
        pause_seconds = _RESTART_FIRST_SECONDS
        while not self._stopping.is_set():
            began = loop.time()
            try:
                await self._live(plan)
            except OSError as error:
                log.error("worker_not_started", node=plan.node, reason=error.strerror)  # noqa: TRY400 - the reason says it
            if loop.time() - began > _LIVED_WELL_SECONDS:
                pause_seconds = _RESTART_FIRST_SECONDS
            await wait_event(self._stopping, pause_seconds)
            pause_seconds = min(pause_seconds * 2, _RESTART_MOST_SECONDS)

    async def _live(self, plan: WorkerPlan) -> None:
        """Run one process to its end, whoever ends it."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            env=environment_with(**plan.settings),
        )
        log.info("worker_started", node=plan.node, pid=process.pid)
        ended = asyncio.Event()
        try:
            async with Nursery(plan.node) as nursery:
                nursery.start(_tell(process, ended), name="ended")
                nursery.start(self._end(process, ended), name="end")
                await ended.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if not self._stopping.is_set():
            log.error("worker_died", node=plan.node, exit_code=process.returncode)

    async def _end(self, process: asyncio.subprocess.Process, ended: asyncio.Event) -> None:
        """Once asked to stop, end a process by closing its input, and by force if it takes long."""
        await self._stopping.wait()
        if process.stdin is not None:
            process.stdin.close()
        if not await wait_event(ended, _STOP_SECONDS) and process.returncode is None:
            process.kill()


async def _tell(process: asyncio.subprocess.Process, ended: asyncio.Event) -> None:
    await process.wait()
    ended.set()
