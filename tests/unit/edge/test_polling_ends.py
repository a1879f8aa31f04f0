"""How long-polling sessions end: who closes, what the last poll brings, what a server that stops does."""

from __future__ import annotations

import asyncio

from tests.unit.edge.polling_world import Exchange, World
from tests.unit.edge.stand_ins import ManualClock, make_registry, websocket

from coursewire.edge.outbox import Outbox
from coursewire.edge.polling import CLOSE


async def test_a_second_poll_closes_the_session() -> None:
    world = await World.opened()
    poll = await world.waiting()
    assert (await world.get().answered()).status == 400
    assert (await poll.answered()).body == b"1"
    assert world.told == [("closed", "transport error")]


async def test_a_second_post_closes_the_session() -> None:
    world = await World.opened()
    first = world.post(b"4half", whole=False)
    await asyncio.sleep(0)
    assert (await world.post(b"4other").answered()).status == 400
    first.give(b" and half", more=False)
    assert (await first.answered()).status == 400
    assert world.told == [("closed", "transport error")]


async def test_a_poll_that_is_given_up_closes_the_session() -> None:
    world = await World.opened()
    poll = await world.waiting()
    poll.hang_up()
    await poll.answered()
    assert world.told == [("closed", "transport close")]


async def test_a_client_that_closes_gets_its_poll_back_with_noop() -> None:
    world = await World.opened()
    poll = await world.waiting()
    assert (await world.post(b"1").answered()).body == b"ok"
    assert (await poll.answered()).body == b"6"
    assert (await world.get().answered()).status == 400


async def test_the_last_words_of_the_server_reach_a_client_between_two_polls_once() -> None:
    world = await World.opened()
    session = world.session
    session.send("goodbye")
    session.close("enough")
    assert (await world.get().answered()).body == b"4goodbye\x1e1"
    assert (await world.get().answered()).status == 400


async def test_many_last_words_take_several_polls() -> None:
    world = await World.opened()
    session = world.session
    for number in range(20):
        session.send(str(number))
    session.close("enough")
    assert len((await world.get().answered()).body.split(b"\x1e")) == 16
    assert (await world.get().answered()).body.endswith(b"419\x1e1")
    assert (await world.get().answered()).status == 400


async def test_last_words_that_do_not_fit_the_poll_that_waits_come_with_the_next() -> None:
    world = await World.opened()
    poll = await world.waiting()
    session = world.session
    for number in range(16):
        session.send(str(number))
    session.close("enough")
    assert (await poll.answered()).body.endswith(b"415")
    assert (await world.get().answered()).body == b"1"
    assert (await world.get().answered()).status == 400


async def test_the_last_words_of_the_server_reach_a_poll_that_waits() -> None:
    world = await World.opened()
    poll = await world.waiting()
    session = world.session
    session.send("goodbye")
    session.close("enough")
    assert (await poll.answered()).body == b"4goodbye\x1e1"


async def test_farewells_are_bounded() -> None:
    world = World()
    for _ in range(1_100):
        await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()
    for session in list(world.server.sessions.values()):
        session.close("enough")
    assert len(world.server._registry._farewells) == 1_000


def test_a_farewell_that_nobody_fetches_is_forgotten() -> None:
    clock = ManualClock()
    registry = make_registry(clock, close_timeout_ms=2_000)
    for sid in ("fetched", "not fetched"):
        outbox = Outbox(1_000)
        outbox.put(CLOSE)
        registry.leave_farewell(sid, outbox)
    clock.advance(1)
    fetched = registry.take_farewell("fetched")
    clock.advance(1.1)
    assert (fetched, registry.take_farewell("not fetched")) == (b"1", None)


async def test_after_a_ping_timeout_nothing_is_kept_for_the_client() -> None:
    world = await World.opened()
    world.session.send("kept in vain")
    world.session.close("ping timeout")
    assert (await world.get().answered()).status == 400


async def test_a_server_that_closes_ends_its_sessions_and_opens_no_more() -> None:
    world = await World.opened()
    poll = await world.waiting()
    _, socket = websocket(world.server)
    closing = asyncio.ensure_future(world.server.close())
    await asyncio.sleep(0)
    assert (await poll.answered()).body == b"1"
    assert socket.take().endswith(b"\x88\x16\x03\xe9server shutting down")
    assert not closing.done()
    assert socket.protocol is not None
    socket.closing = True
    socket.protocol.connection_lost(None)
    async with asyncio.timeout(30):
        await closing
    assert (await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()).status == 503
    assert [told[-1] for told in world.listeners[1].told] == ["server shutting down"]
