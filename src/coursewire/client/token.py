"""Where a client gets its token, and a fresh one when that ends."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import contextvars
import inspect
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from coursewire.errors import AuthExpired, Invalid, Unavailable

Token: TypeAlias = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A JWT, or a function that gets a fresh one; one that is not `async` runs in a thread."""

PATIENCE_S: Final = 10.0
"""A dead network answers nothing for minutes: by then it may have come back, and whoever asks again is answered."""
MOST_HANGING: Final = 4
"""Threads of one client whose function has not come back. None can be ended from outside."""


class TokenSource:
    """A token, or the function that gets a fresh one.

    Bound: `MOST_HANGING` threads. While so many hang, the function is not called: whoever asks gets Unavailable.
    """

    def __init__(self, token: Token) -> None:
        self._token = token
        self._hanging = 0

    def replace(self, token: str) -> None:
        """Use another token, where one was given and no function."""
        if isinstance(self._token, str):
            self._token = token

    async def fresh(self, reason: str) -> str:
        """Return a token for `reason` (`connect`, `expiring`, `expired`); raises what the function raises.

        A token that was given as such serves for connecting only: afterwards it raises AuthExpired. A function that
        takes longer than `PATIENCE_S` is given up, and it raises Unavailable.
        """
        if isinstance(self._token, str):
            if reason == "connect":
                return self._token
            raise AuthExpired("the token has expired; give a function to get fresh ones")
        patience = asyncio.timeout(PATIENCE_S)
        try:
            async with patience:
                return await self._ask(self._token)
        except TimeoutError:
            if not patience.expired():
                raise
            raise Unavailable(f"no token within {PATIENCE_S:g} s") from None

    async def _ask(self, function: Callable[[], str] | Callable[[], Awaitable[str]]) -> str:
        token = function() if inspect.iscoroutinefunction(function) else await self._in_a_thread(function)
        return str(await token) if inspect.isawaitable(token) else str(token)

    async def _in_a_thread(self, function: Callable[[], object]) -> object:
        """Call a function in a thread of its own: one that hangs must keep neither the program's pool nor its end."""
        if self._hanging >= MOST_HANGING:
            raise Unavailable(
                f"the function for a token hangs: {MOST_HANGING} calls of it have not come back"
            )
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[object] = loop.create_future()

        def settle(set_it: Callable[[Any], None], value: object) -> None:
            self._hanging -= 1
            if not answer.done():
                set_it(value)

        def run() -> None:
            try:
                settled: tuple[Callable[[Any], None], object] = answer.set_result, function()
            except BaseException as error:  # noqa: BLE001 - the application's function may raise anything
                settled = answer.set_exception, error
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(settle, *settled)

        self._hanging += 1
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(run,), name="coursewire-token", daemon=True).start()
        return await answer


def user_of(token: str) -> str:
    """Return whose token it is: `sub` of its claims, unchecked, since the server checks it. Raises Invalid."""
    try:
        claims = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise Invalid("the token does not say whose it is: name the owner", field="owner") from None
