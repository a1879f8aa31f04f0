"""Live sessions that are fed anything: no exception leaves the edge, nothing is kept, and nobody else notices."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.property.test_wire_fuzz import ALMOST_PACKETS
from tests.unit.edge.polling_world import Exchange
from tests.unit.edge.stand_ins import (
    ManualClock,
    RecordingApplication,
    RecordingSocket,
    client_frame,
    websocket,
)
from websockets.frames import Opcode

from coursewire.edge.connection import Connection, Socket
from coursewire.edge.server import Server
from coursewire.edge.settings import EdgeSettings
from coursewire.edge.websocket import WebSocketTransport

BOUNDS = EdgeSettings(max_payload=10_000, outbox_bytes=5_000, max_namespaces=3, max_attachments=3)

ENGINE_PACKETS = st.builds("".join, st.tuples(st.sampled_from([*"01234567", ""]), ALMOST_PACKETS))
GOOD_PACKETS = st.sampled_from(
    [
        "40",
        "40/chat,",
        '42["echo",1]',
        '421["ask"]',
        '42/chat,7["echo"]',
        "41",
        "41/chat,",
        "3",
        "6",
        '451-["e"]',
    ]
)
CONTENTS = GOOD_PACKETS.map(str.encode) | ENGINE_PACKETS.map(str.encode) | st.binary(max_size=300)
FRAMES = st.builds(
    lambda opcode, content, fin: client_frame(opcode, content, fin=fin),
    st.sampled_from([Opcode.TEXT, Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
    CONTENTS,
    st.sampled_from([True, True, True, False]),
) | st.builds(
    client_frame,
    st.sampled_from([Opcode.PING, Opcode.PONG, Opcode.CLOSE]),
    st.binary(max_size=125),
)
STEPS = st.lists(
    st.one_of(
        FRAMES,
        st.lists(FRAMES, max_size=4).map(b"".join),
        st.binary(max_size=100),
        # Less than the ping timeout, so that the bystander can answer in time.
        st.tuples(st.just("time"), st.floats(0, 3)),
        st.tuples(st.just("drain"), st.integers(0, 10_000)),
        st.tuples(st.just("lose"), st.booleans()),
        st.tuples(st.just("shut down"), st.none()),
    ),
    max_size=25,
)


class Echo(RecordingApplication):
    """Answers everything, and counts what a socket lives through."""

    def __init__(self) -> None:
        super().__init__()
        self.open: set[Socket] = set()

    def connected(self, socket: Socket, auth: Any) -> None:
        self.open.add(socket)
        super().connected(socket, auth)

    def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
        assert socket in self.open, "an event after the end"
        socket.emit("echo", *arguments)
        if ack is not None:
            socket.acknowledge(ack, *arguments)

    def disconnected(self, socket: Socket, reason: str) -> None:
        super().disconnected(socket, reason)
        self.open.remove(socket)

    def full(self, connection: Connection) -> None:
        assert connection.sockets.items() >= {
            (socket.namespace, socket) for socket in self.open if socket.connection is connection
        }


def take_step(protocol: WebSocketTransport, socket: RecordingSocket, clock: ManualClock, step: Any) -> None:
    """Do to a connection what asyncio and a peer may do to it."""
    if isinstance(step, bytes):
        if not socket.closing and not socket.aborted:
            protocol.data_received(step)
        return
    what, how = step
    if what == "time":
        clock.advance(how)
    elif what == "drain":
        socket.drain(how)
    elif what == "lose":
        socket.closing = True
        protocol.connection_lost(ConnectionResetError() if how else None)
    else:
        protocol.shutdown()


@settings(deadline=None)
@given(STEPS, st.sampled_from(["drains", "never drains"]))
@example([client_frame(Opcode.TEXT, b"40"), ("lose", True), ("time", 3.0)], "drains")
def test_a_websocket_may_bring_anything(steps: list[Any], peer: str) -> None:
    clock, application = ManualClock(), Echo()
    server = Server(application, BOUNDS, clock=clock)
    bystander, bystander_socket = websocket(server)
    bystander.data_received(client_frame(Opcode.TEXT, b"40/custom"))
    protocol, socket = websocket(server, drains=peer == "drains")
    lost = False
    for step in steps:
        if not lost:
            take_step(protocol, socket, clock, step)
        lost = lost or step[:1] == ("lose",)
        bystander.data_received(client_frame(Opcode.TEXT, b"3"))
        assert socket.buffered <= BOUNDS.outbox_limit + 25_000  # an echo of one payload, and its ack
    bystander_socket.take()
    bystander.data_received(client_frame(Opcode.TEXT, b'42/custom,["still here"]'))
    assert b'42/custom,["echo","still here"]' in bystander_socket.take()

    socket.closing = True
    protocol.connection_lost(None)
    assert len(server.sessions) == 1
    assert {socket.namespace for socket in application.open} == {"/custom"}
    assert server.statistics.sessions_closed.total() == 1
    assert server.statistics.application_errors == 0
    registry = server._registry
    for line in (registry.pings, registry.pongs, registry.stalls):
        assert set(line._deadlines) <= set(server.sessions.values())
    assert len(server._unconnected) == 0
    assert not registry.closings


@settings(deadline=None)
@given(st.binary(max_size=2_000), st.text(max_size=200))
def test_a_handshake_may_be_anything(data: bytes, target: str) -> None:
    server = Server(RecordingApplication(), BOUNDS, clock=ManualClock())
    protocol, socket = websocket(server, target)
    protocol.data_received(data)
    assert socket.take().startswith(b"HTTP/1.1 ")
    raw, raw_socket = websocket(server)
    raw._open = server._open
    raw.data_received(data)
    raw_socket.closing = True
    raw.connection_lost(None)
    assert len(server.sessions) <= 1


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "POST", "PUT", "OPTIONS", "HEAD", "?"]),
            st.sampled_from(["EIO=4&transport=polling&sid=", "EIO=4&transport=polling", "EIO=4", ""])
            | st.text(max_size=20),
            st.lists(GOOD_PACKETS | ENGINE_PACKETS).map("\x1e".join).map(str.encode)
            | st.binary(max_size=100),
            st.dictionaries(
                st.sampled_from(["origin", "host", "content-length", "content-type"]),
                st.sampled_from(["9" * 5_000, "-1", "", "null", "http://[", "a"])
                | st.text(st.characters(max_codepoint=126), max_size=5),
                max_size=2,
            ),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_requests_may_be_anything(requests: list[tuple[str, str, bytes, dict[str, str], bool]]) -> None:
    async def run() -> None:
        server = Server(Echo(), BOUNDS)
        opened = await Exchange(server, "GET", "EIO=4&transport=polling").answered()
        sid = next(iter(server.sessions))
        assert opened.status == 200
        exchanges = []
        for method, query, body, headers, hangs_up in requests:
            target = query + sid if query.endswith("sid=") else query
            exchanges.append(Exchange(server, method, target, body, headers))
            if hangs_up:
                exchanges[-1].hang_up()
            await asyncio.sleep(0)
        await server.close()
        for exchange in exchanges:
            assert (await exchange.answered()).status in {200, 400, 403, 404, 413, 503}
        assert not server.sessions

    asyncio.run(run())
