"""Everything that may be refused, break or end early around a call's media, in virtual time."""

import asyncio
from pathlib import Path

import pytest

from opendeep.audio_processing_service import audiosocket_protocol as wire
from opendeep.audio_processing_service.audiosocket_server import AudioSocketConfig
from opendeep.audio_processing_service.fixed_words import apology, moment
from opendeep.common.clock import LoopClock
from opendeep.common.data_models import CallCause
from opendeep.common.errors import ConflictError, UnavailableError, VoiceUnavailableError
from opendeep.common.ids import CallId
from opendeep.common.messages import CallEvent, call_events
from tests.calls.audio_world import (
    CALL,
    LOUD,
    AsteriskEnd,
    AudioWorld,
    call_config,
)
from tests.calls.realtime_peer import Speech

OTHER = CallId("11111111-2222-4333-8444-555555555555")


@pytest.fixture
def world(story_clock: LoopClock) -> AudioWorld:
    """Return a world that is not open yet."""
    return AudioWorld(story_clock)


def cause(world: AudioWorld) -> CallCause | None:
    """Return the cause of the end that was asked for."""
    return None if world.end_command is None else world.end_command.cause


# Who may connect.


async def test_an_unknown_id_is_refused(world: AudioWorld) -> None:
    """Who names a call that nobody prepared is hung up on, counted."""
    async with world.open():
        end = await world.connect(AsteriskEnd(OTHER))
        await end.closed.wait()
        assert end.hung_up
        assert world.server.refusals == {"unknown": 1}


async def test_an_id_counts_once(world: AudioWorld) -> None:
    """A second connection with the same id is refused, and the first goes on."""
    async with world.call():
        end = await world.connect(AsteriskEnd(CALL))
        await end.closed.wait()
        assert world.server.refusals == {"used": 1}
        assert not world.end.closed.is_set()
        world.end.close()
        await world.server.finish(CALL)
        late = await world.connect(AsteriskEnd(CALL))
        await late.closed.wait()
        assert world.server.refusals == {"used": 1, "unknown": 1}


async def test_an_id_expires(story_clock: LoopClock) -> None:
    """After its time an id is refused, and the call is reported as failed."""
    world = AudioWorld(story_clock, AudioSocketConfig(connect_seconds=5))
    async with world.open():
        await world.server.prepare(call_config())
        await world.ended.wait()
        assert cause(world) is CallCause.AUDIO_FAILED
        await asyncio.sleep(0.1)
        end = await world.connect(AsteriskEnd(CALL))
        await end.closed.wait()
        assert world.server.refusals == {"late": 1}
        report = await world.server.finish(CALL)
        assert not report.connected


async def test_no_sound_after_the_answer(story_clock: LoopClock) -> None:
    """A callee who picked up and to whom no sound was connected is hung up on after 5 s."""
    world = AudioWorld(story_clock)
    async with world.open():
        await world.server.prepare(call_config())
        await asyncio.sleep(3)
        for name in ("ringing", "in_progress"):
            await world.bus.publish(call_events(CALL), CallEvent(name=name))
        answered_at = story_clock.monotonic()
        await world.ended.wait()
        assert cause(world) is CallCause.AUDIO_FAILED
        assert story_clock.monotonic() - answered_at == pytest.approx(5, abs=0.1)


async def test_foreign_addresses_are_refused(story_clock: LoopClock) -> None:
    """Only addresses of the configured networks may connect."""
    world = AudioWorld(story_clock, AudioSocketConfig(allowed_networks=("192.0.2.0/24",)))
    async with world.open():
        await world.server.prepare(call_config())
        end = await world.connect(AsteriskEnd(CALL))
        await end.closed.wait()
        assert world.server.refusals == {"address": 1}
        await world.server.finish(CALL)


@pytest.mark.parametrize(
    ("peer", "allowed"),
    [
        (("127.0.0.1", 5), True),
        (("::ffff:127.0.0.1", 5, 0, 0), True),
        (("::1%lo", 5, 0, 0), True),
        (("192.0.2.1", 5), False),
        (("nonsense", 5), False),
        ("/a/unix/socket", False),
        (None, False),
    ],
)
async def test_addresses(world: AudioWorld, peer: object, *, allowed: bool) -> None:
    """Mapped and scoped forms of loopback are loopback; what is no address is refused."""
    assert world.server._allowed(peer) is allowed


async def test_who_says_nothing_is_let_go(world: AudioWorld) -> None:
    """A connection has 5 s to say which call it is; of too many, the oldest has to go."""
    async with world.open():
        ends = [await world.connect(AsteriskEnd(""), talk=False) for _ in range(101)]
        await ends[0].closed.wait()
        assert world.server.refusals == {"too_many": 1}
        assert world.clock.monotonic() < 1
        await ends[-1].closed.wait()
        assert world.clock.monotonic() == pytest.approx(5, abs=0.1)
        await asyncio.sleep(0.1)
        assert world.server.refusals["silent"] == 100


async def test_junk_instead_of_an_identity(world: AudioWorld) -> None:
    """Another protocol on the port is closed."""
    async with world.open():
        end = await world.connect(AsteriskEnd(""), talk=False)
        end.write(b"GET / HTTP/1.1\r\n\r\n")
        await end.closed.wait()
        stranger = await world.connect(AsteriskEnd(""), talk=False)
        assert not stranger.closed.is_set()


async def test_audio_after_a_refusal_is_ignored(world: AudioWorld) -> None:
    """What a refused peer still sends has no effect."""
    async with world.open():
        end = AsteriskEnd("")
        await world.connect(end, talk=False)
        end.write(wire.identify(OTHER) + wire.audio(LOUD) + wire.dtmf("1"))
        await end.closed.wait()
        assert world.desk.events == []


# The port's rules.


async def test_preparing(world: AudioWorld) -> None:
    """A call is prepared once, with the address for Asterisk; unknown calls may be finished."""
    with pytest.raises(UnavailableError, match="not listening"):
        await world.server.prepare(call_config())
    async with world.open():
        assert await world.server.prepare(call_config()) == "127.0.0.1:9092"
        with pytest.raises(ConflictError):
            await world.server.prepare(call_config())
        await world.server.open_voice(OTHER)
        assert not (await world.server.finish(OTHER)).connected
        await world.server.finish(CALL)
        assert not (await world.server.finish(CALL)).connected
    with pytest.raises(UnavailableError):
        await world.server.prepare(call_config())


async def test_limits_and_addresses(story_clock: LoopClock) -> None:
    """No more calls than allowed; port 0 takes a free one; the advertised address is told."""
    world = AudioWorld(story_clock, AudioSocketConfig(max_calls=1, port=0))
    async with world.open():
        address = await world.server.prepare(call_config())
        assert address == "127.0.0.1:60000"
        with pytest.raises(UnavailableError, match="as many"):
            await world.server.prepare(call_config(OTHER))
    world = AudioWorld(story_clock, AudioSocketConfig(advertise="media.internal:1"))
    async with world.open():
        assert await world.server.prepare(call_config()) == "media.internal:1"


# The line.


async def test_the_callee_hangs_up(world: AudioWorld) -> None:
    """A closed line is not a failure while the attempt handler ends the call; words are kept."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append([Speech("one two three four five six", ms=6000)])
        await world.callee_says("Go on.", item_id="c2")
        await asyncio.sleep(2)
        world.end.close()
        await asyncio.sleep(1)
        report = await world.server.finish(CALL)
        assert report.connected
    assert world.end_command is None
    assert world.desk.said[-1] == ("ai", "one two—")


async def test_a_hang_up_frame(world: AudioWorld) -> None:
    """Asterisk's hang-up frame closes the line in good order."""
    async with world.call():
        await asyncio.sleep(0.5)
        world.end.write(wire.hangup())
        await world.end.closed.wait()
        await world.server.finish(CALL)
    assert world.end_command is None


@pytest.mark.parametrize("how", ["close", "error", "junk"])
async def test_a_lost_line_ends_the_call(world: AudioWorld, how: str) -> None:
    """A line that is lost without a hang-up from Asterisk ends as failed audio."""
    async with world.call():
        await asyncio.sleep(0.5)
        began = world.clock.monotonic()
        match how:
            case "close":
                world.end.close()
            case "error":
                world.end.write(wire.error(2))
            case _:
                world.end.write(b"\x99\x00\x00")
        await world.ended.wait()
        assert cause(world) is CallCause.AUDIO_FAILED
        wanted = 0 if how == "junk" else 2
        assert world.clock.monotonic() - began == pytest.approx(wanted, abs=0.1)
        await world.server.finish(CALL)


async def test_last_words_of_the_callee_are_kept(world: AudioWorld) -> None:
    """The text of what was said right before hanging up still comes into the transcript."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.caller_starts("last")
        await asyncio.sleep(0.5)
        world.end.close()
        finish = asyncio.gather(world.server.finish(CALL))
        before = world.peer.appended_bytes
        await asyncio.sleep(0.1)
        assert world.peer.appended_bytes - before >= 800 * 8 - 320
        assert not world.peer.automatic
        world.peer.caller_stops("Never call again.", "last")
        await finish
    assert world.desk.said[-1] == ("callee", "Never call again.")


async def test_last_words_are_not_waited_for_long(world: AudioWorld) -> None:
    """Finishing takes 2 s at most, whatever does not come."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.caller_starts("last")
        await asyncio.sleep(0.2)
        began = world.clock.monotonic()
        await world.server.finish(CALL)
        assert world.clock.monotonic() - began < 1


async def test_asterisk_that_does_not_read(world: AudioWorld) -> None:
    """Frames for a peer that does not read are left out; nothing piles up."""
    async with world.call():
        assert world.end.transport is not None
        world.end.transport.pause_reading()
        await asyncio.sleep(30)
        world.end.transport.resume_reading()
        await asyncio.sleep(0.01)
        assert len(world.end.frames) < 1400
        await world.server.finish(CALL)


# The voice AI.


async def test_the_voice_is_tried_again(world: AudioWorld) -> None:
    """A voice service that is busy at first is reached while the phone rings."""
    world.peer.connect_errors.extend([VoiceUnavailableError("busy"), VoiceUnavailableError("busy")])
    async with world.call():
        await asyncio.sleep(1.4)
        await world.hear_disclosure()
        assert len(world.peer.urls) == 3
        assert (await world.server.finish(CALL)).voice_ready


@pytest.mark.parametrize(("retryable", "tries"), [(True, 3), (False, 1)])
async def test_no_voice_no_call(world: AudioWorld, *, retryable: bool, tries: int) -> None:
    """Without a voice the call ends as failed by the AI; a refusal is not repeated."""
    world.peer.connect_errors.extend([VoiceUnavailableError("no", retryable=retryable)] * 3)
    async with world.call():
        await world.ended.wait()
        assert cause(world) is CallCause.AI_FAILED
        assert len(world.peer.urls) == tries
        report = await world.server.finish(CALL)
        assert not report.voice_ready
        assert report.cost_usd == 0


async def test_a_call_is_not_answered_into_silence(world: AudioWorld) -> None:
    """A voice that is not ready 4 s after the answer: the callee is told so, and the call ends."""
    world.peer.confirm_sessions = False
    async with world.call():
        await world.ended.wait()
        assert cause(world) is CallCause.AI_FAILED
        assert world.clock.monotonic() == pytest.approx(4.4 + apology().ms / 1000, abs=0.2)
        assert len(world.end.speech()) > 0.8 * len(apology().mulaw)
        await world.server.finish(CALL)
    assert world.peer.closed


async def test_the_voice_dies_in_mid_call(world: AudioWorld) -> None:
    """A voice that closes in mid-call and stays away ends the call; what was heard is kept."""
    async with world.call():
        await world.hear_disclosure()
        world.peer.answers.append([Speech("one two three four", ms=2000)])
        await world.callee_says("Go on.", item_id="c2")
        await asyncio.sleep(1)
        world.peer.away = True
        world.peer.drop(1011)
        await world.ended.wait()
        assert cause(world) is CallCause.AI_FAILED
        report = await world.server.finish(CALL)
        assert report.voice_ready
    assert world.desk.said[-3:] == [
        ("ai", "one two three four"),
        ("ai", moment().text),
        ("ai", apology().text),
    ]
    assert "voice_failed" in [name for name, _ in world.desk.events]


async def test_the_time_limit_without_a_voice(world: AudioWorld) -> None:
    """A limit that is reached before there is a voice ends the call at once."""
    world.peer.confirm_sessions = False
    async with world.call(max_seconds=1.0):
        await world.ended.wait()
        assert cause(world) is CallCause.TIME_LIMIT
        await world.server.finish(CALL)


async def test_an_end_that_nobody_takes(world: AudioWorld) -> None:
    """When the attempt handler is gone, asking for the end does no harm."""
    async with world.open():
        await world.server.prepare(call_config(OTHER))
        await world.server.open_voice(OTHER)
        await asyncio.sleep(0.1)
        world.peer.drop()
        await asyncio.sleep(0.1)
        assert world.commands == []
        assert (await world.server.finish(OTHER)).voice_ready


# The process.


async def test_stopping_in_mid_call(world: AudioWorld) -> None:
    """When the service stops, calls are released and what was heard is stored."""
    async with world.call():
        await world.hear_disclosure()
        world.server.stop()
        world.server.stop()
        with pytest.raises(UnavailableError):
            await world.server.prepare(call_config(OTHER))
        await world.end.closed.wait()
        await asyncio.sleep(0.1)
        assert world.peer.closed
    assert len(world.desk.said) == 2


async def test_a_release_that_hangs_is_cut_off(world: AudioWorld) -> None:
    """Finishing returns after 2 s also when a part of the media does not let go."""
    async with world.call(recording_path=Path("a.wav")):
        await asyncio.sleep(0.5)
        world.recorders[0].stuck = True
        began = world.clock.monotonic()
        await world.server.finish(CALL)
        assert world.clock.monotonic() - began == pytest.approx(2, abs=0.1)
        await world.end.closed.wait()


async def test_a_part_of_the_media_that_fails(world: AudioWorld) -> None:
    """A bug in one call's media ends that call as failed audio, and no other."""
    async with world.call():
        await asyncio.sleep(0.2)
        world.desk.store_event = _broken  # type: ignore[method-assign]
        world.desk.store_line = _broken  # type: ignore[method-assign]
        world.end.write(wire.dtmf("1"))
        await world.ended.wait()
        assert cause(world) is CallCause.AUDIO_FAILED
        await world.server.finish(CALL)
        assert await world.server.prepare(call_config(OTHER))


async def _broken(*_: object) -> None:
    raise ZeroDivisionError


async def test_a_ticker_that_fails_restarts_the_service(world: AudioWorld) -> None:
    """Without the pacer nothing works: the service releases its calls and says so."""

    async def fail() -> None:
        raise ZeroDivisionError

    world.server._ticker.run = fail  # type: ignore[method-assign]
    with pytest.raises(UnavailableError, match="pacing"):
        await world.server.run()


async def test_an_address_in_use(world: AudioWorld) -> None:
    """Where the address cannot be had, the service says so and may be restarted."""

    async def refuse(*_: object, **__: object) -> None:
        raise OSError(98, "in use")

    asyncio.get_running_loop().create_server = refuse  # type: ignore[method-assign,assignment]
    with pytest.raises(UnavailableError, match="9092"):
        await world.server.run()
