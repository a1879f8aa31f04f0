"""The file holds one complete outbox at any time."""

from __future__ import annotations

import gc
from pathlib import Path

import orjson
import pytest

from coursewire.client.outbox_file import OutboxFile

ENTRY = {"ref": "r", "command": "message.send", "payload": {"key": "k", "text": "é"}}


async def test_what_was_saved_last_is_loaded(tmp_path: Path) -> None:
    """[CLI2]"""
    path = tmp_path / "new" / "outbox.json"
    file = OutboxFile(path)
    assert file.load() == []
    for number in range(100):
        file.save([{**ENTRY, "ref": str(number)}])
    await file.flush()
    file.release()
    assert OutboxFile(path).load() == [{**ENTRY, "ref": "99"}]
    left = sorted(entry.name for entry in path.parent.iterdir())
    assert left == [".outbox.json.lock", "outbox.json"], "no temporary file is left"


async def test_a_file_is_one_clients_at_a_time(tmp_path: Path) -> None:
    """[CLI2] Of two, each wrote over what the other had promised to keep."""
    path = tmp_path / "outbox.json"
    first, second = OutboxFile(path), OutboxFile(path)
    assert first.load() == []
    first.save([ENTRY])
    with pytest.raises(ValueError, match="another client"):
        second.load()
    await first.flush()
    first.release()
    assert second.load() == [ENTRY]
    del second  # who forgets to close it keeps it from nobody
    gc.collect()
    path.write_bytes(b"{")
    with pytest.raises(ValueError, match="is not an outbox"):
        OutboxFile(path).load()
    path.write_bytes(b"[]")
    assert first.load() == []


@pytest.mark.parametrize("content", [b"{", b"{}", b"[1]", orjson.dumps([{**ENTRY, "payload": 1}])])
def test_another_file_is_not_taken_for_an_outbox(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "outbox.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not an outbox"):
        OutboxFile(path).load()
    assert path.read_bytes() == content


async def test_a_disk_that_refuses_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_bytes(b"")
    file = OutboxFile(tmp_path / "file" / "outbox.json")
    file.save([ENTRY])
    await file.flush()
    assert "cannot be written" in caplog.text
