"""Two real Asterisks on loopback: the user's exchange, and the telephone network behind it.

The exchange (``pbx``) runs the files of ``deploy/asterisk``; the network plays the callees of
CONTRACT §5 with its dialplan. Both live in a root file system of their own (``rootfs.sh``), in a
mount namespace of their own, on ports of their own, so several pairs can run at once. They end
with the process that started them, however that ends.

    with exchange_pair() as exchange:
        ...  # log in at exchange.ami_port with exchange.username and exchange.secret

``python -m tests.integration.asterisk.servers`` runs a pair by hand until Ctrl-C.
"""

import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from opendeep.practice.exchange_sounds import load_clips

HERE = Path(__file__).parent
DEPLOY = HERE.parent.parent.parent / "deploy" / "asterisk"
USERNAME = "opendeep"
SECRET = "secret-of-the-tests"  # noqa: S105 - guards a server on loopback for some seconds
INSIDE = Path("/mnt")
"""Where a pair's folder lies for the servers."""
START_SECONDS = 30.0
STOP_SECONDS = 10.0
_COMMON = ("asterisk.conf", "modules.conf", "logger.conf")
# Asterisk takes its defaults for these too, but calls their absence an error.
_EMPTY = ("acl", "cdr", "cel", "features", "pjproject", "udptl")


# What tests provoke: a media server that refuses, sends foreign frames, or falls silent; a
# telephone that is not there; an id used twice; a request that names no channel.
_CHANNELS = re.compile(r"([0-9]+) active channel")
_MEANT = re.compile(
    r"res_audiosocket\.c: (Received AudioSocket message other than|Invalid message length)"
    r"|(res|app)_audiosocket\.c: .*(Connection refused|timeout|[Ff]ailed)"
    r"|'unregistered'|Unique ID 'od-\S+' already in use|channel\.c: name must be provided"
)


EAVESDROPPER = "eavesdropper"
"""A manager of the PBX with OpenDeep's rights, which is told every event, unfiltered."""
_EAVESDROPPER = f"""
[{EAVESDROPPER}]
secret = {{secret}}
read = call,dtmf,system
write = originate,call,reporting
"""


class AsteriskMissingError(Exception):
    """The root file system cannot be built here; the message names the command that can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealAsterisk:
    """One running server.

    Attributes:
        folder: its files, on this machine's side.
        ami_port: its manager, on 127.0.0.1.
        sip_port: its UDP port, on 127.0.0.1.
    """

    name: str
    root: Path
    folder: Path
    ami_port: int
    sip_port: int
    process: subprocess.Popen[bytes] = field(repr=False)

    def command(self, text: str, *, seconds: float = 10.0) -> str:
        """Run a command of Asterisk's console; return what it prints."""
        found = subprocess.run(
            [
                *("/usr/bin/nsenter", "--mount", f"--target={self.process.pid}"),
                *("/usr/sbin/chroot", str(self.root), "/usr/sbin/asterisk"),
                *("-C", f"{INSIDE}/{self.name}/etc/asterisk.conf", "-rx", text),
            ],
            capture_output=True,
            check=False,
            timeout=seconds,
        )
        return found.stdout.decode(errors="replace")

    def log(self) -> str:
        """Return its log so far."""
        return (self.folder / "log" / "full").read_text(errors="replace")

    def complaints(self) -> list[str]:
        """Return the log's lines of class ERROR that no test means to cause."""
        return [
            line
            for line in self.log().splitlines()
            if "] ERROR[" in line and not _MEANT.search(line)
        ]

    def channels(self) -> int:
        """Return how many channels it has."""
        answer = self.command("core show channels count")
        found = _CHANNELS.search(answer)
        if found is None:
            raise RuntimeError(f"{self.name} does not count its channels: {answer!r}")
        return int(found[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePair:
    """The pair: dial ``template`` at the PBX's manager, and the network answers."""

    pbx: RealAsterisk
    network: RealAsterisk
    username: str = USERNAME
    secret: str = SECRET
    template: str = "PJSIP/{number}@trunk"

    @property
    def ami_port(self) -> int:
        """The port of the manager that OpenDeep logs in to."""
        return self.pbx.ami_port


def find_root() -> Path:
    """Return the root file system, built when it must be.

    Raises:
        AsteriskMissingError: it cannot be built on this machine.
    """
    made = subprocess.run(
        ["/bin/sh", str(HERE / "rootfs.sh")], stdout=subprocess.PIPE, check=False, text=True
    )
    if made.returncode != 0:
        raise AsteriskMissingError("Build the tests' Asterisk with: make asterisk (as root)")
    return Path(made.stdout.strip())


@contextmanager
def exchange_pair() -> Iterator[ExchangePair]:
    """Start both servers, and stop them at the end.

    Raises:
        AsteriskMissingError: there is no Asterisk to start.
    """
    root = find_root()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opendeep-pbx-")))
        words = _words()
        _write_sounds(folder / "sounds")
        network = stack.enter_context(_server("network", root, folder, words))
        pbx = stack.enter_context(_server("pbx", root, folder, words))
        yield ExchangePair(pbx=pbx, network=network)


def _words() -> dict[str, str]:
    """Choose what differs from pair to pair."""
    with ExitStack() as stack:
        udp = [stack.enter_context(_bound(socket.SOCK_DGRAM)) for _ in range(3)]
        tcp = [stack.enter_context(_bound(socket.SOCK_STREAM)) for _ in range(3)]
        return {
            "SIP_PORT": str(udp[0]),
            "NETWORK_SIP_PORT": str(udp[1]),
            "MUTE_SIP_PORT": str(udp[2]),
            "PBX_AMI_PORT": str(tcp[0]),
            "NETWORK_AMI_PORT": str(tcp[1]),
            "SIP_TCP_PORT": str(tcp[2]),
            "SECRET": SECRET,
            "SOUNDS": f"{INSIDE}/sounds",
        }


@contextmanager
def _bound(kind: socket.SocketKind) -> Iterator[int]:
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        yield found.getsockname()[1]


def _write_sounds(folder: Path) -> None:
    shutil.copytree(DEPLOY / "sounds", folder)
    for name, clip in load_clips().items():
        path = folder / f"{name}.ulaw"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clip.mulaw)


@contextmanager
def _server(
    name: str, root: Path, folder: Path, words: Mapping[str, str]
) -> Iterator[RealAsterisk]:
    home = folder / name
    is_pbx = name == "pbx"
    ami_port = words["PBX_AMI_PORT" if is_pbx else "NETWORK_AMI_PORT"]
    modules = next(root.glob("usr/lib/*/asterisk/modules"))
    filled = {
        **words,
        "AMI_PORT": ami_port,
        "HOME": f"{INSIDE}/{name}",
        "MODULES": f"/{modules.relative_to(root)}",
    }
    _write_files(home, name, filled)
    sip_port = int(words["SIP_PORT" if is_pbx else "NETWORK_SIP_PORT"])
    with running(home, root, int(ami_port), sip_port) as server:
        yield server


@contextmanager
def running(home: Path, root: Path, ami_port: int, sip_port: int) -> Iterator[RealAsterisk]:
    """Run the Asterisk whose files lie in ``home``, which bears its name; stop it at the end."""
    with (home / "stdout").open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", str(HERE / "run.sh"), str(root), str(home.parent), home.name],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = RealAsterisk(
        name=home.name,
        root=root,
        folder=home,
        ami_port=ami_port,
        sip_port=sip_port,
        process=process,
    )
    try:
        _wait_until_booted(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        process.kill()
        process.wait()


def _write_files(home: Path, name: str, words: Mapping[str, str]) -> None:
    (home / "spool").mkdir(parents=True)
    (home / "log").mkdir()
    (home / "keys").mkdir()
    etc = home / "etc"
    etc.mkdir()
    for empty in _EMPTY:
        (etc / f"{empty}.conf").touch()
    files = [HERE / common for common in _COMMON] + sorted((HERE / name).glob("*.conf"))
    if name == "pbx":
        files = [*DEPLOY.glob("*.conf"), *files]
    for file in files:
        text = file.read_text(encoding="utf-8")
        if file.parent == DEPLOY and file.name == "manager.conf":
            text = _replace(text, "port = 5038", f"port = {words['AMI_PORT']}")
            text = _replace(text, "secret = change-this-secret", f"secret = {SECRET}")
            text += _EAVESDROPPER.format(secret=SECRET)
        if file.parent == DEPLOY and file.name == "extensions.conf":
            # Asterisk's own folder of sounds is shared by all that run from this root.
            text = _replace(text, " = custom/opendeep-safe", f" = {words['SOUNDS']}/opendeep-safe")
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        (etc / file.name).write_text(text, encoding="utf-8")
    hosts = f"127.0.0.1 localhost {platform.node()}\n"
    (home.parent / "hosts").write_text(hosts, encoding="utf-8")


def _replace(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"deploy/asterisk has no line {old!r} any more.")
    return text.replace(old, new)


def _wait_until_booted(server: RealAsterisk) -> None:
    # Real servers on the real clock: there is no event of theirs before they listen.
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        if "fully booted" in server.command("core waitfullybooted"):
            return
        time.sleep(0.1)
    raise RuntimeError(
        f"{server.name} did not start: {(server.folder / 'stdout').read_text(errors='replace')}"
    )


def _main() -> None:
    with exchange_pair() as pair:
        told = (
            f"manager   127.0.0.1:{pair.ami_port}  user {USERNAME}  secret {SECRET}",
            f"dial      {pair.template}   (Test Mode: PJSIP/{{number}}, extension 7000)",
            f"logs      {pair.pbx.folder}/log/full, {pair.network.folder}/log/full",
            "Ctrl-C stops both.",
        )
        sys.stdout.write("\n".join((*told, "")))
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    _main()
