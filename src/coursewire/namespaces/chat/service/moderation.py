"""Keeping order: reports, hiding, muting, locking, slow mode; and the trail of who did what."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from coursewire.identity.caller import Caller
from coursewire.namespaces.chat import order, rules, store
from coursewire.namespaces.chat.contract import (
    AuditPage,
    Author,
    MemberMuted,
    Message,
    MessageEdited,
    MessageReported,
    Moderated,
    Mute,
    OneReport,
    ReportPage,
    Revealed,
    RoomUpdated,
)
from coursewire.namespaces.chat.service.channels import UNREAD, room_channel, user_channel
from coursewire.namespaces.chat.service.taking_back import take_back
from coursewire.namespaces.chat.service.visible import load_visible
from coursewire.vocabulary import iso

if TYPE_CHECKING:
    from coursewire.namespaces.chat.contract import (
        ListAudit,
        ListReports,
        ModerateRoom,
        ReportMessage,
        RevealMessage,
    )
    from coursewire.realtime.transaction import Transaction


def report_message(tx: Transaction, caller: Caller, command: ReportMessage) -> OneReport:
    """Tell staff about a message. Nobody else hears of it."""
    message, author_id, access = load_visible(tx, caller, command.message_id)
    order.check_can_report(message, access, is_own=author_id == caller.user_id)
    report_id = store.find_report(tx, message.id, caller.user_id)
    if report_id is None:
        report_id = store.insert_report(tx, caller, message, command)
        _tell_staff(tx, access, command, but={author_id, caller.user_id})
    return OneReport(report_id=report_id)


def _tell_staff(
    tx: Transaction, access: rules.Access, command: ReportMessage, *, but: Collection[str]
) -> None:
    """Tell the other namespaces of a report that the staff of a course may look at."""
    if access.course_id is None:
        return
    staff = tuple(user_id for user_id in store.staff_of(tx, access.course_id) if user_id not in but)
    if staff:
        tx.tell(
            MessageReported(
                message_id=command.message_id,
                room_id=access.room_id,
                room_kind=access.kind,
                room_title=access.title,
                course_id=access.course_id,
                reason=command.reason,
                staff=staff,
            )
        )


def list_reports(tx: Transaction, caller: Caller, command: ListReports) -> ReportPage:
    """Return the reports that are the caller's to look at, the newest first."""
    order.check_cursor(command.cursor)
    course_ids: list[str] | None = None
    if command.room_id is not None:
        order.check_sees_reports(store.load_access(tx, caller, command.room_id))
    elif command.course_id is not None:
        roles = tx.roles_in(caller, command.course_id)
        exists = store.course_title(tx, command.course_id) is not None
        rules.check_knows_course(caller, roles, exists=exists)
        order.check_is_staff(caller, roles)
        course_ids = [command.course_id]
    elif not rules.is_administrator(caller):
        course_ids = store.courses_as_staff(tx, caller.user_id)
    found = store.list_reports(
        tx,
        room_id=command.room_id,
        course_ids=course_ids,
        state=command.state,
        cursor=command.cursor,
        limit=command.limit + 1,
    )
    page = found[: command.limit]
    return ReportPage(items=page, next_cursor=page[-1].id if len(found) > command.limit else None)


def list_audit(tx: Transaction, caller: Caller, command: ListAudit) -> AuditPage:
    """Return what staff did in a room, the newest first."""
    order.check_cursor(command.cursor)
    order.check_sees_audit(store.load_access(tx, caller, command.room_id))
    found = store.list_audit(tx, command.room_id, command.cursor, command.limit + 1)
    page = found[: command.limit]
    return AuditPage(items=page, next_cursor=page[-1].id if len(found) > command.limit else None)


def reveal_message(tx: Transaction, caller: Caller, command: RevealMessage) -> Revealed:
    """Tell staff who wrote an anonymous message, and keep that they asked."""
    message, author_id, access = load_visible(tx, caller, command.message_id)
    order.check_can_reveal(message, access)
    store.keep_deed(tx, caller, access.room_id, "reveal", message_id=message.id)
    tx.subject = store.reveal_subject(
        author_id
    )  # the remembered answer goes when its author is erased (LOG5)
    person = store.load_people(tx, [author_id]).get(author_id)
    return Revealed(author=person or Author(user_id=author_id, name=author_id))


def moderate_room(tx: Transaction, caller: Caller, command: ModerateRoom) -> Moderated:
    """Keep order in a room. What is so already changes nothing, and is not kept twice."""
    order.check_fields(command)
    access = order.check_can_moderate(
        store.load_access(tx, caller, command.room_id),
        command,
        is_reported=command.message_id is not None and store.is_reported(tx, command.message_id),
    )
    message: Message | None = None
    match command.action:
        case "hide" | "restore":
            message = _show_or_hide(tx, caller, access, command)
        case "mute" | "unmute":
            _mute(tx, caller, access, command)
        case "lock" | "unlock":
            _close(tx, caller, access, command)
        case "slow_mode":
            _slow(tx, caller, access, command)
    return _moderated(tx, caller, access.room_id, message)


def _moderated(tx: Transaction, caller: Caller, room_id: str, message: Message | None) -> Moderated:
    """Answer with the room, and with one message at most: the remembered answer is taken back with it (LOG5).

    That is the one that was hidden or shown again: of a room that the caller may not read, it is all that they may.
    """
    room = store.load_summary(tx, caller, room_id)
    shown = message or room.last_message
    tx.subject = shown.id if shown is not None else None
    if shown is not None and room.last_message is not None and shown.id != room.last_message.id:
        room = room.model_copy(update={"last_message": None})
    return Moderated(room=room, message=message)


def _show_or_hide(tx: Transaction, caller: Caller, access: rules.Access, command: ModerateRoom) -> Message:
    found, author_id = store.load_message(tx, command.message_id or "", caller.user_id) or (None, "")
    message = order.check_is_here(found, access.room_id)
    if message.state == "deleted":
        rules.check_is_there(message)
    resolved = store.resolve_reports(tx, message.id)
    wanted = "hidden" if command.action == "hide" else "sent"
    if message.state != wanted:
        hide = _hide if wanted == "hidden" else _restore
        message = hide(tx, caller, access, message)
    elif not resolved:
        return message
    store.keep_deed(
        tx,
        caller,
        access.room_id,
        command.action,
        message_id=message.id,
        user_id=None if message.anonymous else author_id,
        note=command.note,
    )
    return message


def _hide(tx: Transaction, caller: Caller, access: rules.Access, message: Message) -> Message:
    """Take a message from every screen and from the log's past; its row keeps it, to be shown again (LOG5)."""
    gone = order.hidden(message)
    store.remove_words(tx, access, message)
    store.set_state(tx, gone)
    return take_back(tx, gone, actor=caller.user_id)


def _restore(tx: Transaction, caller: Caller, access: rules.Access, message: Message) -> Message:
    """Show a hidden message again, to everybody by a new event: those of the past stay empty."""
    store.set_state(tx, message.model_copy(update={"state": "sent", "version": message.version + 1}))
    shown, _ = store.load_message(tx, message.id, caller.user_id) or (message, "")
    store.add_words(tx, access, shown)
    told = rules.as_told(shown).model_copy(update={"key": None})
    if shown.thread_id is not None:
        told = told.model_copy(update={"thread": store.count_reply(tx, shown.thread_id, 1)})
    # Of a nameless message nobody is named: whoever shows it may have written it. The deed itself is on record.
    actor = None if shown.anonymous else caller.user_id
    tx.append(room_channel(shown.room_id), MessageEdited(told), actor=actor)
    tx.derive(UNREAD, shown.room_id)
    return shown


def _mute(tx: Transaction, caller: Caller, access: rules.Access, command: ModerateRoom) -> None:
    user_id = command.user_id or ""
    there = store.load_access(tx, Caller(user_id=user_id, name=user_id), access.room_id)
    target = order.check_can_mute(there)
    until = order.mute_end(command.seconds, tx.now) if command.action == "mute" else None
    if until == target.muted_until:
        return
    store.mute(tx, access.room_id, user_id, until, access.last_number)
    store.keep_deed(
        tx,
        caller,
        access.room_id,
        command.action,
        user_id=user_id,
        seconds=command.seconds if until is not None else None,
        note=command.note,
    )
    muted = Mute(room_id=access.room_id, muted_until=iso(until) if until is not None else None)
    tx.append(user_channel(user_id), MemberMuted(muted), actor=None)


def _close(tx: Transaction, caller: Caller, access: rules.Access, command: ModerateRoom) -> None:
    on = command.action == "lock"
    if on != access.is_locked:
        store.lock_room(tx, access.room_id, on=on)
        _room_changed(tx, caller, access, command)


def _slow(tx: Transaction, caller: Caller, access: rules.Access, command: ModerateRoom) -> None:
    if command.seconds != access.slow_mode_s:
        store.slow_room(tx, access.room_id, command.seconds or 0)
        _room_changed(tx, caller, access, command)


def _room_changed(tx: Transaction, caller: Caller, access: rules.Access, command: ModerateRoom) -> None:
    store.keep_deed(tx, caller, access.room_id, command.action, seconds=command.seconds, note=command.note)
    tx.append(room_channel(access.room_id), RoomUpdated(store.load_room(tx, access.room_id)))


def check_pace(tx: Transaction, caller: Caller, access: rules.Access) -> None:
    """Hold people to a room's slow mode. Raises RateLimited."""
    if access.slow_mode_s and order.check_is_time(access, tx.now):
        store.note_post(tx, access.room_id, caller.user_id, access.last_number)
