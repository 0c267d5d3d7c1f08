"""Realtime servers that no one here wrote: installed once outside the tree, started on loopback.

aimock (npm, MIT) and the protocol layer of Hugging Face's speech-to-speech (PyPI, Apache-2.0, run
without its models). What is missing is a visible skip with the command; under CI=true an error.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

REMEDY = "sh scripts/install_peers.sh"
HERE = Path(__file__).parent


def cache() -> Path:
    """Return where ``scripts/install_peers.sh`` puts them."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "opendeep-peers"


def missing(name: str) -> None:
    """Skip, or fail where everything has to be there."""
    message = f"{name} is not installed: {REMEDY}"
    if os.environ.get("CI") == "true" and name == "aimock":
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@asynccontextmanager
async def running(*command: str | Path, port: int) -> AsyncIterator[str]:
    """Run a server while the block is open; give its Realtime address."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(60):
            await _listens(port)
        yield f"ws://127.0.0.1:{port}/v1/realtime"
    finally:
        process.kill()
        await process.wait()


async def _listens(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


@asynccontextmanager
async def aimock(folder: Path, fixtures: str) -> AsyncIterator[str]:
    """Run aimock with these fixtures."""
    program = cache() / "aimock" / "node_modules" / ".bin" / "llmock"
    if not program.exists() or shutil.which("node") is None:
        missing("aimock")
    (folder / "fixtures.json").write_text(fixtures)
    port = free_port()
    async with running(program, "-p", str(port), "-f", folder, port=port) as url:
        yield url


@asynccontextmanager
async def speech_to_speech() -> AsyncIterator[str]:
    """Run speech-to-speech's Realtime server."""
    python = cache() / "speech-to-speech" / "bin" / "python"
    if not python.exists():
        missing("speech-to-speech")
    port = free_port()
    script = HERE / "speech_to_speech_server.py"
    async with running(python, script, str(port), port=port) as url:
        yield url
