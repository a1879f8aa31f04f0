"""Items of inboxes, and what they say."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import bindparam, delete, exists, insert, select, update

from coursewire.namespaces.notifications.contract import Action, Actor
from coursewire.namespaces.notifications.rules import HIDDEN, INBOX, SNOOZED, Content, Item
from coursewire.namespaces.notifications.store.tables import (
    ME,
    RUNNING,
    SLICE,
    contents,
    deliveries,
    items,
    outgoing,
)
from coursewire.storage.statement import Prepared

if TYPE_CHECKING:
    from coursewire.realtime.transaction import Transaction
    from coursewire.storage.statement import Row

_COLUMNS = [items.c[field.name] for field in dataclasses.fields(Item)]
_KEY = ("user_id", "id")
_CHANGING = [column.name for column in items.columns if column.name not in {*_KEY, "created_at", "group_key"}]

_insert = Prepared(insert(items))
_this = tuple(items.c[name] == bindparam(f"of_{name}") for name in _KEY)
_rewrite = Prepared(update(items).where(*_this).values({name: bindparam(name) for name in _CHANGING}))
_of_user = Prepared(
    select(*_COLUMNS).where(
        items.c.user_id == ME, items.c.id.in_(bindparam("ids", expanding=True)), items.c.shelf != HIDDEN
    )
)
_of_group = Prepared(
    select(*_COLUMNS).where(
        items.c.group_key == bindparam("group_key"),
        items.c.user_id.in_(bindparam("user_ids", expanding=True)),
        items.c.shelf.in_((INBOX, SNOOZED)),
    )
)
_with_content = Prepared(
    select(*_COLUMNS)
    .where(items.c.content_id == bindparam("content_id"), items.c.user_id > bindparam("after"))
    .order_by(items.c.user_id)
    .limit(bindparam("most"))
)
_holders = Prepared(
    select(items.c.user_id)
    .where(items.c.content_id == bindparam("content_id"), items.c.user_id > bindparam("after"))
    .order_by(items.c.user_id)
    .limit(bindparam("most"))
)
_of_people = Prepared(
    select(*_COLUMNS).where(
        items.c.content_id == bindparam("content_id"),
        items.c.user_id.in_(bindparam("user_ids", expanding=True)),
    )
)
_expired = Prepared(select(*_COLUMNS).where(items.c.expires_at <= bindparam("at")).limit(bindparam("most")))
_to_wake = Prepared(
    select(*_COLUMNS).where(items.c.snoozed_until <= bindparam("at")).limit(bindparam("most"))
)
_delete = Prepared(delete(items).where(*_this))
_delete_sent = Prepared(
    delete(items).where(
        *_this,
        items.c.shelf == HIDDEN,
        ~exists().where(outgoing.c.user_id == items.c.user_id, outgoing.c.item_id == items.c.id),
    )
)


def insert_items(tx: Transaction, new: Iterable[Item]) -> None:
    """Add items."""
    tx.many(_insert, [_values(item) for item in new])


def rewrite_items(tx: Transaction, changed: Iterable[Item]) -> None:
    """Write items as they are now."""
    tx.many(
        _rewrite,
        [
            {
                "of_user_id": item.user_id,
                "of_id": item.id,
                **{name: getattr(item, name) for name in _CHANGING},
            }
            for item in changed
        ],
    )


def delete_items(tx: Transaction, gone: Iterable[Item]) -> None:
    """Remove items."""
    tx.many(_delete, [{"of_user_id": item.user_id, "of_id": item.id} for item in gone])


def load_items(tx: Transaction, user_id: str, ids: Sequence[str]) -> list[Item]:
    """Return those of `ids` (at most a SLICE) that are in a user's inbox, in no order."""
    return [Item(*row) for row in tx.all(_of_user, me=user_id, ids=list(ids))]


def open_of_group(tx: Transaction, group_key: str, user_ids: Sequence[str]) -> dict[str, Item]:
    """Return, by user, the item of a group that is in the inbox or snoozed; of up to a SLICE of users."""
    rows = tx.all(_of_group, group_key=group_key, user_ids=list(user_ids))
    return {row.user_id: Item(*row) for row in rows}


def with_content(tx: Transaction, content_id: str, after: str, most: int) -> list[Item]:
    """Return up to `most` items that say this, by user, those after one."""
    return [Item(*row) for row in tx.all(_with_content, content_id=content_id, after=after, most=most)]


def holders(tx: Transaction, content_id: str, after: str, most: int) -> list[str]:
    """Return up to `most` owners of items that say this, those after one."""
    return [row.user_id for row in tx.all(_holders, content_id=content_id, after=after, most=most)]


def items_of(tx: Transaction, content_id: str, user_ids: Sequence[str]) -> list[Item]:
    """Return the items of this content that up to a SLICE of users have, on whatever shelf."""
    return [Item(*row) for row in tx.all(_of_people, content_id=content_id, user_ids=list(user_ids))]


def expired(tx: Transaction, most: int) -> list[Item]:
    """Return up to `most` items whose time is over."""
    return [Item(*row) for row in tx.all(_expired, at=tx.now, most=most)]


def to_wake(tx: Transaction, most: int) -> list[Item]:
    """Return up to `most` snoozed items whose time has come."""
    return [Item(*row) for row in tx.all(_to_wake, at=tx.now, most=most)]


_NAMES = tuple(field.name for field in dataclasses.fields(Item))
_fields = operator.attrgetter(*_NAMES)


def _values(item: Item) -> dict[str, Any]:
    return dict(zip(_NAMES, _fields(item), strict=True))


# Contents

_FIELDS = [column for column in contents.columns if column.name != "actor_id"]

_insert_content = Prepared(insert(contents))
_contents = Prepared(select(*_FIELDS).where(contents.c.id.in_(bindparam("ids", expanding=True))))
_about = Prepared(select(*_FIELDS).where(contents.c.source == bindparam("source")))
_by = Prepared(select(*_FIELDS).where(contents.c.actor_id == bindparam("person")))
_rewrite_content = Prepared(
    update(contents)
    .where(contents.c.id == bindparam("of_id"))
    .values({name: bindparam(name) for name in ("title", "body", "html", "actor", "actor_id", "source")})
)
_delete_unused = Prepared(
    delete(contents).where(
        contents.c.id.in_(bindparam("ids", expanding=True)),
        # Of what tells of a message the log may still know: it is found by this row when the message is taken back.
        contents.c.source.is_(None),
        ~exists().where(items.c.content_id == contents.c.id),
        ~exists().where(deliveries.c.content_id == contents.c.id, deliveries.c.state == RUNNING),
        ~exists().where(outgoing.c.content_id == contents.c.id),
    )
)


def insert_content(tx: Transaction, content: Content) -> None:
    """Keep what is said."""
    tx.run(
        _insert_content,
        id=content.id,
        category=content.category,
        priority=content.priority,
        course_id=content.course_id,
        action=_json(content.action),
        mandatory=int(content.mandatory),
        created_at=content.created_at,
        **_said(content),
    )


def rewrite_content(tx: Transaction, content: Content) -> None:
    """Let it say something else."""
    tx.run(_rewrite_content, of_id=content.id, **_said(content))


def load_contents(tx: Transaction, ids: Iterable[str]) -> dict[str, Content]:
    """Return contents (of at most a SLICE of ids) by id."""
    wanted = sorted(set(ids))
    return {row.id: _content(row) for row in tx.all(_contents, ids=wanted)} if wanted else {}


def contents_about(tx: Transaction, source: str) -> list[Content]:
    """Return all that tells of something, such as a message."""
    return [_content(row) for row in tx.all(_about, source=source)]


def contents_by(tx: Transaction, person: str) -> list[Content]:
    """Return all that a person is behind."""
    return [_content(row) for row in tx.all(_by, person=person)]


def delete_unused_contents(tx: Transaction, ids: Iterable[str]) -> None:
    """Remove those of these contents that no item has any more, and none will."""
    wanted = sorted(set(ids))
    for start in range(0, len(wanted), SLICE):
        tx.run(_delete_unused, ids=wanted[start : start + SLICE])


class Left(NamedTuple):
    """Of a row of `outgoing` that is gone: whose it was, and what it was to say."""

    user_id: str
    item_id: str
    content_id: str


def forget_sent(tx: Transaction, gone: Sequence[Left]) -> None:
    """Remove what stood in no inbox and was kept only to leave, as these rows did, unless others of it are there."""
    tx.many(_delete_sent, [{"of_user_id": row.user_id, "of_id": row.item_id} for row in gone])
    delete_unused_contents(tx, (row.content_id for row in gone))


def _said(content: Content) -> dict[str, Any]:
    return {
        "title": content.title,
        "body": content.body,
        "html": content.html,
        "actor": _json(content.actor),
        "actor_id": content.actor.user_id if content.actor else None,
        "source": content.source,
    }


def _json(value: Action | Actor | None) -> str | None:
    return value.model_dump_json(exclude_none=True) if value is not None else None


def _content(row: Row) -> Content:
    fields = dict(zip((column.name for column in _FIELDS), row, strict=True))
    fields["actor"] = Actor.model_validate(orjson.loads(row.actor)) if row.actor else None
    fields["action"] = Action.model_validate(orjson.loads(row.action)) if row.action else None
    fields["mandatory"] = bool(row.mandatory)
    return Content(**fields)
