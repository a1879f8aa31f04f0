"""The load counts every event, however its frames are cut, and answers what a client has to answer."""

import socket
import struct
from collections.abc import Iterator

import pytest
from bench.swarm import Client, Swarm, command, frame

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


def served(payload: bytes, opcode: int = 1) -> bytes:
    """A frame as a server writes it: without a mask."""
    if len(payload) < 126:
        return struct.pack("!BB", 0x80 | opcode, len(payload)) + payload
    return struct.pack("!BBH", 0x80 | opcode, 126, len(payload)) + payload


EVENT = served(b'42/chat,["message.sent",{"text":"@0000000000000001 hi"},{}]')
LONG_EVENT = served(b'42/chat,["message.sent",{"text":"' + b"x" * 900 + b'"},{}]')
LONGEST_EVENT = struct.pack("!BBQ", 0x81, 127, 70_024) + b'42/chat,["message.sent",' + b"y" * 70_000


@pytest.fixture
def pair() -> Iterator[tuple[Swarm, Client, socket.socket]]:
    """A swarm of one client, and the server's end of its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        swarm = Swarm(listener.getsockname()[1])
        client = swarm._open({"token": "t"}, "room:1")
        server, _ = listener.accept()
        server.settimeout(30)
        with server:
            yield swarm, client, server
        swarm.close()


@pytest.mark.parametrize("cut", range(1, 60))
def test_events_are_counted_wherever_the_stream_is_cut(
    cut: int, pair: tuple[Swarm, Client, socket.socket]
) -> None:
    swarm, client, server = pair
    stream = UPGRADED + EVENT + LONG_EVENT + EVENT
    for start in range(0, len(stream), cut):
        server.sendall(stream[start : start + cut])
        swarm._read(client)
    swarm.wait(lambda: client.received == 3, "three events", timeout=30)
    assert (swarm.delivered, len(client.rest)) == (3, 0)


def test_a_frame_of_more_than_64_kib_is_counted(pair: tuple[Swarm, Client, socket.socket]) -> None:
    swarm, client, server = pair
    server.sendall(UPGRADED + LONGEST_EVENT + EVENT)
    swarm.wait(lambda: client.received == 2, "two events", timeout=30)


def test_a_client_joins_step_by_step_and_answers_pings(pair: tuple[Swarm, Client, socket.socket]) -> None:
    swarm, client, server = pair
    assert server.recv(4096).startswith(b"GET /socket.io/?EIO=4&transport=websocket")
    steps = (
        (UPGRADED + served(b'0{"sid":"a"}'), frame(b'40/chat,{"token": "t"}')),
        (served(b'40/chat,{"sid":"b"}'), command("subscribe", {"channel": "room:1"}, 0)),
        (served(b"2"), frame(b"3")),
        (served(b"beat", opcode=9), frame(b"beat", opcode=10)),
    )
    for said, expected in steps:
        server.sendall(said)
        swarm._serve(5)
        assert server.recv(4096) == expected
    assert not client.ready
    server.sendall(served(b'43/chat,0[{"ok":true,"data":{"epoch":"e","offset":3}}]'))
    swarm.wait(lambda: client.ready, "the subscription", timeout=30)
    assert client.said == {"epoch": "e", "offset": 3}


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 503 Busy\r\n\r\n",
        UPGRADED + served(b'44/chat,{"message":"no"}'),
        UPGRADED + served(b'43/chat,0[{"ok":false,"error":{}}]'),
        UPGRADED + served(b"\x03\xe8", opcode=8),
    ],
    ids=["no upgrade", "refused", "failed command", "closed"],
)
def test_what_goes_wrong_ends_the_run(said: bytes, pair: tuple[Swarm, Client, socket.socket]) -> None:
    swarm, client, server = pair
    server.sendall(said)
    with pytest.raises(ConnectionError):
        swarm.wait(lambda: client.ready, "nothing good", timeout=30)


def test_waiting_has_an_end(pair: tuple[Swarm, Client, socket.socket]) -> None:
    swarm, client, _ = pair
    with pytest.raises(TimeoutError, match="waited too long: a miracle"):
        swarm.wait(lambda: client.ready, "a miracle", timeout=0.01)
