"""What long-polling takes and keeps at most: bodies, packets, sessions, and what waits for a poll."""

from __future__ import annotations

import asyncio

import pytest
from tests.unit.edge.polling_world import Exchange, World, turns

from coursewire.edge.polling import AT_ONCE, PollingTransport


@pytest.mark.parametrize(("headers", "body"), [({"content-length": "1001"}, b"4"), ({}, b"4" + b"x" * 1_000)])
async def test_a_post_that_is_too_large_is_refused_and_the_session_stays(
    headers: dict[str, str], body: bytes
) -> None:
    world = await World.opened(max_payload=1_000)
    query = f"EIO=4&transport=polling&sid={world.sid}"
    answer = Exchange(world.server, "POST", query, body, headers, whole=False)
    await answer.answered()
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert world.told == []
    assert (await world.post(b"4small").answered()).body == b"ok"


async def test_too_many_packets_in_a_post_close_the_session() -> None:
    world = await World.opened(max_packets=3)
    assert (await world.post(b"4a\x1e4b\x1e4c\x1e4d").answered()).status == 400
    assert world.told == [("closed", "parse error")]


async def test_a_post_that_takes_forever_is_given_up() -> None:
    world = await World.opened(stall_timeout_s=0.01)
    assert (await world.post(b"4half", whole=False).answered()).status == 400
    assert world.told == []


async def test_half_a_post_is_not_read() -> None:
    world = await World.opened()
    post = world.post(b"4half", whole=False)
    post.hang_up()
    assert (await post.answered()).status == 400
    assert ("received", "half") not in world.told


async def test_a_post_is_held_back_while_the_application_reads_nothing() -> None:
    world = await World.opened()
    world.session.pause_reading()
    world.session.pause_reading()
    post = world.post(b"4one")
    await turns()
    assert world.told == [("received", "one")]
    assert not post.status
    assert world.session.transport.congested
    world.session.resume_reading()
    assert (await post.answered()).body == b"ok"


async def test_a_post_that_is_held_back_is_answered_when_the_session_ends() -> None:
    world = await World.opened()
    world.session.pause_reading()
    post = world.post(b"4one")
    await turns()
    world.session.close("enough")
    assert (await post.answered()).body == b"ok"


async def test_a_full_outbox_is_reported_and_drains_with_the_next_poll() -> None:
    """[FAN3]"""
    world = await World.opened(outbox_bytes=1_000)
    world.session.send("x" * 1_001)
    full = world.session.full
    assert full
    await world.get().answered()
    assert not world.session.full
    await asyncio.sleep(0)
    assert world.told == [("filled",), ("drained",)]


async def test_an_outbox_full_beyond_measure_ends_the_session() -> None:
    """[FAN3]"""
    world = await World.opened(outbox_bytes=1_000)
    for _ in range(5):
        world.session.send("x" * 1_000)
    await asyncio.sleep(0)
    assert world.told[-1] == ("closed", "outbox overflow")


async def test_a_large_answer_goes_out_in_slices_whose_progress_shows() -> None:
    """[FAN3] A slow reader of one answer is judged by its progress."""
    world = await World.opened()
    world.session.send("x" * 200_000)
    poll = world.get()
    poll.may_send.clear()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    transport = world.session.transport
    assert transport.congested
    before = transport.unsent
    poll.may_send.set()
    await poll.answered()
    assert before == len(poll.body) == 200_001
    assert poll.parts == 4
    assert transport.unsent == 0


async def test_what_a_slow_reader_has_taken_of_an_answer_is_unsent_no_more() -> None:
    """[FAN3] Otherwise nobody would see its progress before the end."""
    world = await World.opened()
    transport = world.session.transport
    assert isinstance(transport, PollingTransport)
    unsent: list[int] = []

    async def send(_: object) -> None:
        unsent.append(transport.unsent)

    await transport.respond(b"x" * 200_000, send, [])
    assert unsent == [200_000, 200_000, 134_464, 68_928, 3_392]


async def test_no_pong_is_expected_behind_a_post_that_is_still_coming() -> None:
    world = await World.opened()
    post = world.post(b"4first half", whole=False)
    await turns()
    congested = [world.session.transport.congested]
    post.give(b" and second", more=False)
    await post.answered()
    assert [*congested, world.session.transport.congested] == [True, False]


async def test_the_number_of_sessions_is_bounded() -> None:
    world = await World.opened(max_sessions=1)
    assert (await Exchange(world.server, "GET", "EIO=4&transport=polling").answered()).status == 503


async def test_many_packets_of_one_post_leave_turns_to_the_others() -> None:
    world = await World.opened()
    post = world.post(b"\x1e".join(b"4%d" % number for number in range(3 * AT_ONCE + 8)))
    seen: list[int] = []
    while not post.task.done():
        await asyncio.sleep(0)
        seen.append(len(world.told))
    assert post.body == b"ok"
    assert sorted({*seen} - {0}) == [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE, 3 * AT_ONCE + 8]
    assert world.told == [("received", str(number)) for number in range(3 * AT_ONCE + 8)]


async def test_a_post_whose_session_goes_on_without_it_is_refused() -> None:
    """Its client cannot take it for heard."""
    world = await World.opened()
    post = world.post(b"\x1e".join([b"4more"] * 3 * AT_ONCE))
    for _ in range(10):
        if not world.told:
            await asyncio.sleep(0)
    world.session.close("enough")
    assert (await post.answered()).status == 400
    assert len(world.told) == AT_ONCE + 1
