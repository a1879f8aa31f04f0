"""What a server says in its log: what an operator should know, and nothing that a stranger makes it say."""

from __future__ import annotations

import asyncio
import json
import resource
from pathlib import Path

import pytest
from tests.fault.server_process import ServerProcess

LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))"


def warnings(server: ServerProcess) -> list[str]:
    lines = [json.loads(line) for line in server.said.decode().splitlines()]
    return [line["message"] for line in lines if line["level"] == "warning"]


async def test_a_variable_that_does_nothing_is_in_the_log(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path, log_format="json", jwt_secrte="sentinel") as server:
        assert warnings(server) == [
            "COURSEWIRE_JWT_SECRTE: there is no such setting; is COURSEWIRE_JWT_SECRET meant?"
        ]
        assert b"sentinel" not in server.said


@pytest.mark.parametrize(("hard", "told"), [(400, 0), (300, 1)])
async def test_each_session_gets_a_file_as_far_as_the_system_lets_us(
    tmp_path: Path, hard: int, told: int
) -> None:
    """Who finds no file left is turned away without a word; most shells begin with 1,024 and allow more."""
    settings = {"log_format": "json", "env": "staging", "max_sessions": "100"}
    first = LIMITED.format(soft=200, hard=hard)
    async with ServerProcess(tmp_path, first=first, **settings) as server:
        assert resource.prlimit(server.pid, resource.RLIMIT_NOFILE) == (min(356, hard), hard)
        assert len([warning for warning in warnings(server) if "COURSEWIRE_MAX_SESSIONS" in warning]) == told


NO_HTTP = (
    b"\x16\x03\x01\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
)


@pytest.mark.parametrize(("level", "told"), [("info", 0), ("debug", 2)])
async def test_who_speaks_no_http_writes_no_lines(tmp_path: Path, level: str, told: int) -> None:
    """Nobody has to sign in for that: one line each, as fast as somebody can connect, onto the disk of the database."""
    async with ServerProcess(tmp_path, log_format="json", log_level=level) as server:
        for request in NO_HTTP:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(request)
            assert (await reader.readline()).startswith(b"HTTP/1.1 4")
            writer.close()
            await writer.wait_closed()
        await server.kill()
        assert len(warnings(server)) == told


async def test_a_second_server_on_the_same_file_does_not_start(tmp_path: Path) -> None:
    """Whoever is connected to one would not hear what is said at the other. After a kill the file is free at once."""
    async with ServerProcess(tmp_path) as first:
        second = ServerProcess(tmp_path)
        with pytest.raises(AssertionError, match=r"another server serves .*campus\.db: stop that one first"):
            await second.start()
        await second.kill()
        await first.kill()
        await second.start()
        await second.kill()
