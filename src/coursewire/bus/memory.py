"""The bus of a single node: delivers at once, in order, on the event loop."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from coursewire.bus.port import BusMessage, Listener

logger = logging.getLogger(__name__)

PENDING = 10_000
"""Messages that listeners published while one was delivered. A further one is lost and logged, as any bus
may lose messages: the log is the truth, and a hole in the offsets tells."""


class MemoryBus:
    """Implements `bus.port.Bus` inside one process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._pending: deque[BusMessage] = deque()
        self._delivering = False

    def publish(self, message: BusMessage) -> None:
        """Deliver to every listener before this returns.

        What a listener publishes meanwhile comes after the message at hand, for every listener.
        """
        if len(self._pending) >= PENDING:
            logger.error("the listeners of the bus publish faster than it delivers: lost one")
            return
        self._pending.append(message)
        if self._delivering:
            return
        self._delivering = True
        try:
            while self._pending:
                current = self._pending.popleft()
                for listener in tuple(self._listeners):
                    _call(listener, current)
        finally:
            self._delivering = False

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every message from now on; returns what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe


def _call(listener: Listener, message: BusMessage) -> None:
    try:
        listener(message)
    except Exception:
        logger.exception("a listener of the bus failed on %s", type(message).__name__)
