"""Makes a mail or a push message of a parcel, and hands it to its sender."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Literal, Protocol

import orjson

from coursewire.namespaces.notifications.contract import Priority
from coursewire.namespaces.notifications.delivery.encryption import ReceiverKeys, to_base64url
from coursewire.namespaces.notifications.delivery.links import Links
from coursewire.namespaces.notifications.delivery.mail import MailItem, Sender, Writer, line
from coursewire.namespaces.notifications.delivery.outcome import Gone, Later, NotSent, Refused
from coursewire.namespaces.notifications.delivery.parcels import Parcel, Told, still_wanted
from coursewire.namespaces.notifications.delivery.smtp import Mailer
from coursewire.namespaces.notifications.delivery.webpush import Pusher, Subscription, Urgency
from coursewire.namespaces.notifications.rules import PRIORITIES

MAX_BODY: Final = 300
"""Characters of a notification's text that a push message carries; the rest is in the inbox."""
_TITLES_IN_DIGEST: Final = 3

_URGENCY: Final[dict[Priority, tuple[Urgency, int]]] = {
    "low": ("low", 4 * 3_600),
    "normal": ("normal", 12 * 3_600),
    "high": ("high", 24 * 3_600),
    "urgent": ("high", 24 * 3_600),
}
"""How much of a battery it is worth, and for how many seconds a push service keeps it."""


class Unwanted(Exception):  # noqa: N818 - an outcome, not a failure
    """There is nothing to send any more, or nowhere to send it."""

    def __init__(self, reason: str, gone: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.gone = gone
        """Endpoints that have ended."""


class Courier(Protocol):
    """Sends parcels one way. The links need the database's secret, which comes when the lane has read it."""

    channel: Literal["email", "push"]

    async def deliver(self, parcel: Parcel, links: Links, now: int) -> list[str]:
        """Send one message and return the endpoints that turned out to be gone.

        Raises Unwanted, and Refused or Later as the senders do.
        """

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

    async def deliver(self, parcel: Parcel, links: Links, now: int) -> list[str]:
        """Send one mail."""
        told = _wanted(parcel, self.channel, now)
        if not parcel.email:
            raise Unwanted("no address")
        writer = Writer(self._sender, links)
        write = partial(
            writer.write,
            id_=_id_of(told),
            user_id=parcel.claim.user_id,
            recipient=parcel.email,
            kind=parcel.claim.kind,
            items=[_mail_item(one) for one in told],
            now=min(one.created_at for one in told) if parcel.claim.kind == "immediate" else now,
        )
        async with self._writing:
            data = await asyncio.to_thread(lambda: write().as_bytes())
        await self._mailer.send(data, sender=writer.sender, recipient=parcel.email)
        return []

    async def rest(self) -> None:
        """Close the connections."""
        await self._mailer.rest()

    async def close(self) -> None:
        """Close the connections."""
        await self._mailer.rest()


class PushCourier:
    """Sends parcels as push messages to all browsers of a person."""

    channel: Literal["email", "push"] = "push"

    def __init__(self, pusher: Pusher, requests: Counter[str]) -> None:
        """Take a sender, and a counter of messages to single browsers: `sent`, `gone`, `refused`, `later`."""
        self._pusher = pusher
        self._requests = requests

    async def deliver(self, parcel: Parcel, links: Links, now: int) -> list[str]:
        """Send to each browser. When one of them is to be tried again, all are: the topic and the tag make it one."""
        told = _wanted(parcel, self.channel, now)
        if not parcel.browsers:
            raise Unwanted("no subscription")
        payload, topic = _payload(parcel, told, links)
        loudest = max(told, key=lambda one: PRIORITIES.index(one.priority))
        urgency, ttl_s = _URGENCY[loudest.priority]
        if loudest.expires_at is not None:
            ttl_s = max(1, min(ttl_s, (loudest.expires_at - now) // 1_000))
        outcomes = await asyncio.gather(
            *(self._send(browser, payload, ttl_s, urgency, topic) for browser in parcel.browsers)
        )
        gone = [
            browser[0]
            for browser, outcome in zip(parcel.browsers, outcomes, strict=True)
            if isinstance(outcome, Gone)
        ]
        later = [outcome for outcome in outcomes if isinstance(outcome, Later)]
        if later:
            # Those that are gone answer so again; then they are removed.
            waits = [outcome.retry_after_s for outcome in later if outcome.retry_after_s is not None]
            raise Later(later[0].reason, max(waits, default=None))
        if None in outcomes:
            return gone
        if gone:
            raise Unwanted("no subscription is left", gone)
        raise Refused(next(outcome.reason for outcome in outcomes if outcome is not None))

    async def _send(
        self, browser: tuple[str, str, str], payload: bytes, ttl_s: int, urgency: Urgency, topic: str
    ) -> NotSent | None:
        endpoint, p256dh, auth = browser
        try:
            subscription = Subscription(endpoint, ReceiverKeys.parse(p256dh, auth))
            await self._pusher.send(subscription, payload, ttl_s=ttl_s, urgency=urgency, topic=topic)
        except NotSent as failure:
            self._requests[type(failure).__name__.lower()] += 1
            return failure
        self._requests["sent"] += 1
        return None

    async def rest(self) -> None:
        """Keep the connections: they close themselves when they were quiet for a while."""

    async def close(self) -> None:
        """Close the connections."""
        await self._pusher.close()


def _wanted(parcel: Parcel, channel: Literal["email", "push"], now: int) -> list[Told]:
    told = still_wanted(parcel, channel, now)
    if not told:
        raise Unwanted("read, expired or switched off")
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
    return orjson.dumps({name: value for name, value in shown.items() if value is not None}), topic


def _short(text: str) -> str:
    return text if len(text) <= MAX_BODY else text[: MAX_BODY - 1].rstrip() + "…"
