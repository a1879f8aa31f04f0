"""Bytes on the wire: beside the payload of a command and the data of an event; here they are in their fields."""

from __future__ import annotations

from typing import Any

from coursewire.client.outputs import Json
from coursewire.realtime.contract import Command


def payload_of(command: Command) -> Json:
    """Return what was said of a command; its attachment, which JSON cannot hold, as it is."""
    field = command.attachment
    held = None if field is None else {field}
    payload: Json = command.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude=held)
    if field is not None and field in command.model_fields_set:
        payload[field] = getattr(command, field)
    return payload


def has_bytes(payload: Json) -> bool:
    """Tell whether one of the fields is bytes: such a command cannot wait in an outbox, which is JSON."""
    return any(isinstance(value, bytes) for value in payload.values())


def parted(payload: Json) -> list[Any]:
    """Return the arguments of a command: its payload, and after it the bytes that were in it."""
    if not has_bytes(payload):
        return [payload]
    rest = {name: value for name, value in payload.items() if not isinstance(value, bytes)}
    return [rest, *(value for value in payload.values() if isinstance(value, bytes))]


def joined(arguments: list[Any], field: str | None) -> Any:
    """Return the data of an event from what stands between its name and its meta; `field` is where its bytes belong."""
    match arguments:
        case [only]:
            return only
        case [dict() as rest, bytes() as attachment] if field is not None:
            return {**rest, field: attachment}
    return arguments
