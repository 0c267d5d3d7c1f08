"""Handing a callee over, in exact virtual time: what is sent, once, and what the rows say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from opendeep.call_processor_service import transfer
from opendeep.call_processor_service.call_attempt_handler import CallAttemptHandler
from opendeep.call_processor_service.call_ports import Attempt
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause, CallStatus
from opendeep.common.errors import ConflictError, InvalidInputError, NoListenerError
from opendeep.common.ids import CallId, UserId
from opendeep.common.messages import (
    CallEvent,
    EndCall,
    GiveHint,
    Message,
    TransferCall,
    call_commands,
    call_events,
    voice_commands,
)
from opendeep.database.models import Call
from opendeep.database.repositories import CallEvents, Transcripts
from opendeep.database.transaction import Transaction
from tests.calls.ami_peer import ScriptedCall, rings_and_is_answered
from tests.calls.call_world import CallWorld, handler_of

OTHER = "+12125550142"
Leg = Callable[["Story", ScriptedCall], Awaitable[None]]


class Gate:
    """Refuses one number."""

    async def check_number(self, _tx: Transaction, _user_id: UserId, number: str) -> str | None:
        """Return a reason for the refused one."""
        return "Never." if number == "+12125550166" else None


async def busy(_story: "Story", call: ScriptedCall) -> None:
    """The other's line is busy."""
    call.made()
    call.fail("BUSY", 17, "User busy")


async def takes_it(story: "Story", call: ScriptedCall) -> None:
    """The other answers, presses a wrong key, and then the right one."""
    await rings_and_is_answered(call)
    await asyncio.sleep(5)
    await story.press(call, "5")
    await asyncio.sleep(1)
    await story.press(call, "1")


async def ignores_it(_story: "Story", call: ScriptedCall) -> None:
    """The other answers and presses nothing."""
    await rings_and_is_answered(call)


async def is_a_voicemail(story: "Story", call: ScriptedCall) -> None:
    """A voicemail answers, as the leg's own media finds out."""
    await rings_and_is_answered(call)
    await asyncio.sleep(4)
    await story.world.bus.command(
        call_commands(story.leg_id(call)), EndCall(cause=CallCause.VOICEMAIL)
    )


async def never_exists(_story: "Story", call: ScriptedCall) -> None:
    """No channel is made."""
    call.originate_response("Failure", 0)


async def hangs_up_early(_story: "Story", call: ScriptedCall) -> None:
    """The other answers and hangs up."""
    await rings_and_is_answered(call)
    await asyncio.sleep(1)
    call.hang_up()


class Story:
    """One answered call, and the lines that it is handed over to."""

    def __init__(self, world: CallWorld, attempt: Attempt) -> None:
        self.world = world
        self.attempt = attempt
        self.handler: CallAttemptHandler = handler_of(world, attempt)
        self.leg: Leg = busy
        self.voice: list[str] = []
        self.legs: list[ScriptedCall] = []
        self.line: ScriptedCall | None = None
        world.peer.script = self._script

    async def _script(self, call: ScriptedCall) -> None:
        if call.unique_id.startswith("odt-"):
            call.channel = f"PJSIP/trunk-{len(self.legs) + 2:08x}"
            self.legs.append(call)
            await self.leg(self, call)
        else:
            self.line = call
            await rings_and_is_answered(call)

    async def _take(self, message: Message) -> None:
        self.voice.append(message.type)

    @asynccontextmanager
    async def talking(self) -> AsyncIterator["Story"]:
        """Answer the call; its end is waited for."""
        async with self.world.bus.serve(voice_commands(self.attempt.call.id), self._take):
            task = self.world.nursery.start(self.handler.run(), name="handler")
            await asyncio.sleep(5)
            yield self
            await task

    @staticmethod
    def leg_id(call: ScriptedCall) -> CallId:
        """Return the leg's own id."""
        return CallId(call.unique_id.removeprefix("odt-"))

    async def press(self, call: ScriptedCall, digit: str) -> None:
        """Press a key on the other line, as its media hears it."""
        pressed = CallEvent(name="key_pressed", detail=digit)
        await self.world.bus.publish(call_events(self.leg_id(call)), pressed)

    async def transfer(self, mode: str = "attended", to: str = OTHER) -> None:
        """Ask for a transfer."""
        command = TransferCall(to=to, mode=mode)  # type: ignore[arg-type]
        await self.world.bus.command(call_commands(self.attempt.call.id), command)

    async def hang_up(self) -> None:
        """The user ends the call."""
        await self.world.command_end(self.attempt.call.id, CallCause.USER_HUNG_UP)

    def asked(self) -> list[str]:
        """Return what was asked of Asterisk after the first Originate, but pings."""
        names = [action.action for action in self.world.peer.actions]
        start = names.index("Originate") + 1
        quiet = {"Ping", "ListCommands", "CoreSettings"}
        return [name for name in names[start:] if name not in quiet]

    async def row(self) -> Call:
        """Return the call's row."""
        return await self.world.call(self.attempt)

    async def detail(self, name: str) -> dict[str, object]:
        """Return the detail of the call's only event of a name."""
        async with self.world.database.transaction() as tx:
            events = await CallEvents(tx, self.attempt.user.id).list(self.attempt.call.id)
        (found,) = [event.detail for event in events if event.name == name]
        return found

    async def lines(self) -> list[str]:
        """Return the transcript."""
        async with self.world.database.transaction() as tx:
            lines = await Transcripts(tx, self.attempt.user.id).lines(self.attempt.call.id)
        return [line.text for line in lines]


@pytest.fixture
async def story(story_clock: LoopClock) -> AsyncIterator[Story]:
    """Return a call in a world whose Asterisk is connected."""
    async with CallWorld(story_clock).open() as world:
        world.ports = replace(world.ports, transfer_gate=Gate())
        yield Story(world, await world.reserve())


async def test_a_blind_transfer_ends_our_part_at_the_answer(story: Story) -> None:
    """Redirect is sent once; at Dial's ANSWER the row ends and the channel is left alone."""
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(3)
        assert story.asked() == ["Setvar", "Setvar", "Redirect"]
        assert (await story.row()).status is CallStatus.IN_PROGRESS
        assert story.world.media.finished == [story.attempt.call.id]
        story.line.event("DialEnd", ("DestUniqueid", "1.2"), ("DialStatus", "ANSWER"))
    assert story.asked() == ["Setvar", "Setvar", "Redirect"]
    row = await story.row()
    assert (row.status, row.cause) == (CallStatus.ENDED, CallCause.COMPLETED)
    task = await story.world.task(story.attempt.task)
    assert task.status_reason == f"The callee was handed over to {OTHER}."
    assert await story.lines() == [f"The callee was handed over to {OTHER}."]
    assert story.voice == ["hold"]
    dial, ring = story.world.peer.asked("Setvar")
    assert dial.get("Value") == f"PJSIP/{OTHER}@trunk"
    assert ring.get("Value") == "30"


async def test_test_mode_redirects_a_transfer_too(story: Story) -> None:
    """In Test Mode the other number is judged and never dialled."""
    dialling = replace(story.world.config.dialing, test_mode=True)
    story.world.config = replace(story.world.config, dialing=dialling)
    story = Story(story.world, story.attempt)
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        await story.hang_up()
    assert story.world.peer.asked("Setvar")[0].get("Value") == "PJSIP/7000"


async def test_a_blind_transfer_to_a_busy_line_ends_with_the_dialplan_s_words(
    story: Story,
) -> None:
    """We send no Hangup while the dialplan speaks; its own Hangup ends the row."""
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        story.line.event("DialEnd", ("DestUniqueid", "1.2"), ("DialStatus", "BUSY"))
        await asyncio.sleep(6)
        story.line.hang_up(41)
    row = await story.row()
    assert (row.cause, row.hangup_cause) == (CallCause.COMPLETED, 41)
    assert "Hangup" not in story.asked()
    assert (await story.detail("transfer_failed"))["why"] == f"{OTHER} was busy."


async def test_a_callee_who_stays_after_the_words_is_hung_up(story: Story) -> None:
    """No channel outlives a failed blind transfer by more than 20 s."""
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        story.line.event("DialEnd", ("DestUniqueid", "1.2"), ("DialStatus", "CONGESTION"))
    assert story.asked()[-1] == "Hangup"
    assert (await story.row()).cause is CallCause.COMPLETED
    assert story.world.peer.calls == {}


async def test_a_callee_who_hangs_up_while_the_other_rings(story: Story) -> None:
    """Dial is cancelled, and the callee's hang-up is the end."""
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        story.line.event("DialEnd", ("DestUniqueid", "1.2"), ("DialStatus", "CANCEL"))
        story.line.hang_up(16)
    assert (await story.row()).cause is CallCause.CALLEE_HUNG_UP


async def test_stopping_leaves_a_callee_who_was_handed_over_alone(story: Story) -> None:
    """Between Redirect and the answer a stop of ours cuts nobody off."""
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(2)
        story.handler.stop()
    assert "Hangup" not in story.asked()
    row = await story.row()
    assert (row.status, row.cause) == (CallStatus.ENDED, CallCause.COMPLETED)


async def test_a_redirect_that_is_refused_returns_the_callee(story: Story) -> None:
    """Asterisk's refusal is told, and the AI goes on."""
    story.world.peer.refusals["Redirect"] = "Permission denied"
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        assert story.voice == ["hold", "resume"]
        await story.hang_up()
    assert (await story.row()).cause is CallCause.USER_HUNG_UP
    assert (await story.detail("transfer_failed"))["why"] == f"{OTHER} could not be reached."


@pytest.mark.parametrize("moved", [True, False])
async def test_a_redirect_without_an_answer_is_looked_at_and_not_repeated(
    story: Story, *, moved: bool
) -> None:
    """Where the outcome is unknown, the channel's own place tells it."""
    story.world.peer.silent.add("Redirect")
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        story.line.context = "opendeep-transfer" if moved else "opendeep"
        await asyncio.sleep(6)
        assert len(story.world.peer.asked("Redirect")) == 1
        assert story.voice == (["hold"] if moved else ["hold", "resume"])
        await story.hang_up()
    assert (await story.row()).cause is CallCause.USER_HUNG_UP


@pytest.mark.parametrize(("moved", "cause"), [(True, "completed"), (False, "audio_failed")])
async def test_lost_sound_ends_no_call_that_asterisk_may_be_moving(
    story: Story, *, moved: bool, cause: str
) -> None:
    """While Redirect's outcome is unknown, only a callee who was not moved is hung up on."""
    story.world.peer.silent.add("Redirect")
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        story.line.context = "opendeep-transfer" if moved else "opendeep"
        await story.world.command_end(story.attempt.call.id, CallCause.AUDIO_FAILED)
        await asyncio.sleep(1)
        assert "Hangup" not in story.asked()
        await asyncio.sleep(5)
        assert ("Hangup" in story.asked()) is not moved
        story.line.event("DialEnd", ("DestUniqueid", "1.2"), ("DialStatus", "ANSWER"))
    assert (await story.row()).cause == cause


async def test_lost_sound_ends_no_call_while_the_bridge_is_made(story: Story) -> None:
    """Bridge takes the callee out of our sound before it answers: they stay on the line."""
    story.leg = takes_it
    story.world.peer.silent.add("Bridge")
    async with story.talking():
        await story.transfer()
        await asyncio.sleep(10)
        assert story.asked()[-1] == "Bridge"
        story.line.bridge = "b-1"
        await story.world.command_end(story.attempt.call.id, CallCause.AUDIO_FAILED)
    assert "Hangup" not in story.asked()
    assert (await story.row()).cause is CallCause.COMPLETED


async def test_rows_that_wait_cut_nobody_off_who_was_handed_over(story: Story) -> None:
    """At the answer the call is out of our hands, before a word of it is written."""
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        async with story.world.database.transaction():
            story.line.event("DialEnd", ("DestUniqueid", "1.2"), ("DialStatus", "ANSWER"))
            await asyncio.sleep(1)
            await story.hang_up()
            await asyncio.sleep(1)
    assert "Hangup" not in story.asked()
    assert (await story.row()).cause is CallCause.COMPLETED
    assert await story.lines() == [f"The callee was handed over to {OTHER}."]


async def test_a_transfer_that_breaks_leaves_nobody_on_hold(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw ends the call instead of leaving the callee waiting."""

    def broken(*_: object) -> str:
        raise RuntimeError("not foreseen")

    monkeypatch.setattr(transfer, "briefing", broken)
    async with story.talking():
        await story.transfer()
    assert (await story.row()).cause is CallCause.EXCHANGE_FAILED


async def test_a_lost_word_of_dial_is_made_up_for_by_the_bridge(story: Story) -> None:
    """Where DialEnd was lost with the link, the channel's bridge says that the two talk."""
    async with story.talking():
        await story.transfer("blind")
        await asyncio.sleep(1)
        story.line.bridge = "b-1"
        story.world.peer.drop()
    row = await story.row()
    assert (row.status, row.cause) == (CallStatus.ENDED, CallCause.COMPLETED)
    assert await story.lines() == [f"The callee was handed over to {OTHER}."]


async def test_an_attended_transfer_bridges_who_takes_it(story: Story) -> None:
    """The other hears the briefing, presses 1, and both channels are bridged and left alone."""
    story.leg = takes_it
    async with story.talking():
        await story.transfer()
    row = await story.row()
    assert (row.status, row.cause) == (CallStatus.ENDED, CallCause.COMPLETED)
    assert story.asked() == [
        "Originate", "Setvar", "AbsoluteTimeout", "Setvar", "AbsoluteTimeout", "Bridge",
    ]  # fmt: skip
    (leg,) = story.legs
    (bridge,) = story.world.peer.asked("Bridge")
    assert bridge.get("Channel1") == story.line.channel
    assert bridge.get("Channel2") == leg.channel
    second = story.world.media.prepared[1]
    assert second.part_of == row.id
    assert second.call_id == story.leg_id(leg) != row.id
    assert second.disclosure.startswith("This is an AI calling for ada. ")
    assert (await story.detail("transfer_started"))["leg"] == second.call_id
    assert sorted(story.world.media.finished) == sorted([row.id, second.call_id])


@pytest.mark.parametrize(
    ("leg", "why", "hangups"),
    [
        (busy, "was busy", 0),
        (never_exists, "could not be reached", 1),
        (ignores_it, "did not take the call", 1),
        (is_a_voicemail, "was answered by a voicemail", 1),
        (hangs_up_early, "did not take the call", 0),
    ],
)
async def test_a_line_that_does_not_take_the_call_returns_the_callee(
    story: Story, leg: Leg, why: str, hangups: int
) -> None:
    """The leg ends, the AI says so and goes on, and the call ends as it would have."""
    story.leg = leg
    async with story.talking():
        await story.transfer()
        await asyncio.sleep(60)
        assert (await story.detail("transfer_failed"))["why"] == f"{OTHER} {why}."
        assert story.voice == ["hold", "resume"]
        assert len(story.world.peer.asked("Hangup")) == hangups
        assert len(story.world.media.finished) == 1
        await story.hang_up()
    assert (await story.row()).cause is CallCause.USER_HUNG_UP
    assert story.world.peer.calls == {}


async def test_a_bridge_that_is_refused_ends_the_leg(story: Story) -> None:
    """The callee is told, and the mark that spares them the safe message is taken back."""
    story.leg = takes_it
    story.world.peer.refusals["Bridge"] = "Channel2 not up"
    async with story.talking():
        await story.transfer()
        await asyncio.sleep(15)
        assert story.voice == ["hold", "resume"]
        assert story.world.peer.asked("Setvar")[-1].get("Value") == ""
        await story.hang_up()
    assert story.world.peer.calls == {}


async def test_the_end_of_the_call_ends_the_leg(story: Story) -> None:
    """While the other's phone rings the user hangs up: both channels go."""
    story.leg = ignores_it
    async with story.talking():
        await story.transfer()
        await asyncio.sleep(2)
        with pytest.raises(ConflictError, match="handed over"):
            await story.transfer("blind")
        leg_channel = call_commands(story.leg_id(story.legs[0]))
        with pytest.raises(InvalidInputError):
            await story.world.bus.command(leg_channel, GiveHint(text="hello"))
        await story.hang_up()
    assert story.world.peer.calls == {}
    assert len(story.world.media.finished) == 2
    assert (await story.row()).cause is CallCause.USER_HUNG_UP


async def test_what_cannot_be_handed_over_is_refused(story: Story) -> None:
    """Before the answer, and to numbers that are never dialled, nothing happens."""
    task = story.world.nursery.start(story.handler.run(), name="handler")
    await asyncio.sleep(0.5)
    with pytest.raises(ConflictError, match="on the line"):
        await story.transfer()
    await asyncio.sleep(5)
    for to in ("+12125550166", "7000"):
        with pytest.raises(InvalidInputError):
            await story.transfer(to=to)
    assert story.asked() == []
    await story.hang_up()
    await task
    with pytest.raises(NoListenerError):
        await story.transfer()


async def test_a_voice_that_does_not_listen_holds_nobody_up(story: Story) -> None:
    """Without a voice to say so the callee is handed over all the same."""
    task = story.world.nursery.start(story.handler.run(), name="handler")
    await asyncio.sleep(5)
    await story.transfer("blind")
    await asyncio.sleep(1)
    story.line.event("DialEnd", ("DestUniqueid", "1.2"), ("DialStatus", "ANSWER"))
    await task
    assert (await story.row()).cause is CallCause.COMPLETED


async def test_a_leg_that_is_made_late_is_hung_up_too(story: Story) -> None:
    """The end comes before Asterisk has made the other's channel: it does not stay."""

    async def made_late(_story: Story, call: ScriptedCall) -> None:
        await asyncio.sleep(0.3)
        call.made()

    story.leg = made_late
    async with story.talking():
        await story.transfer()
        await asyncio.sleep(0.1)
        await story.hang_up()
    await asyncio.sleep(1)
    assert story.world.peer.calls == {}
