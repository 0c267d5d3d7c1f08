"""Record what a real Asterisk says on its manager interface, for tests that have no Asterisk.

``python -m tests.integration.asterisk.record_traces`` writes ``tests/fixtures/ami/*.txt`` anew: the
raw bytes of one manager's session for each scenario, unfiltered. Ids, times and ports become
constants of equal meaning; nothing else is changed.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from opendeep.audio_processing_service import audiosocket_protocol as protocol
from tests.integration.asterisk.addresses import ExchangeAddress
from tests.integration.asterisk.caller import Caller, Dialled, number, open_caller
from tests.integration.asterisk.manager import open_manager
from tests.integration.asterisk.servers import EAVESDROPPER, ExchangePair, exchange_pair
from tests.integration.asterisk.test_conformance_transfers import hand_over

TRACES = Path(__file__).parents[2] / "fixtures" / "ami"
Scenario = Callable[[Caller], Awaitable[object]]
_TAIL_SECONDS = 0.3


def _until_the_end(dd: str, *, timeout_ms: int = 20_000, channel: str = "") -> Scenario:
    async def play(caller: Caller) -> None:
        dialled = await caller.dial(dd, timeout_ms=timeout_ms, channel=channel)
        await dialled.originate_response()
        if channel != "PJSIP/unregistered":
            await dialled.hangup()

    return play


def _talk(dd: str, seconds: float, *, channel: str = "") -> Scenario:
    async def play(caller: Caller) -> None:
        dialled = await caller.dial(dd, channel=channel)
        await dialled.media()
        await asyncio.sleep(seconds)
        await dialled.end()

    return play


def _hang_up_ringing(cause: str | None) -> Scenario:
    async def play(caller: Caller) -> None:
        dialled = await caller.dial("02")
        await dialled.event("Newstate", ChannelStateDesc="Ringing")
        await dialled.hang_up(cause)
        await dialled.hangup()

    return play


def _end_sound(raw: bytes | None) -> Scenario:
    async def play(caller: Caller) -> None:
        dialled, media = await caller.talk("37")
        if raw is None:
            media.close()
        else:
            media.send(raw)
        await dialled.hangup()

    return play


async def _no_media(caller: Caller) -> None:
    dialled = await caller.dial("37", audiosocket="127.0.0.1:9")
    await dialled.hangup()


async def _nobody_sends(caller: Caller) -> None:
    caller.media.sends_frames = False
    dialled, _ = await caller.talk("14")
    await dialled.hangup()


async def _same_id_twice(caller: Caller) -> None:
    first = await caller.dial("02")
    await first.event("Newstate", ChannelStateDesc="Ringing")
    second = await caller.dial("02", channel_id=first.unique_id)
    await second.originate_response()
    await first.end()


async def _two_at_once(caller: Caller) -> None:
    first = await caller.dial("30")
    second = await caller.dial("29")
    await second.hangup()
    await first.end()


async def _keys(caller: Caller) -> None:
    dialled, _ = await caller.talk("32")
    for key in "42#":
        headers = (("Channel", dialled.unique_id), ("Digit", key), ("Duration", "100"))
        await caller.manager.ask("PlayDTMF", *headers)
    await dialled.hangup()


async def _lists(caller: Caller) -> None:
    manager = caller.manager
    for action in ("ListCommands", "CoreSettings", "CoreStatus", "Ping", "Dance", "MixMonitor"):
        await manager.ask(action)
    dialled, _ = await caller.talk("30")
    ringing = await caller.dial("02")
    await ringing.event("Newstate", ChannelStateDesc="Ringing")
    for action in ("Status", "CoreShowChannels"):
        await manager.ask_list(action)
    await manager.ask("Status", ("Channel", "od-nobody"))
    await ringing.end()
    await dialled.end()


def _transfer(dd: str) -> Scenario:
    async def play(caller: Caller) -> None:
        dialled, _ = await caller.talk("37")
        await hand_over(dialled, dd)
        ended = await caller.manager.event("DialEnd", Uniqueid=dialled.unique_id)
        if ended.get("DialStatus") == "ANSWER":
            await asyncio.sleep(0.3)
            await dialled.end()
        await dialled.hangup()

    return play


async def _bridge(caller: Caller) -> None:
    calls: list[Dialled] = []
    for dd in ("30", "38"):
        dialled, _ = await caller.talk(dd)
        headers = (("Variable", "OPENDEEP_HANDED_OVER"), ("Value", "1"))
        await caller.manager.ask("Setvar", ("Channel", dialled.unique_id), *headers)
        calls.append(dialled)
    first, second = calls
    channels = (("Channel1", first.unique_id), ("Channel2", second.unique_id), ("Tone", "no"))
    await caller.manager.ask("Bridge", *channels)
    await asyncio.sleep(0.3)
    await first.end()
    await second.hangup()


def _guarded(dd: str) -> str:
    return f"Local/{number(dd)}@opendeep-out/n"


SCENARIOS: Mapping[str, Scenario] = {
    "busy": _until_the_end("01"),
    "congestion": _until_the_end("11"),
    "unallocated": _until_the_end("12"),
    "declined_603": _until_the_end("20"),
    "unavailable_480": _until_the_end("21"),
    "gone_410": _until_the_end("22"),
    "incomplete_484": _until_the_end("23"),
    "forbidden_403": _until_the_end("24"),
    "server_error_500": _until_the_end("35"),
    "bad_gateway_502": _until_the_end("40"),
    "gateway_timeout_504": _until_the_end("36"),
    "rings_then_busy": _until_the_end("29"),
    "rings_then_480": _until_the_end("34"),
    "announcement_then_busy": _until_the_end("25"),
    "announcement_without_end": _until_the_end("27", timeout_ms=1500),
    "no_answer": _until_the_end("02", timeout_ms=1500),
    "mute_trunk": _until_the_end("02", timeout_ms=1500, channel=f"PJSIP/{number('02')}@mute"),
    "refusing_trunk": _until_the_end("02", channel=f"PJSIP/{number('02')}@refused"),
    "unregistered": _until_the_end("02", channel="PJSIP/unregistered"),
    "hung_up_ringing": _hang_up_ringing("16"),
    "hung_up_ringing_without_cause": _hang_up_ringing(None),
    "answered": _talk("30", 0.3),
    "announcement_then_answer": _talk("26", 0.2),
    "rings_progress_rings": _talk("39", 0.2),
    "gone_at_once": _until_the_end("28"),
    "callee_hangs_up": _until_the_end("33"),
    "callee_on_hold": _talk("41", 4.3),
    "callee_presses_keys": _talk("31", 2.4),
    "keys_for_the_callee": _keys,
    "no_media_server": _no_media,
    "media_closed": _end_sound(None),
    "media_foreign_frame": _end_sound(protocol.dtmf("1")),
    "nobody_sends": _nobody_sends,
    "same_id_twice": _same_id_twice,
    "two_at_once": _two_at_once,
    "lists": _lists,
    "guard_busy": _until_the_end("01", channel=_guarded("01")),
    "guard_no_answer": _until_the_end("02", timeout_ms=1500, channel=_guarded("02")),
    "guard_answered": _talk("30", 0.3, channel=_guarded("30")),
    "guard_refuses": _until_the_end("30", channel="Local/911@opendeep-out/n"),
    "transfer_answered": _transfer("30"),
    "transfer_busy": _transfer("01"),
    "bridged": _bridge,
}

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ACTION_ID = re.compile(r"\b[0-9a-f]{32}\b")
_OWN_ID = re.compile(r"\b1[0-9]{9}\.[0-9]+\b")
_CHANNEL_NUMBER = re.compile(r"(?<=-)0000[0-9a-f]{4}(?=[;\r])")
_FIXED = (
    (re.compile(r"127\.0\.0\.1:[0-9]+"), "127.0.0.1:9092"),
    (re.compile(r"(Uptime|LastReload|Timestamp|TimeToHangup): [0-9.]+"), r"\1: 1000"),
    (re.compile(r"(Core(?:Startup|Reload)Date): [0-9-]+"), r"\1: 2026-01-01"),
    (re.compile(r"(Core(?:Startup|Reload)Time): [0-9:]+"), r"\1: 00:00:00"),
    (re.compile(r"(CoreProcessedCalls): [0-9]+"), r"\1: 100"),
    (re.compile(r"(DurationMs): [0-9]+"), r"\1: 100"),
)


def with_constants(raw: bytes) -> bytes:
    """Replace what differs from run to run, each id by the same constant throughout."""
    text = raw.decode("ascii", "surrogateescape")
    text = _numbered(_UUID, text, "00000000-0000-4000-8000-{:012}")
    text = _numbered(_ACTION_ID, text, "action-{}")
    text = _numbered(_OWN_ID, text, "1000000000.{}")
    text = _numbered(_CHANNEL_NUMBER, text, "{:08x}")
    for pattern, constant in _FIXED:
        text = pattern.sub(constant, text)
    return text.encode("ascii", "surrogateescape")


def _numbered(pattern: re.Pattern[str], text: str, form: str) -> str:
    known: dict[str, str] = {}

    def constant(match: re.Match[str]) -> str:
        return known.setdefault(match.group(), form.format(len(known) + 1))

    return pattern.sub(constant, text)


async def record(pair: ExchangePair, play: Scenario) -> bytes:
    """Play one scenario; return what its manager was sent."""
    address = ExchangeAddress(
        host="127.0.0.1", port=pair.ami_port, username=EAVESDROPPER, secret=pair.secret
    )
    async with open_caller(address) as caller:
        await play(caller)
        await asyncio.sleep(_TAIL_SECONDS)
        return with_constants(bytes(caller.manager.raw))


async def record_refused_login(pair: ExchangePair) -> bytes:
    """Log in with a wrong secret; return what the stranger was sent."""
    async with open_manager("127.0.0.1", pair.ami_port) as manager:
        await manager.ask("Ping")
        await manager.ask("Login", ("Username", EAVESDROPPER), ("Secret", "wrong"))
        await manager.until_closed()
        return with_constants(bytes(manager.raw))


async def record_all(pair: ExchangePair) -> None:
    """Write every trace."""
    TRACES.mkdir(exist_ok=True)
    traces = {"login_refused": await record_refused_login(pair)}
    for name, play in SCENARIOS.items():
        traces[name] = await record(pair, play)
        sys.stdout.write(f"{name}: {len(traces[name])} bytes\n")
    for name, raw in traces.items():
        (TRACES / f"{name}.txt").write_bytes(raw)


if __name__ == "__main__":
    with exchange_pair() as exchange:
        asyncio.run(record_all(exchange))
