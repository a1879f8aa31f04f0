"""One notification to many: taken at once, given out by the background in slices, each with how far it has got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from coursewire.errors import Invalid, NotFound
from coursewire.namespaces.notifications import rules, store
from coursewire.namespaces.notifications.contract import DeliveryProgress, DeliveryStarted
from coursewire.namespaces.notifications.rules import Content
from coursewire.namespaces.notifications.service.giving import Manner, give
from coursewire.namespaces.notifications.service.holders import HOLDERS, go_on_telling
from coursewire.namespaces.notifications.service.listing import moment
from coursewire.text import render
from coursewire.vocabulary import iso, new_id

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.namespaces.notifications.contract import Audience, NotificationBody
    from coursewire.realtime.transaction import Transaction

AT_ONCE: Final = 256
"""People who are reached by one work of the storage: some 20 ms, in which no other command commits."""


def start_delivery(tx: Transaction, body: NotificationBody) -> DeliveryStarted:
    """Take a notification for many. Raises Invalid and NotFound, naming the field."""
    expires_at = None if body.expires_at is None else moment(body.expires_at, field="expires_at")
    rules.check_expiry(expires_at, tx.now)
    content = Content(
        id=new_id(),
        category=body.category,
        priority=body.priority,
        title=body.title,
        body=body.body,
        html=rendered(body.body),
        created_at=tx.now,
        course_id=body.course_id or body.audience.course_id,
        action=body.action,
        mandatory=body.mandatory,
    )
    manner = Manner(group_key=body.group_key, dedupe_key=body.dedupe_key, expires_at=expires_at)
    return deliver(tx, content, manner, _stored(tx, body.audience))


def rendered(text: str) -> str:
    """Return the safe HTML of a body."""
    return render(text) if text.strip() else ""


def deliver(tx: Transaction, content: Content, manner: Manner, audience: dict[str, Any]) -> DeliveryStarted:
    """Let a content reach an audience, as stored, soon. Raises Invalid when nobody is in it."""
    recipients = store.audience_size(tx, audience)
    if recipients == 0:
        raise Invalid("nobody is in this audience", field="audience")
    store.insert_content(tx, content)
    delivery_id = store.insert_delivery(
        tx,
        content.id,
        audience,
        recipients=recipients,
        group_key=manner.group_key,
        dedupe_key=manner.dedupe_key,
        expires_at=manner.expires_at,
    )
    tx.wake()
    return DeliveryStarted(delivery_id=delivery_id, recipients=recipients)


def _stored(tx: Transaction, audience: Audience) -> dict[str, Any]:
    if audience.users is not None:
        return {"users": sorted(set(audience.users))}
    if audience.course_id is None:
        return {}
    if store.course_title(tx, audience.course_id) is None:
        raise NotFound("there is no such course", field="audience.course_id")
    roles = {"roles": sorted(set(audience.roles))} if audience.roles else {}
    return {"course_id": audience.course_id, **roles}


def go_on_delivering(channels: OutgoingChannels, tx: Transaction, delivery_id: str) -> None:
    """Reach the next of an audience: they, and how far it has got, commit together, so each is reached once."""
    row = store.load_delivery(tx, delivery_id)
    if row is None or row.state != "running":
        return
    audience = orjson.loads(row.audience)
    content = store.load_contents(tx, [row.content_id])[row.content_id]
    if HOLDERS in audience:
        go_on_telling(tx, delivery_id, content, audience, row.after, AT_ONCE)
        return
    people, last = store.next_of_audience(tx, audience, row.after, AT_ONCE)
    expired = row.expires_at is not None and row.expires_at <= tx.now
    if not expired:
        give(tx, channels, content, Manner(row.group_key, row.dedupe_key, row.expires_at), people)
    store.advance_delivery(tx, delivery_id, 0 if expired else len(people), None if expired else last)


def read_delivery(tx: Transaction, delivery_id: str) -> DeliveryProgress:
    """Return how far a notification has got. Raises NotFound."""
    row = store.load_delivery(tx, delivery_id)
    if row is None:
        raise NotFound("there is no such delivery", field="delivery_id")
    return DeliveryProgress(
        delivery_id=row.id,
        state=row.state,
        recipients=row.recipients,
        reached=row.reached,
        created_at=iso(row.created_at),
        finished_at=None if row.finished_at is None else iso(row.finished_at),
    )
