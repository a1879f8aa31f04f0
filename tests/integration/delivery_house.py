"""People with addresses and browsers, notifications for them, and lanes that send: on a clock that the test moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from tests.integration.mail_server import Mailbox, server_at
from tests.integration.push_service import Browser

from coursewire.bus.memory import MemoryBus
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.notifications import namespace, service
from coursewire.namespaces.notifications.channels import OutgoingChannels
from coursewire.namespaces.notifications.contract import (
    MarkNotifications,
    NotificationBody,
    PushKeys,
    SubscribePush,
    UpdatePreferences,
)
from coursewire.namespaces.notifications.delivery import tables
from coursewire.namespaces.notifications.delivery.couriers import MailCourier, PushCourier
from coursewire.namespaces.notifications.delivery.lane import Lane
from coursewire.namespaces.notifications.delivery.mail import Sender
from coursewire.namespaces.notifications.delivery.smtp import Mailer
from coursewire.namespaces.notifications.delivery.subscriptions import subscribe_push
from coursewire.namespaces.notifications.delivery.vapid import Vapid, make_key_pair
from coursewire.namespaces.notifications.delivery.webpush import Pusher
from coursewire.namespaces.notifications.store.tables import outgoing
from coursewire.namespaces.notifications.worker import Worker
from coursewire.realtime.background import Background
from coursewire.realtime.transaction import Transaction
from coursewire.storage import Storage
from coursewire.storage.statement import Prepared, Row
from coursewire.vocabulary import new_id

T = TypeVar("T")

PATH = "/notifications"
COURSE = "cs101"
MONDAY_NOON = 1_763_985_600_000
"""24 November 2025, 12:00 UTC."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
SENDER = "Campus <no-reply@example.edu>"
URL = "https://campus.example.edu"

_OUTGOING = Prepared(select(outgoing).order_by(outgoing.c.id))
_SUBSCRIPTIONS = Prepared(select(tables.subscriptions).order_by(tables.subscriptions.c.endpoint))


class House:
    """A node without a port. Nothing in it waits for time: the test says how late it is."""

    def __init__(self, storage: Storage) -> None:
        self.now = MONDAY_NOON
        self.storage = storage
        self.channels = OutgoingChannels({"email", "push"}, None, private_endpoints=True)
        self.reactions = {kind: [(PATH, react)] for kind, react in namespace.make().reactions.items()}
        self.work = Background(PATH, storage, MemoryBus(), self.reactions, None)
        self.figures: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()

    # Lanes

    def mail(self, mailbox: Mailbox, **options: Any) -> Lane:
        mailer = Mailer(server_at(mailbox), clock=lambda: self.now / 1_000)
        return self._lane(MailCourier(mailer, Sender.parse(SENDER)), **options)

    def push(self, **options: Any) -> Lane:
        vapid = Vapid(make_key_pair()[0], "mailto:ops@example.edu")
        pusher = Pusher(
            vapid, allow_private=True, clock=lambda: self.now / 1_000, **{"timeout_s": 30.0, **options}
        )
        return self._lane(PushCourier(pusher, self.requests, luck=lambda: 0.5))

    def _lane(self, courier: Any, **options: Any) -> Lane:
        return Lane(
            self.work, courier, URL, self.figures, luck=lambda: 0.5, clock=lambda: self.now, **options
        )

    # People and notifications

    async def do(self, function: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Run a function on a transaction of /notifications."""
        return await self.work.write(lambda tx: function(tx, *arguments, **options))

    async def enrol(self, *user_ids: str, email: str | None = "{}@example.edu") -> None:
        roster = [
            Enrolment(user_id, user_id.title(), frozenset({"learner"}), email=email and email.format(user_id))
            for user_id in user_ids
        ]

        def work(tx: Transaction) -> None:
            membership.put_course(tx.raw, COURSE, "Computing")
            membership.put_members(tx.raw, COURSE, roster)

        await self.do(work)

    async def erase(self, user_id: str) -> None:
        def work(tx: Transaction) -> None:
            for fact in membership.erase_user(tx.raw, user_id):
                tx.tell(fact)

        await self.do(work)

    async def notify(self, *user_ids: str, **fields: Any) -> None:
        """Give a notification to these people; without a word about it, of a category that is mailed at once."""
        said = {"category": "system", "title": "The system is back", "audience": {"users": list(user_ids)}}
        await self.do(service.start_delivery, NotificationBody.model_validate(said | fields))
        worker = Worker(self.channels)
        while await worker.round(self.work):
            pass

    async def prefer(self, user_id: str, **changes: Any) -> None:
        command = UpdatePreferences.model_validate({"key": new_id(), **changes})
        caller = Caller(user_id=user_id, name=user_id)
        await self.do(lambda tx: service.update_preferences(self.channels, tx, caller, command))

    async def read_all(self, user_id: str) -> None:
        await self.mark_all(user_id, "read")

    async def mark_all(self, user_id: str, mark: str) -> None:
        command = MarkNotifications.model_validate({"key": new_id(), "filter": {}, "as": mark})
        await self.do(service.mark_notifications, Caller(user_id=user_id, name=user_id), command)

    async def subscribe(self, user_id: str, browser: Browser) -> None:
        command = SubscribePush(
            key=new_id(), endpoint=browser.endpoint, keys=PushKeys.model_validate(browser.keys)
        )
        caller = Caller(user_id=user_id, name=user_id)
        await self.do(lambda tx: subscribe_push(self.channels, tx, caller, command))

    # What is in the tables

    async def waiting(self, channel: str = "email") -> list[Row]:
        rows = await self.work.read(lambda tx: tx.all(_OUTGOING))
        return [row for row in rows if row.channel == channel]

    async def failures(self) -> dict[str, tuple[int, int]]:
        """Return how often in a row each browser failed, and in how many seconds it may be tried again."""
        rows = await self.work.read(lambda tx: tx.all(_SUBSCRIPTIONS))
        return {
            row.endpoint.rpartition("/")[2]: (row.failures, max(0, row.not_before - self.now) // 1_000)
            for row in rows
        }

    async def endpoints(self) -> list[tuple[str, str]]:
        rows = await self.work.read(lambda tx: tx.all(_SUBSCRIPTIONS))
        return [(row.user_id, row.endpoint) for row in rows]


async def send_all(*lanes: Lane) -> None:
    """Send all that is due now."""
    while any([await lane.begin() for lane in lanes]):
        for lane in lanes:
            await lane.settled()


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """Open a house for one test."""
    times: list[House] = []
    storage = await Storage.open(
        f"sqlite:///{folder / 'campus.db'}", clock=lambda: times[0].now if times else MONDAY_NOON
    )
    await storage.migrate()
    made = House(storage)
    times.append(made)
    yield made
    await storage.close()
