"""What the log has of a document behind an offset: for whoever did not hear of it from the bus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire import log
from coursewire.bus.port import Committed, LoggedEvent
from coursewire.namespaces.collaboration.rules.audiences import document_channel

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction

NAMESPACE: Final = "/collaboration"
AT_ONCE: Final = 1_000
"""Events that are read at a time."""


def read_tail(tx: Transaction, document_id: str, offset: int) -> Committed:
    """Return the events of a document's stream behind an offset, as the bus would have told them."""
    channel = document_channel(document_id)
    epoch = tx.position(channel).epoch
    events = log.read_after(tx.raw, NAMESPACE, channel, offset, AT_ONCE)
    return Committed(NAMESPACE, channel, epoch, offset + 1, tuple(LoggedEvent(*event) for event in events))
