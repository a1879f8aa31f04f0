"""Lets people in: a lone one at once, and those who come in a flood together, which costs less of each."""

from __future__ import annotations

import asyncio
import functools
from asyncio import Future
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from coursewire.realtime.eager import start_together

if TYPE_CHECKING:
    from coursewire.edge.connection import Socket

GATHER_S = 0.004
"""How long after the last ones the next are let in: together, each step for all of them, so that what it needs lies in
the processor's caches, and their reads share a snapshot (ADR 0014, "A flood of arrivals")."""

AT_ONCE = 64
"""How many are let in before the event loop gets its turn again: some ten milliseconds."""

LONE = 2
"""So many clients in a row that came in alone show that there is no flood: the next one waits for nobody who is not
on the way."""

Open = Callable[["Socket", Any], Coroutine[Any, Any, None]]


class Arrivals:
    """Whoever has said CONNECT and stands at the door. All methods belong to the event loop.

    Not more wait than there are connections, times the namespaces of each: the edge bounds both, and who leaves is
    forgotten on the spot. Otherwise one who comes and goes without end, with no token at all, would fill the memory.
    """

    def __init__(self, open_door: Open) -> None:
        self._open = open_door
        self._waiting: OrderedDict[Socket, Any] = OrderedDict()
        self._timer: asyncio.Handle | None = None
        self._not_before = 0.0
        self._alone = 0
        """How many clients in a row came in alone."""
        self._opening: dict[Socket, Future[None]] = {}
        """Who is neither let in nor refused because something has to be read first."""

    def take(self, socket: Socket, auth: Any) -> None:
        """Let somebody in, soon, in the order in which they came."""
        self._waiting[socket] = auth
        if self._timer is None:
            loop = asyncio.get_running_loop()
            has_company = self._alone < LONE or socket.connection.others_come
            if loop.time() >= self._not_before or not has_company:
                # At the end of this turn: a client opens its namespaces in one write.
                self._timer = loop.call_soon(self._let_in)
            else:
                self._timer = loop.call_at(self._not_before, self._let_in)

    def forget(self, socket: Socket) -> None:
        """Let somebody not in who has left."""
        if socket in self._waiting:
            del self._waiting[socket]
        elif socket in self._opening:
            self._opening[socket].cancel()

    def _let_in(self) -> None:
        self._timer = None
        self._alone = self._alone + 1 if self._is_one_client() else 0
        self._let_several_in()
        loop = asyncio.get_running_loop()
        self._not_before = loop.time() + GATHER_S
        if self._waiting:
            self._timer = loop.call_soon(self._let_in)

    def _is_one_client(self) -> bool:
        """Whether all who wait are namespaces of one connection."""
        if not self._waiting:
            return False
        return next(iter(self._waiting)).connection is next(reversed(self._waiting)).connection

    def _let_several_in(self) -> None:
        several = [self._waiting.popitem(last=False) for _ in range(min(AT_ONCE, len(self._waiting)))]
        openings = start_together(self._open(socket, auth) for socket, auth in several)
        for (socket, _), opening in zip(several, openings, strict=True):
            if opening is not None and not opening.done():
                self._opening[socket] = opening
                opening.add_done_callback(functools.partial(self._opened, socket))

    def _opened(self, socket: Socket, _opening: Future[None]) -> None:
        del self._opening[socket]

    async def close(self) -> None:
        """Let those in who stand at the door, and see them through."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            self._let_several_in()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
