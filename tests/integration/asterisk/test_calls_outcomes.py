"""Every way a call can go: tasks in, rows out, the same on both exchanges."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from opendeep.common.data_models import CallCause, CallStatus, TaskStatus
from opendeep.common.messages import SendDtmf
from opendeep.database.models import Task
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.call_product import (
    CallProduct,
    Outcome,
    ProductConfig,
    call_product,
)
from tests.integration.asterisk.caller import number
from tests.integration.asterisk.scripted_voice import Script

pytestmark = [pytest.mark.wall_clock, pytest.mark.timeout(120)]

GOODBYE = "Thank you very much for your time. Goodbye."
RANG = ("originating", "ringing")
TALKED = ("in_progress", "audio_connected")
RING_SECONDS = 6.0
_TAKEN_DOWN = 1.5
"""How long the end of a call may take, on a machine that does other things too."""

Meanwhile = Callable[[CallProduct, Task], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One call, what happens in it, and what its rows must say.

    Attributes:
        hangup_cause: Q.850's number in the row.
        events: names that must be among the call's events.
        never: names that must not.
        seconds: between Originate and the end.
        begins: the AI has begun to speak, and is cut off.
        said: the AI's words, as the transcript has them; None for calls in which it says nothing.
    """

    name: str
    dd: str
    cause: CallCause
    hangup_cause: int
    script: Script = field(default_factory=Script)
    meanwhile: Meanwhile | None = None
    events: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    seconds: tuple[float, float] = (0.0, 30.0)
    begins: bool = False
    said: str | None = None

    @property
    def answered(self) -> bool:
        """Whether somebody picks up."""
        return "in_progress" in self.events


def unanswered(
    name: str, dd: str, cause: CallCause, hangup_cause: int, *, rings: bool = False, **more: object
) -> Scenario:
    """Write a scenario in which nobody picks up: no sound, and not a word of the AI."""
    never = (*TALKED, "disclosure_heard")
    return Scenario(
        name=name,
        dd=dd,
        cause=cause,
        hangup_cause=hangup_cause,
        events=RANG if rings else RANG[:1],
        never=never if rings else (*never, "ringing"),
        **more,  # type: ignore[arg-type]
    )


async def hang_up_while_dialling(product: CallProduct, task: Task) -> None:
    """End a call before anything rings."""
    call = await product.when(task, "originating")
    await asyncio.sleep(0.5)
    await product.hang_up(call.id)


async def hang_up_while_ringing(product: CallProduct, task: Task) -> None:
    """End a call that rings."""
    call = await product.when(task, "ringing")
    await product.hang_up(call.id)


async def hang_up_while_talking(product: CallProduct, task: Task) -> None:
    """End a call after its opening."""
    await product.event(task, "disclosure_heard")
    call = await product.when(task, "in_progress")
    await product.hang_up(call.id)


async def cancel_while_talking(product: CallProduct, task: Task) -> None:
    """End a call as its cancelled task does."""
    await product.event(task, "audio_connected")
    call = await product.when(task, "in_progress")
    await product.hang_up(call.id, CallCause.CANCELLED)


async def press_keys(product: CallProduct, task: Task) -> None:
    """Press what the callee waits for, as the page does."""
    await product.event(task, "audio_connected")
    call = await product.when(task, "in_progress")
    await product.command(call.id, SendDtmf(digits="4w2#"))


async def hang_up_after_the_keys(product: CallProduct, task: Task) -> None:
    """Wait until the AI was told what the callee pressed, then end the call."""
    await product.event(task, "key_pressed")

    async def look() -> bool:
        told = [text for name, text in product.voices.notes if name.startswith(f"<{task.id}>")]
        return any(text.startswith("The callee pressed 123# on their telephone.") for text in told)

    await product.until(look, "a note to the AI of the keys", 15)
    call = await product.when(task, "in_progress")
    await product.hang_up(call.id)


CALLEE, AI, USER = CallCause.CALLEE_HUNG_UP, CallCause.COMPLETED, CallCause.USER_HUNG_UP
TALK = (*TALKED, "disclosure_heard")
GOODBYE_SCRIPT = Script(words=GOODBYE, end_reason="goal_reached")

SCENARIOS = (
    unanswered("busy", "01", CallCause.BUSY, 17, seconds=(0, 3)),
    unanswered("unallocated", "12", CallCause.UNALLOCATED, 1, seconds=(0, 3)),
    unanswered("congestion", "11", CallCause.CONGESTION, 34, seconds=(0, 3)),
    unanswered(
        "rings in vain", "02", CallCause.NO_ANSWER, 19, rings=True,
        seconds=(RING_SECONDS - 0.2, RING_SECONDS + 2),
    ),
    unanswered("603 declined", "20", CallCause.REJECTED, 21, seconds=(0, 3)),
    unanswered("480 not available", "21", CallCause.REJECTED, 19, seconds=(0, 3)),
    unanswered("410 gone", "22", CallCause.UNALLOCATED, 22, seconds=(0, 3)),
    unanswered("484 incomplete", "23", CallCause.UNALLOCATED, 28, seconds=(0, 3)),
    unanswered("403 forbidden", "24", CallCause.REJECTED, 21, seconds=(0, 3)),
    unanswered("early media, then busy", "25", CallCause.BUSY, 17, seconds=(0.5, 6)),
    unanswered(
        "early media without end", "27", CallCause.NO_ANSWER, 19,
        seconds=(RING_SECONDS - 0.2, RING_SECONDS + 2),
    ),
    unanswered("rings, then busy", "29", CallCause.BUSY, 17, rings=True, seconds=(0.8, 4)),
    unanswered("rings, then 480", "34", CallCause.NO_ANSWER, 19, rings=True, seconds=(1.5, 5)),
    unanswered("500 of the network", "35", CallCause.CONGESTION, 38, seconds=(0, 3)),
    unanswered("504 of the network", "36", CallCause.CONGESTION, 102, seconds=(0, 3)),
    unanswered("502 of the network", "40", CallCause.CONGESTION, 27, seconds=(0, 3)),
    unanswered(
        "user hangs up while it rings", "02", USER, 16, rings=True,
        meanwhile=hang_up_while_ringing, seconds=(0, 4),
    ),
    unanswered(
        "user hangs up before it rings", "27", USER, 16, meanwhile=hang_up_while_dialling,
        seconds=(0.4, 4),
    ),
    Scenario(
        name="the voice AI is away", dd="39", cause=CallCause.AI_FAILED, hangup_cause=16,
        script=Script(absent=True), events=("originating", "voice_failed"),
        never=("disclosure_heard",), seconds=(0, 5),
    ),
    Scenario(
        name="a callee who never says a word", dd="14", cause=CallCause.SILENCE, hangup_cause=16,
        events=(*RANG, *TALK), seconds=(8, 40),
        said="I cannot hear you. I will try again later. Goodbye.",
    ),
    Scenario(
        name="early media, then a person", dd="26", cause=AI, hangup_cause=16,
        script=GOODBYE_SCRIPT, events=("originating", *TALK), never=("ringing",), said=GOODBYE,
        seconds=(2, 20),
    ),
    Scenario(
        name="answers and hangs up at once", dd="28", cause=CALLEE, hangup_cause=16,
        events=("originating", "in_progress"), never=("disclosure_heard",), seconds=(0, 4),
    ),
    Scenario(
        name="hangs up before our disclosure", dd="33", cause=CALLEE, hangup_cause=16,
        events=("originating", *TALKED), never=("disclosure_heard",), seconds=(0.8, 4),
    ),
    Scenario(
        name="hangs up during our disclosure", dd="05", cause=CALLEE, hangup_cause=16,
        script=Script(ms_per_character=500), events=(*RANG, *TALKED), never=("disclosure_heard",),
        begins=True, seconds=(3, 12),
    ),
    Scenario(
        name="the AI takes leave", dd="30", cause=AI, hangup_cause=16, script=GOODBYE_SCRIPT,
        events=("originating", *TALK), said=GOODBYE,
    ),
    Scenario(
        name="user hangs up while they talk", dd="30", cause=USER, hangup_cause=16,
        meanwhile=hang_up_while_talking, events=("originating", *TALK),
    ),
    Scenario(
        name="task cancelled while they talk", dd="30", cause=CallCause.CANCELLED,
        hangup_cause=16, meanwhile=cancel_while_talking, events=("originating", *TALKED),
    ),
    Scenario(
        name="rings, progresses and rings again", dd="39", cause=AI, hangup_cause=16,
        script=GOODBYE_SCRIPT, events=(*RANG, *TALK), said=GOODBYE,
    ),
    Scenario(
        name="the callee hangs up at the keys the AI presses", dd="32", cause=CALLEE,
        hangup_cause=16, script=Script(keys="42#"), events=(*RANG, *TALK, "dtmf_sent"),
    ),
    Scenario(
        name="the callee hangs up at the keys the user presses", dd="32", cause=CALLEE,
        hangup_cause=16, meanwhile=press_keys, events=(*RANG, *TALKED, "dtmf_sent"),
    ),
    Scenario(
        name="the callee presses keys", dd="31", cause=USER, hangup_cause=16,
        meanwhile=hang_up_after_the_keys, events=(*RANG, *TALKED, "key_pressed"),
    ),
)  # fmt: skip


def check(scenario: Scenario, found: Outcome) -> None:
    """Compare one call's rows with its scenario."""
    call, names = found.call, found.event_names
    assert (call.status, call.cause) == (CallStatus.ENDED, scenario.cause)
    assert call.hangup_cause == scenario.hangup_cause
    assert call.attempt_number == 1
    assert call.asterisk_unique_id == f"od-{call.id}"
    assert call.dialled_number == found.task.phone_number
    assert set(scenario.events) <= set(names)
    assert not set(scenario.never) & set(names)
    assert len([name for name in names if name in {*RANG, "in_progress", "ended"}]) == len(
        {name for name in names if name in {*RANG, "in_progress", "ended"}}
    )
    assert (names[0], "ended" in names) == ("originating", True)
    _check_times(scenario, found)
    assert found.task.status is TaskStatus.AWAITING_ANALYSIS
    assert found.task.current_attempt_count == 1


def _check_times(scenario: Scenario, found: Outcome) -> None:
    call = found.call
    assert call.started_at is not None
    assert call.ended_at is not None
    assert (call.answered_at is not None) is scenario.answered
    assert call.disposition == ("answered" if scenario.answered else "not_answered")
    order = [call.created_at, call.started_at, call.answered_at or call.started_at, call.ended_at]
    assert order == sorted(order)
    low, high = scenario.seconds
    assert low <= found.seconds <= high + _TAKEN_DOWN, found.seconds


def check_speech(scenario: Scenario, found: Outcome, product: CallProduct) -> None:
    """Compare what the AI said: everything that it began was played out before our hang-up."""
    said = [line.text for line in found.lines if line.speaker.value == "ai"]
    told = [text for name, text in product.voices.said if name.startswith(f"<{found.task.id}>")]
    if not scenario.answered:
        assert (said, told) == ([], [])
    if scenario.begins:
        assert told == ["This is an AI calling for ada."]
        assert len("".join(said)) < len(told[0])
    if scenario.said is not None:
        assert said[-1] == scenario.said
        assert said[0].startswith("This is an AI")


async def test_every_way_a_call_can_go(
    address: ExchangeAddress, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """All at once, each call ends with its own cause, and nothing is left anywhere."""
    config = ProductConfig(template=address.template, ring_seconds=RING_SECONDS)
    async with call_product(tmp_path, address, config) as product:
        tasks = [await product.place(number(item.dd), item.script) for item in SCENARIOS]
        async with asyncio.TaskGroup() as group:
            for item, task in zip(SCENARIOS, tasks, strict=True):
                if item.meanwhile is not None:
                    group.create_task(item.meanwhile(product, task))
        found = [await product.over(task) for task in tasks]
        await product.idle()
        for item, outcome in zip(SCENARIOS, found, strict=True):
            with subtests.test(item.name):
                check(item, outcome)
                check_speech(item, outcome, product)
