"""The durable, ordered event log: streams, offsets, epochs, resuming, taking back, idempotency, retention.

Everything here is a function of a storage transaction, and the only SQL on the log's tables.
"""

from coursewire.log.erasure import forget_person
from coursewire.log.idempotency import recall, remember
from coursewire.log.redaction import channels_about, redact
from coursewire.log.resuming import REPLAY_EVENTS, Reason, Resumed, resume
from coursewire.log.retention import KEEP_EVENTS, KEEP_MS, forget, sweep, trim
from coursewire.log.streams import (
    Entry,
    Extent,
    Logged,
    Position,
    append,
    append_many,
    position,
    positions,
    read_after,
    reset,
)

__all__ = [
    "KEEP_EVENTS",
    "KEEP_MS",
    "REPLAY_EVENTS",
    "Entry",
    "Extent",
    "Logged",
    "Position",
    "Reason",
    "Resumed",
    "append",
    "append_many",
    "channels_about",
    "forget",
    "forget_person",
    "position",
    "positions",
    "read_after",
    "recall",
    "redact",
    "remember",
    "reset",
    "resume",
    "sweep",
    "trim",
]
