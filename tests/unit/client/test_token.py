"""Where a client gets its token: a function that hangs holds up neither the program nor its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from coursewire.client.token import MOST_HANGING, TokenSource
from coursewire.errors import Unavailable


class Hanging:
    """A function that comes back when it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.called = threading.Semaphore(0)
        self.over = threading.Event()

    def __call__(self) -> str:
        self.calls += 1
        self.called.release()
        assert self.over.wait(60)
        return f"token {self.calls}"


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    monkeypatch.setattr("coursewire.client.token.PATIENCE_S", 0.02)
    function = Hanging()
    yield function
    function.over.set()


async def test_a_function_that_hangs_leaves_the_programs_threads_alone(hanging: Hanging) -> None:
    """Of those a program has six on two cores: names are looked up and files are written in them."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    with pytest.raises(Unavailable, match="no token within"):
        await TokenSource(hanging).fresh("connect")
    async with asyncio.timeout(30):
        assert await asyncio.to_thread(lambda: "free") == "free"
        await asyncio.get_running_loop().shutdown_default_executor()


async def test_a_function_that_hangs_is_called_so_often_and_no_more(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound of the threads; once they come back it is asked again."""
    source = TokenSource(hanging)
    for _ in range(MOST_HANGING + 3):
        with pytest.raises(Unavailable):
            await source.fresh("connect")
    for _ in range(MOST_HANGING):  # a thread may begin when its caller has given up
        assert await asyncio.to_thread(hanging.called.acquire, timeout=30)
    assert hanging.calls == MOST_HANGING
    monkeypatch.setattr("coursewire.client.token.PATIENCE_S", 30)
    with pytest.raises(Unavailable, match="have not come back"):
        await source.fresh("connect")
    hanging.over.set()
    for thread in [one for one in threading.enumerate() if one.name == "coursewire-token"]:
        thread.join()
    await asyncio.sleep(0)  # what the threads have left for the loop to do
    assert await source.fresh("connect") == f"token {MOST_HANGING + 1}"


async def test_what_the_function_raises_is_raised() -> None:
    def fail() -> str:
        raise PermissionError("the login is closed")

    with pytest.raises(PermissionError, match="closed"):
        await TokenSource(fail).fresh("connect")
