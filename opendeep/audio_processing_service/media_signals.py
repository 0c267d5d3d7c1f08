"""What the parts of one call's media wait for."""

import asyncio


class MediaSignals:
    """Each is set once."""

    def __init__(self) -> None:
        self.voice_wanted = asyncio.Event()
        self.connected = asyncio.Event()
        self.finished = asyncio.Event()
        self.released = asyncio.Event()
