"""A server that is told to stop finishes what it has begun."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from signal import SIGINT, SIGTERM

import pytest
from tests.fault.plain_client import PlainClient
from tests.fault.server_process import ServerProcess
from tests.fault.test_kill import enrol, token

from coursewire.vocabulary import new_id

MESSAGES = 200
HEARS_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Also where the tests run in the background of a shell, whose children ignore it."""


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize(("signals", "code"), [((SIGTERM, SIGTERM), -SIGTERM), ((SIGINT,), 130)])
async def test_a_stop_closes_the_database(tmp_path: Path, signals: tuple[int, ...], code: int) -> None:
    """[CMD2] What was acknowledged is in the file, whole and alone: the write-ahead log has gone into it.

    A second SIGTERM changes nothing.
    """
    async with ServerProcess(tmp_path, first=HEARS_SIGINT) as server:
        await enrol(server, "ada")
        async with await PlainClient.open(server.port, token("ada")) as ada:
            await ada.ready()
            opened = await ada.ask("room.open", key=new_id(), kind="course", course_id="math", title="Forum")
            room_id = opened["room"]["id"]
            sent = {
                await ada.say("message.send", key=new_id(), room_id=room_id, text=f"{number}"): f"{number}"
                for number in range(MESSAGES)
            }
            for number in signals:
                server.signal(number)
            await ada.until(lambda: False)  # until the server has closed the connection
            assert ada.named("namespace.closing")[0]["retryable"]
            acknowledged = {text for ack, text in sent.items() if ack in ada.answers}
        assert await server.ended() == code
    assert files(tmp_path) == ["campus.db"]
    with closing(sqlite3.connect(tmp_path / "campus.db")) as database:
        kept = {text for (text,) in database.execute("SELECT text FROM chat_messages")}
    assert acknowledged <= kept
