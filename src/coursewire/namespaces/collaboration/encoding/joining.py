"""Joins text that an update brings letter by letter, before it is applied.

Merging updates keeps each keystroke a struct of its own. yrs joins them one at a time, each with all that stands behind
it: 19,000 of 16 characters, 417 KB, took 3.3 s to apply, and a millisecond joined. The units are the same ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from coursewire.namespaces.collaboration.encoding.lib0 import Source, write_number, write_raw
from coursewire.namespaces.collaboration.encoding.structs import Content, read_struct

if TYPE_CHECKING:
    from coursewire.namespaces.collaboration.encoding.reading import Update
    from coursewire.namespaces.collaboration.encoding.structs import Struct

WORTH_IT: Final = 100
"""Structs that go on from the one before: fewer cost next to nothing."""


def is_worth_joining(update: Update) -> bool:
    """Return whether an update that was read brings much text letter by letter."""
    structs = update.structs
    if len(structs) < WORTH_IT:
        return False
    return sum(map(_goes_on, structs, structs[1:])) >= WORTH_IT


def _goes_on(before: Struct, struct: Struct) -> bool:
    """Whether a struct is text behind the last unit of text before it, so that the two are one."""
    return (
        struct.content == before.content == Content.TEXT
        and struct.left == (before.client, struct.clock - 1)
        and struct.client == before.client
        and struct.right == before.right
    )


def join(update: bytes) -> bytes:
    """Return an update, which was read before, with text joined that belongs together."""
    source = Source(update, "update")
    clients = source.number()
    out = bytearray(write_number(clients))
    for _ in range(clients):
        count, at = source.number(), source.at
        client, own = source.number(), update[at : source.at]
        start = source.number()
        written: list[tuple[bytes, list[str]]] = []
        # Of each struct its bytes, of text those before the text.
        clock, before = start, None
        for _ in range(count):
            at = source.at
            struct = read_struct(source, client, clock, own)
            clock += struct.size
            if before is not None and _goes_on(before, struct):
                written[-1][1].append(struct.text)
            elif struct.content == Content.TEXT:
                written.append((_head(struct), [struct.text]))
            else:
                written.append((update[at : source.at], []))
            before = struct
        out += write_number(len(written)) + write_number(client) + write_number(start)
        for head, texts in written:
            out += head
            if texts:
                out += write_raw("".join(texts).encode())
    return bytes(out + update[source.at :])


def _head(struct: Struct) -> bytes:
    """Write what stands before the text of a struct (`Item.write` of Yjs)."""
    out = bytearray([Content.TEXT | (0x80 if struct.left else 0) | (0x40 if struct.right else 0)])
    for unit in (struct.left, struct.right):
        if unit is not None:
            out += write_number(unit[0]) + write_number(unit[1])
    if struct.left is None and struct.right is None:
        if isinstance(struct.parent, str):
            out += b"\x01" + write_raw(struct.parent.encode())
        elif struct.parent is not None:
            out += b"\x00" + write_number(struct.parent[0]) + write_number(struct.parent[1])
    return bytes(out)
