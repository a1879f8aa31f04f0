"""Newest values that are computed from the database for the users who are here: one query for many receivers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from coursewire.bus.port import DeriveWanted, Unlogged
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.realtime.contract import Event
    from coursewire.realtime.hub import Hub
    from coursewire.realtime.namespace import Derived, Namespace
    from coursewire.storage import Storage
    from coursewire.storage import Transaction as StorageTransaction

logger = logging.getLogger(__name__)

WANTED = 10_000
"""Arguments (such as rooms) that may wait. A further one is not computed: its next change asks again."""


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
        task = asyncio.ensure_future(self._compute_now(key, derived))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compute_now(self, key: tuple[str, str, str], derived: Derived) -> None:
        namespace, _, argument = key
        wanted = self._wanted.pop(key)
        here = self._hub.users_of(namespace)
        users = sorted(here) if wanted is None else sorted(wanted & here.keys())

        def compute(raw: StorageTransaction) -> tuple[list[tuple[str, Event[Any]]], int]:
            tx = Transaction(raw, namespace, None, self._reactions)
            return list(derived.compute(tx, argument, users)), raw.now

        try:
            if users:
                found, now = await self._storage.read(compute)
                for user_id, event in found:
                    self._hub.hear(_as_message(namespace, user_id, event, now))
        except Exception:
            logger.exception("deriving %s of %s failed", key[1], argument)
        finally:
            # One argument is never computed by two at a time, nor more often than its interval allows.
            self._timers.pop(key, None)
            if key in self._wanted:
                self._arm(key)

    def close(self) -> None:
        """Compute nothing more."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()


def _as_message(namespace: str, user_id: str, event: Event[Any], now: int) -> Unlogged:
    data = event.data.model_dump_json(exclude_none=True).encode()
    key = str(getattr(event.data, event.per or ""))
    return Unlogged(namespace, f"user:{user_id}", new_id(), event.event, data, now, None, key)
