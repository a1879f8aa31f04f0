"""Which requests may open or join a session."""

from __future__ import annotations

import pytest

from coursewire.edge import handshake
from coursewire.edge.handshake import Refusal, new_sid, origin_allowed, read_query, same_path


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        ("EIO=4&transport=polling", ""),
        ("transport=polling&t=N8hyd6w&EIO=4", ""),
        ("EIO=4&transport=polling&sid=abc", "abc"),
        ("EIO=4", handshake.UNKNOWN_TRANSPORT),
        ("", handshake.UNKNOWN_TRANSPORT),
        ("EIO=4&transport=abc", handshake.BAD_REQUEST),
        ("EIO=4&transport=websocket", handshake.BAD_REQUEST),
        ("EIO=4&transport=polling&transport=polling", handshake.BAD_REQUEST),
        ("transport=polling", handshake.BAD_PROTOCOL),
        ("EIO=abc&transport=polling", handshake.BAD_PROTOCOL),
        ("EIO=3&transport=polling", handshake.BAD_PROTOCOL),
        ("EIO=4&EIO=4&transport=polling", handshake.BAD_PROTOCOL),
        ("&".join(f"a{number}=1" for number in range(1_000)), handshake.BAD_REQUEST),
        ("EIO=4&transport=polling&sid=%ff%fe", "\ufffd\ufffd"),
    ],
)
def test_a_query_names_the_protocol_the_transport_and_maybe_a_session(
    query: str, outcome: str | Refusal
) -> None:
    assert read_query(query, "polling") == outcome


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "outcome"),
    [
        (None, "campus.example", (), True),
        ("https://campus.example", "campus.example", (), True),
        ("http://localhost:3001", "localhost:3001", (), True),
        ("http://localhost:5173", "localhost:3001", (), False),
        ("http://localhost:5173", "localhost:3001", "*", True),
        ("http://localhost:5173", "localhost:3001", ["http://localhost:5173"], True),
        ("http://localhost:5173", None, (), False),
        ("https://campus.example.evil", "campus.example", (), False),
        ("https://evil/campus.example", "campus.example", (), False),
        ("https://campus", "campus.example", "https://campus.example", False),
        ("null", "campus.example", (), False),
        ("", "", (), False),
        ("http://[broken", "campus.example", (), False),
    ],
)
def test_pages_of_this_site_and_of_allowed_ones_may_come(
    *, origin: str | None, host: str | None, allowed: str | list[str], outcome: bool
) -> None:
    assert origin_allowed(origin, host, allowed) is outcome


def test_a_trailing_slash_makes_no_difference() -> None:
    assert same_path("/socket.io", "/socket.io/")
    assert not same_path("/socket.io/x", "/socket.io/")


def test_ids_cannot_be_guessed() -> None:
    ids = {new_sid() for _ in range(1_000)}
    assert len(ids) == 1_000
    assert {len(sid) for sid in ids} == {20}


def test_a_refusal_says_why_in_json() -> None:
    assert handshake.UNKNOWN_SESSION.body == b'{"code":1,"message":"Session ID unknown"}'
