"""Events as ready bytes: `[event, data, meta]`, or with bytes in between, written once for all receivers (FAN1)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson

from coursewire.vocabulary import iso, new_id
from coursewire.wire.frames import Encoded, encode_event

if TYPE_CHECKING:
    from coursewire.bus.port import LoggedEvent, Unlogged
    from coursewire.realtime.contract import Event


def encode_logged(namespace: str, channel: str, epoch: str, event: LoggedEvent) -> Encoded:
    """Encode a logged event, once for all receivers (FAN1)."""
    meta = {"channel": channel, "id": event.id, "at": iso(event.at), "epoch": epoch, "offset": event.offset}
    if event.actor is not None:
        meta["actor"] = event.actor
    return encode_event(namespace, event.event, event.data, orjson.dumps(meta), event.attachment)


def encode_unlogged(message: Unlogged) -> Encoded:
    """Encode an event without an offset."""
    meta = {"channel": message.channel, "id": message.id, "at": iso(message.at)}
    if message.actor is not None:
        meta["actor"] = message.actor
    return encode_event(
        message.namespace, message.event, message.data, orjson.dumps(meta), message.attachment
    )


def encode_alone(namespace: str, event: Event[Any], channel: str = "") -> Encoded:
    """Encode an event for one socket, such as `channel.closed`; `channel` is empty where none is meant."""
    return encode_json(namespace, event.event, event.data.as_json(), channel)


def encode_json(namespace: str, name: str, data: bytes, channel: str = "") -> Encoded:
    """Encode an event for one socket from ready JSON."""
    meta = {"channel": channel, "id": new_id(), "at": iso(time.time_ns() // 1_000_000)}
    return encode_event(namespace, name, data, orjson.dumps(meta))
