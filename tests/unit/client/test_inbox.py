"""The bounds between the socket and the handlers."""

from __future__ import annotations

import asyncio

import pytest

from coursewire.client.inbox import Inbox, Stream


async def test_jobs_run_in_order_and_a_failing_one_stops_nobody() -> None:
    done: list[int] = []
    finished = asyncio.Event()
    inbox = Inbox(10, lambda _channels: None)

    async def job(number: int) -> None:
        await asyncio.sleep(0)
        if number == 1:
            raise RuntimeError("a bug in a handler")
        done.append(number)
        if number == 3:
            finished.set()

    for number in range(4):
        inbox.put(lambda number=number: job(number))  # type: ignore[misc]
    await asyncio.wait_for(finished.wait(), 30)
    assert done == [0, 2, 3]
    await inbox.close()


async def test_a_full_inbox_tells_later_what_was_missed() -> None:
    """The bound: `full` at the limit; the channels that were dropped are named once half is done."""
    room: list[list[str]] = []
    told = asyncio.Event()
    gate = asyncio.Event()

    def on_room(channels: list[str]) -> None:
        room.append(channels)
        told.set()

    inbox = Inbox(4, on_room)

    async def job() -> None:
        await gate.wait()

    for _ in range(4):
        assert not inbox.full
        inbox.put(job)
    assert inbox.full
    inbox.missed("room:1")
    inbox.missed("room:2")
    inbox.missed("room:1")
    assert room == []
    gate.set()
    await asyncio.wait_for(told.wait(), 30)
    assert room == [["room:1", "room:2"]]
    await inbox.close()


async def test_closing_from_within_a_job() -> None:
    inbox = Inbox(4, lambda _channels: None)
    closed = asyncio.Event()

    async def close() -> None:
        await inbox.close()
        closed.set()

    inbox.put(close)
    await asyncio.wait_for(closed.wait(), 30)
    await inbox.close()


async def test_a_full_stream_makes_the_giver_wait() -> None:
    """The bound of a loop: nothing is dropped, the giver waits."""
    stream = Stream[int](limit=2)
    for number in range(2):
        await asyncio.wait_for(stream.put(number), 30)
    third = asyncio.create_task(stream.put(2))
    await asyncio.sleep(0)
    assert not third.done()
    assert await anext(stream) == 0
    await asyncio.wait_for(third, 30)
    assert [await anext(stream), await anext(stream)] == [1, 2]


async def test_a_closed_stream_lets_the_giver_go_and_ends_after_its_items() -> None:
    stream = Stream[int](limit=1)
    await stream.put(0)
    waiting = asyncio.create_task(stream.put(1))
    await asyncio.sleep(0)
    stream.close()
    await asyncio.wait_for(waiting, 30)
    assert [item async for item in stream] == [0]
    failed = Stream[int]()
    failed.close(LookupError("gone"))
    with pytest.raises(LookupError, match="gone"):
        await anext(failed)
