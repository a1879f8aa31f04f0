"""Carets are read whole or not at all."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Awareness, Doc

from coursewire.errors import Invalid
from coursewire.namespaces.collaboration.encoding.awareness import (
    MOST_ENTRIES,
    MOST_STATE,
    Entry,
    checked_cursor,
    read_awareness,
    write_awareness,
)
from coursewire.namespaces.collaboration.encoding.lib0 import write_number, write_raw

CARET = Entry(5, 1, {"user": {"name": "Ada 😀"}, "cursor": {"anchor": {"item": {"client": 7, "clock": 3}}}})

states = st.none() | st.dictionaries(
    st.text(max_size=5), st.integers(-(2**53), 2**53) | st.text(max_size=5), max_size=3
)
entries = st.lists(
    st.builds(Entry, st.integers(0, 2**53 - 1), st.integers(0, 2**32), states),
    unique_by=lambda entry: entry.client_id,
    max_size=4,
)


@given(entries)
def test_what_is_written_is_read(written: list[Entry]) -> None:
    assert read_awareness(write_awareness(written)) == written


@given(entries, st.data())
def test_what_is_cut_short_is_refused(written: list[Entry], data: st.DataObject) -> None:
    raw = write_awareness(written)
    with pytest.raises(Invalid):
        read_awareness(raw[: data.draw(st.integers(0, len(raw) - 1))])


def test_what_pycrdt_writes_is_read_and_read_by_it() -> None:
    theirs = Awareness(Doc(client_id=5))
    theirs.set_local_state({"user": {"name": "Ada"}})
    (entry,) = read_awareness(theirs.encode_awareness_update([5]))
    assert (entry.client_id, entry.state) == (5, {"user": {"name": "Ada"}})
    others = Awareness(Doc(client_id=6))
    others.apply_awareness_update(write_awareness([CARET]), "us")
    assert others.states[5] == CARET.state


def one(state: bytes, client: int = 5) -> bytes:
    return write_number(client) + b"\x01" + write_raw(state)


REFUSED = {
    "nothing": b"",
    "a text that is cut short": b'\x01\x05\x01\x05"ab"',
    "no UTF-8": b"\x01" + one(b"\xff\xfe"),
    "no JSON": b"\x01" + one(b"{a:1}"),
    "no object": b"\x01" + one(b'"Ada"'),
    "a list": b"\x01" + one(b"[]"),
    "not a number": b"\x01" + one(b'{"a":NaN}'),
    "half a character": b"\x01" + one(b'{"a":"\\ud800"}'),
    "too long": b"\x01" + one(orjson.dumps({"a": "x" * MOST_STATE})),
    "too deep": b"\x01" + one(b'{"a":' * 7 + b"1" + b"}" * 7),
    "very deep": b"\x01" + one(b"[" * 2_000 + b"]" * 2_000),
    "a client twice": b"\x02" + one(b"null") + one(b"{}"),
    "something behind it": b"\x00\x00",
    "more than it holds": b"\xff\xff\xff\xff\x0f",
    "too many": write_number(MOST_ENTRIES + 1)
    + b"".join(one(b"null", client) for client in range(MOST_ENTRIES + 1)),
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_caret_is_refused_with_its_field(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        read_awareness(raw)
    assert refused.value.field == "awareness"


def test_a_caret_that_is_gone_is_none() -> None:
    assert read_awareness(b"\x01\x05\x02\x04null") == [Entry(5, 2, None)]


NOWHERE: list[Any] = [
    None,
    5,
    "x",
    [],
    {},
    {"assoc": 0},
    {"item": 5},
    {"item": {"client": 1}},
    {"item": {"client": 1, "clock": -1}},
    {"item": {"client": 1, "clock": 0.5}},
    {"item": {"client": 1, "clock": True}},
    {"type": {"client": 1, "clock": -1}},
    {"type": []},
    {"tname": "other"},
    {"tname": ["default"]},
    {"item": {"client": 1, "clock": 2}, "assoc": "x"},
    {"item": {"client": 1, "clock": 2}, "more": 1},
]
SOMEWHERE: list[dict[str, Any]] = [
    {"item": {"client": 1, "clock": 2}},
    {"tname": "default", "assoc": -1},
    {"type": {"client": 1, "clock": 0}, "item": None, "tname": None, "assoc": 0},
]


@pytest.mark.parametrize("place", NOWHERE)
def test_a_cursor_that_yjs_cannot_read_is_refused(place: Any) -> None:
    there = {"item": {"client": 1, "clock": 2}}
    for cursor in (place or 5, {"anchor": place, "head": there}, {"anchor": there, "head": place}):
        with pytest.raises(Invalid) as refused:
            checked_cursor(cursor)
        assert refused.value.field == "awareness"


@pytest.mark.parametrize("place", SOMEWHERE)
def test_a_cursor_that_yjs_writes_is_taken(place: dict[str, Any]) -> None:
    ends = {"anchor": place, "head": place}
    assert checked_cursor({**ends, "more": 1}) == ends
    assert checked_cursor(None) is None
