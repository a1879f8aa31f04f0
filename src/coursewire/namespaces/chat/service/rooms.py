"""Rooms: listing, opening and changing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coursewire.errors import Invalid
from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import OneRoom, OpenRoom, RoomPage, RoomUpdated
from coursewire.namespaces.chat.service import people, receipts
from coursewire.namespaces.chat.service.answers import one_room
from coursewire.namespaces.chat.service.channels import UNREAD, room_channel, user_channel
from coursewire.vocabulary import new_id

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import ListRooms, UpdateRoom
    from coursewire.realtime.transaction import Transaction


def list_rooms(tx: Transaction, caller: Caller, command: ListRooms) -> RoomPage:
    """Return the caller's rooms, the one that moved last first."""
    try:
        found = store.list_rooms(tx, caller, command.course_id, command.cursor, command.limit + 1)
    except ValueError:
        raise Invalid("must be a cursor that room.list gave", field="cursor") from None
    page = found[: command.limit]
    next_cursor = page[-1][0] if len(found) > command.limit else None
    return RoomPage(items=[room for _, room in page], next_cursor=next_cursor)


def open_room(tx: Transaction, caller: Caller, command: OpenRoom) -> OneRoom:
    """Make a room, or find the direct one that these two already have."""
    roles = tx.roles_in(caller, command.course_id) if command.course_id else frozenset()
    rules.check_can_open(command, caller, roles)
    match command.kind:
        case "direct":
            return _open_direct(tx, caller, command)
        case "group":
            course_id, who = command.course_id, rules.people_of(command, caller)
            if course_id is not None and store.course_title(tx, course_id) is None:
                raise rules.no_such_course()
            people.check_may_bring_in(tx, caller, course_id, command.member_ids, field="member_ids")
            return one_room(tx, caller, _make_private(tx, "group", who, course_id, command.title or ""))
        case _:
            return _open_course_room(tx, caller, command)


def _open_direct(tx: Transaction, caller: Caller, command: OpenRoom) -> OneRoom:
    one, other = rules.people_of(command, caller)
    pair = rules.pair_of(one, other)
    room_id = store.find_direct_room(tx, pair)
    if room_id is None:
        people.check_may_bring_in(tx, caller, None, command.member_ids, field="member_ids")
        room_id = _make_private(tx, "direct", (one, other), pair=pair)
    return one_room(tx, caller, room_id)


def _make_private(
    tx: Transaction,
    kind: rules.PrivateKind,
    who: Sequence[str],
    course_id: str | None = None,
    title: str = "",
    pair: str | None = None,
) -> str:
    room_id = new_id()
    store.insert_room(tx, room_id=room_id, kind=kind, course_id=course_id, title=title, pair=pair)
    store.add_members(tx, room_id, who, from_number=0)
    room = store.load_room(tx, room_id)
    for user_id in who:
        tx.append(user_channel(user_id), RoomUpdated(room))
    return room_id


def _open_course_room(tx: Transaction, caller: Caller, command: OpenRoom) -> OneRoom:
    course_id = command.course_id or ""
    course_title = store.course_title(tx, course_id)
    if course_title is None:
        raise rules.no_such_course()
    known = store.enrolled(tx, course_id, command.member_ids) | {caller.user_id}
    rules.check_all_known(command.member_ids, known, field="member_ids", course_id=course_id)
    room_id = new_id()
    title = command.title or course_title
    store.insert_room(tx, room_id=room_id, kind=command.kind, course_id=course_id, title=title, pair=None)
    store.enrol_course(tx, room_id, course_id)
    # Everybody of the course who is here hears of the new room by its count: no event per member is logged.
    tx.derive(UNREAD, room_id)
    return one_room(tx, caller, room_id)


def update_room(tx: Transaction, caller: Caller, command: UpdateRoom) -> OneRoom:
    """Change a room's title or a group's people."""
    access = rules.check_can_update(store.load_access(tx, caller, command.room_id), command)
    people.change_people(tx, caller, access, command)
    if command.title is not None:
        store.rename_room(tx, access.room_id, command.title)
    if command.receipts is not None:
        receipts.switch(tx, access, on=command.receipts == "on")
    tx.append(room_channel(access.room_id), RoomUpdated(store.load_room(tx, access.room_id)))
    return one_room(tx, caller, access.room_id)
