"""What runs beside the requests: work of a namespace that no caller waits for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from coursewire.bus.port import BusMessage, DeriveWanted, Unlogged, WorkWaits
from coursewire.realtime.contract import Delivery
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coursewire.bus.port import Bus
    from coursewire.realtime.contract import Event
    from coursewire.realtime.namespace import Namespace
    from coursewire.storage import Storage

logger = logging.getLogger(__name__)

T = TypeVar("T")

AGAIN_S = 1.0
"""How long after a failure something begins anew."""


class Background:
    """What one of a namespace's background works may use."""

    def __init__(
        self, namespace: str, storage: Storage, bus: Bus, reactions: Reactions, settings: Any
    ) -> None:
        self.settings = settings
        """The node's settings, for those who declare what they need of them."""
        self._namespace = namespace
        self._storage = storage
        self._bus = bus
        self._reactions = reactions
        self._woken = asyncio.Event()

    async def read(self, fn: Callable[[Transaction], T]) -> T:
        """Run `fn` on a snapshot."""
        return await self._storage.read(
            lambda raw: fn(Transaction(raw, self._namespace, None, self._reactions))
        )

    async def write(self, fn: Callable[[Transaction], T]) -> T:
        """Run `fn` in a transaction, and return its value once that is committed."""
        return await self._storage.write(
            lambda raw: fn(Transaction(raw, self._namespace, None, self._reactions))
        )

    def publish_latest(self, channel: str, event: Event[Any], *, at: int, json: bytes | None = None) -> None:
        """Give a channel a newest value that is made of nothing but what is committed, at a time in milliseconds.

        What belongs to a change goes through its transaction, as everything else does (FAN2). `json`: the event's data,
        from whom has it ready.
        """
        if event.delivery is not Delivery.LATEST or event.per is None:
            raise TypeError(f"{event.event} is not of class latest")
        data = json or event.data.model_dump_json(exclude_none=True).encode()
        key = str(getattr(event.data, event.per))
        self._bus.publish(Unlogged(self._namespace, channel, new_id(), event.event, data, at, key=key))

    def derive(self, name: str, argument: str, user_ids: Sequence[str]) -> None:
        """Ask for a derived value to be computed again for these users."""
        self._bus.publish(DeriveWanted(self._namespace, name, argument, tuple(user_ids)))

    def listen(self, hear: Callable[[BusMessage], None]) -> Callable[[], None]:
        """Call `hear` on the event loop with all that the bus brings, of every namespace; returns what ends that."""
        return self._bus.subscribe(hear)

    def wake(self) -> None:
        """Let `rest` return."""
        self._woken.set()

    async def rest(self, most_s: float) -> None:
        """Wait until a transaction of the namespace has said `wake` since the last rest, but no longer than this."""
        try:
            async with asyncio.timeout(most_s):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()


class Backgrounds:
    """The background works of all namespaces on one node."""

    def __init__(
        self, namespaces: Iterable[Namespace], storage: Storage, bus: Bus, reactions: Reactions, settings: Any
    ) -> None:
        self._storage = storage
        self._bus = bus
        self._reactions = reactions
        self._settings = settings
        self._works = [(namespace.path, run) for namespace in namespaces for run in namespace.background]
        self._running: dict[asyncio.Task[None], tuple[str, Background]] = {}
        bus.subscribe(self.hear)

    def start(self) -> None:
        """Begin."""
        for path, run in self._works:
            background = Background(path, self._storage, self._bus, self._reactions, self._settings)
            self._running[asyncio.ensure_future(_for_ever(path, run, background))] = (path, background)

    def hear(self, message: BusMessage) -> None:
        """Wake those of a namespace that has something to do."""
        if isinstance(message, WorkWaits):
            for path, background in self._running.values():
                if path == message.namespace:
                    background.wake()

    async def close(self) -> None:
        """End all of it; what was in the middle of a transaction is committed or not, and nothing in between."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()


async def _for_ever(
    path: str, run: Callable[[Background], Coroutine[Any, Any, None]], background: Background
) -> None:
    while True:
        try:
            await run(background)
        except Exception:
            logger.exception("background work of %s failed; it begins again", path)
            await asyncio.sleep(AGAIN_S)
        else:
            return
