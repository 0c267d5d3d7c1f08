"""All services of a process, made of each other; nothing runs yet when this returns."""

import platform
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from opendeep.audio_processing_service.audiosocket_handler import MediaPorts
from opendeep.audio_processing_service.audiosocket_server import (
    AudioSocketConfig,
    AudioSocketServer,
)
from opendeep.audio_processing_service.cascade_voice import CascadeVoice
from opendeep.audio_processing_service.gemini_live_client import (
    GeminiLiveClient,
    GeminiLiveConfig,
)
from opendeep.audio_processing_service.openai_realtime_client import (
    OpenAIRealtimeClient,
    RealtimeConfig,
)
from opendeep.audio_processing_service.voice_agent import VoiceAgentFactory
from opendeep.bootstrap.far_ends import FarEnds
from opendeep.bootstrap.local_voice import local_parts
from opendeep.bootstrap.process_part import ProcessPart, Role, RoleServices
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.call_processor_service.call_initiator_svc import CallInitiatorService
from opendeep.call_processor_service.call_pace import CallPace
from opendeep.call_processor_service.call_ports import AttemptConfig, CallPorts
from opendeep.call_processor_service.call_recovery_svc import CallRecoveryService
from opendeep.call_processor_service.dialing import DialConfig
from opendeep.call_processor_service.node_membership import NodeMembership
from opendeep.call_processor_service.reservation import CallLimits
from opendeep.campaign_summarizer_service.campaign_summarizer_svc import CampaignSummarizerService
from opendeep.common.clock import Clock
from opendeep.common.errors import SettingsError
from opendeep.common.event_bus import EventBus
from opendeep.common.lifecycle import Service
from opendeep.common.redis_client import RedisClient
from opendeep.config.app_config import AppConfig
from opendeep.database.engine import Database
from opendeep.follow_up_service.mail_sender import MailConfig, MailSender
from opendeep.follow_up_service.notifications import Notifications
from opendeep.follow_up_service.notifier_svc import NotifierService
from opendeep.follow_up_service.webhook_client import WebhookClient
from opendeep.llm_integrations.text_model import TextModel
from opendeep.post_call_analyzer_service.analysis_svc import AnalyzerConfig, PostCallAnalyzerService
from opendeep.task_manager.call_briefing import CallBriefing
from opendeep.task_manager.call_consultant import CallConsultant, ConsultLimits
from opendeep.task_manager.call_desk import CallDesk
from opendeep.task_manager.campaign_import import CampaignImport
from opendeep.task_manager.dial_gate import PolicyDialGate
from opendeep.task_manager.dial_inputs import BudgetRules, DialRules
from opendeep.task_manager.feedback_manager_svc import FeedbackConfig, FeedbackManagerService
from opendeep.task_manager.opt_out_spool import OptOutSpool
from opendeep.task_manager.orchestrator_svc import OrchestratorService
from opendeep.task_manager.oversight import OversightConfig
from opendeep.task_manager.oversight_acts import OversightActions
from opendeep.task_manager.plan_preview import Pace, PlanPreview
from opendeep.task_manager.stop_switch import CallStopperService, StopSwitch
from opendeep.task_manager.task_actions import CampaignActions, TaskActions
from opendeep.task_manager.task_lifecycle_manager_svc import (
    LifecycleConfig,
    TaskLifecycleManagerService,
)
from opendeep.task_manager.task_scheduler_svc import SchedulerConfig, TaskSchedulerService
from opendeep.task_manager.ui_assistant_svc import AssistantChats

_ASTERISK_CONNECTS_WITHIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What all services stand on; open while they run."""

    config: AppConfig
    ends: FarEnds
    database: Database
    bus: EventBus
    clock: Clock
    model: TextModel
    small_model: TextModel
    assistant: AssistantChats
    part: ProcessPart
    wakeups: Service | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services of a process, by who must outlive whom: links outlive the work on them."""

    links: list[Service]
    work: list[Service]
    ami: AsteriskAmiClient | None
    """None where the process has nothing to do with the exchange."""
    media: AudioSocketServer
    orchestrator: OrchestratorService
    task_actions: TaskActions
    campaign_actions: CampaignActions
    plan_preview: PlanPreview
    campaign_import: CampaignImport
    stop_switch: StopSwitch
    oversight: OversightActions
    notifications: Notifications
    feedback: FeedbackManagerService
    summarizer: CampaignSummarizerService


def build_services(base: Foundation) -> Services:
    """Make every service of the process.

    Raises:
        SettingsError: an address in the settings is not ``host:port``.
    """
    config = base.config
    feedback = FeedbackManagerService(
        base.database,
        base.bus,
        base.clock,
        FeedbackConfig(timeout_seconds=config.feedback_timeout_seconds, countries=config.countries),
    )
    gate = PolicyDialGate(dial_rules(config))
    spool = OptOutSpool(opt_outs_dir(config), base.database, base.clock)
    media = _media(base, CallDesk(base.database, feedback, spool))
    ami = AsteriskAmiClient(base.ends.ami)
    membership = NodeMembership(node_name(config), base.database, is_ready=lambda: ami.is_connected)
    keys = AsteriskAmiClient(replace(base.ends.ami, events="off"), name="asterisk_ami_keys")
    limits = call_limits(config)
    initiator = CallInitiatorService(
        config=_attempt_config(config, limits),
        limits=limits,
        ports=CallPorts(
            ami=ami,
            keys=keys,
            media=media,
            briefing=CallBriefing(base.database, base.clock, records_calls=config.record_calls),
            database=base.database,
            bus=base.bus,
            clock=base.clock,
            opt_outs=spool,
            number_gate=gate,
            transfer_gate=gate,
            membership=membership,
        ),
        gate=gate,
        shares=base.part.is_one_of_many,
    )
    summarizer = CampaignSummarizerService(
        database=base.database, bus=base.bus, model=base.small_model, clock=base.clock
    )
    orchestrator = OrchestratorService(base.database, countries=config.countries)
    task_actions = TaskActions(base.database, base.bus, base.clock)
    webhooks = WebhookClient()
    either = frozenset({Role.SCHEDULER, Role.CALLS})
    links, work = RoleServices(base.part.roles), RoleServices(base.part.roles)
    if isinstance(base.bus, RedisClient):
        links.chosen.append(base.bus)
    if base.wakeups is not None:
        links.chosen.append(base.wakeups)
    links.add(membership, keys, media, of=Role.CALLS)
    links.add(ami, of=either)
    work.add(_scheduler(base, gate), of=Role.SCHEDULER)
    work.add(CallRecoveryService(base.database, ami, base.clock), of=either)
    work.add(initiator, CallStopperService(base.database, base.bus), of=Role.CALLS)
    work.add(
        PostCallAnalyzerService(
            database=base.database,
            bus=base.bus,
            model=base.model,
            clock=base.clock,
            config=AnalyzerConfig(node=node_name(config)),
        ),
        TaskLifecycleManagerService(
            database=base.database,
            bus=base.bus,
            clock=base.clock,
            model=base.model,
            config=LifecycleConfig(
                oversight=OversightConfig(tokens_per_day=config.lifecycle_tokens_per_user_day)
            ),
        ),
        feedback,
        summarizer,
        NotifierService(
            database=base.database,
            bus=base.bus,
            clock=base.clock,
            client=webhooks,
            mail=mail_sender(config),
        ),
        of=Role.INSIGHT,
    )
    return Services(
        links=links.chosen,
        work=work.chosen,
        ami=ami if base.part.roles & either else None,
        media=media,
        orchestrator=orchestrator,
        plan_preview=PlanPreview(
            base.database,
            dial_rules(config),
            Pace(
                calls_at_once=min(
                    config.max_concurrent_calls,
                    config.max_concurrent_calls_per_user,
                    config.max_concurrent_calls_per_campaign or config.max_concurrent_calls,
                ),
                calls_per_second=config.calls_per_second,
            ),
        ),
        campaign_import=CampaignImport(
            base.database, base.clock, orchestrator, countries=config.countries
        ),
        task_actions=task_actions,
        campaign_actions=CampaignActions(base.database, task_actions),
        stop_switch=StopSwitch(base.database),
        oversight=OversightActions(base.database),
        notifications=Notifications(base.database, webhooks, mails=bool(config.smtp_host)),
        feedback=feedback,
        summarizer=summarizer,
    )


def mail_sender(config: AppConfig) -> MailSender | None:
    """Return what sends e-mail; None where no server is set."""
    if not config.smtp_host:
        return None
    return MailSender(
        MailConfig(
            host=config.smtp_host,
            port=config.smtp_port,
            security=config.smtp_security,
            username=config.smtp_username,
            password=config.smtp_password.get_secret_value(),
            sender=config.smtp_from or config.smtp_username,
        )
    )


def node_name(config: AppConfig) -> str:
    """Return this process's lasting name."""
    return config.opendeep_node or platform.node()


def call_limits(config: AppConfig) -> CallLimits:
    """Return how many calls the settings allow."""
    return CallLimits(
        max_concurrent_calls=config.max_concurrent_calls,
        max_concurrent_calls_per_user=config.max_concurrent_calls_per_user,
        max_concurrent_calls_per_campaign=config.max_concurrent_calls_per_campaign or None,
        calls_per_second=config.calls_per_second,
    )


def dial_rules(config: AppConfig) -> DialRules:
    """Return the rules of dialling that the settings ask for."""
    are_people = config.auth_mode == "password"
    return DialRules(
        enforce_hours=config.calling_hours_enforced,
        global_dnd_threshold=config.global_dnd_threshold if are_people else None,
        countries=config.countries,
        budgets=BudgetRules(
            campaign_usd=config.budget_campaign_usd,
            user_day_usd=config.budget_user_day_usd,
            day_usd=config.budget_day_usd,
            estimate_usd=config.call_estimate_usd,
        ),
    )


def recordings_dir(config: AppConfig) -> Path:
    """Return where recordings lie."""
    return config.opendeep_data_dir.resolve() / "recordings"


def opt_outs_dir(config: AppConfig) -> Path:
    """Return where opt-outs lie until the database has them."""
    return config.opendeep_data_dir.resolve() / "opt_outs"


def _scheduler(base: Foundation, gate: PolicyDialGate) -> TaskSchedulerService:
    config = SchedulerConfig(
        max_concurrent_calls=1 if base.config.app_test_mode else base.config.max_concurrent_calls,
        max_concurrent_calls_per_user=base.config.max_concurrent_calls_per_user,
        max_concurrent_calls_per_campaign=base.config.max_concurrent_calls_per_campaign or None,
        canary_calls=base.config.canary_calls,
        poll_seconds=base.config.scheduler_poll_seconds,
        claimed_by=f"{platform.node()}:{secrets.token_hex(4)}",
    )
    return TaskSchedulerService(config, database=base.database, bus=base.bus, gate=gate)


def _attempt_config(config: AppConfig, limits: CallLimits) -> AttemptConfig:
    return AttemptConfig(
        dialing=DialConfig(
            template=config.asterisk_dial_template,
            number_format=config.asterisk_number_format,
            test_mode=config.app_test_mode,
            redirect_number=config.app_test_mode_redirect_number,
            test_template=config.asterisk_test_dial_template,
        ),
        context=config.asterisk_context,
        caller_id=config.asterisk_caller_id or None,
        ring_seconds=config.ring_seconds,
        max_call_seconds=config.max_call_seconds,
        recordings=recordings_dir(config) if config.record_calls else None,
        pace=CallPace(calls=limits.window_calls, window_seconds=limits.window_seconds),
    )


def _media(base: Foundation, desk: CallDesk) -> AudioSocketServer:
    config = base.config
    host, port = split_address(config.audiosocket_bind, "AUDIOSOCKET_BIND")
    # A practice exchange is told each call's address, so any free port will do.
    port = 0 if config.practice_exchange else port
    if config.audiosocket_advertise:
        split_address(config.audiosocket_advertise, "AUDIOSOCKET_ADVERTISE")
    return AudioSocketServer(
        AudioSocketConfig(
            host=host,
            port=port,
            advertise=config.audiosocket_advertise or None,
            allowed_networks=tuple(
                part.strip() for part in config.audiosocket_allowed_ips.split(",") if part.strip()
            ),
            connect_seconds=config.ring_seconds + _ASTERISK_CONNECTS_WITHIN_SECONDS,
        ),
        MediaPorts(
            bus=base.bus,
            desk=desk,
            clock=base.clock,
            make_voice=_voice_factory(base),
            consultant=_consultant(base),
        ),
    )


def _voice_factory(base: Foundation) -> VoiceAgentFactory:
    config = base.config
    if config.voice_provider == "gemini":
        gemini = GeminiLiveConfig(
            url=config.gemini_live_url,
            api_key=config.google_api_key.get_secret_value(),
            model=config.gemini_live_model,
            voice=config.gemini_live_voice,
        )
        return lambda: GeminiLiveClient(gemini)
    if config.voice_provider == "local":
        network = base.ends.network
        if network is None or network.engines is None:
            raise SettingsError("VOICE_PROVIDER=local needs a single process: no --workers.")
        parts = local_parts(network.engines)
        return lambda: CascadeVoice(parts)
    voice = RealtimeConfig(
        url=base.ends.realtime_url,
        api_key=base.ends.realtime_key,
        model=config.openai_realtime_model,
        voice=config.openai_realtime_voice,
        priced=not config.practice_voice,
    )
    return lambda: OpenAIRealtimeClient(voice, clock=base.clock)


def _consultant(base: Foundation) -> CallConsultant | None:
    if not base.config.call_consult:
        return None
    return CallConsultant(base.database, base.model, base.clock, ConsultLimits())


def split_address(text: str, setting: str) -> tuple[str, int]:
    """Split ``host:port``.

    Raises:
        SettingsError: it has another form; the message names the setting.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004
        raise SettingsError(f"{setting} must be host:port, as in 127.0.0.1:9092.")
    return host.strip("[]"), int(port)
