"""Coroutines that start without a task."""

from __future__ import annotations

import asyncio

import pytest

from coursewire.realtime.eager import STEP, start, start_together


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


async def test_what_it_waits_for_may_have_been_cancelled_before() -> None:
    """Then so is its own future, and whoever starts it goes on."""
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    gone.cancel()

    async def work() -> None:
        await gone

    assert start(work()).cancelled()


# Many, step by step


def only(futures: list[asyncio.Future[None] | None], number: int) -> asyncio.Future[None]:
    """Return the future of the only one that has not ended well so far."""
    assert [index for index, future in enumerate(futures) if future is not None] == [number]
    found = futures[number]
    assert found is not None
    return found


async def test_a_step_is_done_for_all_before_the_next_one_begins() -> None:
    done: list[str] = []

    async def work(name: str, steps: int) -> None:
        for number in range(steps):
            done.append(f"{name}{number}")
            await STEP

    assert start_together([work("a", 2), work("b", 3), work("c", 1)]) == [None, None, None]
    assert done == ["a0", "b0", "c0", "a1", "b1", "b2"]


async def test_whoever_waits_among_many_goes_on_alone_and_without_steps() -> None:
    """Nothing else of the loop may come in between where there was no wait to be seen."""
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done: list[str] = []

    async def work(name: str, *, waits: bool = False) -> None:
        await STEP
        if waits:
            await gate
            asyncio.get_running_loop().call_soon(done.append, "the loop")
        await STEP
        done.append(name)
        await STEP
        done.append(name)

    waiting = only(start_together([work("a"), work("b", waits=True), work("c")]), 1)
    assert done == ["a", "c", "a", "c"]
    gate.set_result(None)
    await waiting
    await asyncio.sleep(0)
    assert done[4:] == ["b", "b", "the loop"]


async def test_steps_mean_nothing_to_who_starts_alone() -> None:
    async def work() -> int:
        await STEP
        await STEP
        return 5

    future = start(work())
    assert future.done()
    assert future.result() == 5


async def test_one_of_many_that_is_cancelled_holds_up_nobody() -> None:
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    gone.cancel()
    done: list[int] = []

    async def work(number: int) -> None:
        await STEP
        if number == 1:
            await gone
        await STEP
        done.append(number)

    assert only(start_together(work(number) for number in range(3)), 1).cancelled()
    assert done == [0, 2]


async def test_one_of_many_that_fails_holds_up_nobody() -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        await STEP
        if number == 1:
            raise LookupError
        await STEP
        done.append(number)

    failed = only(start_together(work(number) for number in range(3)), 1)
    assert done == [0, 2]
    with pytest.raises(LookupError):
        await failed


async def test_an_error_that_one_of_many_waits_for_reaches_it_and_steps_follow() -> None:
    broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    done: list[str] = []

    async def work() -> None:
        try:
            await broken
        except LookupError:
            await STEP
        done.append("mended")

    waiting = only(start_together([work()]), 0)
    broken.set_exception(LookupError())
    await waiting
    assert done == ["mended"]
