"""Who is in a room: coming, going, and following the roster of its course."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coursewire.errors import Invalid
from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import MemberJoined, MemberLeft, MemberPage, Membership, RoomUpdated
from coursewire.namespaces.chat.service import receipts
from coursewire.namespaces.chat.service.answers import one_room
from coursewire.namespaces.chat.service.channels import UNREAD, UNREAD_NO_MORE, room_channel, user_channel

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.identity.contract import MembersChanged
    from coursewire.namespaces.chat.contract import JoinRoom, LeaveRoom, ListMembers, OneRoom, UpdateRoom
    from coursewire.realtime.transaction import Transaction


def join_room(tx: Transaction, caller: Caller, command: JoinRoom) -> OneRoom:
    """Become a member of an open room; again changes nothing."""
    access = rules.check_can_join(store.load_access(tx, caller, command.room_id))
    join(tx, caller, access)
    return one_room(tx, caller, access.room_id)


def join(tx: Transaction, caller: Caller, access: rules.Access) -> rules.Access:
    """Make the caller a member of a room that they may join, unless they are; return how they stand to it then."""
    if access.is_member:
        return access
    with receipts.forgetting(tx, access.room_id):
        store.put_member(tx, access, caller.user_id, active=True)
    _tell(tx, access.room_id, MemberJoined, {caller.user_id: caller.name})
    return access._replace(is_member=True, member_count=access.member_count + 1)


def leave_room(tx: Transaction, caller: Caller, command: LeaveRoom) -> OneRoom:
    """Stop being a member; who left a group may no longer read it."""
    access = rules.check_can_leave(store.load_access(tx, caller, command.room_id))
    if access.is_member:
        with receipts.forgetting(tx, access.room_id):
            store.put_member(tx, access, caller.user_id, active=False)
        _tell(tx, access.room_id, MemberLeft, {caller.user_id: caller.name})
        tx.recheck_rights([caller.user_id])
        tx.derive(UNREAD_NO_MORE, access.room_id, user_ids=[caller.user_id])
    return one_room(tx, caller, access.room_id)


def check_may_bring_in(
    tx: Transaction, caller: Caller, course_id: str | None, user_ids: Sequence[str], *, field: str
) -> None:
    """Raise Invalid, naming the first whom the caller may not bring into a room (of a course, if it has one)."""
    if course_id is not None:
        known = store.enrolled(tx, course_id, user_ids)
    elif rules.is_administrator(caller):
        known = frozenset(store.load_people(tx, user_ids))
    else:
        known = store.acquaintances(tx, caller.user_id, user_ids)
    if not caller.is_service:
        known |= {caller.user_id}
    rules.check_all_known(user_ids, known, field=field, course_id=course_id)


def change_people(tx: Transaction, caller: Caller, access: rules.Access, command: UpdateRoom) -> None:
    """Take the named people into a group, or out of it."""
    room_id = access.room_id
    if command.add_member_ids:
        check_may_bring_in(tx, caller, access.course_id, command.add_member_ids, field="add_member_ids")
        wanted = list(dict.fromkeys(command.add_member_ids))
        with receipts.forgetting(tx, room_id):
            added = store.add_members(tx, room_id, wanted, from_number=access.last_number)
        _tell(tx, room_id, MemberJoined, _names(tx, added))
        for user_id in added:
            tx.append(user_channel(user_id), RoomUpdated(store.load_room(tx, room_id)))
    if command.remove_member_ids:
        if access.course_id is not None:
            staff = store.staff_in(tx, room_id, access.course_id, caller.user_id)
            rules.check_takes_out_no_staff(command.remove_member_ids, staff, access)
        with receipts.forgetting(tx, room_id):
            removed = store.remove_members(tx, room_id, list(dict.fromkeys(command.remove_member_ids)))
        _tell(tx, room_id, MemberLeft, _names(tx, removed))
        tx.recheck_rights(removed)
        if removed:
            tx.derive(UNREAD_NO_MORE, room_id, user_ids=removed)


def follow_roster(tx: Transaction, changed: MembersChanged) -> None:
    """Keep the people of a course's rooms as its roster says: all are in the open ones, only its own in its groups."""
    for room in store.rooms_of_course(tx, changed.course_id):
        added: list[str] = []
        with receipts.forgetting(tx, room.id):
            if room.kind in rules.OPEN_KINDS:
                added = store.add_members(tx, room.id, changed.added, from_number=room.last_number)
            removed = store.remove_members(tx, room.id, changed.removed)
        if not added and not removed:
            continue
        if store.member_count(tx, room.id) <= rules.TOLD_ROSTER_UP_TO:
            if len(added) + len(removed) <= rules.NAMED_CHANGES_UP_TO:
                _tell(tx, room.id, MemberJoined, _names(tx, added))
                _tell(tx, room.id, MemberLeft, _names(tx, removed))
            else:
                tx.append(room_channel(room.id), RoomUpdated(store.load_room(tx, room.id)))
        if added:
            # Who is here hears of the room by its count.
            tx.derive(UNREAD, room.id, user_ids=added)
        if removed:
            tx.derive(UNREAD_NO_MORE, room.id, user_ids=removed)


def take_out(tx: Transaction, room_id: str, user_id: str) -> None:
    """Take somebody who is erased out of a room, and tell it so without a name."""
    with receipts.forgetting(tx, room_id):
        removed = store.remove_members(tx, room_id, [user_id], for_good=True)
    if removed:
        _tell(tx, room_id, MemberLeft, {user_id: ""})


def _names(tx: Transaction, user_ids: Sequence[str]) -> dict[str, str]:
    known = store.load_people(tx, user_ids)
    return {user_id: known[user_id].name if user_id in known else user_id for user_id in user_ids}


def _tell(
    tx: Transaction, room_id: str, kind: type[MemberJoined | MemberLeft], names: dict[str, str]
) -> None:
    """Tell a room who came or went, by user id and name, with the number of those who are in it after all of them."""
    if names:
        count = store.member_count(tx, room_id)
        for user_id, name in names.items():
            membership = Membership(room_id=room_id, user_id=user_id, name=name, member_count=count)
            tx.append(room_channel(room_id), kind(membership))


def list_members(tx: Transaction, caller: Caller, command: ListMembers) -> MemberPage:
    """Return who is in a room, by name."""
    access = rules.check_can_read(store.load_access(tx, caller, command.room_id))
    try:
        found = store.list_members(tx, access, caller.user_id, command.cursor, command.limit + 1)
    except ValueError:
        raise Invalid("must be a cursor that room.members gave", field="cursor") from None
    page = found[: command.limit]
    next_cursor = page[-1][0] if len(found) > command.limit else None
    return MemberPage(items=[member for _, member in page], next_cursor=next_cursor)
