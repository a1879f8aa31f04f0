"""What every bus must do. A new adapter is one more entry in ADAPTERS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from coursewire.bus import (
    Bus,
    BusMessage,
    Committed,
    DeriveWanted,
    LoggedEvent,
    MemoryBus,
    PresenceSeen,
    RightsChanged,
    SessionsOver,
    TakenBack,
    Unlogged,
    WorkWaits,
)

ADAPTERS: dict[str, Callable[[], Bus]] = {"memory": MemoryBus}

ONE_OF_EACH: list[BusMessage] = [
    Committed(
        "/chat",
        "room:1",
        "e1",
        7,
        (
            LoggedEvent(7, "id7", "message.sent", '{"text":"\u00e9\\n"}'.encode(), 1_000, "ada"),
            LoggedEvent(8, "id8", "message.sent", b"{}", 1_001, None),
        ),
    ),
    Committed(
        "/collaboration",
        "document:1",
        "e1",
        1,
        (
            LoggedEvent(1, "id", "document.updated", b"{}", 1, None, b"\x00\n\xff"),
            LoggedEvent(2, "id", "annotation.created", b'{"a":1}', 1, None),
            LoggedEvent(3, "id", "document.updated", b"{}", 1, None, b""),
        ),
    ),
    Unlogged("/chat", "room:1", "id", "typing.changed", b'{"users":[]}', 1_000),
    Unlogged("/chat", "room:1", "id", "receipt.changed", b"{}", 1_000, "ada", "ada"),
    Unlogged("/collaboration", "document:1", "id", "awareness.changed", b"{}", 1, attachment=b"\x00\n\xff"),
    RightsChanged(),
    RightsChanged(("ada", "bo"), course_id="cs101"),
    RightsChanged(("ada",), namespace="/chat", channel="room:1"),
    SessionsOver("ada", 1_000),
    PresenceSeen("node-1", "/chat", "ada", 2, "away", 1_000),
    TakenBack("/chat", ("room:1", "user:ada")),
    DeriveWanted("/chat", "unread", "room:1"),
    DeriveWanted("/chat", "unread", "room:1", ("ada",)),
    WorkWaits("/notifications"),
]


@pytest.fixture(params=ADAPTERS)
def bus(request: pytest.FixtureRequest) -> Bus:
    return ADAPTERS[request.param]()


class Listener:
    """Collects messages; `heard` waits for as many as are expected."""

    def __init__(self, bus: Bus) -> None:
        self._messages: asyncio.Queue[BusMessage] = asyncio.Queue()
        self.stop = bus.subscribe(self._messages.put_nowait)

    async def heard(self, many: int) -> list[BusMessage]:
        async with asyncio.timeout(30):
            return [await self._messages.get() for _ in range(many)]

    def nothing_more(self) -> bool:
        return self._messages.empty()


def numbered(number: int) -> Unlogged:
    return Unlogged("/chat", "room:1", str(number), "e", b"{}", number)


async def test_every_kind_of_message_arrives_as_it_was_sent(bus: Bus) -> None:
    listener = Listener(bus)
    for message in ONE_OF_EACH:
        bus.publish(message)
    assert await listener.heard(len(ONE_OF_EACH)) == ONE_OF_EACH


async def test_every_listener_hears_everything_in_order(bus: Bus) -> None:
    """[FAN2]"""
    listeners = [Listener(bus) for _ in range(3)]
    messages = [numbered(number) for number in range(200)]
    for message in messages:
        bus.publish(message)
    for listener in listeners:
        assert await listener.heard(200) == messages


async def test_whoever_left_hears_nothing_more(bus: Bus) -> None:
    staying, leaving = Listener(bus), Listener(bus)
    bus.publish(numbered(1))
    assert await leaving.heard(1) == [numbered(1)]
    leaving.stop()
    leaving.stop()
    bus.publish(numbered(2))
    assert await staying.heard(2) == [numbered(1), numbered(2)]
    assert leaving.nothing_more()


async def test_a_listener_that_raises_stops_neither_the_others_nor_itself(
    bus: Bus, caplog: pytest.LogCaptureFixture
) -> None:
    called: list[BusMessage] = []

    def fails(message: BusMessage) -> None:
        called.append(message)
        raise LookupError("a listener's fault")

    bus.subscribe(fails)
    listener = Listener(bus)
    bus.publish(numbered(1))
    bus.publish(numbered(2))
    assert await listener.heard(2) == [numbered(1), numbered(2)]
    assert called == [numbered(1), numbered(2)]
    assert "a listener's fault" in caplog.text


async def test_what_a_listener_publishes_comes_after_the_message_at_hand_for_everybody(bus: Bus) -> None:
    """[FAN2] Otherwise two listeners would hear two orders."""

    def answers(message: BusMessage) -> None:
        if message == numbered(1):
            bus.publish(numbered(10))
            bus.publish(numbered(11))

    bus.subscribe(answers)
    listener = Listener(bus)
    bus.publish(numbered(1))
    assert await listener.heard(3) == [numbered(1), numbered(10), numbered(11)]
