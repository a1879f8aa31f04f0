"""Messages as bytes."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.test_bus_contract import ONE_OF_EACH

from coursewire.bus import BusMessage, Committed, LoggedEvent, Unlogged, from_bytes, to_bytes


@pytest.mark.parametrize("message", ONE_OF_EACH, ids=lambda message: type(message).__name__)
def test_every_message_comes_back(message: BusMessage) -> None:
    assert from_bytes(to_bytes(message)) == message


def test_every_kind_of_message_is_among_those() -> None:
    assert {type(message) for message in ONE_OF_EACH} == set(get_args(BusMessage))


names = st.text(max_size=20)
events = st.builds(
    LoggedEvent,
    offset=st.integers(1, 2**53),
    id=names,
    event=names,
    data=st.binary(max_size=50),
    at=st.integers(0, 2**53),
    actor=st.none() | names,
    attachment=st.none() | st.binary(max_size=50),
)


@given(
    st.builds(Committed, names, names, names, st.integers(1, 2**53), st.lists(events, max_size=5).map(tuple))
)
def test_committed_events_come_back_whatever_they_hold(message: Committed) -> None:
    assert from_bytes(to_bytes(message)) == message


@given(
    st.builds(
        Unlogged, names, names, names, names, st.binary(max_size=50), st.integers(0, 2**53),
        st.none() | names, st.none() | names, st.none() | st.binary(max_size=50),
    )
)  # fmt: skip
def test_unlogged_events_come_back_whatever_they_hold(message: Unlogged) -> None:
    assert from_bytes(to_bytes(message)) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"[]",
        b"{}",
        b'["Committed",null]\n',
        b'["Unheard",{}]\n',
        b'["TakenBack",{"namespace":1,"channels":[]}]\n',
        to_bytes(ONE_OF_EACH[0])[:-1],
        to_bytes(ONE_OF_EACH[0]) + b"x",
        to_bytes(ONE_OF_EACH[2])[:-1],
        to_bytes(ONE_OF_EACH[2]).replace(b'"data":12', b'"data":-1'),
        to_bytes(Unlogged("/c", "c", "i", "e", b"{}", 1, attachment=b"xx"))
        .replace(b'"data":2', b'"data":-1')
        .replace(b'"attachment":2', b'"attachment":5'),
        to_bytes(Unlogged("/c", "c", "i", "e", b"{}", 1)).replace(b'"data":2', b'"data":null'),
    ],
)
def test_anything_else_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a message of this bus"):
        from_bytes(data)


@given(st.binary(max_size=200))
def test_noise_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a message of this bus"):
        from_bytes(data)


def test_a_field_of_a_newer_node_is_ignored() -> None:
    newer = to_bytes(Unlogged("/chat", "c", "i", "e", b"{}", 1)).replace(b'"at":1', b'"at":1,"new":[]')
    assert from_bytes(newer) == Unlogged("/chat", "c", "i", "e", b"{}", 1)
