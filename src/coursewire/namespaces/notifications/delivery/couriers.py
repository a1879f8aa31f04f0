"""Makes a mail or a push message of a parcel, and hands it to its sender."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, Literal, Protocol, TypeGuard

import orjson

from coursewire.namespaces.notifications.contract import Priority
from coursewire.namespaces.notifications.delivery.back_off import back_off_s
from coursewire.namespaces.notifications.delivery.encryption import MAX_PLAINTEXT, ReceiverKeys, to_base64url
from coursewire.namespaces.notifications.delivery.links import Links
from coursewire.namespaces.notifications.delivery.mail import MailItem, Sender, Writer, line, on_envelope
from coursewire.namespaces.notifications.delivery.outcome import (
    NOTHING,
    Gone,
    Held,
    Later,
    NotSent,
    Refused,
    Report,
)
from coursewire.namespaces.notifications.delivery.parcels import (
    Browser,
    Parcel,
    Told,
    name_of,
    quiet_until,
    still_wanted,
)
from coursewire.namespaces.notifications.delivery.smtp import Mailer
from coursewire.namespaces.notifications.delivery.webpush import Pusher, Subscription, Urgency
from coursewire.namespaces.notifications.rules import PRIORITIES

MAX_BODY: Final = 300
"""Characters of a notification's text that a push message carries; the rest is in the inbox."""
MAX_FAILURES: Final = 20
"""Failures in a row after which a browser is forgotten: with the back-off, two days at least. It subscribes anew when
its owner opens a page."""
MANY: Final = 1_000_000
"""As room: the worker's own bound counts."""
_TITLES_IN_DIGEST: Final = 3

_URGENCY: Final[dict[Priority, tuple[Urgency, int]]] = {
    "low": ("low", 4 * 3_600),
    "normal": ("normal", 12 * 3_600),
    "high": ("high", 24 * 3_600),
    "urgent": ("high", 24 * 3_600),
}
"""How much of a battery it is worth, and for how many seconds a push service keeps it."""


class Disturbs(Exception):  # noqa: N818 - an outcome, not a failure
    """It is to wait: its receiver wants quiet until then, in milliseconds since 1970."""

    def __init__(self, until: int) -> None:
        super().__init__(until)
        self.until = until


class Unwanted(Exception):  # noqa: N818 - an outcome, not a failure
    """There is nothing to send any more, or nowhere to send it."""

    def __init__(self, reason: str, report: Report = NOTHING) -> None:
        super().__init__(reason)
        self.report = report


class Courier(Protocol):
    """Sends parcels one way. The links need the database's secret, which comes when the lane has read it."""

    channel: Literal["email", "push"]

    def room(self) -> int:
        """Return how many messages would be taken now."""

    async def deliver(self, parcel: Parcel, links: Links, now: int) -> Report:
        """Send one message. Raises Unwanted, Disturbs, and Refused, Held or Later as the senders do."""

    async def rest(self) -> None:
        """Let go of what costs the other side something, there being nothing to send."""

    async def close(self) -> None:
        """End."""


class MailCourier:
    """Sends parcels as mails."""

    channel: Literal["email", "push"] = "email"

    def __init__(self, mailer: Mailer, sender: Sender) -> None:
        self._mailer = mailer
        self._sender = sender
        self._writing = asyncio.Lock()
        """One mail at a time, off the loop: several threads would keep the GIL from the loop, 5 ms each."""

    def room(self) -> int:
        """Return any number while the server is there; then one, which finds out whether it is back."""
        wait_s = self._mailer.wait_s
        return MANY if wait_s is None else int(wait_s == 0)

    async def deliver(self, parcel: Parcel, links: Links, now: int) -> Report:
        """Send one mail."""
        told = _wanted(parcel, self.channel, now)
        if not parcel.email:
            raise Unwanted("no address")
        writer, recipient = Writer(self._sender, links), on_envelope(parcel.email)
        write = partial(
            writer.write,
            id_=_id_of(told),
            user_id=parcel.claim.user_id,
            recipient=recipient,
            kind=parcel.claim.kind,
            items=[_mail_item(one) for one in told],
            now=min(one.created_at for one in told) if parcel.claim.kind == "immediate" else now,
        )
        async with self._writing:
            data = await asyncio.to_thread(lambda: write().as_bytes())
        await self._mailer.send(data, sender=writer.sender, recipient=recipient)
        return NOTHING

    async def rest(self) -> None:
        """Close the connections."""
        await self._mailer.rest()

    async def close(self) -> None:
        """Close the connections."""
        await self._mailer.rest()


class PushCourier:
    """Sends parcels as push messages to all browsers of a person."""

    channel: Literal["email", "push"] = "push"

    def __init__(
        self, pusher: Pusher, requests: Counter[str], *, luck: Callable[[], float] = random.random
    ) -> None:
        """Take a sender, and a counter of messages to single browsers, by outcome."""
        self._pusher = pusher
        self._requests = requests
        self._luck = luck

    def room(self) -> int:
        """Return any number: push services are many."""
        return MANY

    async def deliver(self, parcel: Parcel, links: Links, now: int) -> Report:
        """Send to each browser that has not had it. Those that fail back off, each by itself, and are tried again."""
        told = _wanted(parcel, self.channel, now)
        if not parcel.browsers:
            raise Unwanted("no subscription")
        payload, topic = _payload(parcel, told, links)
        loudest = max(told, key=lambda one: PRIORITIES.index(one.priority))
        urgency, ttl_s = _URGENCY[loudest.priority]
        if loudest.expires_at is not None:
            ttl_s = max(1, min(ttl_s, (loudest.expires_at - now) // 1_000))
        left = [browser for browser in parcel.browsers if name_of(browser.endpoint) not in parcel.reached]
        outcomes = await asyncio.gather(
            *(self._send(browser, payload, ttl_s, urgency, topic, now) for browser in left)
        )
        tried = list(zip(left, outcomes, strict=True))
        report, soonest_s = self._report(tried, parcel.reached, now)
        failures = [outcome for _, outcome in tried if outcome is not None]
        later = [outcome for browser, outcome in tried if _may_go_well(outcome, browser, report)]
        if later:
            # Whatever has been tried counts; those that waited for their time do not.
            tries = [outcome for outcome in later if not isinstance(outcome, Held)]
            if tries:
                raise Later(tries[0].reason, soonest_s, report)
            raise Held(later[0].reason, soonest_s, report)
        if report.reached or not failures:
            return report
        if all(isinstance(failure, Gone) for failure in failures):
            raise Unwanted("no subscription is left", report)
        raise Refused(next(one.reason for one in failures if not isinstance(one, Gone)), report)

    def _report(
        self, tried: Sequence[tuple[Browser, NotSent | None]], reached: Iterable[str], now: int
    ) -> tuple[Report, float | None]:
        """Return what is to be known of the browsers, and in how many seconds the first of them may be tried again."""
        gone: list[str] = []
        failed: list[tuple[str, int, int]] = []
        works: list[str] = []
        waits: list[float] = []
        names = set(reached)
        for browser, outcome in tried:
            if outcome is None:
                names.add(name_of(browser.endpoint))
                if browser.failures:
                    works.append(browser.endpoint)
            elif isinstance(outcome, Gone):
                gone.append(browser.endpoint)
            elif isinstance(outcome, Held):
                waits.append(outcome.retry_after_s or 0.0)
            elif isinstance(outcome, Later):
                failures = browser.failures + 1
                if failures >= MAX_FAILURES:
                    self._requests["dropped"] += 1
                    gone.append(browser.endpoint)
                    continue
                waits.append(back_off_s(failures, outcome.retry_after_s, self._luck()))
                failed.append((browser.endpoint, failures, now + int(waits[-1] * 1_000)))
        report = Report(tuple(gone), tuple(failed), tuple(works), tuple(sorted(names)))
        return report, min(waits, default=None)

    async def _send(
        self, browser: Browser, payload: bytes, ttl_s: int, urgency: Urgency, topic: str, now: int
    ) -> NotSent | None:
        try:
            if browser.not_before > now:
                raise Held("the browser's push service failed before", (browser.not_before - now) / 1_000)
            subscription = Subscription(browser.endpoint, ReceiverKeys.parse(browser.p256dh, browser.auth))
            await self._pusher.send(subscription, payload, ttl_s=ttl_s, urgency=urgency, topic=topic)
        except NotSent as failure:
            outcome = next(kind for kind in (Held, Later, Gone, Refused) if isinstance(failure, kind))
            self._requests[outcome.__name__.lower()] += 1
            return failure
        self._requests["sent"] += 1
        return None

    async def rest(self) -> None:
        """Keep the connections: they close themselves when they were quiet for a while."""

    async def close(self) -> None:
        """Close the connections."""
        await self._pusher.close()


def _may_go_well(outcome: NotSent | None, browser: Browser, report: Report) -> TypeGuard[Later]:
    return isinstance(outcome, Later) and browser.endpoint not in report.gone


def _wanted(parcel: Parcel, channel: Literal["email", "push"], now: int) -> list[Told]:
    told = still_wanted(parcel, channel, now)
    if not told:
        raise Unwanted("read, archived, taken back, expired, switched off or muted")
    until = quiet_until(parcel, told, now)
    if until is not None:
        raise Disturbs(until)
    return told


def _id_of(told: Sequence[Told]) -> str:
    """Name a message by its rows: the same rows, tried again, are the same message."""
    if len(told) == 1:
        return told[0].id
    return hashlib.sha256(",".join(one.id for one in told).encode()).hexdigest()[:32]


def _mail_item(told: Told) -> MailItem:
    return MailItem(
        category=told.category,
        title=told.title,
        body=told.body,
        html=told.html,
        course=told.course,
        actor=told.actor_name,
        action=told.link,
        count=told.count,
        mandatory=told.mandatory,
    )


def _payload(parcel: Parcel, told: Sequence[Told], links: Links) -> tuple[bytes, str]:
    """Return what a service worker shows, and the topic under which a later message replaces this one."""
    first = told[0]
    shown: dict[str, Any]
    if parcel.claim.kind == "immediate":
        tag = first.item_id
        shown = {
            "id": first.item_id,
            "category": first.category,
            "priority": first.priority,
            "title": line(first.title, MAX_BODY),
            "body": _short(first.body),
            "url": links.absolute(first.link[1]) if first.link else None,
        }
    else:
        tag = f"{parcel.claim.kind}-digest"
        titles = [line(one.title, MAX_BODY // _TITLES_IN_DIGEST) for one in told[:_TITLES_IN_DIGEST]]
        count = f"{len(told)} notification{'' if len(told) == 1 else 's'}"
        shown = {"title": f"Your {parcel.claim.kind} digest: {count}", "body": "\n".join(titles), "url": None}
    shown["tag"] = tag
    topic = to_base64url(hashlib.sha256(f"{parcel.claim.user_id} {tag}".encode()).digest()[:24])
    payload = _written(shown)
    if len(payload) > MAX_PLAINTEXT:
        # Only a URL can be that long: the texts are cut. Without it a click leads home.
        payload = _written({**shown, "url": None})
    return payload, topic


def _written(shown: dict[str, Any]) -> bytes:
    return orjson.dumps({name: value for name, value in shown.items() if value is not None})


def _short(text: str) -> str:
    return text if len(text) <= MAX_BODY else text[: MAX_BODY - 1].rstrip() + "…"
