"""Node to node: a messenger of what is committed, and of what is stored nowhere."""

from coursewire.bus.codec import from_bytes, to_bytes
from coursewire.bus.memory import MemoryBus
from coursewire.bus.port import (
    Bus,
    BusMessage,
    Committed,
    DeriveWanted,
    Listener,
    LoggedEvent,
    PresenceSeen,
    RightsChanged,
    SessionsOver,
    TakenBack,
    Unlogged,
    WorkWaits,
)

__all__ = [
    "Bus",
    "BusMessage",
    "Committed",
    "DeriveWanted",
    "Listener",
    "LoggedEvent",
    "MemoryBus",
    "PresenceSeen",
    "RightsChanged",
    "SessionsOver",
    "TakenBack",
    "Unlogged",
    "WorkWaits",
    "from_bytes",
    "to_bytes",
]
