"""Where Chromium is, and how it starts without asking anything of the outside."""

import os
import shutil

import pytest

CHROMIUM_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str:
    """Return the browser's path; without one the test is skipped, under CI it fails."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        remedy = "Chromium is missing: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(remedy)
        pytest.skip(remedy)
    return found
