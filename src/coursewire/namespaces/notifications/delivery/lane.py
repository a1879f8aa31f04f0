"""The worker of one way out: claims what is due, sends it, settles it; survives everything, and loses nothing."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from coursewire.errors import CoursewireError
from coursewire.namespaces.notifications.delivery import browsers, readers, store
from coursewire.namespaces.notifications.delivery.back_off import back_off_s
from coursewire.namespaces.notifications.delivery.couriers import Courier, Disturbs, Unwanted
from coursewire.namespaces.notifications.delivery.links import Links
from coursewire.namespaces.notifications.delivery.outcome import NOTHING, Held, Later, Refused, Report

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
"""With the back-off a mail is given up after a day and a half."""


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
        """Take a counter of messages by outcome: `sent`, `unwanted`, `postponed`, `held`, `given_up`."""
        self._work = work
        self._courier = courier
        self._public_url = public_url
        self._figures = figures
        self._luck = luck
        self._clock = clock
        self._links: Links | None = None
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._sending: dict[asyncio.Task[None], str] = {}
        """For whom; at most CLAIMED, and one of each person: whoever is slow to reach holds up only what is theirs."""
        self._after = ""
        """Whose turn was last."""
        self._stopping = False

    async def run(self) -> None:
        """Send until cancelled; then end what is under way, and give back what was not begun."""
        try:
            while True:
                if await self.begin():
                    continue
                if not self._sending:
                    await self._courier.rest()
                # Whatever is over wakes us too: it may have been in the way of the next to the same person.
                await self._work.rest(LOOK_EVERY_S)
        finally:
            await self._drain()
            await self._courier.close()

    async def begin(self) -> int:
        """Claim what is due and there is room for, begin to send it, and return how many messages that are."""
        room = CLAIMED - len(self._sending)
        if room >= AT_ONCE:
            room = min(room, self._courier.room())
            claims = await self._claim(room) if room else []
        else:
            claims = []
        if not claims:
            return 0
        if self._links is None:
            self._links = Links(await self._work.read(store.link_secret), self._public_url)
        # Those whose turn it is at once are read together. The others are read when it comes: theirs may be read,
        # switched off or erased by then.
        first = claims[: max(0, AT_ONCE - len(self._sending))]
        parcels = await self._work.read(partial(readers.parcels, claims=first)) if first else []
        for claimed, parcel in zip_longest(claims, parcels):
            task = asyncio.ensure_future(self._handle(claimed, parcel, self._links))
            self._sending[task] = claimed.user_id
            task.add_done_callback(self._ended)
        return len(claims)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        self._work.wake()

    async def _claim(self, most: int) -> list[Claim]:
        """Claim one message each of up to so many people, going on behind whoever was last, once around at most."""
        channel = self._courier.channel
        if not await self._work.read(partial(store.any_due, channel=channel)):
            return []
        busy, begun = set(self._sending.values()), self._after
        while True:
            look = partial(store.next_in_turn, channel=channel, after=self._after, busy=busy, most=most)
            turns, self._after = await self._work.read(look)
            lease_ms = int(LEASE_S * 1_000)
            take = partial(store.claim, channel=channel, turns=turns, lease_ms=lease_ms)
            if turns and (claims := await self._work.write(take)):
                return claims
            if not self._after:
                if not begun:
                    return []
                begun = ""

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._sending:
            await asyncio.wait(self._sending)

    async def _handle(self, claimed: Claim, parcel: Parcel | None, links: Links) -> None:
        """Send one message when it is its turn, and settle its rows. Where that fails, it is tried again later."""
        async with self._turn:
            try:
                if self._stopping:
                    await self._work.write(partial(store.release, claimed=claimed))
                    return
                if parcel is None:
                    [parcel] = await self._work.read(partial(readers.parcels, claims=[claimed]))
                now = self._clock()
                if now + SEND_WITHIN_S * 1_000 <= claimed.until:
                    # The write comes right behind the sending: for a double we have to die between the two.
                    await self._work.write(await self._send(parcel, links, now))
            except CoursewireError as error:
                logger.warning("a message was not read, or its outcome not saved: %s", error)
            # What was not settled is sent by whoever claims it next, when the lease has run out.

    async def _send(self, parcel: Parcel, links: Links, now: int) -> Callable[[Transaction], None]:
        """Send one message, and return what is to be written about it."""
        claimed = parcel.claim
        report = NOTHING
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                report = await self._courier.deliver(parcel, links, now)
            write = self._finished(claimed, "sent")
        except Unwanted as outcome:
            report, write = outcome.report, self._finished(claimed, "unwanted")
        except Disturbs as outcome:
            self._figures["postponed"] += 1
            # Only this one: what is urgent passes quiet hours.
            write = partial(store.release, claimed=claimed, until=outcome.until)
        except Refused as failure:
            report, write = failure.report, self._given_up(claimed, failure.reason)
        except Held as failure:
            report, write = failure.report, self._held(claimed, failure)
        except Later as failure:
            report = failure.report
            write = self._tried(claimed, failure.reason, failure.retry_after_s, report.reached)
        except TimeoutError:
            write = self._tried(claimed, "not over in time", None)
        except Exception:
            logger.exception("a message could not be made; it is tried again")
            write = self._tried(claimed, "internal", None, is_theirs=False)
        return partial(_settled, claimed=claimed, report=report, write=write)

    def _finished(self, claimed: Claim, outcome: str) -> Callable[[Transaction], None]:
        self._figures[outcome] += 1
        return partial(store.finish, claimed=claimed)

    def _held(self, claimed: Claim, failure: Held) -> Callable[[Transaction], None]:
        """Count no attempt. What waits for too long is given up by `trimming`."""
        self._figures["held"] += 1
        until = self._clock() + int((failure.retry_after_s or 0.0) * 1_000)
        release = partial(store.release, claimed=claimed, reason=failure.reason)
        return self._put_off(claimed, release, until, failure.report.reached)

    def _tried(
        self,
        claimed: Claim,
        reason: str,
        asked_s: float | None,
        reached: Collection[str] = (),
        *,
        is_theirs: bool = True,
    ) -> Callable[[Transaction], None]:
        """`is_theirs`: whether it is where this person is reached that failed."""
        if claimed.attempt >= MAX_ATTEMPTS:
            return self._finished(claimed, "sent") if reached else self._given_up(claimed, reason)
        self._figures["postponed"] += 1
        wait_s = back_off_s(claimed.attempt, asked_s, self._luck())
        until = self._clock() + int(wait_s * 1_000)
        postpone = partial(store.postpone, claimed=claimed, reason=reason)
        if not is_theirs:
            return partial(postpone, until=until)
        return self._put_off(claimed, postpone, until, reached)

    def _put_off(
        self, claimed: Claim, write: Callable[..., None], until: int, reached: Collection[str]
    ) -> Callable[[Transaction], None]:
        """Let a message wait; and where nothing of it has reached anybody, what else there is for this person."""

        def put_off(tx: Transaction) -> None:
            write(tx, until=until, reached=reached)
            if not reached:
                store.hold_back(tx, self._courier.channel, claimed.user_id, until=until)

        return put_off

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


def _settled(
    tx: Transaction, *, claimed: Claim, report: Report, write: Callable[[Transaction], None]
) -> None:
    """Write what has become of a message, and of the browsers that it went to."""
    write(tx)
    browsers.note(tx, claimed.user_id, report)
