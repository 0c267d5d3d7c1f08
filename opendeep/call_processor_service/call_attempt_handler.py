"""One call, from Originate to hang-up: one owner, one loop, one end.

The handler reads what concerns its channel in order (:class:`AmiSubscription`) and commits each
step before the next. Everyone who wants the call over calls :meth:`CallAttemptHandler.end`; the
first cause wins. At most one dial: ``originating`` is committed before Originate is sent, and what
follows never sends it again. A lost link does not end a call: on its return Asterisk is asked.

=================  ==============================  ===========================================
Acquired           where                           released
=================  ==============================  ===========================================
event queue        ``events_of``                   exit stack, when ``run`` ends
command channel    ``bus.serve``                   exit stack, when ``run`` ends
media              ``media.prepare``               ``media.finish`` in ``_close``
key player's task  nursery in ``_follow``          cancelled when the call is over
transfer's task    nursery in ``_follow``          the same; it hangs up its own leg
the row            reserved by the initiator       ``ended`` or ``release`` in ``_close``
=================  ==============================  ===========================================
"""

import asyncio
import weakref
from collections.abc import Coroutine
from contextlib import AbstractContextManager, AsyncExitStack
from dataclasses import replace
from typing import Any, assert_never

import structlog

from opendeep.call_processor_service import attempt_times as times
from opendeep.call_processor_service.ami_actions import AmiAction
from opendeep.call_processor_service.ami_link import AmiUnavailableError
from opendeep.call_processor_service.ami_protocol import AmiMessage
from opendeep.call_processor_service.ami_subscription import (
    AmiLinkLost,
    AmiLinkRestored,
    AmiNews,
    AmiSubscription,
)
from opendeep.call_processor_service.attempt_closing import save_end
from opendeep.call_processor_service.attempt_end import NO_MEDIA, judge_end
from opendeep.call_processor_service.attempt_facts import learn
from opendeep.call_processor_service.attempt_phase import AttemptPhase
from opendeep.call_processor_service.attempt_report import AttemptReport
from opendeep.call_processor_service.attempt_states import EndFacts
from opendeep.call_processor_service.call_ports import Attempt, AttemptConfig, CallPorts
from opendeep.call_processor_service.channel_events import (
    ChannelAnswered,
    ChannelHungUp,
    ChannelMade,
    ChannelRang,
    OriginateFailed,
    TransferDialled,
    read_event,
)
from opendeep.call_processor_service.key_player import KeyPlayer
from opendeep.call_processor_service.placement import prepare_originate, take_turn, why_too_late
from opendeep.call_processor_service.transfer import Transfers
from opendeep.common import messages
from opendeep.common.data_models import CallCause
from opendeep.common.errors import (
    ConflictError,
    InvalidInputError,
    OpenDeepError,
    UnavailableError,
)
from opendeep.common.ids import channel_id
from opendeep.common.lifecycle import Nursery, finish_within
from opendeep.common.messages import EndCall, Message, SendDtmf, TransferCall
from opendeep.common.ports import MediaReport

log = structlog.get_logger(__name__)


class CallAttemptHandler:
    """Owns one attempt; run it once.

    Args:
        attempt: the reserved rows.
        config: how calls are placed.
        ports: whom to work with.
    """

    def __init__(self, attempt: Attempt, *, config: AttemptConfig, ports: CallPorts) -> None:
        self._attempt = attempt
        self._config = config
        self._ports = ports
        self._report = AttemptReport(
            ports.database, attempt.call, node=ports.membership.node, gate=ports.number_gate
        )
        self._unique_id = channel_id(attempt.call.id)
        self._channel = self._unique_id
        # Its parts know it weakly: with a cycle, its memory would wait for the garbage collector.
        line = weakref.proxy(self)
        self._keys = KeyPlayer(ports.keys, channel=lambda: line.channel)
        self._transfers = Transfers(
            line, attempt=attempt, config=config, ports=ports, report=self._report
        )
        self._media: MediaReport | None = None
        self._inbox = AmiSubscription()
        self._facts = EndFacts()
        self._reason = ""
        self._hangup_text = ""
        self._phase = AttemptPhase()

    async def run(self) -> None:
        """Place the call, follow it to its end, and commit that end."""
        call = self._attempt.call
        with structlog.contextvars.bound_contextvars(call_id=call.id, task_id=call.task_id):
            async with AsyncExitStack() as stack:
                events = self._ports.ami.events_of(self._unique_id, into=self._inbox)
                await stack.enter_async_context(events)
                commands = self._ports.bus.serve(messages.call_commands(call.id), self._command)
                await stack.enter_async_context(commands)
                try:
                    if await self._place():
                        await self._follow()
                finally:
                    limit = times.STOP_SECONDS if self._phase.stopping else times.CLOSE_SECONDS
                    await finish_within(limit, self._close(), name=f"close:{call.id}")

    def end(self, cause: CallCause, reason: str = "") -> None:
        """Hang up for this cause; the first one wins, also against an end seen before."""
        if self._facts.asked is None and not self._phase.over:
            self._facts = replace(self._facts, asked=cause)
            self._reason = reason
            self._inbox.wake()

    def stop(self) -> None:
        """Hang up because the process stops: bounded in time."""
        self._phase.stopping = True
        if self._phase.left:
            self.handed_over("The callee was being handed over when OpenDeep was stopped.")
        else:
            self.end(CallCause.CANCELLED, "OpenDeep was stopped.")

    async def _place(self) -> bool:
        """Prepare the media, commit, and send Originate once; return whether it may be dialling."""
        try:
            target, action = await prepare_originate(self._attempt, self._config, self._ports)
            await self._ports.opt_outs.settle()
            turn = await take_turn(
                self._report, target, self._config, self._ports, lambda: self._facts.asked is None
            )
            if turn is None:
                self._unwanted()
                return False
        except OpenDeepError as error:
            # Only a person can put right what is invalid.
            may_retry = not isinstance(error, InvalidInputError)
            self._not_sent(f"Not dialled: {error.message}", may_retry=may_retry)
            return False
        self._phase.sent = True
        self._phase.sent_at = self._ports.clock.monotonic()
        limit = self._config.ring_seconds + times.RING_GRACE_SECONDS
        self._wait_at_most(limit, CallCause.NO_ANSWER)
        reason = await why_too_late(self._report, self._config, self._ports.clock, turn)
        if reason:
            self._not_sent(reason)
            return False
        if self._facts.asked is not None:
            self._unwanted()
            return False
        return await self._send(turn.lease.limit(action))

    def _unwanted(self) -> None:
        """Give back an attempt whose end was asked for before anything was written."""
        self._phase.sent = False
        if self._facts.asked is CallCause.USER_HUNG_UP:  # A person starts it again, or nobody.
            self._not_sent("You ended the call before it was dialled.", may_retry=False)

    def _not_sent(self, reason: str, *, may_retry: bool = True) -> None:
        """Give the attempt back: nothing was written, and this process alone would have."""
        self._phase.sent = False
        self._phase.unsent.reason = reason
        self._phase.unsent.retry_seconds = times.RETRY_UNSENT_SECONDS if may_retry else None
        log.warning("attempt_not_sent", reason=reason)

    async def _send(self, action: AmiAction) -> bool:
        try:
            response = await self._ports.ami.send_action(action)
        except AmiUnavailableError as error:
            self._phase.linked = self._ports.ami.is_connected
            if not error.outcome_unknown:
                self._not_sent(f"Not dialled: {error.message}")
                return False
            log.warning("originate_outcome_unknown", reason=error.message)
        else:
            if not response.is_success:
                words = response.get("Message") or "no reason given"
                self.end(CallCause.EXCHANGE_FAILED, f"Asterisk refused to dial: {words}.")
                return False
        try:
            await self._ports.media.open_voice(self._attempt.call.id)
        except UnavailableError as error:
            self.end(CallCause.AI_FAILED, error.message)
        return True

    async def _follow(self) -> None:
        name = f"call:{self._attempt.call.id}"
        async with Nursery(name, on_failure=self._part_failed) as nursery:
            nursery.start(self._keys.run(), name="keys")
            nursery.start(self._transfers.run(), name="transfers")
            while not self._phase.over:
                try:
                    async with asyncio.timeout_at(self._phase.deadline):
                        news = await self._inbox.get()
                except TimeoutError:
                    self._pass_deadline()
                else:
                    await self._take(news)
                if self._facts.asked and not (self._phase.hanging_up or self._phase.over):
                    await self._hang_up()

    def _part_failed(self, name: str, _error: BaseException) -> None:
        """End a call whose transfers died: its callee may be on hold with nobody to resume."""
        if name.endswith(":transfers") and not self._phase.left:
            self.end(CallCause.EXCHANGE_FAILED, "The callee could not be handed over.")

    def _wait_at_most(self, seconds: float, then: CallCause | None) -> None:
        self._phase.deadline = asyncio.get_running_loop().time() + seconds
        self._phase.then = then

    def _pass_deadline(self) -> None:
        if self._phase.then is None:
            if self._phase.hanging_up:
                log.warning("hangup_not_confirmed")
            self._phase.over = True
        elif self._phase.linked or self._facts.answered:
            self.end(self._phase.then, self._reason)
        else:
            self._phase.lost = True  # It may have rung, and somebody may have answered.
            self.end(CallCause.EXCHANGE_FAILED, "Its manager was away while the call was placed.")

    async def _take(self, news: AmiNews | None) -> None:
        match news:
            case None:
                pass
            case AmiLinkLost():
                self._phase.linked = False
                log.warning("call_link_lost", reason=news.reason)
            case AmiLinkRestored():
                await self._ask_status()
            case AmiMessage():
                await self._take_event(news)
            case _:
                assert_never(news)

    async def _take_event(self, message: AmiMessage) -> None:
        event = read_event(message)
        if event is None:
            return
        first_answer = not self._facts.answered
        waited = self._ports.clock.monotonic() - self._phase.sent_at
        ring_over = waited >= self._config.ring_seconds - times.RING_SLACK_SECONDS
        self._facts = learn(self._facts, event, ring_over=ring_over)
        match event:
            case ChannelMade(channel):
                self._channel = channel
                self._phase.hanging_up = False  # An earlier Hangup found no channel.
            case ChannelRang():
                await self._commit(self._report.ringing())
            case ChannelAnswered() if first_answer:
                await self._take_answer()
            case OriginateFailed():
                self._wait_at_most(times.FAILURE_GRACE_SECONDS, None)
            case TransferDialled(status):
                self._transfers.dialled(status)
            case ChannelHungUp(text=text):
                if self._phase.dismissed:
                    self.end(CallCause.COMPLETED, self._phase.dismissed)
                self._hangup_text = text
                self._phase.over = True
            case _:
                pass  # A fact like others.

    async def _take_answer(self) -> None:
        self._phase.answered_at = self._ports.clock.monotonic()
        if not self._phase.hanging_up:
            limit = self._config.max_call_seconds + times.TALK_GRACE_SECONDS
            self._wait_at_most(limit, CallCause.TIME_LIMIT)
        await self._commit(self._report.answered())

    async def _ask_status(self) -> None:
        """Learn what became of the channel while events were missing."""
        try:
            found = await self._ports.ami.list_action(AmiAction.status(self._unique_id))
        except AmiUnavailableError:
            return  # Lost again: the next return of the link asks again.
        self._phase.linked = True
        self._phase.hanging_up = False
        self._phase.lost = not found and (self._phase.lost or self._facts.asked is None)
        if not found:
            log.warning("call_gone_unseen")
            self._phase.over = True
            return
        self._channel = found[0].get("Channel") or self._channel
        await self._take_event(found[0])

    async def _hang_up(self) -> None:
        self._phase.hanging_up = True
        self._wait_at_most(times.HANGUP_SECONDS, None)
        try:
            async with asyncio.timeout(times.HANGUP_SECONDS):
                await self._ports.ami.send_action(AmiAction.hangup(self._channel))
        except (AmiUnavailableError, TimeoutError):
            log.warning("hangup_not_answered")

    async def _commit(self, work: Coroutine[Any, Any, None]) -> None:
        """Write a step; a database that is away must not cost the call, and the end is kept."""
        try:
            await work
        except UnavailableError as error:
            log.warning("call_step_not_saved", reason=error.message)

    async def _command(self, message: Message) -> None:
        match message:
            case EndCall(cause=cause, reason=reason):
                if not self._phase.holds_back(message):
                    self.end(cause, reason)
            case SendDtmf(digits=digits):
                if not self._facts.answered:
                    raise ConflictError("Nobody has answered yet: keys cannot be sent.")
                self._keys.play(digits)
                await self._report.note("dtmf_sent", digits=digits)
            case TransferCall():
                await self._transfers.request(message)
            case _:
                raise InvalidInputError("A call does not take this command.")

    async def _close(self) -> None:
        """Release the media, then commit the end."""
        phase = self._phase
        if phase.sent and not phase.over:
            await self._hang_up()
        await self._keep_report()
        end = judge_end(
            self._facts,
            self._media or NO_MEDIA,
            seen=phase.over or self._facts.asked is not None,
            lost=phase.lost,
            reason=self._reason,
            hangup_text=self._hangup_text,
            talk_seconds=self.talk_ms / 1000,
        )
        end = replace(end, handed_over=phase.left and end.cause is CallCause.COMPLETED)
        await save_end(self._report, end, unsent=None if phase.sent else phase.unsent)

    async def _keep_report(self) -> None:
        """Release the callee's sound, once: a transfer may do so before the end."""
        if self._media is None:
            self._media = await self._ports.media.finish(self._attempt.call.id)

    # What a transfer does with the call (transfer.TransferLine).

    @property
    def channel(self) -> str:
        """The callee's channel, by its name where it has one."""
        return self._channel

    @property
    def talk_ms(self) -> int:
        """The ms since the answer."""
        return round((self._ports.clock.monotonic() - self._phase.answered_at) * 1000)

    @property
    def may_transfer(self) -> bool:
        """Whether somebody answered and is still with us, and nobody asked for the end."""
        phase = self._phase
        gone = phase.over or phase.left
        return self._facts.answered and self._facts.asked is None and not gone

    def moving(self) -> AbstractContextManager[None]:
        """Hold an end back whose reason is that Asterisk took the callee out of our sound."""
        return self._phase.moving(self.end)

    async def leave(self) -> None:
        """Take our sound away from the callee, who stays in Asterisk's hands."""
        self._phase.left = True
        self._reason = "The callee was being handed over."
        # What the media came to must be known although the callee hangs up meanwhile.
        name = f"leave:{self._attempt.call.id}"
        await finish_within(times.STOP_SECONDS, self._keep_report(), name=name)

    def handed_over(self, reason: str) -> None:
        """End our part, and leave the channel alone: others talk on it now."""
        if self._facts.asked is None and not self._phase.over:
            self._facts = replace(self._facts, asked=CallCause.COMPLETED)
            self._reason = reason
            self._phase.over = True
            self._inbox.wake()

    def dismissed(self, reason: str) -> None:
        """Let the dialplan say goodbye to a callee whom our sound has left, for a while."""
        self._phase.dismissed = self._reason = reason
        self.extend(times.GOODBYE_SECONDS)

    def extend(self, seconds: float) -> None:
        """Let the call go on for ``seconds`` from now at most."""
        self._wait_at_most(seconds, CallCause.COMPLETED)
        self._inbox.wake()
