"""Compiles the C programs of the rig, once for each version of their source."""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

_FLAGS = ("-O2", "-Wall", "-Wextra", "-Wno-sign-compare")


def compiled(name: str) -> Path:
    """Return the program ``name``, compiled with the system's ``cc`` from ``name.c`` here.

    Raises:
        RuntimeError: there is no C compiler, or it refused the source.
    """
    source = Path(__file__).with_name(f"{name}.c")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    directory = Path(tempfile.gettempdir()) / f"opendeep-rig-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    program = directory / f"{name}-{digest}"
    if program.exists():
        return program
    unfinished = directory / f"{name}-{digest}.{os.getpid()}"
    command = ["cc", *_FLAGS, "-o", str(unfinished), str(source), "-lm"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError as error:
        raise RuntimeError(
            "The rig needs a C compiler named cc (Debian: gcc, libc6-dev)."
        ) from error
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"cc refused {source.name}:\n{error.stderr}") from error
    unfinished.rename(program)
    return program
