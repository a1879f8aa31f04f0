"""The worker of one way out: claims what is due, sends it, settles it; survives everything, and loses nothing."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from coursewire.errors import CoursewireError
from coursewire.namespaces.notifications.delivery import store
from coursewire.namespaces.notifications.delivery.couriers import Courier, Unwanted
from coursewire.namespaces.notifications.delivery.links import Links
from coursewire.namespaces.notifications.delivery.outcome import Later, Refused

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.delivery.parcels import Claim, Parcel
    from coursewire.realtime.background import Background
    from coursewire.realtime.transaction import Transaction

logger = logging.getLogger(__name__)

CLAIMED: Final = 64
"""Messages that are ours at the same time: the bound of what waits in memory. When so many are, the rest waits in the
table, where other nodes find it too."""
AT_ONCE: Final = 16
"""Messages under way at the same time: what a crash may send twice at most. The other claimed ones wait in turn."""
LOOK_EVERY_S: Final = 5.0
"""How late a digest or a retry may be. What is immediate wakes us."""
SEND_WITHIN_S: Final = 90.0
"""For one message, whatever the sender does."""
LEASE_S: Final = 300.0
"""For which a claim is ours. No message is begun that might not be over by then, so that of two nodes, or of a node and
its own later self, only one sends."""
DRAIN_S: Final = 5.0
"""For what is under way when the node stops; what is not over by then is tried again later, and may come twice."""
MAX_ATTEMPTS: Final = 14
FIRST_BACK_OFF_S: Final = 60.0
LONGEST_BACK_OFF_S: Final = 6 * 3_600.0
"""With fourteen attempts a mail is given up after a day and a half."""
SWEEP_EVERY_MS: Final = 3_600_000
KEEP_FAILED_MS: Final = 30 * 86_400_000
"""How long a row that was given up stays, for whoever wants to know."""


def back_off_s(attempt: int, asked_s: float | None, luck: float) -> float:
    """Return how long to wait after a failed attempt: doubling, with a jitter of a fifth; `luck` is from 0 to 1.

    What the other side asks for counts when it is longer, up to the longest.
    """
    grown = min(FIRST_BACK_OFF_S * 2.0 ** (attempt - 1), LONGEST_BACK_OFF_S)
    wanted = max(grown, min(asked_s or 0.0, LONGEST_BACK_OFF_S))
    return wanted * (0.8 + 0.4 * luck)


class Lane:
    """One way out of one node."""

    def __init__(
        self,
        work: Background,
        courier: Courier,
        public_url: str,
        figures: Counter[str],
        *,
        luck: Callable[[], float] = random.random,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Take a counter of messages by outcome: `sent`, `unwanted`, `postponed`, `given_up`."""
        self._work = work
        self._courier = courier
        self._public_url = public_url
        self._figures = figures
        self._luck = luck
        self._clock = clock
        self._links: Links | None = None
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()
        """At most CLAIMED."""
        self._stopping = False
        self._swept_at = 0

    async def run(self) -> None:
        """Send until cancelled; then end what is under way, and give back what was not begun."""
        try:
            while True:
                if await self.begin():
                    continue
                if not self._sending:
                    await self._courier.rest()
                    await self._sweep()
                if CLAIMED - len(self._sending) < AT_ONCE:
                    await asyncio.wait(self._sending, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await self._work.rest(LOOK_EVERY_S)
        finally:
            await self._drain()
            await self._courier.close()

    async def begin(self) -> int:
        """Claim what is due and there is room for, begin to send it, and return how many messages that are."""
        room = CLAIMED - len(self._sending)
        channel = self._courier.channel
        if room < AT_ONCE or not await self._work.read(partial(store.any_due, channel=channel)):
            return 0
        claims = await self._work.write(
            partial(store.claim, channel=channel, most=room, lease_ms=int(LEASE_S * 1_000))
        )
        if not claims:
            return 0
        if self._links is None:
            self._links = Links(await self._work.read(store.link_secret), self._public_url)
        for parcel in await self._work.read(partial(store.parcels, claims=claims)):
            task = asyncio.ensure_future(self._handle(parcel, self._links))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return len(claims)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _handle(self, parcel: Parcel, links: Links) -> None:
        """Send one message when it is its turn, and settle its rows."""
        claimed = parcel.claim
        async with self._turn:
            now = self._clock()
            if self._stopping:
                await self._settle(partial(store.release, claimed=claimed))
            elif now + SEND_WITHIN_S * 1_000 <= claimed.until:
                # The write comes right behind the sending: for a double we have to die between the two.
                await self._settle(await self._send(parcel, links, now))
            # Otherwise the lease runs out, and whoever claims it next sends it.

    async def _send(self, parcel: Parcel, links: Links, now: int) -> Callable[[Transaction], None]:
        """Send one message, and return what is to be written about it."""
        claimed = parcel.claim
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                gone = await self._courier.deliver(parcel, links, now)
        except Unwanted as outcome:
            self._figures["unwanted"] += 1
            return partial(store.finish, claimed=claimed, gone=outcome.gone)
        except Refused as failure:
            return self._given_up(claimed, failure.reason)
        except Later as failure:
            return self._tried(claimed, failure.reason, failure.retry_after_s)
        except TimeoutError:
            return self._tried(claimed, "not over in time", None)
        except Exception:
            logger.exception("a message could not be made; it is tried again")
            return self._tried(claimed, "internal", None)
        self._figures["sent"] += 1
        return partial(store.finish, claimed=claimed, gone=gone)

    def _tried(self, claimed: Claim, reason: str, asked_s: float | None) -> Callable[[Transaction], None]:
        if claimed.attempt >= MAX_ATTEMPTS:
            return self._given_up(claimed, reason)
        self._figures["postponed"] += 1
        wait_s = back_off_s(claimed.attempt, asked_s, self._luck())
        until = self._clock() + int(wait_s * 1_000)
        return partial(store.postpone, claimed=claimed, until=until, reason=reason)

    def _given_up(self, claimed: Claim, reason: str) -> Callable[[Transaction], None]:
        self._figures["given_up"] += 1
        logger.warning(
            "a message by %s is given up after %d attempts: %s",
            self._courier.channel,
            claimed.attempt,
            reason,
            extra={"rows": claimed.ids},
        )
        return partial(store.give_up, claimed=claimed, reason=reason)

    async def _settle(self, write: Callable[[Transaction], None]) -> None:
        """Write an outcome. Where that fails, the lease runs out and it is tried again."""
        try:
            await self._work.write(write)
        except CoursewireError as error:
            logger.warning("an outcome was not saved: %s", error)

    async def _drain(self) -> None:
        """Let what is under way end, and give back what waits for its turn."""
        self._stopping = True
        if not self._sending:
            return
        await asyncio.wait(self._sending, timeout=DRAIN_S)
        late = list(self._sending)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _sweep(self) -> None:
        now = self._clock()
        if now - self._swept_at >= SWEEP_EVERY_MS:
            self._swept_at = now
            await self._work.write(
                partial(store.forget_failed, before=now - KEEP_FAILED_MS, most=store.MOST_IN_DIGEST)
            )
