"""The load: many Socket.IO clients over WebSocket on one epoll, cheap, and the same for every server.

A client speaks just enough Engine.IO v4 and Socket.IO v5: it opens a WebSocket, connects to one namespace with its
token, subscribes to a channel, answers pings, and counts the events that arrive by scanning frame headers.
What it sends is built once. Frames are masked with a mask of zeros, which every server still has to undo.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any

_UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_STAMP = 16
"""Digits of a time stamp in a text: monotonic microseconds."""


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """Return a client's frame, by default a text one."""
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
    elif length < 65_536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
    return head + b"\0\0\0\0" + payload


_NOTHING = bytearray()
_PONG = frame(b"3")


def command(name: str, payload: dict[str, Any], ack: int, namespace: bytes = b"/chat,") -> bytes:
    """Return the frame of a command."""
    return frame(b"42" + namespace + f"{ack}{json.dumps([name, payload])}".encode())


def stamped(text: str) -> str:
    """Return a text that carries the time, so that a delivery of it tells its latency, and that calls nobody."""
    return f"^{time.monotonic_ns() // 1_000:0{_STAMP}d} {text}"


class Client:
    """One connection. `ready` after its subscription, or, without a channel, after its CONNECT."""

    __slots__ = ("acks", "auth", "channel", "on_ack", "ready", "received", "rest", "said", "sock", "upgraded")

    def __init__(self, sock: socket.socket, auth: dict[str, Any], channel: str | None) -> None:
        self.sock = sock
        self.auth = auth
        self.channel = channel
        self.rest = _NOTHING
        self.upgraded = False
        self.ready = False
        self.received = 0
        self.acks = 0
        self.on_ack: Callable[[Client, bytes], None] | None = None
        self.said: dict[str, Any] | None = None
        """The answer to its subscription, or its `session.ready`."""

    def send(self, data: bytes) -> None:
        """Write frames; what a server does not read at once is an error here, for we send little."""
        sent = self.sock.send(data)
        if sent != len(data):
            raise RuntimeError("the server does not read")


class Swarm:
    """Clients of one namespace of one server, which count one kind of event."""

    def __init__(self, port: int, namespace: str = "/chat", event: str = "message.sent") -> None:
        self._namespace = f"{namespace},".encode()
        self.count(event)
        self._ready_event = f'42{namespace},["session.ready"'.encode()
        self._address = ("127.0.0.1", port)
        self._epoll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._buffer = bytearray(262_144)
        self.delivered = 0
        self.event_bytes = 0
        """The size of the last event on the wire."""
        self.latencies: list[float] | None = None
        """Filled with seconds from publish to receipt, when it is a list."""
        self.readies = 0
        self.nap = 0.0
        """Seconds to sleep before each look at the sockets. While CPU is measured the load reads in batches, so that
        the server does not pay for waking it with every write, as it would not with clients on other machines."""

    def count(self, event: str) -> None:
        """Count this kind of event from now on."""
        self._event = b'42%b["%b"' % (self._namespace, event.encode())

    def join(
        self,
        auths: Iterable[dict[str, Any]],
        channel: str | None,
        *,
        at_once: int = 64,
        timeout: float = 120,
        until: Callable[[Client], bool] = lambda client: client.ready,
    ) -> list[Client]:
        """Connect, authenticate and subscribe a client per auth payload, `at_once` at a time."""
        joined: list[Client] = []
        pending: list[Client] = []
        waiting = iter(auths)
        deadline = time.monotonic() + timeout
        exhausted = False
        while not exhausted or pending:
            while not exhausted and len(pending) < at_once:
                auth = next(waiting, None)
                if auth is None:
                    exhausted = True
                    break
                pending.append(self._open(auth, channel))
            self._poll(deadline, f"{len(joined)} clients joined")
            done = [client for client in pending if until(client)]
            if done:
                joined += done
                pending = [client for client in pending if not until(client)]
        return joined

    def wait(self, until: Callable[[], bool], what: str, timeout: float = 60) -> None:
        """Serve the sockets until something is true. Raises TimeoutError, saying what was waited for."""
        deadline = time.monotonic() + timeout
        while not until():
            self._poll(deadline, what)

    def idle(self, seconds: float) -> None:
        """Serve the sockets for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._serve(left)

    def leave(self, clients: Iterable[Client]) -> None:
        """Cut connections."""
        for client in clients:
            self._epoll.unregister(client.sock)
            del self._clients[client.sock.fileno()]
            client.sock.close()

    def close(self) -> None:
        """Cut all connections."""
        self.leave(list(self._clients.values()))
        self._epoll.close()

    def _open(self, auth: dict[str, Any], channel: str | None) -> Client:
        sock = socket.create_connection(self._address, timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        client = Client(sock, auth, channel)
        self._clients[sock.fileno()] = client
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        client.send(_UPGRADE)
        return client

    def _poll(self, deadline: float, what: str) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"waited too long: {what}, {self.delivered} events delivered")
        self._serve(min(left, 1.0))

    def _serve(self, timeout: float) -> None:
        if self.nap:
            time.sleep(self.nap)
        for fd, _ in self._epoll.poll(timeout, 1024):
            client = self._clients.get(fd)
            if client is not None:
                self._read(client)

    def _read(self, client: Client) -> None:  # noqa: C901, PLR0912 - one loop without calls, for speed
        """Take what has arrived and scan it frame by frame; a frame that is cut waits for its rest."""
        try:
            size = client.sock.recv_into(self._buffer)
        except BlockingIOError:
            return
        if not size:
            raise ConnectionError(f"the server closed a connection after {client.received} events")
        data, event = self._buffer, self._event
        if client.rest:
            data = client.rest + data[:size]
            size = len(data)
        at = 0
        if not client.upgraded:
            at = _end_of_upgrade(client, bytes(data[:size]))
            if at == 0:
                return
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            end = start + length
            if end > size or start > size:
                break
            if data.startswith(event, start):
                client.received += 1
                self.delivered += 1
                self.event_bytes = length
                if self.latencies is not None:
                    stamp = data.index(b"^", start) + 1
                    self.latencies.append(time.monotonic_ns() / 1e9 - int(data[stamp : stamp + _STAMP]) / 1e6)
            elif data[start:end] == b"2":
                client.send(_PONG)
            else:
                self._other(client, data[at], bytes(data[start:end]))
            at = end
        client.rest = data[at:size] if at < size else _NOTHING

    def _other(self, client: Client, head: int, payload: bytes) -> None:  # noqa: C901, PLR0912 - one branch per packet
        """Handle everything but events and pings: the steps of joining, and acknowledgements."""
        namespace = self._namespace
        if head & 0x0F == 8:
            raise ConnectionError(f"the server closed a WebSocket: {payload!r}")
        if head & 0x0F == 9:  # uvicorn pings on the WebSocket as well
            client.send(frame(payload, opcode=10))
        elif payload.startswith(b"0{"):
            client.send(frame(b"40" + namespace + json.dumps(client.auth).encode()))
        elif payload.startswith(b"40" + namespace):
            if client.channel is None:
                client.ready = True
            else:
                client.send(command("subscribe", {"channel": client.channel}, 0, namespace))
        elif payload.startswith(b"43" + namespace):
            client.acks += 1
            if b'"ok":true' not in payload:
                raise ConnectionError(f"a command failed: {payload!r}")
            if not client.ready:
                client.said = json.loads(payload[payload.index(b"[") :])[0]["data"]
                client.ready = True
            elif client.on_ack is not None:
                client.on_ack(client, payload)
        elif payload.startswith(self._ready_event):
            self.readies += 1
            if client.channel is None:
                client.said = json.loads(payload[len(b"42") + len(namespace) :])[1]
        elif payload.startswith(b"44" + namespace):
            raise ConnectionError(f"refused: {payload!r}")


def _end_of_upgrade(client: Client, data: bytes) -> int:
    """Return where the answer to the upgrade ends, or 0 when more of it has to come."""
    end = data.find(b"\r\n\r\n") + 4
    if end < 4:
        client.rest = bytearray(data)
        return 0
    if not data.startswith(b"HTTP/1.1 101"):
        raise ConnectionError(f"no upgrade: {data[:200]!r}")
    client.upgraded = True
    client.rest = _NOTHING
    return end
