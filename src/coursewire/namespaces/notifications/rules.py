"""What becomes of an item, and what may be asked: pure decisions, no clock, no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, get_args

from coursewire.errors import Forbidden, Invalid, NotFound
from coursewire.namespaces.notifications.contract import Category, Priority

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.notifications.contract import Action, Actor, Filter, Mark

CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)
"""From the least on."""

INBOX, ARCHIVED, SNOOZED, HIDDEN = 0, 1, 2, 3
"""Shelves: where an item lies. HIDDEN is one whose receiver wants it elsewhere only, such as in an email."""
UNSEEN, UNREAD, READ = 0, 1, 2
"""How far an item was noticed: each state implies the ones before it."""

TAKEN_BACK: Final = "A message was taken back"
ANNOTATION_TAKEN_BACK: Final = "An annotation was taken back"

SNOOZE_AT_MOST_MS: Final = 366 * 24 * 3_600_000
TOLD_ONE_BY_ONE: Final = 100
"""Of the items that one command marks, so many come as events of their own: as many as a page may hold."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is said, to one person or to many."""

    id: str
    category: Category
    priority: Priority
    title: str
    body: str
    html: str
    created_at: int
    course_id: str | None = None
    actor: Actor | None = None
    action: Action | None = None
    mandatory: bool = False
    source: str | None = None
    """What it tells of, such as a message: it is taken back with it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an inbox. Times are milliseconds since 1970."""

    user_id: str
    id: str
    content_id: str
    shelf: int
    noticed: int
    category: Category
    priority: Priority
    course_id: str | None
    group_key: str | None
    group_count: int
    created_at: int
    moved_at: int
    expires_at: int | None = None
    seen_at: int | None = None
    read_at: int | None = None
    archived_at: int | None = None
    snoozed_until: int | None = None

    @property
    def unread(self) -> int:
        """1 where it counts as unread."""
        return int(self.shelf == INBOX and self.noticed != READ)

    @property
    def unseen(self) -> int:
        """1 where it counts as unseen."""
        return int(self.shelf == INBOX and self.noticed == UNSEEN)


def arrived(
    content: Content, user_id: str, *, shelf: int, group_key: str | None, expires_at: int | None
) -> Item:
    """Return the new item of one person."""
    return Item(
        user_id=user_id,
        id=content.id,
        content_id=content.id,
        shelf=shelf,
        noticed=UNSEEN,
        category=content.category,
        priority=content.priority,
        course_id=content.course_id,
        group_key=group_key,
        group_count=1,
        created_at=content.created_at,
        moved_at=content.created_at,
        expires_at=expires_at,
    )


def grown(item: Item, content: Content, *, expires_at: int | None) -> Item:
    """Return the item of a group after one more: it says the newest, is unread, and counts from its last reading.

    A snoozed one stays where it is.
    """
    return replace(
        item,
        content_id=content.id,
        noticed=UNSEEN,
        category=content.category,
        priority=content.priority,
        course_id=content.course_id,
        group_count=1 if item.noticed == READ else item.group_count + 1,
        moved_at=max(content.created_at, item.moved_at),
        expires_at=expires_at,
        seen_at=None,
        read_at=None,
    )


def marked(item: Item, mark: Mark, at: int) -> Item:
    """Return the item after a mark: the same object where that changes nothing."""
    match mark:
        case "seen" if item.noticed == UNSEEN:
            return replace(item, noticed=UNREAD, seen_at=at)
        case "read" if item.noticed != READ:
            return replace(item, noticed=READ, read_at=at, seen_at=item.seen_at or at)
        case "unread" if item.noticed == READ or item.shelf in (ARCHIVED, SNOOZED):
            return replace(
                item,
                noticed=min(item.noticed, UNREAD),
                read_at=None,
                shelf=INBOX,
                archived_at=None,
                snoozed_until=None,
            )
        case "archived" if item.shelf in (INBOX, SNOOZED):
            return replace(item, shelf=ARCHIVED, archived_at=at, snoozed_until=None)
    return item


def changed_by(mark: Mark, shelf: int) -> tuple[int, ...]:
    """Return the stages of noticing whose items on a shelf a mark would change; `marked` says how."""
    match mark:
        case "seen":
            return (UNSEEN,)
        case "read":
            return (UNSEEN, UNREAD)
        case "unread":
            return (READ,) if shelf == INBOX else (UNSEEN, UNREAD, READ)
        case "archived":
            return () if shelf == ARCHIVED else (UNSEEN, UNREAD, READ)


def snoozed(item: Item, until: int) -> Item:
    """Return the item put away."""
    return replace(item, shelf=SNOOZED, snoozed_until=until, archived_at=None)


def woken(item: Item, at: int) -> Item:
    """Return a snoozed item that is back: at the top, and new."""
    return replace(
        item, shelf=INBOX, snoozed_until=None, noticed=UNSEEN, seen_at=None, read_at=None, moved_at=at
    )


def emptied(content: Content) -> Content:
    """Return all that is left of what a notification said: that there was one."""
    title = ANNOTATION_TAKEN_BACK if content.category == "collaboration" else TAKEN_BACK
    return replace(content, title=title, body="", html="", actor=None)


def says_nothing(title: str, body: str) -> bool:
    """Whether of what a notification said only is left that there was one."""
    return not body and title in {TAKEN_BACK, ANNOTATION_TAKEN_BACK}


def shelf_of(wanted: Filter) -> int:
    """Return the shelf that a filter looks at."""
    return {"archived": ARCHIVED, "snoozed": SNOOZED}.get(wanted.state or "", INBOX)


def stages_of(wanted: Filter) -> tuple[int, ...]:
    """Return the stages of noticing that a filter lets through."""
    stages = {"unseen": (UNSEEN,), "unread": (UNSEEN, UNREAD), "read": (READ,)}
    return stages.get(wanted.state or "", (UNSEEN, UNREAD, READ))


def check_own(caller: Caller, wanted: Filter) -> None:
    """Raise Forbidden for a filter on another's inbox."""
    if wanted.user_id is not None and wanted.user_id != caller.user_id:
        raise Forbidden("an inbox is its owner's only", field="filter.user_id")


def check_all_found(ids: Sequence[str], found: Sequence[Item]) -> None:
    """Raise NotFound, naming the first id that is not in the caller's inbox: another's and none look alike."""
    known = {item.id for item in found}
    for index, item_id in enumerate(ids):
        if item_id not in known:
            raise NotFound("there is no such notification in your inbox", field=f"ids.{index}")


def check_until(until: int, now: int) -> None:
    """Raise Invalid for a snooze that is over already, or all but for ever."""
    if until <= now:
        raise Invalid("must be in the future", field="until")
    if until > now + SNOOZE_AT_MOST_MS:
        raise Invalid("must be within a year", field="until")


def check_expiry(expires_at: int | None, now: int) -> None:
    """Raise Invalid for what has expired before it begins."""
    if expires_at is not None and expires_at <= now:
        raise Invalid("must be in the future", field="expires_at")
