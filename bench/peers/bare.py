"""No server: sockets, and the writes that any server on TCP has to make. It says how little there could be.

It speaks just enough for the load program: takes every connection and every name, checks and keeps nothing, has no
event loop but one `epoll`, and gives each message to all as a frame that was made once. With `BARE_COMMIT` in its
environment it also commits one small row to SQLite before, as our server has to keep what it says it has kept.
"""

from __future__ import annotations

import os
import select
import socket
import sqlite3
from base64 import b64encode
from hashlib import sha1

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, 1.3."""
_FILLER = "." * 470
"""As long as what a message says of itself and of its author: an event has the size that it has at the peers."""


def main() -> None:
    """Serve until the process is ended."""
    listening = socket.create_server(("127.0.0.1", int(os.environ["PORT"])), backlog=4096)
    epoll = select.epoll()
    epoll.register(listening, select.EPOLLIN)
    clients: dict[int, socket.socket] = {}
    listeners: dict[int, socket.socket] = {}
    database = sqlite3.connect("bare.db", isolation_level=None) if "BARE_COMMIT" in os.environ else None
    if database is not None:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE messages (number INTEGER PRIMARY KEY, body TEXT)")
    while True:
        for number, _ in epoll.poll():
            if number == listening.fileno():
                client = listening.accept()[0]
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                epoll.register(client, select.EPOLLIN)
                clients[client.fileno()] = client
                continue
            client = clients[number]
            data = client.recv(65_536)
            if not data:
                epoll.unregister(client)
                clients.pop(number)
                listeners.pop(number, None)
                client.close()
            elif data.startswith(b"GET "):
                _upgrade(client, data)
            else:
                for payload in _payloads(data):
                    _answer(client, payload, listeners, database)


def _upgrade(client: socket.socket, request: bytes) -> None:
    key = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
    accepted = b64encode(sha1(key.partition(b":")[2].strip() + _GUID, usedforsecurity=False).digest())
    client.send(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accepted + b"\r\n\r\n" + _frame(b'0{"sid":"bare"}')
    )


def _payloads(data: bytes) -> list[bytes]:
    """Return the payloads of frames, whose mask the load program makes of zeros."""
    found, at = [], 0
    while at < len(data):
        size, start = data[at + 1] & 0x7F, at + 6
        if size == 126:
            size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 8
        found.append(data[start : start + size])
        at = start + size
    return found


def _answer(
    client: socket.socket,
    payload: bytes,
    listeners: dict[int, socket.socket],
    database: sqlite3.Connection | None,
) -> None:
    if payload.startswith(b"40/chat,"):
        client.send(_frame(b'40/chat,{"sid":"bare"}'))
        return
    number, bracket, rest = payload.removeprefix(b"42/chat,").partition(b"[")
    if not bracket:
        return  # a pong
    if rest.startswith(b'"subscribe"'):
        listeners[client.fileno()] = client
    else:
        event = _frame(b'42/chat,["message.sent",' + rest[15:-1] + f',{{"of":"{_FILLER}"}}]'.encode())
        if database is not None:
            database.execute("INSERT INTO messages (body) VALUES (?)", (event.decode("latin-1"),))
        for send in [listener.send for listener in listeners.values()]:
            send(event)
    client.send(_frame(b"43/chat," + number + b'[{"ok":true,"data":{}}]'))


def _frame(payload: bytes) -> bytes:
    size = len(payload)
    head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
    return head + payload


if __name__ == "__main__":
    main()
