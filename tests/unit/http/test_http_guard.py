"""The outermost layer: how much of a body is read, what is passed on, and what comes of an exception."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import orjson
import pytest
from starlette.types import Message, Receive, Scope, Send

from coursewire.http.guard import DRAINED, Guard

MAX = 10


class Exchange:
    """One request through a guard, without a server: what was read of it, and what was answered."""

    def __init__(self, pieces: Iterable[bytes], *, method: str = "POST", length: int | None = None) -> None:
        self.pieces: Iterator[bytes] = iter(pieces)
        headers = [] if length is None else [(b"content-length", str(length).encode())]
        self.scope: Scope = {"type": "http", "method": method, "path": "/x", "headers": headers}
        self.read = 0
        self.passed: list[Message] = []
        self.sent: list[Message] = []

    async def run(self, app: Any = None) -> int:
        """Return the status of the answer."""
        await Guard(app or self._app, max_body_bytes=MAX)(self.scope, self._receive, self._send)
        return int(self.sent[0]["status"])

    async def _receive(self) -> Message:
        self.read += 1
        piece = next(self.pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def _send(self, message: Message) -> None:
        self.sent.append(message)

    async def _app(self, _: Scope, receive: Receive, send: Send) -> None:
        more = self.scope["method"] != "GET"
        while more:
            self.passed.append(await receive())
            more = self.passed[-1]["more_body"]
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    @property
    def problem(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.sent[1]["body"])
        return found


async def test_a_body_within_the_bound_is_passed_on_as_it_came() -> None:
    exchange = Exchange([b"12345", b"67890"])
    assert await exchange.run() == 204
    assert [message["body"] for message in exchange.passed] == [b"12345", b"67890", b""]
    assert dict(exchange.sent[0]["headers"])[b"x-content-type-options"] == b"nosniff"


async def test_a_body_beyond_it_is_read_to_its_end_and_thrown_away() -> None:
    """Most clients read no answer before they have sent theirs."""
    exchange = Exchange([b"1234567890", b"1"])
    assert await exchange.run() == 413
    assert (exchange.passed, exchange.read, exchange.problem["code"]) == ([], 3, "too_large")


class Piece(bytes):
    """A piece of a body that says when nobody holds it any more."""

    alive: ClassVar[set[int]] = set()

    def __del__(self) -> None:
        self.alive.discard(id(self))


def pieces(count: int, held: list[int]) -> Iterator[bytes]:
    """Yield pieces, each as long as a body may be, and note how many of them are held."""
    for _ in range(count):
        piece = Piece(b"x" * MAX)
        Piece.alive.add(id(piece))
        yield piece
        del piece
        held.append(len(Piece.alive))


@pytest.mark.parametrize("length", [None, MAX], ids=["chunked", "it lies"])
async def test_of_a_body_that_does_not_end_so_much_is_read_and_thrown_away(length: int | None) -> None:
    held: list[int] = []
    exchange = Exchange(pieces(10 * DRAINED, held), length=length)
    assert await exchange.run() == 413
    assert exchange.read == DRAINED + 1
    assert max(held) <= 2, "one that is within the bound, and the one at hand"


async def test_of_a_body_that_says_it_is_far_too_long_nothing_is_read() -> None:
    exchange = Exchange([], length=MAX * DRAINED + 1)
    assert await exchange.run() == 413
    assert exchange.read == 0
    assert dict(exchange.sent[0]["headers"])[b"connection"] == b"close"
    assert await Exchange([b"x" * MAX] * DRAINED, length=MAX * DRAINED).run() == 413


async def test_of_what_only_reads_no_body_is_read() -> None:
    exchange = Exchange([b"x"], method="GET", length=1)
    assert (await exchange.run(), exchange.read) == (204, 0)


async def test_an_exception_says_only_where_to_look(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(*_: Any) -> None:
        raise RuntimeError("a secret")

    exchange = Exchange([])
    assert await exchange.run(fails) == 500
    assert b"a secret" not in exchange.sent[1]["body"]
    assert exchange.problem["instance"] in caplog.text


async def test_an_exception_within_the_answer_cuts_it_off(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half of it is out")

    exchange = Exchange([])
    with pytest.raises(RuntimeError, match="half"):
        await exchange.run(fails)
    assert len(exchange.sent) == 1
    assert "half" in caplog.text
