"""What /chat does: load, decide, save, append. Plain functions on a transaction; no sockets, no commit."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from coursewire.errors import Invalid, NotFound
from coursewire.identity.caller import Caller
from coursewire.namespaces.chat import rules, store
from coursewire.namespaces.chat.contract import (
    Author,
    DeleteMessage,
    EditMessage,
    History,
    JoinRoom,
    LeaveRoom,
    ListMembers,
    ListRooms,
    MarkReceipt,
    MemberJoined,
    MemberLeft,
    MemberPage,
    Membership,
    Message,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    OneMessage,
    OneReceipt,
    OneRoom,
    OpenRoom,
    ReadHistory,
    Receipt,
    ReceiptChanged,
    RoomPage,
    RoomUpdated,
    SendMessage,
    Unread,
    UnreadChanged,
    UpdateRoom,
)
from coursewire.realtime.contract import Event
from coursewire.vocabulary import iso, new_id

if TYPE_CHECKING:
    from coursewire.identity.contract import MembersChanged
    from coursewire.realtime.transaction import Transaction

UNREAD = "unread"
"""The derived value that follows every change of a count."""


def room_channel(room_id: str) -> str:
    """Name the channel of a room."""
    return f"room:{room_id}"


def user_channel(user_id: str) -> str:
    """Name the channel of one person."""
    return f"user:{user_id}"


# Who may listen


def check_room_channel(tx: Transaction, caller: Caller, room_id: str) -> None:
    """Allow `room:<id>` to whoever may read the room (SUB1)."""
    rules.check_can_read(store.load_access(tx, caller, room_id))


def latest_of_room(tx: Transaction, room_id: str) -> Iterable[Event[Any]]:
    """Return the receipts that come with a subscription to a room, where they are told by name."""
    return [
        ReceiptChanged(
            Receipt(
                room_id=room_id,
                user_id=row.user_id,
                delivered_to=row.delivered_to,
                delivered_number=row.delivered_number,
                read_to=row.read_to,
                read_number=row.read_number,
            )
        )
        for row in store.receipts(tx, room_id, rules.NAMED_RECEIPTS_UP_TO)
    ]


def unread_of(tx: Transaction, room_id: str, user_ids: Sequence[str]) -> Iterable[tuple[str, Event[Any]]]:
    """Return the counts of one room for the people who are here, one query for many."""
    for row in store.unread_counts(tx, room_id, user_ids):
        unread = Unread(room_id=room_id, unread=row.unread, mentions=row.mentioned, total=row.total)
        yield row.user_id, UnreadChanged(unread)


# Rooms


def list_rooms(tx: Transaction, caller: Caller, command: ListRooms) -> RoomPage:
    """Return the caller's rooms, the one that moved last first."""
    try:
        found = store.list_rooms(tx, caller, command.course_id, command.cursor, command.limit + 1)
    except ValueError as error:
        raise Invalid("must be a cursor that room.list gave", field="cursor") from error
    page = found[: command.limit]
    next_cursor = page[-1][0] if len(found) > command.limit else None
    return RoomPage(items=[room for _, room in page], next_cursor=next_cursor)


def open_room(tx: Transaction, caller: Caller, command: OpenRoom) -> OneRoom:
    """Make a room, or find the direct one that these two already have."""
    roles = tx.roles_in(caller, command.course_id) if command.course_id else frozenset()
    rules.check_can_open(command, caller, roles)
    if command.kind in rules.OPEN_KINDS:
        return _open_course_room(tx, caller, command)
    others = list(dict.fromkeys(user_id for user_id in command.member_ids if user_id != caller.user_id))
    whom = store.known_users if rules.is_administrator(caller) else None
    known = whom(tx, others) if whom else store.acquaintances(tx, caller, others)
    rules.check_can_write_to(command.member_ids, known | {caller.user_id})
    pair = rules.pair_of(caller.user_id, others[0]) if command.kind == "direct" else None
    room_id = store.find_direct_room(tx, pair) if pair else None
    if room_id is None:
        room_id = new_id()
        title = "" if command.kind == "direct" else command.title or ""
        store.insert_room(
            tx, room_id=room_id, kind=command.kind, course_id=command.course_id, title=title, pair=pair
        )
        store.add_members(tx, room_id, [caller.user_id, *others], from_number=0)
        store.recount_members(tx, room_id)
        room = store.load_room(tx, room_id)
        for user_id in (caller.user_id, *others):
            tx.append(user_channel(user_id), RoomUpdated(room))
    return OneRoom(room=store.load_summary(tx, caller, room_id))


def _open_course_room(tx: Transaction, caller: Caller, command: OpenRoom) -> OneRoom:
    room_id = new_id()
    course_id, title = command.course_id or "", command.title or ""
    store.insert_room(tx, room_id=room_id, kind=command.kind, course_id=course_id, title=title, pair=None)
    store.enrol_course(tx, room_id, course_id)
    store.recount_members(tx, room_id)
    # Everybody of the course who is here hears of the new room by its count: no event per member is logged.
    tx.derive(UNREAD, room_id)
    return OneRoom(room=store.load_summary(tx, caller, room_id))


def join_room(tx: Transaction, caller: Caller, command: JoinRoom) -> OneRoom:
    """Become a member of an open room; again changes nothing."""
    access = rules.check_can_join(store.load_access(tx, caller, command.room_id))
    if not access.is_member:
        store.put_member(tx, access, caller.user_id, active=True)
        _tell_membership(tx, access.room_id, caller.user_id, caller.name, MemberJoined)
    return OneRoom(room=store.load_summary(tx, caller, command.room_id))


def leave_room(tx: Transaction, caller: Caller, command: LeaveRoom) -> OneRoom:
    """Stop being a member; who left a group may no longer read it."""
    access = rules.check_can_leave(store.load_access(tx, caller, command.room_id))
    summary = store.load_summary(tx, caller, command.room_id)
    if access.is_member:
        store.put_member(tx, access, caller.user_id, active=False)
        _tell_membership(tx, access.room_id, caller.user_id, caller.name, MemberLeft)
        tx.recheck_rights([caller.user_id])
        summary = store.load_summary(tx, caller, command.room_id)
    return OneRoom(room=summary)


def update_room(tx: Transaction, caller: Caller, command: UpdateRoom) -> OneRoom:
    """Change a room's title or a group's people."""
    changes_people = bool(command.add_member_ids or command.remove_member_ids)
    access = rules.check_can_update(
        store.load_access(tx, caller, command.room_id), changes_people=changes_people
    )
    if changes_people:
        _change_people(tx, caller, access, command)
    if command.title is not None:
        store.rename_room(tx, access.room_id, command.title)
    room = store.load_room(tx, access.room_id)
    tx.append(room_channel(access.room_id), RoomUpdated(room))
    return OneRoom(room=store.load_summary(tx, caller, access.room_id))


def _change_people(tx: Transaction, caller: Caller, access: rules.Access, command: UpdateRoom) -> None:
    if command.add_member_ids:
        known = store.acquaintances(tx, caller, command.add_member_ids)
        rules.check_can_write_to(command.add_member_ids, known, field="add_member_ids")
        added = store.add_members(tx, access.room_id, command.add_member_ids, from_number=access.last_number)
        for user_id in added:
            person = store.load_person(tx, user_id)
            _tell_membership(tx, access.room_id, user_id, person.name if person else user_id, MemberJoined)
            tx.append(user_channel(user_id), RoomUpdated(store.load_room(tx, access.room_id)))
    if command.remove_member_ids:
        present = set(store.member_ids(tx, access.room_id))
        removed = [user_id for user_id in command.remove_member_ids if user_id in present]
        store.remove_members(tx, access.room_id, removed)
        for user_id in removed:
            person = store.load_person(tx, user_id)
            _tell_membership(tx, access.room_id, user_id, person.name if person else user_id, MemberLeft)
        tx.recheck_rights(removed)


def _tell_membership(
    tx: Transaction, room_id: str, user_id: str, name: str, kind: type[MemberJoined | MemberLeft]
) -> None:
    count = store.recount_members(tx, room_id)
    membership = Membership(room_id=room_id, user_id=user_id, name=name, member_count=count)
    tx.append(room_channel(room_id), kind(membership))


def list_members(tx: Transaction, caller: Caller, command: ListMembers) -> MemberPage:
    """Return who is in a room, by name."""
    rules.check_can_read(store.load_access(tx, caller, command.room_id))
    found = store.list_members(tx, command.room_id, command.cursor, command.limit + 1)
    page = found[: command.limit]
    next_cursor = page[-1][0] if len(found) > command.limit else None
    return MemberPage(items=[member for _, member in page], next_cursor=next_cursor)


def follow_roster(tx: Transaction, changed: MembersChanged) -> None:
    """Keep the people of a course's open rooms as its roster says."""
    for room_id, last_number in store.open_rooms_of(tx, changed.course_id):
        store.add_members(tx, room_id, changed.added, from_number=last_number)
        store.remove_members(tx, room_id, changed.removed)
        store.recount_members(tx, room_id)


# Messages


def send_message(tx: Transaction, caller: Caller, command: SendMessage) -> OneMessage:
    """Say something: the room's next number, one row, one event."""
    access = rules.check_can_post(store.load_access(tx, caller, command.room_id))
    _check_references(tx, command)
    if not access.is_member:
        store.put_member(tx, access, caller.user_id, active=True)
        _tell_membership(tx, access.room_id, caller.user_id, caller.name, MemberJoined)
    author = Author(user_id=caller.user_id, name=caller.name, avatar_url=caller.avatar_url)
    message = store.insert_message(
        tx,
        caller.user_id,
        Message(
            id=new_id(),
            room_id=command.room_id,
            number=0,
            author=None if command.anonymous else author,
            anonymous=command.anonymous,
            # A key could tell who wrote it: it is the author's own wording.
            key=None if command.anonymous else command.key,
            text=command.text,
            html=render(command.text),
            reply_to=command.reply_to,
            thread_id=command.thread_id,
            mentions=command.mentions,
            sent_at=iso(tx.now),
        ),
    )
    # Whoever speaks has read what stood there.
    store.advance_pointers(tx, command.room_id, caller.user_id, message.number, message.number)
    actor = None if command.anonymous else caller.user_id
    tx.append(room_channel(command.room_id), MessageSent(message), actor=actor)
    tx.derive(UNREAD, command.room_id)
    return OneMessage(message=message)


def _check_references(tx: Transaction, command: SendMessage) -> None:
    for field in ("reply_to", "thread_id"):
        message_id = getattr(command, field)
        if message_id is not None and store.number_of(tx, command.room_id, message_id) is None:
            raise Invalid("must be a message of this room", field=field)


def edit_message(tx: Transaction, caller: Caller, command: EditMessage) -> OneMessage:
    """Give one's own message another text."""
    message, author_id, access = _load_message(tx, caller, command.message_id)
    rules.check_can_edit(message, access, caller, author_id, command.version)
    edited = message.model_copy(
        update={
            "text": command.text,
            "html": render(command.text),
            "version": message.version + 1,
            "edited_at": iso(tx.now),
        }
    )
    store.rewrite_message(tx, edited)
    actor = None if message.anonymous else caller.user_id
    tx.append(room_channel(message.room_id), MessageEdited(edited), actor=actor)
    return OneMessage(message=edited)


def delete_message(tx: Transaction, caller: Caller, command: DeleteMessage) -> OneMessage:
    """Take a message back: from the table, from the log's past (LOG5), and with an event from every screen."""
    message, author_id, access = _load_message(tx, caller, command.message_id)
    rules.check_can_delete(message, access, caller, author_id, command.version)
    gone = rules.tombstone(message, message.version + 1)
    store.rewrite_message(tx, gone)
    tx.redact(message.id, gone)
    actor = None if message.anonymous and author_id == caller.user_id else caller.user_id
    tx.append(room_channel(message.room_id), MessageDeleted(gone), actor=actor)
    tx.derive(UNREAD, message.room_id)
    return OneMessage(message=gone)


def _load_message(tx: Transaction, caller: Caller, message_id: str) -> tuple[Message, str, rules.Access]:
    found = store.load_message(tx, message_id, caller.user_id)
    access = store.load_access(tx, caller, found[0].room_id) if found else None
    if found is None or access is None or not access.may_read:
        raise NotFound("there is no such message, or you may not see it", field="message_id")
    return *found, access


def read_history(tx: Transaction, caller: Caller, command: ReadHistory) -> History:
    """Return a page of a room and the position that was read before it (SUB3)."""
    access = rules.check_can_read(store.load_access(tx, caller, command.room_id))
    position = tx.position(room_channel(command.room_id))
    room_id, thread_id, limit = command.room_id, command.thread_id, command.limit

    def before(number: int, most: int) -> list[Message]:
        return store.messages_before(tx, caller.user_id, room_id, number, thread_id, most)

    def after(number: int, most: int) -> list[Message]:
        return store.messages_after(tx, caller.user_id, room_id, number, thread_id, most)

    # One more than asked for says whether there is more.
    if command.after is not None:
        number = _anchor(tx, command, "after")
        found = after(number, limit + 1)
        return History(
            items=found[:limit], position=position, has_before=number > 0, has_after=len(found) > limit
        )
    if command.around is not None:
        number = _anchor(tx, command, "around")
        older = before(number, limit // 2 + 1)
        newer = after(number - 1, limit - limit // 2 + 1)
        return History(
            items=older[-(limit // 2) :] + newer[: limit - limit // 2] if limit > 1 else newer[:1],
            position=position,
            has_before=len(older) > limit // 2,
            has_after=len(newer) > limit - limit // 2,
        )
    number = access.last_number + 1 if command.before is None else _anchor(tx, command, "before")
    found = before(number, limit + 1)
    return History(
        items=found[-limit:],
        position=position,
        has_before=len(found) > limit,
        has_after=number <= access.last_number,
    )


def _anchor(tx: Transaction, command: ReadHistory, field: str) -> int:
    number = store.number_of(tx, command.room_id, getattr(command, field))
    if number is None:
        raise NotFound("there is no such message in this room", field=field)
    return number


def somebody(tx: Transaction, user_id: str) -> Caller:
    """Return a known user as a caller without roles, for the LMS to write in their name."""
    person = store.load_person(tx, user_id)
    if person is None:
        raise NotFound("there is no such user", field="user_id")
    return Caller(user_id=person.user_id, name=person.name, avatar_url=person.avatar_url)


def render(text: str) -> str:
    """Return the safe HTML of a message's text: the text itself, with its line breaks."""
    return html.escape(text).replace("\n", "<br>")


# Who has got how far


def mark_receipt(tx: Transaction, caller: Caller, command: MarkReceipt) -> OneReceipt:
    """Move the caller's pointers forward. Reading implies delivery; an earlier message changes nothing."""
    access = rules.check_can_read(store.load_access(tx, caller, command.room_id))
    delivered, read = access.delivered_number, access.read_number
    if command.delivered is not None:
        delivered = max(delivered, _marked(tx, command, "delivered"))
    if command.read is not None:
        read = max(read, _marked(tx, command, "read"))
        delivered = max(delivered, read)
    receipt = Receipt(
        room_id=command.room_id,
        user_id=caller.user_id,
        delivered_to=store.message_id_at(tx, command.room_id, delivered),
        delivered_number=delivered,
        read_to=store.message_id_at(tx, command.room_id, read),
        read_number=read,
    )
    if access.is_member and (delivered, read) != (access.delivered_number, access.read_number):
        store.advance_pointers(tx, command.room_id, caller.user_id, delivered, read)
        if access.member_count <= rules.NAMED_RECEIPTS_UP_TO:
            tx.publish_latest(room_channel(command.room_id), ReceiptChanged(receipt))
        if read != access.read_number:
            tx.derive(UNREAD, command.room_id, user_ids=[caller.user_id])
    counts = {row.user_id: row for row in store.unread_counts(tx, command.room_id, [caller.user_id])}
    mine = counts.get(caller.user_id)
    return OneReceipt(
        receipt=receipt,
        unread=Unread(
            room_id=command.room_id,
            unread=mine.unread if mine else 0,
            mentions=mine.mentioned if mine else 0,
            total=mine.total if mine else store.total_unread(tx, caller.user_id),
        ),
    )


def _marked(tx: Transaction, command: MarkReceipt, field: str) -> int:
    number = store.number_of(tx, command.room_id, getattr(command, field))
    if number is None:
        raise NotFound("there is no such message in this room", field=field)
    return number
