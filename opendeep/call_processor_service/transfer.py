"""Hands a callee over to another number: blind, or after the other person has agreed.

Blind: Asterisk takes the callee out of our sound (Redirect) and dials for them; a number that
cannot be reached ends the call with the dialplan's words. Attended: the callee holds, a
:class:`TransferLeg` is dialled and told who is on the line, and the two are bridged when it takes
the call; else the AI goes on with the callee. What is sent to Asterisk is sent once: where its
outcome is unknown, the channel is looked at.

Our part of the call ends when the two talk: the row ends ``completed``, its slot is free, and the
channel is left to Asterisk (docs/decisions, "A transferred call is over for us").
"""

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol, assert_never

import structlog

from opendeep.call_processor_service import transfer_actions
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiUnavailableError
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.attempt_report import AttemptReport
from opendeep.call_processor_service.attempt_states import DIAL_STATUSES
from opendeep.call_processor_service.call_ports import Attempt, AttemptConfig, CallPorts
from opendeep.call_processor_service.dialing import DialTarget, dial_target
from opendeep.call_processor_service.placement import media_config
from opendeep.call_processor_service.transfer_leg import (
    LegOrder,
    TransferFailedError,
    TransferLeg,
)
from opendeep.call_processor_service.transfer_words import (
    BRIEFING_INSTRUCTIONS,
    briefing,
    failure_words,
)
from opendeep.common import messages
from opendeep.common.data_models import CallCause
from opendeep.common.errors import (
    ConflictError,
    InvalidInputError,
    OpenDeepError,
    UnavailableError,
)
from opendeep.common.ids import new_call_id
from opendeep.common.lifecycle import finish_within, wait_event
from opendeep.common.messages import HoldCallee, Message, ResumeCallee, TransferCall
from opendeep.common.ports import Briefing

log = structlog.get_logger(__name__)

TALK_SECONDS = 4 * 3600
"""The longest that two people talk after an attended transfer; blind ones: the dialplan's limit."""
_RING_GRACE_SECONDS = 10.0
_LOOK_SECONDS = 5.0
# A link that was lost is back within 15 s at the latest, where Asterisk lives.
_LOOKS = 20
_LOOK_PAUSE_SECONDS = 1.25
_TELL_SECONDS = 5.0


class TransferLine(Protocol):
    """The call that is handed over, as its handler offers it."""

    @property
    def channel(self) -> str:
        """The callee's channel."""
        ...

    @property
    def talk_ms(self) -> int:
        """The ms since the answer."""
        ...

    @property
    def may_transfer(self) -> bool:
        """Whether somebody answered, and nobody asked for the end."""
        ...

    def moving(self) -> AbstractContextManager[None]:
        """Let no failure of our sound end the call while Asterisk may be taking the callee out."""
        ...

    async def leave(self) -> None:
        """Take our sound away from the callee."""
        ...

    def handed_over(self, reason: str) -> None:
        """End our part, and leave the channel alone."""
        ...

    def dismissed(self, reason: str) -> None:
        """Let the dialplan say goodbye to a callee whom our sound has left."""
        ...

    def extend(self, seconds: float) -> None:
        """Let the call go on for ``seconds`` from now at most."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    command: TransferCall
    target: DialTarget


class Transfers:
    """The transfers of one call, one at a time, while :meth:`run` runs."""

    def __init__(
        self,
        line: TransferLine,
        *,
        attempt: Attempt,
        config: AttemptConfig,
        ports: CallPorts,
        report: AttemptReport,
    ) -> None:
        self._line = line
        self._attempt = attempt
        self._config = config
        self._ports = ports
        self._report = report
        self._order: _Order | None = None
        self._ordered = asyncio.Event()
        self._dialled = asyncio.Event()
        self._dial_status = ""

    async def request(self, command: TransferCall) -> None:
        """Check a command, and begin with it; returns at once.

        Raises:
            ConflictError: nobody is on the line, or another transfer is under way.
            InvalidInputError: the number is one that is never dialled.
        """
        self._require_free()
        async with self._ports.database.transaction() as tx:
            refusal = await self._ports.transfer_gate.check_number(
                tx, self._attempt.user.id, command.to
            )
        if refusal is not None:
            raise InvalidInputError(refusal, code="transfer_refused")
        target = dial_target(command.to, self._config.dialing)
        self._require_free()
        self._order = _Order(command=command, target=target)
        self._ordered.set()

    def dialled(self, status: str) -> None:
        """Take Dial's word for what the dialplan dialled for the callee."""
        self._dial_status = status
        self._dialled.set()

    async def run(self) -> None:
        """Carry out what is requested, until cancelled."""
        while True:
            await self._ordered.wait()
            try:
                if self._order is not None:
                    await self._carry_out(self._order)
            finally:
                self._order = None
                self._ordered.clear()

    def _require_free(self) -> None:
        if not self._line.may_transfer:
            raise ConflictError("Nobody is on the line to be handed over.", code="not_talking")
        if self._order is not None:
            raise ConflictError("The callee is being handed over.", code="transfer_under_way")

    async def _carry_out(self, order: _Order) -> None:
        number = order.command.to
        left = False
        try:
            match order.command.mode:
                case "blind":
                    await self._leave_for(order)
                    left = True
                    await self._blind(order)
                case "attended":
                    await self._attended(order)
                case _:
                    assert_never(order.command.mode)
        except OpenDeepError as error:
            words = (
                error.message
                if isinstance(error, TransferFailedError)
                else failure_words(CallCause.EXCHANGE_FAILED)
            )
            log.warning("transfer_failed", reason=error.message)
            await self._fail(f"{number} {words}.", left=left)
        else:
            words = f"The callee was handed over to {number}."
            # First of all: from here on nothing of ours may end what the two say.
            self._line.handed_over(words)
            told = self._tell("transferred", words, to=number)
            await finish_within(_TELL_SECONDS, told, name="transferred")

    async def _leave_for(self, order: _Order) -> None:
        """Have Asterisk take the callee to the other number, and our sound away."""
        number, channel = order.command.to, self._line.channel
        await self._report.note("transfer_started", to=number, mode="blind")
        await self._voice(HoldCallee())
        ring = str(round(self._config.ring_seconds))
        await self._do(transfer_actions.set_dial_string(channel, order.target.channel))
        await self._do(transfer_actions.set_number(channel, transfer_actions.RING_SECONDS, ring))
        with self._line.moving():
            try:
                await self._do(transfer_actions.redirect_blind(channel))
            except AmiUnavailableError as error:
                if not error.outcome_unknown or not await self._is_at_transfer():
                    raise
            await self._line.leave()
        self._line.extend(self._config.ring_seconds + _RING_GRACE_SECONDS)

    async def _blind(self, order: _Order) -> None:
        # Where Dial's word was lost with the link, the bridge tells.
        while not await wait_event(self._dialled, _LOOK_SECONDS):
            if await self._talks():
                return
        if self._dial_status == "CANCEL":
            # The callee has hung up: the channel's end tells so in a moment, and ends this task.
            await asyncio.sleep(_RING_GRACE_SECONDS)
        if self._dial_status != "ANSWER":
            cause = DIAL_STATUSES.get(self._dial_status, CallCause.EXCHANGE_FAILED)
            raise TransferFailedError(failure_words(cause))
        log.info("transfer_answered", mode=order.command.mode)

    async def _attended(self, order: _Order) -> None:
        attempt = self._attempt
        leg_id = new_call_id()
        await self._report.note(
            "transfer_started", to=order.command.to, mode="attended", leg=leg_id
        )
        words = await self._ports.briefing.brief(attempt.task, attempt.user)
        told = Briefing(
            instructions=BRIEFING_INSTRUCTIONS,
            disclosure=briefing(words.disclosure, attempt.task.language or "en"),
        )
        media = replace(
            media_config(attempt, self._config, told),
            call_id=leg_id,
            part_of=attempt.call.id,
            recording_path=None,
        )
        await self._voice(HoldCallee())
        leg = TransferLeg(
            LegOrder(media=media, target=order.target), config=self._config, ports=self._ports
        )
        async with leg.open():
            await leg.accepted()
            await self._join(leg)

    async def _join(self, leg: TransferLeg) -> None:
        ours, theirs = self._line.channel, leg.channel
        for channel in (ours, theirs):
            await self._do(transfer_actions.set_number(channel, transfer_actions.HANDED_OVER, "1"))
            await self._do(transfer_actions.absolute_timeout(channel, TALK_SECONDS))
        with self._line.moving():
            try:
                await self._do(transfer_actions.bridge(ours, theirs))
            except AmiUnavailableError as error:
                if not error.outcome_unknown or not await self._talks():
                    raise
            leg.joined()
            await self._line.leave()

    async def _do(self, action: AmiAction) -> None:
        """Send an action once; one that Asterisk refuses ends the transfer."""
        response = await self._ports.ami.send_action(action)
        if not response.is_success:
            log.warning("transfer_refused", action=action.name, reason=response.get("Message"))
            raise TransferFailedError(failure_words(CallCause.EXCHANGE_FAILED))

    async def _is_at_transfer(self) -> bool:
        found = await self._look()
        return found is not None and found.get("Context") == transfer_actions.TRANSFER_CONTEXT

    async def _talks(self) -> bool:
        found = await self._look()
        return found is not None and bool(found.get("BridgeID"))

    async def _look(self) -> AmiMessage | None:
        """Return the callee's channel as Asterisk has it now; None where it is gone."""
        for _ in range(_LOOKS):
            try:
                found = await self._ports.ami.list_action(AmiAction.status(self._line.channel))
            except AmiUnavailableError:
                await asyncio.sleep(_LOOK_PAUSE_SECONDS)
            else:
                return found[0] if found else None
        return None

    async def _fail(self, words: str, *, left: bool) -> None:
        if left:
            self._line.dismissed(f"The callee could not be handed over: {words}")
        else:
            await self._voice(ResumeCallee(text=words))
        await self._tell("transfer_failed", f"The callee was not handed over: {words}", why=words)
        if left:
            return
        try:
            channel = self._line.channel
            await self._do(transfer_actions.set_number(channel, transfer_actions.HANDED_OVER, ""))
        except UnavailableError:
            log.info("handed_over_mark_left")

    async def _voice(self, message: Message) -> None:
        """Tell the voice; a call whose voice does not listen is handed over all the same."""
        channel = messages.voice_commands(self._attempt.call.id)
        try:
            await self._ports.bus.command(channel, message)
        except OpenDeepError as error:
            log.warning("voice_not_told", command=message.type, reason=error.message)

    async def _tell(self, name: str, line: str, **detail: str) -> None:
        """Keep what happened; a database that is away must not cost the callee their call."""
        try:
            await self._report.note(name, **detail)
            await self._report.told(line, at_ms=self._line.talk_ms)
        except UnavailableError as error:
            log.warning("transfer_not_saved", reason=error.message)
