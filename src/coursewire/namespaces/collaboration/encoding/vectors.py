"""State vectors: how many units of each client somebody has."""

from __future__ import annotations

from coursewire.namespaces.collaboration.encoding.lib0 import Source


def read_state_vector(data: bytes, *, field: str = "state_vector") -> dict[int, int]:
    """Read a state vector; nothing at all stands for an empty one. Raises Invalid(field="state_vector").

    pycrdt makes room for as many clients as the first number says, however few bytes follow.
    """
    if not data:
        return {}
    source = Source(data, field)
    clocks: dict[int, int] = {}
    for _ in range(source.count(2)):
        client = source.number()
        if client in clocks:
            raise source.refuse("a client is there twice")
        clocks[client] = source.number()
    source.finish()
    return clocks
