"""What /notifications does on its own: one short work of the storage after the other, and others' between them."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.notifications import service, store

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
"""How late something may come back or go, and how late a wake that was lost is made up for."""

IN_TURN: Final = 100
"""Deliveries, and people's marks, that go on side by side, a slice each in turn; later ones wait until some of these
are finished."""


class Worker:
    """Gives out deliveries, goes on with marks, wakes what was snoozed and sweeps what has expired."""

    def __init__(self, channels: OutgoingChannels) -> None:
        self._channels = channels

    async def run(self, work: Background) -> None:
        """Work for ever. Whatever ends it, nothing is lost: what is to do stands in the tables."""
        while True:
            if not await self.round(work):
                await work.rest(LOOK_EVERY_S)

    async def round(self, work: Background) -> bool:
        """Do a slice of everything that waits, and return whether there was anything."""
        waiting = await work.read(lambda tx: store.what_waits(tx, IN_TURN))
        works: list[tuple[str, Callable[[Transaction], None]]] = [
            (f"delivery {one}", partial(service.go_on_delivering, self._channels, delivery_id=one))
            for one in waiting.deliveries
        ]
        works += [(f"mark {one}", partial(_go_on_marking, sweep_id=one)) for one in waiting.sweeps]
        if waiting.to_wake:
            works.append(("waking what was snoozed", service.wake_snoozed))
        if waiting.expired:
            works.append(("sweeping what has expired", service.sweep_expired))
        done = [await _go_on(work, name, fn) for name, fn in works]
        return any(done)


async def _go_on(work: Background, name: str, fn: Callable[[Transaction], None]) -> bool:
    """Do a slice of something. What fails is tried again after a rest, and holds up nothing else."""
    try:
        await work.write(fn)
    except Exception:
        logger.exception("%s does not go on", name)
        return False
    return True


def _go_on_marking(tx: Transaction, sweep_id: str) -> None:
    sweep = store.load_sweep(tx, sweep_id)
    if sweep is not None:
        service.go_on_marking(tx, sweep)
