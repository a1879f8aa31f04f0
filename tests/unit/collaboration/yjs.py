"""Yjs updates written by hand, struct by struct."""

from __future__ import annotations

from coursewire.namespaces.collaboration.encoding.lib0 import write_number, write_raw
from coursewire.namespaces.collaboration.encoding.structs import Id

Struct = bytes


def unit(of: Id) -> bytes:
    return write_number(of[0]) + write_number(of[1])


def head(
    content: int, *, left: Id | None = None, right: Id | None = None, parent: Id | str = "default"
) -> bytes:
    info = content | (0x80 if left else 0) | (0x40 if right else 0)
    out = bytes([info]) + (unit(left) if left else b"") + (unit(right) if right else b"")
    if left or right:
        return out
    return out + (b"\x01" + write_raw(parent.encode()) if isinstance(parent, str) else b"\x00" + unit(parent))


def text(
    says: str, *, left: Id | None = None, right: Id | None = None, parent: Id | str = "default"
) -> Struct:
    return head(4, left=left, right=right, parent=parent) + write_raw(says.encode())


def element(
    name: str = "paragraph", *, left: Id | None = None, right: Id | None = None, parent: Id | str = "default"
) -> Struct:
    return head(7, left=left, right=right, parent=parent) + b"\x03" + write_raw(name.encode())


def run(*, parent: Id) -> Struct:
    """A run of text in an element."""
    return head(7, parent=parent) + b"\x06"


def mark(name: str, value: bytes, *, left: Id) -> Struct:
    """A mark that begins, or with `null` ends; `value` is JSON."""
    return head(6, left=left) + write_raw(name.encode()) + write_raw(value)


def block(client: int, clock: int, *structs: Struct) -> bytes:
    return write_number(len(structs)) + write_number(client) + write_number(clock) + b"".join(structs)


def update(*blocks: bytes, deletes: bytes = b"\x00") -> bytes:
    return write_number(len(blocks)) + b"".join(blocks) + deletes


def deleting(client: int, *spans: tuple[int, int]) -> bytes:
    """Spans of start and size."""
    return (
        b"\x01"
        + write_number(client)
        + write_number(len(spans))
        + b"".join(write_number(start) + write_number(size) for start, size in spans)
    )
