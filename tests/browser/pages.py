"""The pages as a visitor gets them: built by `make pages` when they are missing or older than their sources."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD_S = 300
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Return the browser's path, or fail with one line that says how to get it."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    pytest.fail("the browser tests need Chromium: `make chromium`, or apt install chromium", pytrace=False)


def build_pages() -> None:
    """Build `web/dist` if it is not of the present sources; one process builds, the others wait for it."""
    lock = Path(tempfile.gettempdir()) / f"coursewire-pages-{os.getuid()}.lock"
    # As called by hand: a `make` above this process has its own jobs and flags.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        built = subprocess.run(
            ["make", "--no-print-directory", "pages"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=BUILD_S,
            check=False,
        )
    if built.returncode != 0:
        pytest.fail(f"`make pages` failed:\n{built.stdout[-2_000:]}{built.stderr[-2_000:]}", pytrace=False)
