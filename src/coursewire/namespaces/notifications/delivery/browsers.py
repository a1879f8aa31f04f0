"""Where people are reached by push, and how well that goes: the queries on subscriptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BindParameter, bindparam, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite as well

from coursewire.namespaces.notifications.delivery.parcels import Browser
from coursewire.namespaces.notifications.delivery.tables import subscriptions
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.namespaces.notifications.delivery.outcome import Report
    from coursewire.realtime.transaction import Transaction

SUBSCRIPTIONS_EACH: Final = 20
"""Browsers of one person; the one that subscribed first makes room for the twenty-first."""

_user_id: BindParameter[str] = bindparam("user_id")
_most: BindParameter[int] = bindparam("most")
_save_subscription = Prepared(
    insert(subscriptions)
    .values({column.name: bindparam(column.name) for column in subscriptions.c})
    .on_conflict_do_update(
        index_elements=["endpoint"],
        # Not what is known of its failures: who subscribes again is no better reached for it.
        set_={name: bindparam(name) for name in ("user_id", "p256dh", "auth", "created_at")},
    )
)
_subscriptions_of = Prepared(
    select(subscriptions).where(subscriptions.c.user_id.in_(bindparam("user_ids", expanding=True)))
)
_newest = (
    select(subscriptions.c.endpoint)
    .where(subscriptions.c.user_id == _user_id)
    .order_by(subscriptions.c.created_at.desc(), subscriptions.c.endpoint)
    .limit(_most)
)
_delete_oldest = Prepared(
    delete(subscriptions).where(
        subscriptions.c.user_id == _user_id, subscriptions.c.endpoint.not_in(_newest.scalar_subquery())
    )
)
_delete_subscription = Prepared(
    delete(subscriptions).where(
        subscriptions.c.user_id == _user_id, subscriptions.c.endpoint == bindparam("endpoint")
    )
)
_delete_gone = Prepared(
    delete(subscriptions).where(
        subscriptions.c.user_id == _user_id,
        subscriptions.c.endpoint.in_(bindparam("endpoints", expanding=True)),
    )
)
_delete_subscriptions = Prepared(delete(subscriptions).where(subscriptions.c.user_id == _user_id))
_endpoint = subscriptions.c.endpoint == bindparam("of_endpoint")
_note_failure = Prepared(
    update(subscriptions)
    .where(_endpoint)
    .values(failures=bindparam("in_a_row"), not_before=bindparam("until"))
)
_note_success = Prepared(
    update(subscriptions)
    .where(subscriptions.c.endpoint.in_(bindparam("endpoints", expanding=True)))
    .values(failures=literal_column("0"), not_before=literal_column("0"))
)


def browsers_of(tx: Transaction, user_ids: Iterable[str]) -> dict[str, list[Browser]]:
    """Return the browsers of each of some people."""
    found: dict[str, list[Browser]] = defaultdict(list)
    for row in tx.all(_subscriptions_of, user_ids=list(user_ids)):
        found[row.user_id].append(Browser(row.endpoint, row.p256dh, row.auth, row.failures, row.not_before))
    return found


def note(tx: Transaction, user_id: str, report: Report) -> None:
    """Write down how it went with the browsers of somebody."""
    if report.gone:
        tx.run(_delete_gone, user_id=user_id, endpoints=list(report.gone))
    if report.works:
        tx.run(_note_success, endpoints=list(report.works))
    if report.failed:
        tx.many(
            _note_failure,
            [
                {"of_endpoint": endpoint, "in_a_row": failures, "until": until}
                for endpoint, failures, until in report.failed
            ],
        )


def save_subscription(tx: Transaction, user_id: str, endpoint: str, p256dh: str, auth: str) -> None:
    """Reach somebody at this browser; another person who used it before is not reached there any more."""
    params: dict[str, Any] = {"endpoint": endpoint, "user_id": user_id, "p256dh": p256dh, "auth": auth}
    tx.run(_save_subscription, **params, created_at=tx.now, failures=0, not_before=0)
    tx.run(_delete_oldest, user_id=user_id, most=SUBSCRIPTIONS_EACH)


def delete_subscription(tx: Transaction, user_id: str, endpoint: str) -> bool:
    """Reach somebody at this browser no more; False when there was nothing to end."""
    return bool(tx.run(_delete_subscription, user_id=user_id, endpoint=endpoint))


def delete_subscriptions(tx: Transaction, user_id: str) -> None:
    """Forget all browsers of somebody."""
    tx.run(_delete_subscriptions, user_id=user_id)
