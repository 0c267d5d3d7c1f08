"""What the network's side of a call heard, and which calls came there at all."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from opendeep.call_processor_service.ami_protocol import AmiMessage
from tests.integration.asterisk.manager import Manager, open_manager
from tests.integration.asterisk.servers import SECRET, RealAsterisk

RATE = 8_000
LOUD = 300.0
"""The effective level of 16-bit samples above which a tenth of a second is speech, not noise."""
_CHUNK = RATE // 10


class FarEar:
    """The network's witness; make one with :func:`open_far_ear`."""

    def __init__(self, network: RealAsterisk, manager: Manager) -> None:
        self._network = network
        self._manager = manager

    def numbers(self) -> list[str]:
        """Return the digits of every call that came, in order."""
        return [call.get("Number") for call in self._came()]

    def caller_numbers(self) -> list[str]:
        """Return the caller's number of every call that came, in order."""
        return [call.get("CallerNumber") for call in self._came()]

    def _came(self) -> list[AmiMessage]:
        return [m for m in self._manager.messages if m.get("UserEvent") == "CallCame"]

    async def call_of(self, number: str) -> None:
        """Wait until a call to these digits has come."""
        await self._manager.event("UserEvent", UserEvent="CallCame", Number=number)

    async def record(self) -> Path:
        """Record what comes to the newest line from here on; return the file of raw samples."""
        name = f"{uuid.uuid4()}.sln"
        lines = [m.get("Channel") for m in self._manager.messages if m.event == "Newchannel"]
        answer = await self._manager.ask(
            "MixMonitor",
            ("Channel", lines[-1]),
            ("File", f"mixed-{name}"),
            ("options", f"r({name})"),
        )
        assert answer.response == "Success", answer
        return self._network.folder / "spool" / "monitor" / name


@asynccontextmanager
async def open_far_ear(network: RealAsterisk) -> AsyncIterator[FarEar]:
    """Log in to the network's manager while the block is open."""
    async with open_manager("127.0.0.1", network.ami_port) as manager:
        answer = await manager.log_in("witness", SECRET)
        assert answer.response == "Success"
        yield FarEar(network, manager)


async def speech_seconds(recording: Path) -> float:
    """Return how many seconds of a finished recording were loud."""
    await asyncio.sleep(0.5)  # MixMonitor writes its last frames after the hang-up.
    raw = await asyncio.to_thread(recording.read_bytes)
    samples = np.frombuffer(raw, "<i2").astype(float)
    usable = samples[: len(samples) - len(samples) % _CHUNK].reshape(-1, _CHUNK)
    levels: npt.NDArray[np.float64] = np.sqrt(np.mean(usable**2, axis=1))
    return float(np.count_nonzero(levels > LOUD)) / 10
