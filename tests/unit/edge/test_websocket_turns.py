"""What one read of a WebSocket brings is taken in slices: others have their turn, and nothing is lost by that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.edge.stand_ins import client_frame
from tests.unit.edge.test_websocket import CLOSE, CONT, TEXT, World

from coursewire.edge.websocket import AT_ONCE

MANY = 3 * AT_ONCE + 8


@pytest.fixture(autouse=True)
async def _on_an_event_loop() -> None:
    """Deadlines are counted on a running loop."""


def numbered(first: int, count: int) -> bytes:
    """Return messages that say their number."""
    return b"".join(client_frame(TEXT, b"4%d" % number) for number in range(first, first + count))


def heard(world: World) -> list[int]:
    """Return the numbers that were said."""
    return [int(told[1]) for told in world.told if told[0] == "received"]


async def turn() -> None:
    """Let the loop have one turn."""
    await asyncio.sleep(0)


async def test_many_messages_of_one_read_leave_turns_to_the_others() -> None:
    """They would take 0.1 s. Nothing more is read meanwhile; what is half there is put together as ever."""
    world = World()
    beginning, end = client_frame(TEXT, b"4" + b"1" * 9)[:7], client_frame(TEXT, b"4" + b"1" * 9)[7:]
    world.receive(numbered(0, MANY), beginning)
    seen: list[Any] = []
    while not world.socket.reading:
        seen.append(len(world.told))
        await turn()
    assert seen == [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE]
    world.receive(end)
    assert heard(world) == [*range(MANY), 111_111_111]


async def test_few_messages_need_no_turn() -> None:
    world = World()
    world.receive(numbered(0, AT_ONCE - 1))
    assert world.socket.reading
    assert heard(world) == [*range(AT_ONCE - 1)]


async def test_a_read_that_may_not_be_the_whole_leaves_turns_to_the_others() -> None:
    """However few messages it has: libuv would go on with 8 MB of them."""
    world = World()
    world.receive(client_frame(TEXT, b"4" + b"x" * 70_000))
    assert not world.socket.reading
    await turn()
    assert world.socket.reading


async def test_what_comes_although_nothing_is_read_waits_behind_the_rest() -> None:
    """As with asyncio's TLS, which has read it before."""
    world = World()
    world.receive(numbered(0, MANY))
    world.receive(numbered(MANY, 3))
    world.receive(numbered(MANY + 3, 3))
    while not world.socket.reading:
        await turn()
    assert heard(world) == [*range(MANY + 6)]


async def test_the_end_of_a_stream_does_not_overtake_what_came_before() -> None:
    world = World()
    world.receive(numbered(0, MANY))
    world.protocol.eof_received()
    world.lose()
    await turn()
    assert heard(world) == [*range(MANY)]
    assert world.told[-1] == ("closed", "transport close")


async def test_of_a_connection_that_broke_nothing_more_is_taken() -> None:
    world = World()
    world.receive(numbered(0, MANY))
    world.lose(ConnectionResetError())
    await turn()
    assert heard(world) == [*range(AT_ONCE)]
    assert world.told[-1] == ("closed", "transport error")


async def test_nothing_behind_a_close_in_the_rest_is_taken() -> None:
    world = World()
    world.receive(numbered(0, MANY), client_frame(CLOSE, b""), numbered(MANY, MANY))
    for _ in range(10):
        await turn()
    assert world.socket.closing
    assert heard(world) == [*range(MANY)]
    assert world.told[-1] == ("closed", "transport close")


async def test_nothing_behind_what_is_no_frame_in_the_rest_is_taken() -> None:
    world = World()
    world.receive(numbered(0, MANY), client_frame(CONT, b"stray"), numbered(MANY, MANY))
    for _ in range(10):
        await turn()
    assert heard(world) == [*range(MANY)]
    assert world.told[-1] == ("closed", "parse error")
    assert world.socket.reading  # until the peer ends it


async def test_who_is_held_in_the_midst_is_not_read_afterwards() -> None:
    """[CMD1] What was read is taken, and nothing more."""
    world = World()
    world.receive(numbered(0, MANY))
    world.session.pause_reading()
    world.session.resume_reading()
    assert not world.socket.reading
    world.session.pause_reading()
    for _ in range(10):
        await turn()
    assert heard(world) == [*range(MANY)]
    assert not world.socket.reading
    world.session.resume_reading()
    assert world.socket.reading


async def test_a_rest_shows_that_the_peer_is_there() -> None:
    """Its pong may be in it."""
    world = World()
    world.receive(numbered(0, MANY))
    world.protocol.heard = False
    await turn()
    assert world.protocol.heard


async def test_a_large_read_does_not_undo_that_nothing_is_to_be_read() -> None:
    """[CMD1] [FAN3]"""
    world = World()
    world.session.pause_reading()
    world.receive(client_frame(TEXT, b"4" + b"x" * 70_000))
    await turn()
    assert not world.socket.reading


async def test_a_large_read_that_ends_the_socket_touches_it_no_more() -> None:
    world = World()
    world.receive(client_frame(TEXT, b"4" + b"x" * 70_000))
    await turn()
    world.receive(client_frame(TEXT, b"4" + b"x" * 70_000), client_frame(CLOSE, b""))
    assert world.socket.closing
    await turn()


async def test_what_is_no_frame_ends_a_large_read_for_good() -> None:
    """Also where asyncio's TLS brings more of it."""
    world = World()
    world.receive(client_frame(TEXT, b"4" + b"x" * 70_000), client_frame(CONT, b"stray"))
    world.receive(client_frame(CLOSE, b""))
    await turn()
    assert world.told[-1] == ("closed", "parse error")
    assert not world.socket.closing


async def test_a_close_in_the_rest_of_a_connection_that_broke_is_answered_by_nothing() -> None:
    world = World()
    world.receive(numbered(0, AT_ONCE), client_frame(CLOSE, b""))
    world.lose(ConnectionResetError())
    await turn()
    assert world.protocol not in world.server._registry.closings
