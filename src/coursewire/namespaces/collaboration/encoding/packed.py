"""How what a room knows is written beside a snapshot: numbers that mostly rise, and clients by their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursewire.namespaces.collaboration.encoding.homes import GONE, are_attributes, attributes_of
from coursewire.namespaces.collaboration.encoding.lib0 import write_number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursewire.namespaces.collaboration.encoding.lib0 import Source
    from coursewire.namespaces.collaboration.encoding.structs import Id


def write_numbers(out: bytearray, numbers: Iterable[int]) -> None:
    """Write numbers one after the other."""
    for number in numbers:
        out += write_number(number)


def write_rising(out: bytearray, numbers: Iterable[int]) -> None:
    """Write numbers that rise, each as the step from the one before it."""
    numbers = list(numbers)
    write_numbers(out, (len(numbers),))
    write_numbers(out, (number - before for before, number in zip([0, *numbers], numbers, strict=False)))


def read_rising(source: Source) -> list[int]:
    """Read what `write_rising` wrote."""
    numbers: list[int] = []
    last = 0
    for _ in range(source.count()):
        last += source.number()
        numbers.append(last)
    return numbers


def write_home(out: bytearray, index: dict[int, int], home: Id) -> None:
    """Write a home; `index` numbers the clients."""
    client, clock = home
    if client < 0:
        write_numbers(out, (clock,))
    elif are_attributes(home):
        write_numbers(out, (index[client], 2 * attributes_of(home)[1] + 1))
    else:
        write_numbers(out, (index[client], 2 * clock))


def read_home(source: Source) -> tuple[int, int]:
    """Read the number of a client, and of what in it."""
    index = source.number()
    if index <= GONE[1]:
        return index, index
    clock = source.number()
    return index, -1 - clock // 2 if clock % 2 else clock // 2


def read_unit(source: Source, clients: list[int]) -> Id:
    """Read a unit: the number of its client, and its clock."""
    return named(source, clients, (source.number(), source.number()))


def named(source: Source, clients: list[int], read: tuple[int, int]) -> Id:
    """Return a unit or home of which the number of the client was read."""
    index, clock = read
    if index >= len(clients):
        raise source.refuse("it names a client that it does not have")
    return clients[index], clock
