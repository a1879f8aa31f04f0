"""What was acknowledged survives the death of the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from coursewire import log
from coursewire.storage import Storage

ROUNDS = 3
ACKNOWLEDGED = 400


def append_until_killed(path: Path) -> dict[str, int]:
    """Kill a process with SIGKILL in the middle of its writes; return what it had acknowledged: id -> offset."""
    script = Path(__file__).parent / "appending.py"
    with subprocess.Popen([sys.executable, script, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(ACKNOWLEDGED)]
        process.kill()
        lines += process.stdout.readlines()
    if not lines[-1].endswith(b"\n"):
        lines.pop()  # killed while it spoke
    words = [line.split() for line in lines]
    return {name.decode(): int(offset) for offset, name in words}


async def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    """[SES4] [LOG2] [LOG1] Three times over; each start goes on where the last one died."""
    path = tmp_path / "campus.db"
    acknowledged: dict[str, int] = {}
    for _ in range(ROUNDS):
        acknowledged |= append_until_killed(path)
    assert len(acknowledged) >= ROUNDS * ACKNOWLEDGED
    storage = await Storage.open(f"sqlite:///{path}")
    try:
        events = await storage.read(lambda tx: log.read_after(tx, "/chat", "room:1", 0, 1_000_000))
        extent = await storage.read(lambda tx: log.position(tx, "/chat", "room:1"))
        answers = await storage.read(
            lambda tx: [log.recall(tx, "ada", "/chat", event.id, b"digest") for event in events]
        )
    finally:
        await storage.close()
    assert [event.offset for event in events] == list(range(1, extent.offset + 1))
    stored = {event.id: event.offset for event in events}
    assert acknowledged.items() <= stored.items()
    assert answers == [event.id.encode() for event in events], "an event and its key commit together"
