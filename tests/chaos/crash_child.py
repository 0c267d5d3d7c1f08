"""OpenDeep's call side with fuses in its ports, in a process of its own; see ``crash_points``.

``python -m tests.chaos.crash_child URL PORT USERNAME SECRET TEMPLATE NODE`` runs one without a fuse
until killed: a dialler for any exchange on loopback, whatever the hour.
"""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from opendeep.audio_processing_service.audiosocket_handler import MediaPorts
from opendeep.audio_processing_service.audiosocket_server import (
    AudioSocketConfig,
    AudioSocketServer,
)
from opendeep.call_processor_service.ami_link import AmiConfig
from opendeep.call_processor_service.call_initiator_svc import CallInitiatorService
from opendeep.call_processor_service.call_pace import CallPace
from opendeep.call_processor_service.call_ports import AttemptConfig, CallPorts
from opendeep.call_processor_service.call_recovery_svc import CallRecoveryService
from opendeep.call_processor_service.dialing import DialConfig
from opendeep.call_processor_service.node_membership import NodeMembership
from opendeep.call_processor_service.reservation import CallLimits
from opendeep.common.clock import SystemClock
from opendeep.common.event_bus import EventBus, InProcessEventBus
from opendeep.common.lifecycle import Service, Supervisor
from opendeep.common.logger_setup import setup_logging
from opendeep.database.engine import Database, SqlDatabase
from opendeep.llm_integrations.testing import ScriptedTextModel
from opendeep.post_call_analyzer_service.analysis_svc import (
    AnalyzerConfig,
    PostCallAnalyzerService,
)
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.dial_gate import DialRules, PolicyDialGate
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService
from tests.chaos.crash_points import CrashPoint, Fuse, FusedAmi, FusedDatabase, FusedMedia
from tests.integration.asterisk.call_product import GoalBriefing
from tests.integration.asterisk.scripted_voice import Script, ScriptedVoice, VoiceLog

DIALLER_LIMITS = CallLimits(
    max_concurrent_calls=12, max_concurrent_calls_per_user=12, calls_per_second=10
)
"""What all diallers together may do: two real Asterisks carry it beside other work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialler:
    """One process: its rows, its exchange, its name, and where it dies."""

    url: str
    ami: AmiConfig
    template: str = "PJSIP/{number}@trunk"
    node: str = "crash"
    point: CrashPoint | None = None
    limits: CallLimits = CallLimits(calls_per_second=20)  # noqa: RUF009 - frozen


def services(dialler: Dialler, database: Database, bus: EventBus, fuse: Fuse) -> list[Service]:
    """Compose the call side of one process, with its scheduler, recovery and analysis."""
    clock = SystemClock()
    gate = PolicyDialGate(DialRules(enforce_hours=False, read_first=False))
    ami = FusedAmi(dialler.ami)
    ami.fuse = fuse
    membership = NodeMembership(dialler.node, database, is_ready=lambda: ami.is_connected)
    feedback = FeedbackManagerService(database, bus, clock, FeedbackConfig())
    script = {"ask for the time": Script(end_reason="done")}
    media = AudioSocketServer(
        AudioSocketConfig(port=0),
        MediaPorts(
            bus=bus,
            desk=CallDesk(database, feedback),
            clock=clock,
            make_voice=lambda: ScriptedVoice(script, VoiceLog()),
        ),
    )
    ports = CallPorts(
        ami=ami,
        keys=ami,
        media=FusedMedia(media, fuse),
        briefing=GoalBriefing(),
        database=database,
        bus=bus,
        clock=clock,
        membership=membership,
    )
    limits = dialler.limits
    config = AttemptConfig(
        dialing=DialConfig(template=dialler.template),
        pace=CallPace(calls=limits.window_calls, window_seconds=limits.window_seconds),
        ring_seconds=15,
        max_call_seconds=20,
    )
    scheduler = SchedulerConfig(
        max_concurrent_calls=limits.max_concurrent_calls,
        max_concurrent_calls_per_user=limits.max_concurrent_calls_per_user,
        claimed_by=dialler.node,
    )
    return [
        membership,
        ami,
        media,
        TaskSchedulerService(scheduler, database=database, bus=bus, gate=gate),
        CallRecoveryService(database, ami, clock),
        PostCallAnalyzerService(
            database=database,
            bus=bus,
            model=ScriptedTextModel(),
            clock=clock,
            config=AnalyzerConfig(node=dialler.node),
        ),
        CallInitiatorService(config=config, limits=limits, ports=ports, gate=gate, shares=True),
    ]


async def run(dialler: Dialler) -> None:
    """Run until killed."""
    setup_logging(log_format="json", level="warning")
    bus, fuse = InProcessEventBus(), Fuse(dialler.point)
    async with AsyncExitStack() as stack:
        inner = await stack.enter_async_context(SqlDatabase(dialler.url, bus))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        kept = Supervisor(services(dialler, FusedDatabase(inner, fuse), bus, fuse))
        group.create_task(kept.run(), name="services")


def forked(dialler: Dialler, log: Path) -> int:
    """Run it in a copy of this process, which has everything imported; return the copy's id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(out, stream.fileno())
        asyncio.run(run(dialler))
    finally:
        os._exit(1)


def main() -> None:
    """Run one until killed."""
    url, port, username, secret, template, node = sys.argv[1:]
    ami = AmiConfig(host="127.0.0.1", port=int(port), username=username, secret=secret)
    dialler = Dialler(url=url, ami=ami, template=template, node=node, limits=DIALLER_LIMITS)
    asyncio.run(run(dialler))


if __name__ == "__main__":
    main()
