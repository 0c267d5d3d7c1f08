"""The far end's own log, as a process of its own: which attempt's call came in, and when.

``python -m tests.chaos.far_end SOCKET LOG`` writes a line ``SECONDS ID`` for each datagram, which
is the channel's id that a call came with, and runs until killed. It shares nothing with what it
counts.
"""

import socket
import sys
import time
from collections import Counter
from pathlib import Path


def main() -> None:
    """Log until killed."""
    address, log = sys.argv[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard, Path(log).open("ab", 0) as out:
        heard.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        heard.bind(address)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            unique_id = heard.recv(512)
            out.write(b"%.6f %s\n" % (time.monotonic(), unique_id))


def calls_that_came(log: Path) -> Counter[str]:
    """Count the calls that came in, by the channel's id."""
    return Counter(line.split()[1] for line in log.read_text().splitlines())


def most_in_a_second(log: Path) -> int:
    """Return the most calls that came in within any sliding second."""
    times = [float(line.split()[0]) for line in log.read_text().splitlines()]
    most = first = 0
    for last, instant in enumerate(times):
        while instant - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


if __name__ == "__main__":
    main()
