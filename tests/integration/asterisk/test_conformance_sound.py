"""The sound and the keys of a call, both ways, as they come over an exchange's AudioSocket."""

import asyncio
from itertools import pairwise
from statistics import median

import numpy as np
import pytest

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from tests.integration.asterisk.caller import Caller
from tests.integration.asterisk.media import FRAME_SECONDS, MediaCall, strongest, tone

ECHO, QUIET, TALKER = "30", "37", "38"
LOUD = 2000
KEY_GAP_SECONDS = 0.1
"""Where keys follow each other without a pause one gets lost on its way now and then."""


async def test_frames_come_every_20_ms(caller: Caller) -> None:
    """A callee's sound comes as 320 bytes every 20 ms."""
    dialled, media = await caller.talk(QUIET)
    await media.heard(2.0)
    assert media.sizes == {protocol.FRAME_PCM_BYTES}
    gaps = [after - before for before, after in pairwise(media.arrivals)]
    assert median(gaps) == pytest.approx(FRAME_SECONDS, abs=0.004)
    assert sum(gaps) / len(gaps) == pytest.approx(FRAME_SECONDS, abs=0.002)
    await dialled.end()


async def test_speech_is_as_long_as_it_takes(caller: Caller) -> None:
    """Recorded speech comes in real time, even where packets are of uneven length."""
    dialled, media = await caller.talk(TALKER)
    await asyncio.sleep(3.0)
    seconds = len(media.audio) / 2 / 8000
    assert seconds == pytest.approx(3.0, abs=0.3)
    assert all(size % 2 == 0 for size in media.sizes)
    await dialled.end()


@pytest.mark.parametrize("hertz", [300, 1000, 3000])
async def test_our_tone_comes_back_whole(caller: Caller, hertz: int) -> None:
    """An echoing callee returns our tone with its pitch and its level."""
    dialled, media = await caller.talk(ECHO)
    said = tone(hertz, 1.5)
    media.say(said)
    await _until_loud(media)
    found_hertz, found_level = strongest(await media.heard(0.8))
    _, level = strongest(said)
    assert found_hertz == pytest.approx(hertz, abs=5)
    assert found_level == pytest.approx(level, rel=0.1)
    await dialled.end()


async def test_the_way_there_and_back_is_short(caller: Caller) -> None:
    """A tone is heard again within a third of a second: nothing hoards sound on its way."""
    dialled, media = await caller.talk(ECHO)
    await media.heard(0.5)
    media.say(tone(800, 0.5))
    began = asyncio.get_running_loop().time()
    await _until_loud(media)
    assert asyncio.get_running_loop().time() - began < 0.35
    await dialled.end()


async def test_silence_stays_silent(caller: Caller) -> None:
    """What comes back of our silence is silence: no comfort noise, no clicks."""
    dialled, media = await caller.talk(ECHO)
    heard = np.frombuffer(await media.heard(1.0), "<i2")
    assert int(np.abs(heard).max()) < 100
    await dialled.end()


async def test_two_calls_do_not_hear_each_other(caller: Caller) -> None:
    """Two echoing calls at once return each its own tone."""
    first, first_media = await caller.talk(ECHO)
    second, second_media = await caller.talk(ECHO)
    for media, hertz in ((first_media, 500), (second_media, 1500)):
        media.say(tone(hertz, 2.0))
    for media, hertz in ((first_media, 500), (second_media, 1500)):
        await _until_loud(media)
        assert strongest(await media.heard(0.5))[0] == pytest.approx(hertz, abs=5)
    await first.end()
    await second.end()


async def test_the_callees_keys(caller: Caller) -> None:
    """Keys of the callee come as frames 0x03 and as DTMFBegin and DTMFEnd, in order."""
    dialled, media = await caller.talk("31")
    await media.digits_are("123#")
    await dialled.event("DTMFEnd", Digit="#")
    for event in ("DTMFBegin", "DTMFEnd"):
        assert dialled.told(event, "Digit") == list("123#")
        assert set(dialled.told(event, "Direction")) == {"Received"}
    lengths = [int(text) for text in dialled.told("DTMFEnd", "DurationMs")]
    assert all(60 <= length <= 300 for length in lengths)
    await dialled.end()


async def test_our_keys_reach_the_callee(caller: Caller) -> None:
    """PlayDTMF sends one key a request; callee 32 hangs up after 4 2 #."""
    dialled, _ = await caller.talk("32")
    await asyncio.sleep(0.5)
    loop = asyncio.get_running_loop()
    for key in "42#":
        began = loop.time()
        answer = await caller.manager.ask(
            "PlayDTMF", ("Channel", dialled.unique_id), ("Digit", key), ("Duration", "200")
        )
        assert answer.get("Message") == "DTMF successfully queued"
        assert loop.time() - began >= 0.19, "each holds up its connection"
        await asyncio.sleep(KEY_GAP_SECONDS)
    assert (await dialled.hangup()).get("Cause") == "16"


async def test_only_the_first_key_counts(caller: Caller) -> None:
    """PlayDTMF takes the first character of Digit alone, so 42# in one request is a lone 4."""
    dialled, _ = await caller.talk("32")
    await asyncio.sleep(0.5)
    await caller.manager.ask("PlayDTMF", ("Channel", dialled.unique_id), ("Digit", "42#"))
    for key in "2#":
        await asyncio.sleep(KEY_GAP_SECONDS)
        await caller.manager.ask("PlayDTMF", ("Channel", dialled.unique_id), ("Digit", key))
    assert (await dialled.hangup()).get("Cause") == "16"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ((), "No digit specified"),
        ((("Digit", "1"), ("Duration", "x")), "Could not convert Duration parameter"),
    ],
)
async def test_keys_that_are_refused(
    caller: Caller, headers: tuple[tuple[str, str], ...], message: str
) -> None:
    """A request without a key, or with no number for its length, is refused."""
    dialled, _ = await caller.talk(ECHO)
    answer = await caller.manager.ask("PlayDTMF", ("Channel", dialled.unique_id), *headers)
    assert (answer.response, answer.get("Message")) == ("Error", message)
    await dialled.end()


async def _until_loud(media: MediaCall) -> None:
    """Wait for the first loud frame, from now on."""
    while True:
        frame = np.frombuffer(await media.heard(FRAME_SECONDS), "<i2")
        assert not media.closed.is_set()
        if np.abs(frame).max() > LOUD:
            return
