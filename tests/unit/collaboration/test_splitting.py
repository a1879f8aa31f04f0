"""Updates cut in two: the halves say the same one after the other, and neither is empty."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc
from tests.property.yjs_nonsense import edit, root_of, updates_of
from tests.unit.collaboration.yjs import block, deleting, element, run, text, update

from coursewire.namespaces.collaboration.encoding.reading import read_update
from coursewire.namespaces.collaboration.encoding.splitting import split

LINE = update(block(7, 0, element(), run(parent=(7, 0)), text("a😀b", parent=(7, 1))))


def pieces(raw: bytes) -> list[bytes]:
    """Cut it until nothing can be cut any more."""
    halves = split(raw)
    return [raw] if halves is None else [*pieces(halves[0]), *pieces(halves[1])]


def state(*updates: bytes) -> bytes:
    doc: Doc[Any] = Doc()
    for one in updates:
        doc.apply_update(one)
    return bytes(doc.get_update())


@given(st.randoms(use_true_random=False))
def test_all_pieces_of_an_edit_are_the_edit(rng: Random) -> None:
    """Of what one editor has written behind what another one wrote, and has taken out of it."""
    first: Doc[Any] = Doc()
    root_of(first)
    heard = updates_of(first)
    while len(heard) < 8:
        edit(rng, first)
    base = first.get_update()
    second: Doc[Any] = Doc()
    root_of(second)
    second.apply_update(base)
    heard = updates_of(second)
    while len(heard) < 8:
        edit(rng, second)
    whole = second.get_update(first.get_state())
    cut = pieces(whole)
    for one in cut:
        read = read_update(one)
        assert len(read.structs) + len(read.deletes) == 1
    assert state(base, *cut) == state(base, whole)


def test_what_is_deleted_comes_last() -> None:
    whole = update(block(7, 0, element(), run(parent=(7, 0))), deletes=deleting(7, (0, 1), (1, 1)))
    halves = split(whole)
    assert halves is not None
    assert [len(read_update(half).structs) for half in halves] == [1, 1]
    assert [len(read_update(half).deletes) for half in halves] == [0, 2]
    assert [len(read_update(one).deletes) for one in pieces(whole)] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(update(block(7, 0, element())), id="one struct"),
        pytest.param(update(deletes=deleting(7, (0, 4))), id="one range"),
        pytest.param(update(), id="nothing"),
        pytest.param(update(block(7, 0, element()), block(8, 0, element())), id="two clients"),
        pytest.param(LINE[:-3], id="cut short"),
    ],
)
def test_what_cannot_be_cut_stays_whole(raw: bytes) -> None:
    assert split(raw) is None
