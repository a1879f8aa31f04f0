"""What a declared command or event may not be: bytes in any field but the one that travels beside the payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from coursewire.vocabulary import Model

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_declared(owner: str, payload: type[Model], attachment: str | None) -> None:
    """Refuse a payload with bytes anywhere but in the field `attachment`. Raises TypeError.

    In an answer bytes stand wherever its model has them. A payload is `[name, payload, bytes]` on the wire: Socket.IO
    clients of every language give their handlers the bytes as an argument, so there is one place for them.
    """
    if attachment is not None:
        field = payload.model_fields.get(attachment)
        if field is None or field.annotation is not bytes:
            raise TypeError(f"{owner}: {attachment!r} must be a field of type bytes of {payload.__name__}")
    for name, field in payload.model_fields.items():
        if name != attachment and has_bytes(field.annotation):
            raise TypeError(f"{owner}: {name!r} has bytes; say attachment={name!r}, of one field at most")


def has_bytes(annotation: Any) -> bool:
    """Tell whether a type mentions bytes, at any depth."""
    return any(part is bytes for part in _parts(annotation, set()))


def _parts(annotation: Any, seen: set[type[Model]]) -> Iterator[Any]:
    yield annotation
    if isinstance(annotation, type) and issubclass(annotation, Model) and annotation not in seen:
        seen.add(annotation)
        for field in annotation.model_fields.values():
            yield from _parts(field.annotation, seen)
    for argument in get_args(annotation):
        yield from _parts(argument, seen)
