# ruff: noqa: INP001 - a script, run by its path or with -m
"""A Realtime server for load, as a process of its own.

    python -m benchmarks.realtime_server --port 0 --mode speak --speak-ms 4000 --listen-ms 4000

prints ``port N`` as soon as it listens, serves ``ws://127.0.0.1:N/v1/realtime``, and ends on
SIGTERM with one line of JSON. ``--mode echo`` says the caller's audio back at once instead. It is
a C program (``media_rig/realtime_server.c``, compiled here with the system's ``cc``), so that it
hardly competes for the processor with what is measured.
"""

import os
import sys

from benchmarks.media_rig import build


def main() -> None:
    """Compile the server if need be and become it."""
    program = str(build.compiled("realtime_server"))
    os.execv(program, [program, *sys.argv[1:]])  # noqa: S606 - our own program, no shell


if __name__ == "__main__":
    main()
