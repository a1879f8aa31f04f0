"""What happens in a course: who reaches something is told, and staff of what they should look at."""

from __future__ import annotations

import hashlib
from html import escape
from typing import TYPE_CHECKING, Final

from coursewire.namespaces.notifications import store
from coursewire.namespaces.notifications.contract import Action
from coursewire.namespaces.notifications.rules import Content
from coursewire.namespaces.notifications.service.delivering import deliver
from coursewire.namespaces.notifications.service.giving import Manner, give_new
from coursewire.vocabulary import STAFF_ROLES, new_id

if TYPE_CHECKING:
    from coursewire.namespaces.analytics.contract import Alert, AlertKind, AlertRaised, MilestoneReached
    from coursewire.namespaces.notifications.channels import OutgoingChannels
    from coursewire.namespaces.notifications.contract import Category, Priority
    from coursewire.realtime.transaction import Transaction

CLASS_AT_LEAST: Final = 5
"""A smaller class is not told what it has reached together: each could reckon what the others did."""

STALLED_AGAIN_MS: Final = 3_600_000
"""A worker that reports too seldom lets its job stall again and again: of each, staff hear once an hour."""

_ALERTS: Final[dict[AlertKind, tuple[str, str]]] = {
    "at_risk": ("A learner may need help", "Nobody has seen them for a week, and they are not passing."),
    "stalled_job": ("A job has stalled", "Nothing is heard of its worker any more."),
}
"""They name nobody: an inbox keeps what it has, and the page says it to whoever may still know."""


def follow_milestone(channels: OutgoingChannels, tx: Transaction, event: MilestoneReached) -> None:
    """Tell the learner who has reached something; what the class has reached, its staff or all of it."""
    reached = event.data
    content = _content(
        tx,
        reached.course_id,
        "milestone",
        "normal",
        f"Reached: {reached.title}"[:200],
        "",
        "See what was reached",
    )
    if reached.user_id is not None:
        give_new(tx, channels, content, Manner(addressed=True), [reached.user_id])
        return
    audience: dict[str, object] = {"course_id": reached.course_id}
    if store.audience_size(tx, {**audience, "roles": ["learner"]}) < CLASS_AT_LEAST:
        audience["roles"] = sorted(STAFF_ROLES)
    if store.audience_size(tx, audience):
        deliver(tx, content, Manner(), audience)


def follow_alert(tx: Transaction, event: AlertRaised) -> None:
    """Tell the staff of a course: one item for all alerts of a kind, which counts."""
    alert = event.data
    title, body = _ALERTS[alert.kind]
    audience: dict[str, object] = {"course_id": alert.course_id, "roles": sorted(STAFF_ROLES)}
    if store.audience_size(tx, audience):
        content = _content(tx, alert.course_id, "analysis", "high", title, body, "Look at it")
        group_key = f"alert:{alert.kind}:{alert.course_id}"
        deliver(tx, content, Manner(group_key=group_key, dedupe_key=_once(alert, tx.now)), audience)


def _once(alert: Alert, now: int) -> str | None:
    """Return what is the same for alerts of which one is enough. No LMS has such a key: there is a blank in it."""
    if alert.job_id is None:
        return None
    job = hashlib.blake2b(alert.job_id.encode(), digest_size=16).hexdigest()
    return f"stalled {job}:{now // STALLED_AGAIN_MS}"


def _content(
    tx: Transaction,
    course_id: str,
    category: Category,
    priority: Priority,
    title: str,
    body: str,
    label: str,
) -> Content:
    return Content(
        id=new_id(),
        category=category,
        priority=priority,
        title=title,
        body=body,
        html=f"<p>{escape(body)}</p>\n" if body else "",
        created_at=tx.now,
        course_id=course_id,
        action=Action(label=label, url=f"/analytics?course={course_id}"),
    )
