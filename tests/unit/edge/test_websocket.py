"""The WebSocket transport without a network: handshake, frames, closing, back-pressure (RFC 6455)."""

from __future__ import annotations

import json
import struct
from http import HTTPStatus
from typing import Any

import pytest
from tests.unit.edge.stand_ins import RecordingListener, client_frame, websocket
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side

from coursewire.edge.server import EngineServer
from coursewire.edge.session import Session
from coursewire.edge.settings import EdgeSettings
from coursewire.edge.websocket import WebSocketTransport

TEXT, BINARY, CONT, CLOSE, PING, PONG = (
    Opcode.TEXT, Opcode.BINARY, Opcode.CONT, Opcode.CLOSE, Opcode.PING, Opcode.PONG,
)  # fmt: skip


def server_frames(data: bytes) -> list[tuple[Opcode, bytes]]:
    """Read unmasked frames, as clients do."""
    client = Protocol(Side.CLIENT, max_size=None)
    client.receive_data(data)
    return [
        (event.opcode, bytes(event.data)) for event in client.events_received() if isinstance(event, Frame)
    ]


def read_response(data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Read the status, the headers and what follows of an HTTP response."""
    head, _, rest = data.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, rest


@pytest.fixture(autouse=True)
async def _on_an_event_loop() -> None:
    """Deadlines are counted on a running loop."""


class World:
    def __init__(self, *, drains: bool = True, **settings: Any) -> None:
        self.listeners: list[RecordingListener] = []
        self.server = EngineServer(self._listen, EdgeSettings(**settings))
        self.protocol, self.socket = websocket(self.server, drains=drains)
        self.greeting = self.socket.take()

    def _listen(self, _: Session) -> RecordingListener:
        self.listeners.append(RecordingListener())
        return self.listeners[-1]

    @property
    def session(self) -> Session:
        (session,) = self.server.sessions.values()
        return session

    @property
    def told(self) -> list[Any]:
        return self.listeners[0].told

    def receive(self, *frames: bytes) -> None:
        self.protocol.data_received(b"".join(frames))

    def lose(self, error: Exception | None = None) -> None:
        """End the socket, as asyncio reports it."""
        self.socket.closing = True
        self.protocol.connection_lost(error)

    def sent(self) -> list[tuple[Opcode, bytes]]:
        return server_frames(self.socket.take())


class TestHandshake:
    async def test_it_is_answered_with_101_and_the_open_packet_in_one_write(self) -> None:
        world = World()
        status, headers, rest = read_response(world.greeting)
        assert status == HTTPStatus.SWITCHING_PROTOCOLS
        assert headers["sec-websocket-accept"] == "s3pplmbitxaq9kygzzhzrbk+xoo="
        assert "sec-websocket-extensions" not in headers
        ((opcode, content),) = server_frames(rest)
        assert opcode == TEXT
        assert json.loads(content[1:]) == {
            "sid": world.session.id,
            "upgrades": [],
            "pingInterval": 5_000,
            "pingTimeout": 4_000,
            "maxPayload": 1_000_000,
        }
        assert world.session.remote == "192.0.2.1"

    @pytest.mark.parametrize(
        ("target", "headers", "status"),
        [
            ("/socket.io/?transport=websocket", "", 400),
            ("/socket.io/?EIO=abc&transport=websocket", "", 400),
            ("/socket.io/?EIO=4", "", 400),
            ("/socket.io/?EIO=4&transport=polling", "", 400),
            ("/socket.io/?EIO=4&transport=websocket&sid=unknown", "", 400),
            ("/elsewhere?EIO=4&transport=websocket", "", 404),
            ("//evil/socket.io/?EIO=4&transport=websocket", "", 404),
            ("/socket.io/?EIO=4&transport=websocket", "Origin: https://evil.example\r\n", 403),
            ("/socket.io/?EIO=4&transport=websocket", "Origin: null\r\n", 403),
            (
                "/socket.io/?EIO=4&transport=websocket",
                "Origin: https://campus.example\r\nOrigin: https://evil.example\r\n",
                403,
            ),
            ("/socket.io/?EIO=4&transport=websocket", "Sec-WebSocket-Version: 12\r\n", 400),
            ("/socket.io/?EIO=4&transport=websocket", "Sec-WebSocket-Key: short\r\n", 400),
            ("/socket.io/?EIO=4&transport=websocket", "broken header\r\n", 400),
            ("/socket.io/?EIO=4&transport=websocket", "Content-Length: 5\r\n", 400),
            ("/\xff?EIO=4", "", 400),
        ],
    )
    async def test_a_bad_one_is_refused_and_the_socket_closed(
        self, target: str, headers: str, status: int
    ) -> None:
        server = EngineServer(lambda _: RecordingListener(), EdgeSettings())
        protocol, socket = websocket(server, target, headers)
        answer, answer_headers, body = read_response(socket.take())
        assert answer == status
        assert answer_headers["content-type"] == "application/json"
        assert json.loads(body)["message"]
        assert socket.closing
        assert not server.sessions
        assert server.statistics.handshakes_refused.total() == 1
        protocol.data_received(b"more")
        protocol.connection_lost(None)
        assert socket.take() == b""

    @pytest.mark.parametrize("origin", ["https://campus.example", "https://other.example"])
    async def test_allowed_origins_may_come(self, origin: str) -> None:
        settings = EdgeSettings(allowed_origins=["https://other.example"])
        _, socket = websocket(
            EngineServer(lambda _: RecordingListener(), settings), headers=f"Origin: {origin}\r\n"
        )
        assert read_response(socket.take())[0] == 101

    async def test_the_number_of_sessions_is_bounded(self) -> None:
        world = World(max_sessions=1)
        _, socket = websocket(world.server)
        assert read_response(socket.take())[0] == 503
        world.session.close("enough")
        _, socket = websocket(world.server)
        assert read_response(socket.take())[0] == 101

    async def test_nothing_of_the_request_is_kept(self) -> None:
        world = World()
        assert world.protocol._greeting == b""


class TestMessages:
    async def test_text_and_bytes_arrive(self) -> None:
        world = World()
        world.receive(client_frame(TEXT, "4é".encode()), client_frame(BINARY, b"\1\2"))
        assert world.told == [("received", "é"), ("received", b"\1\2")]

    async def test_bytes_may_come_in_any_pieces(self) -> None:
        world = World()
        for byte in client_frame(TEXT, b"4hello") + client_frame(BINARY, b"x" * 200):
            world.receive(bytes([byte]))
        assert world.told == [("received", "hello"), ("received", b"x" * 200)]

    async def test_fragments_become_one_message_with_control_frames_between_them(self) -> None:
        world = World()
        word = "4é".encode()
        world.receive(
            client_frame(TEXT, word[:2], fin=False),
            client_frame(PING, b"are you there"),
            client_frame(CONT, b"", fin=False),
            client_frame(CONT, word[2:]),
        )
        assert world.told == [("received", "é")]
        assert world.sent() == [(PONG, b"are you there")]

    async def test_what_is_sent_is_one_frame_per_packet(self) -> None:
        world = World()
        world.session.send("é")
        world.session.send(b"\1")
        assert world.sent() == [(TEXT, "4é".encode()), (BINARY, b"\1")]

    async def test_bytes_in_are_counted(self) -> None:
        world = World()
        before = world.server.statistics.bytes_in
        frame = client_frame(TEXT, b"4hello")
        world.receive(frame)
        assert world.server.statistics.bytes_in - before == len(frame)


class TestBadInput:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (client_frame(TEXT, b"4\xff\xfe"), 1007),
            (client_frame(TEXT, b"4x" * 600), 1009),
            (client_frame(TEXT, b"4" + b"x" * 600, fin=False) + client_frame(CONT, b"x" * 600), 1009),
            (client_frame(CONT, b"x"), 1002),
            (client_frame(TEXT, b"4", fin=False) + client_frame(TEXT, b"4"), 1002),
            (b"\x83\x80\0\0\0\0", 1002),
            (b"\xc1\x80\0\0\0\0", 1002),
            (b"\x81\x01x", 1002),
            (client_frame(TEXT, b"abc"), 1002),
            (client_frame(TEXT, b""), 1002),
            (client_frame(TEXT, b"2"), 1002),
        ],
    )
    async def test_it_closes_the_session_with_a_code_and_reaches_nobody(self, data: bytes, code: int) -> None:
        world = World(max_payload=1_000)
        world.receive(data + client_frame(TEXT, b"4late"))
        assert world.told == [("closed", "parse error")]
        ((opcode, content),) = world.sent()
        assert opcode == CLOSE
        assert struct.unpack("!H", content[:2]) == (code,)
        assert world.server.statistics.packets_bad == 1
        assert not world.server.sessions

    async def test_the_parser_stays_deaf_afterwards(self) -> None:
        world = World()
        world.receive(client_frame(CONT, b"x"))
        world.socket.take()
        world.receive(client_frame(TEXT, b"4late"), client_frame(PING, b""))
        assert world.told == [("closed", "parse error")]
        assert world.sent() == []

    async def test_our_close_is_not_destroyed_by_a_reset_while_the_peer_still_sends(self) -> None:
        world = World(max_payload=1_000)
        world.receive(client_frame(TEXT, b"4x" * 600)[:500])
        world.receive(client_frame(TEXT, b"4x" * 600)[500:])
        assert world.socket.eof
        assert not world.socket.closing


class TestClosing:
    async def test_the_peer_may_close(self) -> None:
        world = World()
        world.receive(client_frame(CLOSE, struct.pack("!H", 1001) + b"going"))
        assert world.told == [("closed", "transport close")]
        assert world.sent() == [(CLOSE, struct.pack("!H", 1001) + b"going")]
        assert world.socket.closing

    async def test_the_peer_may_vanish(self) -> None:
        world = World()
        world.lose()
        assert world.told == [("closed", "transport close")]
        assert world.socket.take() == b""

    async def test_the_network_may_fail(self) -> None:
        world = World()
        world.lose(ConnectionResetError())
        assert world.told == [("closed", "transport error")]

    async def test_we_may_close_with_a_reason_as_long_as_a_frame_allows(self) -> None:
        world = World()
        world.session.close("ü" * 100)
        ((opcode, content),) = world.sent()
        assert (opcode, content) == (CLOSE, struct.pack("!H", 1000) + ("ü" * 61).encode())
        world.receive(client_frame(TEXT, b"4late"), client_frame(CLOSE, content[:2]))
        assert world.told == [("closed", "ü" * 100)]
        assert world.socket.closing

    async def test_uvicorn_may_ask_to_shut_down(self) -> None:
        world = World()
        world.protocol.shutdown()
        assert world.told == [("closed", "server shutting down")]
        ((_, content),) = world.sent()
        assert struct.unpack("!H", content[:2]) == (1001,)
        world.protocol.shutdown()
        assert world.socket.closing

    async def test_a_socket_that_does_not_answer_our_close_is_cut(self) -> None:
        world = World()
        world.session.close("enough")
        assert world.protocol in world.server._registry.closings
        world.protocol.cut()
        assert world.socket.aborted

    async def test_uvicorn_knows_the_connections_that_live(self) -> None:
        world = World()
        assert world.protocol._server_state.connections == {world.protocol}
        world.lose()
        assert world.protocol._server_state.connections == set()


class TestBackPressure:
    async def test_a_full_socket_is_marked_and_no_longer_read_until_it_drains(self) -> None:
        """[FAN3]"""
        world = World(drains=False, outbox_bytes=1_000)
        session = world.session
        session.send("x" * 1_100)
        full = session.full
        assert full
        assert not world.socket.reading
        world.socket.drain(10_000)
        assert not session.full
        assert world.socket.reading

    async def test_a_full_socket_that_the_application_holds_is_not_read_when_it_drains(self) -> None:
        world = World(drains=False, outbox_bytes=1_000)
        session = world.session
        session.pause_reading()
        session.send("x" * 1_100)
        world.socket.drain(10_000)
        assert not world.socket.reading
        session.resume_reading()
        assert world.socket.reading

    async def test_pings_of_the_peer_cannot_pile_up_answers_without_end(self) -> None:
        """[FAN3] Pongs fill the outbox, and a full one stops the reading."""
        world = World(drains=False, outbox_bytes=1_000)
        sent = 0
        while world.socket.reading and sent < 1_000:
            world.receive(client_frame(PING, b"x" * 100))
            sent += 1
        assert sent < 20

    async def test_a_socket_full_beyond_measure_is_cut(self) -> None:
        """[FAN3]"""
        world = World(drains=False, outbox_bytes=1_000)
        session = world.session
        for _ in range(5):
            session.send("x" * 1_000)
        session.close("outbox overflow")
        assert world.socket.aborted


class TestUpgrade:
    async def test_a_second_websocket_on_a_session_is_accepted_then_closed(self) -> None:
        world = World()
        target = f"/socket.io/?EIO=4&transport=websocket&sid={world.session.id}"
        protocol, socket = websocket(world.server, target)
        status, _, rest = read_response(socket.take())
        assert status == 101
        assert [opcode for opcode, _ in server_frames(rest)] == [CLOSE]
        protocol.data_received(client_frame(TEXT, b"2probe"))
        protocol.connection_lost(None)
        world.receive(client_frame(TEXT, b"4still here"))
        assert world.told == [("received", "still here")]


def test_it_is_small() -> None:
    """Memory per connection counts: no dict."""
    assert not hasattr(WebSocketTransport.__new__(WebSocketTransport), "__dict__")
