"""An Asterisk as its user runs it: the distribution's settings, and ``deploy/asterisk`` over them.

Only what two servers on one machine cannot share is changed: folders, ports, the provider's host.
The network of the tests' pair is the provider.
"""

import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi

from tests.integration.asterisk.servers import (
    DEPLOY,
    INSIDE,
    SECRET,
    RealAsterisk,
    running,
)
from tests.integration.faults_product import free_port

PROVIDER = "sip.example.com"
FILES = ("asterisk", "extensions", "logger", "manager", "modules", "pjsip", "rtp")


@contextmanager
def deployed(provider: RealAsterisk, trunk: str) -> Iterator[RealAsterisk]:
    """Run ``deploy/asterisk`` with one of its trunks towards ``provider``."""
    with tempfile.TemporaryDirectory(prefix="opendeep-deployed-") as name:
        folder = Path(name)
        home = folder / "pbx"
        ami_port, sip_port = free_port(), free_port()
        _write(home, provider, trunk, ami_port, sip_port)
        hosts = f"127.0.0.1 localhost {platform.node()}\n"
        (folder / "hosts").write_text(hosts, encoding="utf-8")
        with running(home, provider.root, ami_port, sip_port) as server:
            yield server


def _write(home: Path, provider: RealAsterisk, trunk: str, ami_port: int, sip_port: int) -> None:
    shutil.copytree(provider.root / "etc" / "asterisk", home / "etc")
    for folder in ("log", "spool", "data/sounds/custom"):
        (home / folder).mkdir(parents=True)
    for shared in ("documentation", "sounds/en"):
        (home / "data" / shared).symlink_to(f"/usr/share/asterisk/{shared}")
    shutil.copy(DEPLOY / "sounds" / "opendeep-safe.ulaw", home / "data" / "sounds" / "custom")
    shutil.copy(certifi.where(), home / "authorities.pem")
    changes = {
        "port = 5038": f"port = {ami_port}",
        "secret = change-this-secret": f"secret = {SECRET}",
        "bind = 0.0.0.0:5060": f"bind = 127.0.0.1:{sip_port}",
        "bind = 0.0.0.0:5061": f"bind = 127.0.0.1:{free_port()}",
        PROVIDER: f"127.0.0.1:{provider.sip_port}",
        "match = 192.0.2.20/32": "match = 127.0.0.1/32",
        "/etc/ssl/certs/ca-certificates.crt": f"{INSIDE}/pbx/authorities.pem",
    }
    files = {DEPLOY / f"{name}.conf": f"{name}.conf" for name in FILES}
    files[DEPLOY / "trunks" / f"{trunk}.conf"] = "pjsip_trunk.conf"
    for file, name in files.items():
        text = file.read_text(encoding="utf-8")
        for old, new in changes.items():
            text = text.replace(old, new)
        if name == "asterisk.conf":
            text = _directories(provider) + text
        (home / "etc" / name).write_text(text, encoding="utf-8")


def _directories(provider: RealAsterisk) -> str:
    modules = next(provider.root.glob("usr/lib/*/asterisk/modules")).relative_to(provider.root)
    here = f"{INSIDE}/pbx"
    places = {
        "astetcdir": f"{here}/etc",
        "astmoddir": f"/{modules}",
        "astvarlibdir": "/var/lib/asterisk",
        "astdatadir": f"{here}/data",
        "astkeydir": here,
        "astdbdir": here,
        "astspooldir": f"{here}/spool",
        "astrundir": here,
        "astlogdir": f"{here}/log",
    }
    return "".join(
        ("[directories]\n", *(f"{name} => {place}\n" for name, place in places.items()), "\n")
    )


def complaints(server: RealAsterisk) -> list[str]:
    """Return the warnings and errors of its log, but for one about a file of the distribution."""
    text = (server.folder / "log" / "messages.log").read_text(errors="replace")
    lines = [line for line in text.splitlines() if "WARNING[" in line or "ERROR[" in line]
    return [line for line in lines if "users.conf is deprecated" not in line]
