"""A PostgreSQL that can be killed and started again at its address."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg

from tests.postgres import postgres_programs


class PostgresServer:
    """A server with its files in a folder; durable, since its own death is a fault."""

    def __init__(self, folder: Path, port: int) -> None:
        self._programs = postgres_programs()
        self._folder = folder
        self._port = port
        self._identity: dict[str, object] = {}
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
            self._identity = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run(
            [
                self._programs / "initdb", "-D", folder / "data", "-U", "opendeep",
                "-A", "trust", "-N",
            ],
            check=True, capture_output=True, cwd=folder, **self._identity,
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where its database is."""
        return f"postgresql://opendeep@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._programs / "postgres", "-D", self._folder / "data",
                    "-p", str(self._port), "-h", "127.0.0.1", "-k", self._folder,
                    "-c", "max_connections=200", "-c", "synchronous_commit=on",
                ],
                stdout=log, stderr=log, cwd=self._folder, start_new_session=True,
                **self._identity,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End it at once, connections and all (an immediate shut-down: recovery at the start)."""
        if self._process is not None:
            self._process.send_signal(3)  # SIGQUIT
            self._process.wait(timeout=30)
            self._process = None
