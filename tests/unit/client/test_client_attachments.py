"""Bytes in the Python client: in their fields for whoever uses it, beside the payload on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.realtime import sketches

from coursewire.client.attachments import has_bytes, joined, parted, payload_of
from coursewire.client.namespace import NamespaceClient


def test_a_payload_keeps_its_bytes_in_their_field() -> None:
    drawn = payload_of(sketches.Draw(id="s", page="p", ink=b"\xff"))
    assert drawn == {"id": "s", "page": "p", "ink": b"\xff"}
    assert parted(drawn) == [{"id": "s", "page": "p"}, b"\xff"]


def test_what_was_not_given_is_not_sent() -> None:
    assert payload_of(sketches.Hover(page="p")) == {"page": "p"}
    assert parted({"page": "p"}) == [{"page": "p"}]
    assert not has_bytes({"page": "p"})


@pytest.mark.parametrize(
    ("arguments", "field", "data"),
    [
        ([{"id": "s"}], "ink", {"id": "s"}),
        ([{"id": "s"}, b"\xff"], "ink", {"id": "s", "ink": b"\xff"}),
        ([{"id": "s"}, b""], "ink", {"id": "s", "ink": b""}),
        ([{"id": "s"}, b"\xff"], None, [{"id": "s"}, b"\xff"]),
        ([{"id": "s"}, 7], "ink", [{"id": "s"}, 7]),
        ([], None, []),
    ],
)
def test_an_event_gets_its_bytes_back(arguments: list[Any], field: str | None, data: Any) -> None:
    assert joined(arguments, field) == data


class SketchClient(NamespaceClient):
    """A client of the toy namespace."""

    namespace = sketches.PATH
    events = (sketches.Drawn, sketches.Said, sketches.Hovered)


async def test_bytes_cannot_wait_under_a_key() -> None:
    """[CLI2] The outbox is a file of JSON."""
    client = SketchClient("http://127.0.0.1:1", "token")
    with pytest.raises(TypeError, match="bytes cannot wait under a key"):
        await client._shell.command("stroke.draw", {"key": "k", "ink": b"\xff"})
    assert client.diagnostics.queued == 0
