"""Where a client gets its token, and a fresh one when that ends."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from coursewire.errors import AuthExpired, Invalid, Unavailable

Token: TypeAlias = str | Callable[[], str] | Callable[[], Awaitable[str]]
"""A JWT, or a function that gets a fresh one; one that is not `async` runs in a thread."""

PATIENCE_S: Final = 10.0
"""A dead network answers nothing for minutes: by then it may have come back, and whoever asks again is answered."""


async def fresh_token(source: Token, reason: str) -> str:
    """Return a token for `reason` (`connect`, `expiring`, `expired`); raises what the function raises.

    A token that was given as such serves for connecting only: afterwards it raises AuthExpired. A function that takes
    longer than `PATIENCE_S` is given up, and it raises Unavailable.
    """
    if isinstance(source, str):
        if reason == "connect":
            return source
        raise AuthExpired("the token has expired; give a function to get fresh ones")
    patience = asyncio.timeout(PATIENCE_S)
    try:
        async with patience:
            return await _ask(source)
    except TimeoutError:
        if not patience.expired():
            raise
        raise Unavailable(f"no token within {PATIENCE_S:g} s") from None


async def _ask(source: Callable[[], str] | Callable[[], Awaitable[str]]) -> str:
    if inspect.iscoroutinefunction(source):
        return str(await source())
    token = await asyncio.to_thread(source)
    return str(await token) if inspect.isawaitable(token) else str(token)


def user_of(token: str) -> str:
    """Return whose token it is: `sub` of its claims, unchecked, since the server checks it. Raises Invalid."""
    try:
        claims = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])
    except (IndexError, KeyError, TypeError, ValueError):
        raise Invalid("the token does not say whose it is: name the owner", field="owner") from None
