"""Coroutines that start without a task."""

from __future__ import annotations

import asyncio

import pytest

from coursewire.realtime.eager import start


async def test_what_need_not_wait_is_done_at_once_and_without_a_task() -> None:
    async def work() -> asyncio.Task[None] | None:
        return asyncio.current_task()

    here = asyncio.current_task()
    future = start(work())
    assert future.done()
    assert future.result() is here


async def test_what_it_raises_is_the_futures() -> None:
    async def work() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await start(work())


async def test_it_goes_on_after_every_wait_as_a_task() -> None:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()

    async def work() -> list[object]:
        return [await first, await second, asyncio.current_task()]

    future = start(work())
    assert not future.done()
    first.set_result(1)
    second.set_result(2)
    one, two, task = await future
    assert (one, two) == (1, 2)
    assert task is future


async def test_an_error_that_it_waits_for_reaches_it() -> None:
    broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await broken
        except LookupError:
            return "mended"
        return "unheard"

    future = start(work())
    broken.set_exception(LookupError())
    assert await future == "mended"


async def test_it_can_be_cancelled_where_it_waits_and_cleans_up() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("cleaned up")

    future = start(work())
    future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await future
    assert ended == ["cleaned up"]
