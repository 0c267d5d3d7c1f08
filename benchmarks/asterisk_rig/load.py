"""Many real calls at once with speech both ways, measured where the network hears them.

Three ways to carry the same calls, so that the machine's own part is known: ``opendeep`` (the whole
product, a Realtime server speaking), ``tone`` (an AudioSocket server that only plays a tone) and
``alone`` (Asterisk plays speech from files, no AudioSocket).
"""

import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.asterisk_rig import child, machine, manager, rows, rtp_gaps
from opendeep.call_processor_service.ami_protocol import AmiMessage
from tests.integration.asterisk.servers import INSIDE, ExchangePair

Tell = Callable[[str], None]
Report = Callable[[], dict[str, Any]]
"""Says at the end what the way itself knows: how many calls are up still, and more."""
_UP_SECONDS = 60.0
_SETTLE_SECONDS = 4.0
_SPEECH = tuple(f"{INSIDE}/sounds/bella/{name}" for name in ("greeting", "price", "hours"))
_SPEECHES = 9
_SPEAK_MS, _LISTEN_MS = "4000", "4000"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """How many calls for how long.

    Attributes:
        seconds: how long the network listens, once all calls are up.
        callee: the last two digits of whom all calls go to.
        record: whether OpenDeep records its calls.
        keep: where logs stay; None for nowhere.
        nice: OpenDeep's niceness.
    """

    calls: int = 120
    seconds: float = 30.0
    per_second: float = 20.0
    callee: str = "38"
    record: bool = False
    keep: Path | None = None
    nice: int = 0


def run(pair: ExchangePair, plan: LoadPlan, way: str, *, tell: Tell) -> dict[str, Any]:
    """Carry the calls in one way through a running pair; return what the network heard.

    Raises:
        TimeoutError: not all calls came up.
    """
    ways = {"opendeep": _by_opendeep, "tone": _by_tone, "alone": _by_asterisk}
    with ExitStack() as stack:
        folder = plan.keep
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opendeep-load-")))
        pids = {"pbx": pair.pbx.process.pid, "network": pair.network.process.pid}
        witness = manager.Witness()
        stack.enter_context(
            manager.logged_in(pair.network.ami_port, "witness", pair.secret, witness.hear)
        )
        report = stack.enter_context(ways[way](pair, plan, folder, pids, witness))
        time.sleep(_SETTLE_SECONDS)
        tell(f"{way}: {plan.calls} calls are up")
        ports = machine.udp_ports(pair.network.process.pid)
        watch = stack.enter_context(rtp_gaps.watching(folder))
        cpu = machine.CpuMeter(pids)
        memory = {name: machine.rss_kb(pid) // 1024 for name, pid in pids.items()}
        time.sleep(plan.seconds)
        used = cpu.percent(plan.seconds)
        heard, cost = rtp_gaps.read(watch, folder, ports)
        facts = report()
    child.until(
        lambda: not (pair.pbx.channels() or pair.network.channels()) or None,
        "all calls gone",
        _UP_SECONDS,
        0.5,
    )
    return {
        "way": way,
        "calls": plan.calls,
        "dropped": plan.calls - facts.pop("up"),
        **heard.figures(),
        "cpu_percent": used,
        "memory_mb": memory,
        "watch": cost,
        **facts,
    }


@contextmanager
def _by_opendeep(
    pair: ExchangePair,
    plan: LoadPlan,
    folder: Path,
    pids: dict[str, int],
    witness: manager.Witness,
) -> Iterator[Report]:
    del witness
    path = folder / "opendeep.db"
    path.unlink(missing_ok=True)
    rows.create(f"sqlite:///{path}", rows.fictional_numbers([plan.callee] * plan.calls))
    words = ("--mode", "speak", "--speak-ms", _SPEAK_MS, "--listen-ms", _LISTEN_MS)
    peer = [sys.executable, "-m", "benchmarks.realtime_server", "--port", "0", *words]
    with ExitStack() as stack:
        voice = stack.enter_context(child.running(peer, folder / "peer.log"))
        port = voice.line().split()[1]
        command = child.module("whole_product", _settings(pair, plan, folder, port))
        if plan.nice:
            command = ["nice", "-n", str(plan.nice), *command]
        product = stack.enter_context(child.running(command, folder / "opendeep.log"))
        pids.update(opendeep=product.pid, realtime=voice.pid)

        rows_ms: list[float] = []
        began = time.monotonic()

        def talking() -> int:
            facts: dict[str, Any] = json.loads(product.line())
            rows_ms.append(facts["rows_ms"])
            return int(facts["talking"])

        child.until(lambda: talking() == plan.calls or None, "all calls up", _UP_SECONDS)
        up_seconds = round(time.monotonic() - began, 1)
        rows_ms.clear()

        def report() -> dict[str, Any]:
            up = plan.calls
            time.sleep(1.0)  # for a line that was written after the calls were heard
            while not product.lines.empty():
                up = min(up, talking())
            return {"up": up, "up_seconds": up_seconds, "rows_ms": _middle_and_most(rows_ms)}

        yield report


def _middle_and_most(values: list[float]) -> tuple[float, float]:
    return statistics.median(values), max(values)


def _settings(pair: ExchangePair, plan: LoadPlan, folder: Path, port: str) -> dict[str, Any]:
    return {
        "opendeep_data_dir": str(folder),
        "openai_api_key": "none",
        "openai_base_url": f"http://127.0.0.1:{port}/v1",
        "google_api_key": "none",
        "asterisk_ami_host": "127.0.0.1",
        "asterisk_ami_port": pair.ami_port,
        "asterisk_ami_username": pair.username,
        "asterisk_ami_secret": pair.secret,
        "asterisk_dial_template": pair.template,
        "audiosocket_bind": "127.0.0.1:0",
        "max_concurrent_calls": plan.calls,
        "max_concurrent_calls_per_user": plan.calls,
        "calls_per_second": plan.per_second,
        "record_calls": plan.record,
    }


@contextmanager
def _by_tone(
    pair: ExchangePair,
    plan: LoadPlan,
    folder: Path,
    pids: dict[str, int],
    witness: manager.Witness,
) -> Iterator[Report]:
    with child.running(child.module("tone_server", {}), folder / "tone.log") as server:
        address = f"127.0.0.1:{server.line().split()[1]}"
        pids["tone"] = server.pid

        def headers() -> tuple[tuple[str, str], ...]:
            return (
                *(("Context", "opendeep"), ("Exten", "media"), ("Priority", "1")),
                ("Variable", f"OPENDEEP_CALL_ID={uuid.uuid4()}"),
                ("Variable", f"OPENDEEP_AUDIOSOCKET={address}"),
            )

        with _originated(pair, plan, witness, headers) as report:
            yield report


@contextmanager
def _by_asterisk(
    pair: ExchangePair,
    plan: LoadPlan,
    folder: Path,
    pids: dict[str, int],
    witness: manager.Witness,
) -> Iterator[Report]:
    del folder, pids
    speech = (("Application", "Playback"), ("Data", "&".join(_SPEECH * _SPEECHES)))
    with _originated(pair, plan, witness, lambda: speech) as report:
        yield report


@contextmanager
def _originated(
    pair: ExchangePair,
    plan: LoadPlan,
    witness: manager.Witness,
    headers: Callable[[], tuple[tuple[str, str], ...]],
) -> Iterator[Report]:
    """Have Asterisk dial without OpenDeep; hang everything up in the end."""

    def ignore(_message: AmiMessage) -> None:
        """Nobody listens here."""

    with manager.logged_in(pair.ami_port, pair.username, pair.secret, ignore) as dialler:
        for number in rows.fictional_numbers([plan.callee] * plan.calls):
            channel = ("Channel", pair.template.format(number=number))
            dialler.ask("Originate", channel, ("Async", "true"), *headers())
            time.sleep(1 / plan.per_second)
        child.until(
            lambda: len(witness.answered()) >= plan.calls or None,
            "all calls answered",
            _UP_SECONDS,
        )
        yield lambda: {"up": pair.network.channels()}
        pair.pbx.command("channel request hangup all")
