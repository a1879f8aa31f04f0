"""What /notifications does on its own: one short work of the storage after the other, and others' between them."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.notifications import service, store

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
"""How late something may come back or go, and how late a wake that was lost is made up for."""

DELIVERIES_IN_TURN: Final = 100
"""Deliveries that go on side by side, a slice each in turn; later ones wait until some of these are finished."""


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
        waiting = await work.read(lambda tx: store.what_waits(tx, DELIVERIES_IN_TURN))
        given = [await self._go_on(work, delivery_id) for delivery_id in waiting.deliveries]
        if waiting.sweeps:
            await work.write(_go_on_marking)
        if waiting.to_wake:
            await work.write(service.wake_snoozed)
        if waiting.expired:
            await work.write(service.sweep_expired)
        return any(given) or any(waiting[1:])

    async def _go_on(self, work: Background, delivery_id: str) -> bool:
        """Give out a slice of a delivery. One that fails is tried again after a rest, and holds up nothing else."""
        try:
            await work.write(partial(service.go_on_delivering, self._channels, delivery_id=delivery_id))
        except Exception:
            logger.exception("delivery %s does not go on", delivery_id)
            return False
        return True


def _go_on_marking(tx: Transaction) -> None:
    sweep = store.oldest_sweep(tx)
    if sweep is not None:
        service.go_on_marking(tx, sweep)
