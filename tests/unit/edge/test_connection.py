"""Socket.IO namespaces over one session, by the rules of the protocol document."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.unit.edge.stand_ins import ManualClock, RecordingApplication, RecordingTransport, make_registry

from coursewire.edge.connection import Connection, Socket
from coursewire.edge.session import Session
from coursewire.edge.timers import Line
from coursewire.errors import Overloaded
from coursewire.wire.engineio import Packet, PacketType
from coursewire.wire.frames import encode_event


class World:
    """One connection of one client, driven by the Engine.IO messages that it sends."""

    def __init__(self, application: RecordingApplication | None = None, **settings: Any) -> None:
        self.clock = ManualClock()
        settings = {"connect_timeout_ms": 5_000, "ping_interval_ms": 60_000, **settings}
        self.registry = make_registry(self.clock, **settings)
        self.application = application or RecordingApplication()
        self.transport = RecordingTransport()
        self.session = Session(self.registry, "sid", "192.0.2.1", self.transport)
        unconnected: Line[Connection] = self.registry.timers.line(
            settings["connect_timeout_ms"] / 1000, lambda connection: connection.connect_missing()
        )
        self.connection = Connection(self.session, self.application, self.registry, unconnected)
        self.session.listener = self.connection

    def send(self, *messages: str | bytes) -> None:
        for message in messages:
            self.session.receive(self.transport, Packet(PacketType.MESSAGE, message))

    def connect(self, namespace: str = "/") -> Socket:
        socket = self.knock(namespace)
        self.transport.take()
        self.application.told.clear()
        return socket

    def knock(self, namespace: str) -> Socket:
        self.send("0" if namespace == "/" else f"0{namespace},")
        return self.application.sockets[-1]

    @property
    def told(self) -> list[Any]:
        return self.application.told

    @property
    def closed_for(self) -> list[str]:
        return list(self.registry.statistics.sessions_closed)


def test_connect_is_answered_with_the_sid_of_the_namespace() -> None:
    world = World()
    world.send('0/chat,{"token":"123"}')
    (answer,) = world.transport.take()
    assert isinstance(answer, str)
    assert answer.startswith("40/chat,")
    assert json.loads(answer[8:]) == {"sid": world.application.sockets[0].id}
    assert world.told == [("connected", "/chat", {"token": "123"})]
    assert world.connection.sockets["/chat"].accepted


def test_it_knows_whether_somebody_has_no_namespace_yet() -> None:
    world = World()
    assert world.connection.others_come
    world.connect()
    world.connect("/chat")
    come = [world.connection.others_come]
    world.send("1", "1/chat,")
    assert [*come, world.connection.others_come] == [False, True]


def test_connect_may_be_answered_later() -> None:
    world = World(RecordingApplication(accepts=False))
    world.send("0")
    assert world.transport.take() == []
    (socket,) = world.application.sockets
    assert socket.pending
    socket.accept()
    socket.accept()
    assert [str(packet)[:2] for packet in world.transport.take()] == ["40"]


def test_a_refused_namespace_gets_the_error_and_may_be_tried_again() -> None:
    """[SES1] The transport and the other namespaces stay."""
    world = World()
    other = world.connect("/")
    world.application.accepts = False
    world.send("0/chat,")
    error = {"code": "auth_missing", "message": "a token is needed", "retryable": False}
    world.application.sockets[-1].refuse(error)
    (answer,) = world.transport.take()
    assert str(answer).startswith("44/chat,")
    assert json.loads(str(answer)[8:]) == {"message": "a token is needed", "data": error}
    assert ("disconnected", "/chat") not in [told[:2] for told in world.told]
    world.application.accepts = True
    world.send("0/chat,")
    assert str(world.transport.take()[0]).startswith("40/chat,")
    assert other.accepted


def test_an_unknown_namespace_is_refused_in_the_words_of_the_suite() -> None:
    world = World()
    world.send("0/random")
    assert world.transport.take() == ['44/random,{"message":"Invalid namespace"}']
    assert world.told == []
    assert world.closed_for == []


def test_connect_once_more_takes_the_place_of_one_without_an_answer() -> None:
    """[SES1] [SES3] socket.io-client gives a CONNECT up without a word; what it asks then ends no other namespace."""
    world = World(RecordingApplication(accepts=False))
    other, given_up = world.knock("/"), world.knock("/chat")
    other.accept()
    world.transport.take()
    world.send('0/chat,{"token":"newer"}', '2/chat,["meant for the one before"]')
    given_up.accept()
    assert world.transport.take() == []
    newer = world.application.sockets[-1]
    newer.accept()
    assert [json.loads(str(packet)[8:]) for packet in world.transport.take()] == [{"sid": newer.id}]
    world.send('2/chat,["heard"]')
    assert world.told == [
        ("connected", "/", None),
        ("connected", "/chat", None),
        ("disconnected", "/chat", "client namespace disconnect"),
        ("connected", "/chat", {"token": "newer"}),
        ("received", "/chat", ["heard"], None),
    ]
    assert other.accepted
    assert world.registry.statistics.packets_stray == 1


def test_connect_once_more_takes_the_place_of_one_that_is_open() -> None:
    """[SES1] [SES3] Its client did not wait for the answer, and does not know of it. At the bound, too."""
    world = World(max_namespaces=2)
    other, before = world.connect("/"), world.connect("/chat")
    world.send("0/chat,")
    assert not before.accepted
    after = world.application.sockets[-1]
    assert after.accepted
    assert after.id != before.id
    assert [str(packet)[:8] for packet in world.transport.take()] == ["40/chat,"]
    assert world.told == [
        ("disconnected", "/chat", "client namespace disconnect"),
        ("connected", "/chat", None),
    ]
    assert other.accepted
    world.send("1/chat,")
    assert world.told[2:] == [("disconnected", "/chat", "client namespace disconnect")]


def test_the_number_of_namespaces_is_bounded() -> None:
    world = World(max_namespaces=2)
    world.connect("/")
    world.connect("/chat")
    world.send("0/custom")
    assert world.transport.take() == ['44/custom,{"message":"Too many namespaces"}']
    world.send("1/chat,", "0/custom")
    assert str(world.transport.take()[0]).startswith("40/custom,")


def test_events_and_their_acks_go_both_ways() -> None:
    world = World()
    socket = world.connect("/chat")
    world.send(
        '2/chat,["message",1,{"a":null}]',
        '2/chat,7["ask"]',
        '51-/chat,["b",{"_placeholder":true,"num":0}]',
        b"x",
    )
    assert world.told == [
        ("received", "/chat", ["message", 1, {"a": None}], None),
        ("received", "/chat", ["ask"], 7),
        ("received", "/chat", ["b", b"x"], None),
    ]
    socket.acknowledge(7, "yes", b"y")
    socket.acknowledge_encoded(8, b'{"ok":true}')
    socket.emit("news", {"n": 1})
    socket.send(encode_event("/chat", "ready", b"1", b"{}"))
    assert world.transport.take() == [
        '461-/chat,7["yes",{"_placeholder":true,"num":0}]',
        b"y",
        '43/chat,8[{"ok":true}]',
        '42/chat,["news",{"n":1}]',
        '42/chat,["ready",1,{}]',
    ]


async def test_a_call_returns_what_the_client_acknowledged() -> None:
    world = World()
    socket = world.connect()
    first, second = socket.call("ask", 1), socket.call("ask", 2)
    assert world.transport.take() == ['421["ask",1]', '422["ask",2]']
    world.send('32["two"]', '31["one",{"a":1}]')
    assert await first == ["one", {"a": 1}]
    assert await second == ["two"]


async def test_an_ack_that_nobody_awaits_is_counted_and_ignored() -> None:
    world = World()
    socket = world.connect()
    future = socket.call("ask")
    world.send("31[]", "31[]", "399[]")
    assert await future == []
    assert world.registry.statistics.packets_stray == 2
    assert world.closed_for == []


async def test_the_number_of_awaited_acks_is_bounded_and_given_up_calls_make_room() -> None:
    world = World(max_calls=2)
    socket = world.connect()
    calls = [socket.call("ask"), socket.call("ask")]
    with pytest.raises(Overloaded):
        socket.call("ask")
    calls[0].cancel()
    await asyncio.wait([calls[0]])
    await asyncio.sleep(0)  # callbacks of the future run in the next turn
    socket.call("ask")


async def test_calls_are_cancelled_when_the_socket_ends() -> None:
    world = World()
    socket = world.connect()
    future = socket.call("ask")
    world.send("1")
    assert future.cancelled()
    assert socket.call("too late").cancelled()


def test_a_client_may_leave_one_namespace() -> None:
    world = World()
    world.connect("/")
    world.connect("/chat")
    world.send("1/chat,")
    assert world.told == [("disconnected", "/chat", "client namespace disconnect")]
    world.send('2["still here"]')
    assert world.told[-1] == ("received", "/", ["still here"], None)


def test_the_server_may_end_one_namespace() -> None:
    """[SES1]"""
    world = World()
    world.connect("/")
    socket = world.connect("/chat")
    socket.disconnect()
    socket.disconnect()
    assert world.transport.take() == ["41/chat,"]
    assert world.told == [("disconnected", "/chat", "server namespace disconnect")]
    assert world.closed_for == []


def test_what_was_on_its_way_to_a_namespace_that_ended_is_ignored() -> None:
    """[SES1] The reference server closes everything for it."""
    world = World()
    world.connect("/")
    world.connect("/chat").disconnect()
    world.send('2/chat,["late"]', "1/chat,", "3/chat,1[]")
    assert world.closed_for == []
    assert world.registry.statistics.packets_stray == 3


def test_a_namespace_ended_while_pending_is_refused() -> None:
    world = World(RecordingApplication(accepts=False))
    world.send("0")
    world.application.sockets[0].disconnect()
    assert world.transport.take() == ['44{"message":"server namespace disconnect"}']
    assert world.told[-1] == ("disconnected", "/", "server namespace disconnect")


def test_a_client_may_leave_while_pending_and_a_late_answer_goes_nowhere() -> None:
    world = World(RecordingApplication(accepts=False))
    world.send("0", "1")
    (socket,) = world.application.sockets
    socket.accept()
    socket.refuse({})
    assert not socket.accepted
    assert world.transport.take() == []
    assert world.told[-1] == ("disconnected", "/", "client namespace disconnect")


def test_nothing_leaves_a_socket_that_is_not_open() -> None:
    world = World(RecordingApplication(accepts=False))
    world.send("0")
    (socket,) = world.application.sockets
    for _ in range(2):
        socket.emit("a")
        socket.send(encode_event("/", "a", b"1", b"{}"))
        socket.acknowledge(1)
        socket.acknowledge_encoded(1, b"1")
        world.send("1")
    assert world.transport.take() == []


@pytest.mark.parametrize(
    "messages",
    [
        ["abc"],
        ["2{}"],
        ['2abc["a"]'],
        ["0[]"],
        ['4{"message":"I refuse you"}'],
        [b"no packet announced it"],
        ['51-["a"]', "1"],
    ],
)
def test_what_breaks_the_protocol_ends_the_session_with_all_its_namespaces(
    messages: list[str | bytes],
) -> None:
    world = World()
    world.connect("/")
    world.connect("/chat")
    world.send(*messages)
    assert world.closed_for == ["parse error"]
    assert world.told == [("disconnected", "/", "parse error"), ("disconnected", "/chat", "parse error")]
    assert world.registry.statistics.packets_bad == 1


def test_an_event_before_the_answer_to_connect_ends_the_session() -> None:
    world = World(RecordingApplication(accepts=False))
    world.send("0", '2["too early"]')
    assert world.closed_for == ["parse error"]
    assert world.told == [("connected", "/", None), ("disconnected", "/", "parse error")]


def test_attachments_are_bounded() -> None:
    world = World(max_attachments=1, max_payload=10)
    world.connect("/")
    world.send('51-["a"]', b"x" * 40)
    assert world.closed_for == []
    world.send('51-["a"]', b"x" * 41)
    assert world.closed_for == ["parse error"]


def test_a_session_without_any_namespace_is_closed_in_time() -> None:
    world = World()
    world.clock.advance(6)
    assert world.closed_for == ["connect timeout"]


def test_a_session_that_lost_one_of_its_namespaces_stays() -> None:
    """[SES1]"""
    world = World()
    world.connect("/")
    world.connect("/chat")
    world.send("1/chat,")
    world.clock.advance(9)
    assert world.closed_for == []


def test_a_session_that_lost_its_last_namespace_is_closed_in_time_too() -> None:
    world = World()
    world.connect("/")
    world.clock.advance(9)
    assert world.closed_for == []
    world.send("1")
    world.clock.advance(4)
    assert world.closed_for == []
    world.clock.advance(2)
    assert world.closed_for == ["connect timeout"]


def test_the_end_of_the_session_ends_every_namespace_once() -> None:
    world = World()
    world.connect("/")
    world.connect("/chat")
    world.connection.close("enough")
    world.connection.close("enough")
    assert world.told == [("disconnected", "/", "enough"), ("disconnected", "/chat", "enough")]
    assert world.connection.transport_name == "none"
    assert world.connection.sockets == {}


def test_an_application_may_close_from_within_its_callbacks() -> None:
    class Closing(RecordingApplication):
        def received(self, socket: Socket, arguments: list[Any], ack: int | None) -> None:
            super().received(socket, arguments, ack)
            socket.connection.close("enough")

    world = World(Closing())
    world.connect("/")
    world.send('2["one"]', '2["two"]')
    assert world.told == [("received", "/", ["one"], None), ("disconnected", "/", "enough")]


def test_an_application_that_fails_is_contained(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.application.fails = RuntimeError("no")
    world.connect("/")
    world.send('2["one"]')
    world.session.fill(world.transport)
    world.clock.advance(0)
    world.session.drain(world.transport)
    world.clock.advance(0)
    assert world.closed_for == []
    world.send("1")
    assert [told[0] for told in world.told] == ["received", "full", "drained", "disconnected"]
    assert world.registry.statistics.application_errors == 5
    assert "a callback of the application failed" in caplog.text


def test_the_application_learns_of_back_pressure_and_may_cause_it() -> None:
    """[FAN3]"""
    world = World()
    world.connect("/")
    world.session.fill(world.transport)
    world.clock.advance(0)
    world.session.drain(world.transport)
    world.clock.advance(0)
    assert world.told == [("full", True), ("drained", False)]
    world.connection.pause_reading()
    assert not world.transport.reading
    world.connection.resume_reading()
    assert world.transport.reading


def test_a_connection_knows_where_it_comes_from() -> None:
    world = World()
    assert world.connection.remote == "192.0.2.1"
    assert world.connection.transport_name == "recording"
    world.connection.send(encode_event("/", "a", b"1", b"{}"))
    assert world.transport.take() == ['42["a",1,{}]']
