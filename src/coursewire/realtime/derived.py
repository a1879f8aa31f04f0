"""Newest values that are computed from the database for the users who are here: one query for many receivers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from coursewire.bus.port import DeriveWanted
from coursewire.realtime.channels import Latest
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.vocabulary import iso, new_id
from coursewire.wire.frames import encode_event

if TYPE_CHECKING:
    from coursewire.realtime.contract import Event
    from coursewire.realtime.hub import Hub
    from coursewire.realtime.namespace import Derived, Namespace
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction

logger = logging.getLogger(__name__)

PAUSE_PER_USER_S = 0.000_5
"""After a value was computed for n users, n times this passes: with 8,000 in a room it comes every 4 s."""

SLICE = 200
"""Users who are told before the event loop gets its turn again (FAN1)."""

WANTED = 10_000
"""Arguments (such as rooms) that may wait. A further one is not computed: its next change asks again."""


class _Value(NamedTuple):
    user_id: str
    event: Event[Any]
    data: bytes


class Derivations:
    """Collects what is wanted and computes each argument once per interval, the last time after the last change."""

    def __init__(
        self, storage: Storage, hub: Hub, namespaces: Mapping[str, Namespace], reactions: Reactions
    ) -> None:
        self._storage = storage
        self._hub = hub
        self._namespaces = namespaces
        self._reactions = reactions
        # (namespace, name, argument) -> for whom: None is everybody.
        self._wanted: dict[tuple[str, str, str], set[str] | None] = {}
        self._timers: dict[tuple[str, str, str], asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # (namespace, argument) -> the last of these.
        self._last: dict[tuple[str, str], asyncio.Task[None]] = {}

    def want(self, message: DeriveWanted) -> None:
        """Compute this soon. What is already wanted is widened, not repeated."""
        key = (message.namespace, message.name, message.argument)
        if not self._hub.users_of(message.namespace):
            return
        users = None if message.user_ids is None else set(message.user_ids)
        if key in self._wanted:
            before = self._wanted[key]
            self._wanted[key] = None if before is None or users is None else before | users
            return
        if len(self._wanted) >= WANTED:
            return
        self._wanted[key] = users
        if key not in self._timers:
            self._arm(key)

    def _arm(self, key: tuple[str, str, str]) -> None:
        derived = self._namespaces[key[0]].derived[key[1]]
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(derived.delay_s, self._compute, key, derived)

    def _compute(self, key: tuple[str, str, str], derived: Derived) -> None:
        place = (key[0], key[2])
        task = asyncio.ensure_future(self._compute_now(key, derived, self._last.get(place)))
        self._last[place] = task
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._forget(place, done))

    def _forget(self, place: tuple[str, str], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._last.get(place) is task:
            del self._last[place]

    async def _compute_now(
        self, key: tuple[str, str, str], derived: Derived, before: asyncio.Task[None] | None
    ) -> None:
        namespace, _, argument = key
        if before is not None:
            # Another name of this argument, which may tell the same event: of two readers the later may be the
            # quicker, and what is old would be told last.
            await asyncio.wait([before])
        wanted = self._wanted.pop(key)
        here = self._hub.users_of(namespace)
        users = sorted(here) if wanted is None else sorted(wanted & here.keys())

        def compute(raw: StorageTransaction) -> list[_Value]:
            tx = Transaction(raw, namespace, None, self._reactions)
            return [
                _Value(user_id, event, event.data.as_json())
                for user_id, event in derived.compute(tx, argument, users)
            ]

        try:
            if users:
                values = await self._storage.read(compute)
                await self._publish(namespace, values, is_kept=derived.is_kept)
        except Exception:
            logger.exception("deriving %s of %s failed", key[1], argument)
        finally:
            # One argument is never computed by two at a time, nor more often than its interval allows.
            pause_s = max(derived.interval_s, len(users) * PAUSE_PER_USER_S)
            self._timers[key] = asyncio.get_running_loop().call_later(pause_s, self._go_on, key)

    async def _publish(self, namespace: str, values: list[_Value], *, is_kept: bool) -> None:
        """Give every user their value. They differ in nothing but the data, so the rest is made once."""
        at = iso(time.time_ns() // 1_000_000)
        for start in range(0, len(values), SLICE):
            for value in values[start : start + SLICE]:
                name = f"user:{value.user_id}"
                channel = self._hub.find(namespace, name)
                if channel is None:
                    continue
                event = value.event
                meta = orjson.dumps({"channel": name, "id": new_id(), "at": at})
                encoded = encode_event(namespace, event.event, value.data, meta)
                key = str(getattr(event.data, event.per or ""))
                latest = Latest(event.event, value.data, encoded, is_last=not is_kept)
                channel.publish_latest(key, latest, event.rate)
            await asyncio.sleep(0)

    def _go_on(self, key: tuple[str, str, str]) -> None:
        del self._timers[key]
        if key in self._wanted:
            self._arm(key)

    def close(self) -> None:
        """Compute nothing more."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
