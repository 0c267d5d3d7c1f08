"""A PostgreSQL to throw away, for tests and benchmarks: on loopback, on a free port."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

INSTALL = "apt-get install -y postgresql"


class NoPostgresError(Exception):
    """The machine has no PostgreSQL, or it did not start."""


@contextmanager
def running_postgres(*settings: str) -> Iterator[str]:
    """Run a server while the block is open; yields its address, without a database name.

    Args:
        *settings: ``name=value`` of ``postgresql.conf``.

    Raises:
        NoPostgresError: it is not installed, or does not start.
    """
    programs = postgres_programs()
    home = Path(tempfile.mkdtemp(prefix="opendeep-postgres-"))
    identity: dict[str, object] = {}
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        shutil.chown(home, "postgres", "postgres")
        identity = {"user": "postgres", "group": "postgres", "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = home / "data"
    initialize = [programs / "initdb", "-D", data, "-U", "opendeep", "-A", "trust", "-N"]
    options = ["-p", str(port), "-h", "127.0.0.1", "-k", home]
    options += [f"--{setting}" for setting in settings]
    try:
        subprocess.run(  # noqa: S603 - a fixed program
            initialize, check=True, capture_output=True, cwd=home, **identity
        )
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - a fixed program
                [programs / "postgres", "-D", data, *options],
                stdout=log, stderr=log, cwd=home, **identity,
            )  # fmt: skip
        try:
            address = f"postgresql://opendeep@127.0.0.1:{port}"
            _wait_until_ready(address, server, home / "log")
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)
    finally:
        shutil.rmtree(home)


def new_postgres_database(server: str, name: str) -> str:
    """Create a database on the throw-away server and return its address."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{server}/{name}"


def postgres_programs() -> Path:
    """Find the server's programs.

    Raises:
        NoPostgresError: there are none.
    """
    found = [Path(path).parent for name in ("postgres",) if (path := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for directory in found:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise NoPostgresError(f"PostgreSQL is not installed; run: {INSTALL}")


def _wait_until_ready(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            psycopg.connect(f"{address}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise NoPostgresError(f"PostgreSQL did not start:\n{log.read_text()}")
