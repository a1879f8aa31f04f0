"""Public keys of an issuer, from its JWKS URL: cached, bounded, fetched by one request at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from coursewire.errors import Unavailable

MAX_KEYS: Final = 64
"""Of a longer set only the first are kept: no issuer rotates through so many."""
MAX_BYTES: Final = 512 * 1024
MIN_RSA_BITS: Final = 2048
FETCH_TIMEOUT_S: Final = 10.0
"""For the whole document, however slowly it drips."""

logger = logging.getLogger(__name__)

Fetch = Callable[[str], Awaitable[bytes]]


async def fetch_over_http(url: str) -> bytes:
    """GET a JWKS document of at most `MAX_BYTES`. Raises httpx.HTTPError, ValueError."""
    async with (
        httpx.AsyncClient(timeout=5.0, follow_redirects=False) as client,
        client.stream("GET", url, headers={"Accept": "application/json"}) as response,
    ):
        response.raise_for_status()
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise ValueError(f"the key set is longer than {MAX_BYTES} bytes")
    return bytes(body)


def read_keys(document: bytes, algorithms: Iterable[str]) -> dict[str, PyJWK]:
    """Read a JWK set (RFC 7517) as key id -> key, keeping the signing keys of the allowed algorithms.

    A key without an id is kept under the empty one. Raises ValueError when this is no key set.
    """
    parsed = orjson.loads(document)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JWK set")  # noqa: TRY004  # all that is wrong with the document is a ValueError
    allowed = frozenset(algorithms)
    keys: dict[str, PyJWK] = {}
    for entry in entries[:MAX_KEYS]:
        key = _read_key(entry, allowed)
        if key is not None:
            keys[str(entry.get("kid", ""))] = key
    return keys


def _read_key(entry: Any, allowed: frozenset[str]) -> PyJWK | None:
    # A symmetric key (`oct`) in a public document would be a secret that everybody knows.
    if not isinstance(entry, dict) or entry.get("kty") == "oct" or entry.get("use", "sig") != "sig":
        return None
    try:
        key = PyJWK(entry)
    except (PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None  # one entry that we cannot read must not take the others with it
    if key.algorithm_name not in allowed:
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < MIN_RSA_BITS:
        return None
    return key


def _reason(error: Exception) -> str:
    """Say why a set was not loaded; not where, for the URL may hold a secret."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"the answer was {error.response.status_code}"
    return f"{type(error).__name__}: {error}".removesuffix(": ")


class JwksKeys:
    """The keys behind one URL. Used on one event loop."""

    def __init__(
        self,
        url: str,
        *,
        algorithms: Iterable[str] = ("RS256", "ES256", "EdDSA"),
        fetch: Fetch = fetch_over_http,
        clock: Callable[[], float] = time.monotonic,
        fresh_s: float = 600.0,
        stale_s: float = 3_600.0,
        pause_s: float = 10.0,
        timeout_s: float = FETCH_TIMEOUT_S,
    ) -> None:
        """Take the URL and how long keys are used without asking again, and at most while the issuer is away.

        `pause_s` is the least time between two fetches, whoever asks: a stream of tokens with made-up key
        ids, or an issuer that is down, costs it one request per pause.
        """
        self.url = url
        self.fetches = 0
        self.failures = 0
        self._algorithms = tuple(algorithms)
        self._fetch = fetch
        self._clock = clock
        self._fresh_s, self._stale_s, self._pause_s = fresh_s, stale_s, pause_s
        self._timeout_s = timeout_s
        self._keys: dict[str, PyJWK] = {}
        self._loaded_at = float("-inf")
        self._tried_at = float("-inf")
        self._running: asyncio.Task[None] | None = None

    def find(self, kid: str | None) -> PyJWK | None:
        """Return a key that may still be used, without I/O. Without a kid only a lone key is meant."""
        if self._clock() - self._loaded_at > self._stale_s:
            return None
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    @property
    def is_due(self) -> bool:
        """Whether the keys are old enough to be asked for again."""
        return self._clock() - self._loaded_at > self._fresh_s

    @property
    def may_lack_some(self) -> bool:
        """Whether the issuer could not be asked last time: it may have published a key since that is not here."""
        return self._tried_at > self._loaded_at

    @property
    def away(self) -> Unavailable:
        """What a caller hears who needs a key that cannot be had now."""
        return Unavailable(
            "the keys of the token issuer cannot be loaded", retry_after_ms=int(self._pause_s * 1000)
        )

    async def load(self) -> None:
        """Fetch the keys, joining a fetch that is under way; within the pause after one, do nothing.

        Raises Unavailable when there is no usable key set after it.
        """
        if self._running is None and self._clock() - self._tried_at >= self._pause_s:
            self._running = asyncio.create_task(self._load(), name="jwks")
        if self._running is not None:
            # Whoever waits may be cancelled; the fetch goes on for the others.
            await asyncio.shield(self._running)
        if self._clock() - self._loaded_at > self._stale_s:
            raise self.away

    def refresh_in_background(self) -> None:
        """Start a fetch when the keys are due, without waiting for it."""
        if self.is_due and self._running is None and self._clock() - self._tried_at >= self._pause_s:
            self._running = asyncio.create_task(self._load(), name="jwks")

    async def _load(self) -> None:
        self._tried_at = self._clock()
        self.fetches += 1
        try:
            async with asyncio.timeout(self._timeout_s):
                keys = read_keys(await self._fetch(self.url), self._algorithms)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:  # a timeout is an OSError
            # The keys at hand stay in use until they are stale.
            self.failures += 1
            logger.warning("the keys of the token issuer cannot be loaded: %s", _reason(error))
        else:
            self._keys, self._loaded_at = keys, self._clock()
            if not keys:
                logger.warning("the token issuer publishes no key of %s", ", ".join(self._algorithms))
        finally:
            self._running = None

    async def close(self) -> None:
        """Stop a fetch that is under way."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
