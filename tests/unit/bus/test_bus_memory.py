"""The bus of a single node."""

from __future__ import annotations

import pytest

from coursewire.bus import BusMessage, MemoryBus, TakenBack
from coursewire.bus.memory import PENDING


def message(number: int) -> TakenBack:
    return TakenBack("/chat", (str(number),))


def test_it_delivers_before_publish_returns() -> None:
    bus, heard = MemoryBus(), list[BusMessage]()
    bus.subscribe(heard.append)
    bus.publish(message(1))
    assert heard == [message(1)]


def test_a_listener_may_leave_while_it_listens() -> None:
    bus, heard = MemoryBus(), list[BusMessage]()

    def once(current: BusMessage) -> None:
        heard.append(current)
        stop()

    stop = bus.subscribe(once)
    bus.subscribe(heard.append)
    bus.publish(message(1))
    bus.publish(message(2))
    assert heard == [message(1), message(1), message(2)]


def test_listeners_that_publish_without_end_lose_what_is_too_much(caplog: pytest.LogCaptureFixture) -> None:
    bus, heard = MemoryBus(), list[BusMessage]()

    def floods(current: BusMessage) -> None:
        heard.append(current)
        if current == message(0):
            for number in range(1, PENDING + 2):
                bus.publish(message(number))

    bus.subscribe(floods)
    bus.publish(message(0))
    assert heard == [message(number) for number in range(PENDING + 1)]
    assert "lost" in caplog.text
    bus.publish(message(-1))
    assert heard[-1] == message(-1)
