"""What ``opendeep doctor`` finds out about the telephone exchange, without calling anybody.

Logged in, the exchange tells its version and what our manager user may do. Whether it reaches our
AudioSocket only it can tell: a ``Local`` channel runs extension ``check`` of our dialplan context,
which connects to a socket that listens here meanwhile, with an id that nobody else knows.
"""

import asyncio
import ipaddress
import uuid
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress

import structlog

from opendeep.audio_processing_service.audiosocket_protocol import (
    HEADER_BYTES,
    IDENTITY_BYTES,
    AudioSocketParser,
    CallIdentified,
)
from opendeep.bootstrap.check import Check
from opendeep.bootstrap.far_ends import FarEnds
from opendeep.bootstrap.services import split_address
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_facts import RIGHTS_REMEDY, ExchangeFacts
from opendeep.call_processor_service.asterisk_ami_client import AsteriskAmiClient
from opendeep.common.errors import OpenDeepError, WireProtocolError
from opendeep.common.lifecycle import Nursery, wait_event
from opendeep.config.app_config import AppConfig

log = structlog.get_logger(__name__)

LOGIN, FACTS, AUDIO = "telephone exchange", "exchange's rights", "audiosocket"
CONNECT_SECONDS = 6.0
_CHECK_EXTEN = "check"
_IDENTITY_FRAME_BYTES = HEADER_BYTES + IDENTITY_BYTES


async def check_exchange(config: AppConfig, ends: FarEnds) -> list[Check]:
    """Log in, look at what we are told, and let the exchange connect to us."""
    ami = AsteriskAmiClient(ends.ami, name="doctor")
    try:
        await ami.connect_and_login()
    except OpenDeepError as error:
        return [Check(name=LOGIN, ok=False, message=error.message, remedy="see ASTERISK_AMI_*")]
    try:
        facts = ami.facts or ExchangeFacts(version="unknown")
        return [*_facts(ends, facts), await _audiosocket(config, ami)]
    finally:
        ami.stop()
        await ami.run()


def _facts(ends: FarEnds, facts: ExchangeFacts) -> list[Check]:
    where = f"Asterisk {facts.version} at {ends.ami.host}:{ends.ami.port}"
    checks = [Check(name=LOGIN, ok=True, message=f"logged in to {where}")]
    if facts.fault:
        checks.append(Check(name=FACTS, ok=False, message=facts.fault, remedy=RIGHTS_REMEDY))
    checks += [
        Check(name="exchange, warning", ok=True, message=warning) for warning in facts.warnings
    ]
    if len(checks) == 1:
        checks.append(Check(name=FACTS, ok=True, message="all that calls need, and no more"))
    return checks


async def _audiosocket(config: AppConfig, ami: AsteriskAmiClient) -> Check:
    """Let the exchange connect to where calls' sound comes in."""
    if config.practice_exchange:
        return Check(name=AUDIO, ok=True, message="not checked: the practice exchange is told")
    try:
        host, port = split_address(config.audiosocket_bind, "AUDIOSOCKET_BIND")
        async with _listening(host, port) as visitors:
            return await _invite(config, ami, visitors)
    except OSError as error:
        reason = error.strerror or str(error)
        return Check(
            name=AUDIO,
            ok=False,
            message=f"cannot listen on {config.audiosocket_bind}: {reason}",
            remedy="stop OpenDeep before you run doctor, or change AUDIOSOCKET_BIND",
        )
    except OpenDeepError as error:
        return Check(name=AUDIO, ok=False, message=error.message, remedy="see AUDIOSOCKET_*")


async def _invite(config: AppConfig, ami: AsteriskAmiClient, visitors: "_Visitors") -> Check:
    address = config.audiosocket_advertise or visitors.address
    call_id = str(uuid.uuid4())
    channel_id = f"od-{call_id}"
    action = AmiAction.originate(
        channel=f"Local/{_CHECK_EXTEN}@{config.asterisk_context}/n",
        channel_id=channel_id,
        context=config.asterisk_context,
        exten=_CHECK_EXTEN,
        timeout_ms=round(CONNECT_SECONDS * 1000),
        variables={"OPENDEEP_CALL_ID": call_id, "OPENDEEP_AUDIOSOCKET": address},
    )
    response = await ami.send_action(action)
    if not response.is_success:
        told = response.get("Message")
        return Check(
            name=AUDIO,
            ok=False,
            message=f"Asterisk refused to run extension {_CHECK_EXTEN} for us: {told}",
            remedy=f"use deploy/asterisk/extensions.conf, see ASTERISK_CONTEXT; {RIGHTS_REMEDY}",
        )
    came = await wait_event(visitors.expect(call_id), CONNECT_SECONDS)
    with suppress(OpenDeepError):
        await ami.send_action(AmiAction.hangup(channel_id))
    if not came:
        return Check(
            name=AUDIO,
            ok=False,
            message=f"Asterisk did not connect to {address} within {CONNECT_SECONDS:g} s",
            remedy=(
                "check AUDIOSOCKET_ADVERTISE, the firewall, that app_audiosocket is loaded, and "
                f"extension {_CHECK_EXTEN} of deploy/asterisk/extensions.conf"
            ),
        )
    return _judge_visitor(config, address, visitors.source)


def _judge_visitor(config: AppConfig, address: str, source: str) -> Check:
    """Look whether calls would accept the address from which Asterisk came."""
    networks = (part.strip() for part in config.audiosocket_allowed_ips.split(","))
    came_from = ipaddress.ip_address(source)
    if any(came_from in ipaddress.ip_network(network) for network in networks if network):
        return Check(name=AUDIO, ok=True, message=f"Asterisk ({source}) reaches {address}")
    return Check(
        name=AUDIO,
        ok=False,
        message=f"Asterisk connects from {source}, which is not allowed",
        remedy=f"add {source} to AUDIOSOCKET_ALLOWED_IPS",
    )


class _Visitors:
    """Who connected, and whether one of them had the id that was given out."""

    def __init__(self) -> None:
        self.address = ""
        self.source = ""
        self._sources: dict[str, str] = {}
        self._expected = ""
        self._came = asyncio.Event()

    def expect(self, call_id: str) -> asyncio.Event:
        """Return what is set once somebody names this call."""
        self._expected = call_id
        self._look()
        return self._came

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read who it is, and close."""
        parser = AudioSocketParser()
        try:
            for event in parser.receive(await reader.readexactly(_IDENTITY_FRAME_BYTES)):
                if isinstance(event, CallIdentified):
                    self._sources[event.uuid] = writer.get_extra_info("peername")[0]
                    self._look()
        except (OSError, EOFError, WireProtocolError):
            log.info("doctor_visitor_unknown")
        finally:
            writer.transport.abort()

    def _look(self) -> None:
        if self._expected in self._sources:
            self.source = self._sources[self._expected]
            self._came.set()


@asynccontextmanager
async def _listening(host: str, port: int) -> AsyncIterator[_Visitors]:
    """Listen while the block is open.

    Raises:
        OSError: the address is taken, or not this machine's.
    """
    visitors = _Visitors()
    async with Nursery("doctor") as nursery:

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            leaving.callback(writer.transport.abort)
            nursery.start(visitors.welcome(reader, writer), name="visitor")

        async with await asyncio.start_server(accept, host, port) as server:
            visitors.address = f"{host}:{server.sockets[0].getsockname()[1]}"
            with ExitStack() as leaving:
                yield visitors
