"""Tells the staff of a course what they should look at, once for as long as it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, get_args

import orjson

from coursewire.namespaces.analytics import store
from coursewire.namespaces.analytics.contract import Alert, AlertCleared, AlertKind, AlertPage, AlertRaised
from coursewire.namespaces.analytics.rules import access
from coursewire.namespaces.analytics.service.cursors import cursor, place
from coursewire.namespaces.analytics.service.milestones import ERASED
from coursewire.namespaces.analytics.store import Raised
from coursewire.vocabulary import iso, new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.analytics.contract import JobFinished, JobResumed, JobStalled, ListAlerts
    from coursewire.realtime.contract import Event
    from coursewire.realtime.transaction import Transaction


def list_alerts(tx: Transaction, caller: Caller, command: ListAlerts) -> AlertPage:
    """Return the alerts of a course that still hold, to its staff."""
    access.check_staff(tx.roles_in(caller, command.course_id))
    after = place(command.cursor, "alert.list")
    found = store.alert_page(tx, command.course_id, after, command.limit + 1)
    page = found[: command.limit]
    more = cursor(page[-1][1]) if len(found) > len(page) else None
    return AlertPage(items=[alert for alert, _ in page], next_cursor=more)


def raise_at_risk(tx: Transaction, course_id: str, reasons: Mapping[str, Sequence[str]]) -> None:
    """Raise an alert for each of these learners of a course, by user id, for whom none holds already."""
    held = store.alerts_held(tx, course_id, "at_risk", sorted(reasons))
    _raise(
        tx,
        [
            Raised(new_id(), course_id, "at_risk", user_id, user_id, list(said))
            for user_id, said in sorted(reasons.items())
            if user_id not in held
        ],
    )


def clear_at_risk(tx: Transaction, course_id: str, user_ids: Sequence[str]) -> None:
    """Let the alerts of learners who are at risk no more hold no more."""
    _say_cleared(tx, store.take_alerts(tx, course_id, "at_risk", user_ids))


def follow_stalled_job(tx: Transaction, fact: JobStalled) -> None:
    """Raise an alert for a job of a course whose worker has fallen silent."""
    job = fact.job
    if job.course_id is not None and not store.alerts_held(tx, job.course_id, "stalled_job", [job.id]):
        reasons = [f"{job.title}: nothing was heard of its worker since {job.heartbeat_at}"]
        _raise(tx, [Raised(new_id(), job.course_id, "stalled_job", job.id, job.owner_id, reasons)])


def follow_job_again(tx: Transaction, event: JobResumed | JobFinished) -> None:
    """Let the alert of a job that goes on or has ended hold no more."""
    job = event.data if hasattr(event, "data") else event.job
    if job.course_id is not None:
        _say_cleared(tx, store.take_alerts(tx, job.course_id, "stalled_job", [job.id]))


def erase_alerts(tx: Transaction, user_id: str) -> None:
    """Delete the alerts that are about somebody, and say so without a name; `without_person` is for the past (LOG5)."""
    nobody: dict[str, Any] = {"user_id": ERASED, "user_name": None, "reasons": []}
    _say_cleared(tx, [alert.model_copy(update=nobody) for alert in store.erase_alerts(tx, user_id)])


def _say_cleared(tx: Transaction, alerts: Sequence[Alert]) -> None:
    cleared = {"cleared_at": iso(tx.now)}
    events = [AlertCleared(alert.model_copy(update=cleared)) for alert in alerts]
    tx.append_each([(f"course:{event.data.course_id}", event) for event in events], actor=None)


def without_person(user_id: str, data: bytes) -> bytes:
    """Return what was logged with somebody as its subject, naming nobody (LOG5): alerts, also those of old."""
    said = orjson.loads(data)
    if said.get("user_id") != user_id or said.get("kind") not in get_args(AlertKind):
        return data  # a job or a milestone whose id is the same
    said.pop("user_name", None)
    return orjson.dumps({**said, "user_id": ERASED, "reasons": []})


def _raise(tx: Transaction, raised: Sequence[Raised]) -> None:
    if not raised:
        return
    store.insert_alerts(tx, raised)
    names = store.names_of(tx, sorted({one.user_id for one in raised}))
    events: list[tuple[str, Event[Any]]] = []
    for one in raised:
        alert = Alert(
            id=one.id,
            course_id=one.course_id,
            user_id=one.user_id,
            user_name=names.get(one.user_id),
            kind="stalled_job" if one.kind == "stalled_job" else "at_risk",
            reasons=one.reasons,
            job_id=one.about if one.kind == "stalled_job" else None,
            raised_at=iso(tx.now),
        )
        events.append((f"course:{one.course_id}", AlertRaised(alert)))
    tx.append_each(events, actor=None)
