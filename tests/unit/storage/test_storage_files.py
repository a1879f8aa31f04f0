"""What happens to the file behind a database while it is in use, and whose file it is."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from coursewire import log
from coursewire.errors import Unavailable
from coursewire.storage import Storage, Transaction
from coursewire.storage.sqlite import SQLiteDatabase


def append(tx: Transaction) -> int:
    return log.append(tx, "/chat", "room:1", event="e", data=b"{}", id="x", at=tx.now).offset


def remove(path: Path) -> None:
    path.unlink()


def move(path: Path) -> None:
    path.rename(path.with_name("moved.db"))


def replace(path: Path) -> None:
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    copy.rename(path)


def is_there(path: Path) -> bool:
    return path.exists()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "campus.db"


@pytest.fixture
async def storage(path: Path) -> AsyncIterator[Storage]:
    storage = await Storage.open(f"sqlite:///{path}")
    await storage.migrate()
    yield storage
    await storage.close()


@pytest.mark.parametrize("lose", [remove, move, replace])
async def test_nothing_is_acknowledged_that_nobody_would_find(
    storage: Storage, path: Path, lose: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """[CMD2] SQLite itself writes on into a file without a name, and all of it is gone with the process."""
    assert await storage.write(append) == 1
    lose(path)
    for _ in range(2):  # the second on a session that would be opened anew, and make an empty file
        with pytest.raises(Unavailable):
            await storage.write(append)
    assert "removed or replaced while in use" in caplog.text
    assert is_there(path) == (lose is replace)


async def test_a_file_that_is_put_back_is_written_on(storage: Storage, path: Path) -> None:
    move(path)
    with pytest.raises(Unavailable):
        await storage.write(append)
    path.with_name("moved.db").rename(path)
    assert await storage.write(append) == 1


def test_a_file_that_may_not_be_written_is_told_at_once() -> None:
    """Otherwise a server would begin to serve, be ready, and fail at every command."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own lie where others may not look
        path = Path(folder, "campus.db")
        SQLiteDatabase(f"sqlite:///{path}").migrate()
        with closing(sqlite3.connect(path)) as driver:
            driver.execute("PRAGMA journal_mode = WAL")
        path.chmod(0o444)
        Path(folder).chmod(0o777)
        script = Path(__file__).parent / "read_only_file.py"
        done = subprocess.run([sys.executable, script, path], capture_output=True, text=True, check=False)
        assert done.stdout == "cannot open the database: the file may not be written\n", done.stderr


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """It was read as a URL twice: the tables came into another file than the one that was opened."""
    database = SQLiteDatabase(f"sqlite:///{tmp_path}/100%2525.db")
    database.migrate()
    assert [file.name for file in tmp_path.iterdir()] == ["100%25.db"] == [Path(database.path).name]


async def test_a_file_is_held_by_one_and_open_to_others(path: Path) -> None:
    """Two servers would each tell their own people only; a migration or a backup tells nobody anything."""
    url = f"sqlite:///{path}"
    first = await Storage.open(url, hold=True)
    with pytest.raises(Unavailable, match=re.escape(f"another server serves {path}: stop that one first")):
        await Storage.open(url, hold=True)
    beside = await Storage.open(url)
    await beside.migrate()
    await beside.close()
    await first.close()
    second = await Storage.open(url, hold=True)
    await second.close()


def test_a_file_that_cannot_be_held_is_told_as_one_that_cannot_be_opened(tmp_path: Path) -> None:
    database = SQLiteDatabase(f"sqlite:///{tmp_path}/nowhere/campus.db")
    database.hold()
    with pytest.raises(Unavailable, match="unable to open database file"):
        database.writer()
