"""The opening handshake of a WebSocket, by RFC 6455, section 4.2."""

from __future__ import annotations

import pytest

from coursewire.edge.upgrade import Upgrade, refuse

EXAMPLE = {
    "Host": "server.example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Origin": "http://example.com",
    "Sec-WebSocket-Version": "13",
}
"""The request of section 1.2."""


def upgrade(method: str = "GET", target: str = "/chat?a=1", **changes: str) -> Upgrade:
    headers = EXAMPLE | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return Upgrade(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))


def test_the_example_of_the_rfc_gets_its_answer() -> None:
    request = upgrade()
    assert (request.method, request.path, request.query) == ("GET", "/chat", "a=1")
    assert request.all("origin") == ["http://example.com"]
    assert not request.malformed
    answer = request.accept()
    assert answer is not None
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert b"Sec-WebSocket-Extensions" not in answer


@pytest.mark.parametrize(
    "changes",
    [{"Connection": "keep-alive, Upgrade"}, {"Connection": "UPGRADE"}, {"Upgrade": "WebSocket"}],
)
def test_tokens_may_be_written_in_any_case_and_among_others(changes: dict[str, str]) -> None:
    assert upgrade(**changes).accept()


@pytest.mark.parametrize(
    "changes",
    [
        {"Connection": "close"},
        {"Connection": ""},
        {"Upgrade": "h2c"},
        {"Upgrade": ""},
        {"Sec-WebSocket-Version": "12"},
        {"Sec-WebSocket-Version": ""},
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Key": "c2hvcnQ="},
        {"Sec-WebSocket-Key": "not base64 at all!"},
        {"Sec-WebSocket-Key": "\xff" * 24},
        {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},
    ],
)
def test_anything_else_is_not_accepted(changes: dict[str, str]) -> None:
    assert upgrade(**changes).accept() is None


def test_only_get_is_accepted() -> None:
    assert upgrade("POST").accept() is None


@pytest.mark.parametrize(
    "request_", [upgrade(Content_Length="0"), upgrade(Transfer_Encoding="chunked"), upgrade(target="/\xff")]
)
def test_a_request_with_a_body_or_beyond_ascii_is_malformed(request_: Upgrade) -> None:
    assert request_.malformed


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\xff", b"GET", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"])
def test_what_is_no_request_is_not_accepted(data: bytes) -> None:
    request = Upgrade(data)
    assert request.malformed or request.accept() is None


def test_a_refusal_ends_the_connection() -> None:
    assert refuse(400, b"{}") == (
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
