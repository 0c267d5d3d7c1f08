"""The far end's own log at a real telephone network, as a process of its own.

``python -m tests.chaos.asterisk_far_end PORT LOG`` asks the network's Asterisk for each call that
comes in, and writes a line ``SECONDS NUMBER`` until killed. The product knows nothing of it.
"""

import asyncio
import sys
import time
from pathlib import Path

from opendeep.call_processor_service.ami_protocol import AmiMessage, AmiParser
from tests.integration.asterisk.servers import SECRET

_READ_BYTES = 65_536


async def watch(port: int, log: Path) -> None:
    """Log until killed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    login = AmiMessage.of(("Action", "Login"), ("Username", "witness"), ("Secret", SECRET))
    writer.write(login.encode())
    parser = AmiParser(expect_banner=True)
    with log.open("a", buffering=1) as out:
        while data := await reader.read(_READ_BYTES):
            for message in parser.receive(data):
                if not isinstance(message, AmiMessage):
                    continue
                if message.response:
                    sys.stdout.write(f"{message.response}\n")
                    sys.stdout.flush()
                if message.get("UserEvent") == "CallCame":
                    out.write(f"{time.monotonic():.6f} {message.get('Number')}\n")


if __name__ == "__main__":
    asyncio.run(watch(int(sys.argv[1]), Path(sys.argv[2])))
