"""Bytes on the wire: one field of a payload as an argument of its own, any field of an answer in its place."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from coursewire.errors import Invalid
from coursewire.realtime.declaring import has_bytes
from coursewire.vocabulary import Model
from coursewire.wire.frames import placeholder
from coursewire.wire.socketio import WithAttachments

if TYPE_CHECKING:
    from coursewire.realtime.contract import Command, Event, Result

MOST_IN_ANSWER: Final = 10
"""Attachments of one answer: socket.io-client takes a packet with more for a broken one."""

# Commands


def payload_of(kind: type[Command], arguments: list[Any]) -> dict[str, Any]:
    """Return the payload of `[name, payload, bytes]` with the attachment in its field.

    Raises Invalid for bytes anywhere else: Pydantic would read them as text where the contract says text.
    """
    payload = arguments[1] if len(arguments) > 1 else {}
    if not isinstance(payload, dict):
        raise Invalid("the payload must be an object", field="payload")
    if isinstance(arguments, WithAttachments):
        _check_places(kind, payload, arguments[2:])
    field = kind.attachment
    if field is None:
        return payload
    if field in payload:
        raise Invalid(f"{field} must come as bytes, as the argument after the payload", field=field)
    if len(arguments) < 3:  # noqa: PLR2004 - the name and the payload
        return payload  # the model says whether it can do without
    if not isinstance(arguments[2], bytes):
        raise Invalid(f"{field}, the argument after the payload, must be bytes", field=field)
    return {**payload, field: arguments[2]}


def _check_places(kind: type[Command], payload: dict[str, Any], others: list[Any]) -> None:
    place = _bytes_in(payload)
    if place is not None:
        what = (
            "bytes go into an argument of their own, after the payload"
            if kind.attachment
            else "takes no bytes"
        )
        raise Invalid(f"{place}: {what}", field=place)
    if any(isinstance(other, bytes) for other in others[1 if kind.attachment else 0 :]):
        raise Invalid("more bytes than this command takes", field=kind.attachment or "payload")


def _bytes_in(payload: dict[str, Any]) -> str | None:
    """Return where the first bytes are, such as `target.quotes.0`; None when there are none."""
    nodes: list[tuple[str, Any]] = [("", payload)]
    while nodes:
        path, node = nodes.pop()
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(child, bytes):
                return f"{path}{key}"
            if isinstance(child, (dict, list)):
                nodes.append((f"{path}{key}.", child))
    return None


# Answers


_PLAIN: Final = (bool, int, str)

Said = tuple[Model, bytes]
"""A payload, and its JSON."""


class Answer(NamedTuple):
    """The data of an ack: JSON, and the bytes that its placeholders stand for."""

    json: bytes
    attachments: tuple[bytes, ...] = ()


def encode_answer(result: Result, said: Said | None = None) -> Answer:
    """Write an answer. Raises ValueError for one with more than `MOST_IN_ANSWER` attachments.

    said: what an event has said already. An answer that shows the same object has its JSON.
    """
    if not model_has_bytes(type(result)):
        return Answer((said and _repeated(result, said)) or result.as_json())
    attachments: list[bytes] = []

    def take_out(value: Any) -> Any:
        if not isinstance(value, bytes):
            raise TypeError(f"{type(value).__name__} in an answer with bytes")
        attachments.append(value)
        return orjson.Fragment(placeholder(len(attachments) - 1))

    json = orjson.dumps(result.model_dump(exclude_none=True), default=take_out)
    if len(attachments) > MOST_IN_ANSWER:
        raise ValueError(f"{type(result).__name__} has {len(attachments)} attachments")
    return Answer(json, tuple(attachments))


def _repeated(result: Result, said: Said) -> bytes | None:
    """Write an answer around what was said; None where it shows something else, or more than that and plain values."""
    fields: dict[str, Any] = {}
    shows = False
    for name, value in result.__dict__.items():
        if value is said[0]:
            fields[name], shows = orjson.Fragment(said[1]), True
        elif isinstance(value, _PLAIN):
            fields[name] = value
        elif value is not None:
            return None
    return orjson.dumps(fields) if shows else None


@cache
def model_has_bytes(model: type[Model]) -> bool:
    """Tell whether a model has bytes at any depth, looked at once."""
    return has_bytes(model)


# Events


def split(event: Event[Any]) -> tuple[bytes, bytes | None]:
    """Return the payload of an event as JSON, and the bytes that travel beside it."""
    if event.attachment is None:
        return event.data.as_json(), None
    data = event.data.model_dump_json(exclude_none=True, exclude={event.attachment})
    return data.encode(), getattr(event.data, event.attachment)


def without_bytes(data: Model) -> bytes:
    """Return a payload as JSON, without what would travel beside it."""
    fields = type(data).model_fields.items()
    held = {name for name, field in fields if field.annotation is bytes}
    return data.model_dump_json(exclude_none=True, exclude=held or None).encode()
