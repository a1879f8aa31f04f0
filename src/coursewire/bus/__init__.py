"""Node to node: a messenger of what is committed, and of what is stored nowhere."""

from coursewire.bus.memory import MemoryBus
from coursewire.bus.port import (
    Bus,
    BusMessage,
    Committed,
    Listener,
    LoggedEvent,
    PresenceSeen,
    RightsChanged,
    Unlogged,
    from_bytes,
    to_bytes,
)

__all__ = [
    "Bus",
    "BusMessage",
    "Committed",
    "Listener",
    "LoggedEvent",
    "MemoryBus",
    "PresenceSeen",
    "RightsChanged",
    "Unlogged",
    "from_bytes",
    "to_bytes",
]
