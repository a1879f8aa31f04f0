"""What keeping order allows: who moderates, whom, and how long somebody waits. Pure, as `rules` is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from coursewire.errors import Forbidden, Invalid, NotFound, RateLimited
from coursewire.namespaces.chat import rules
from coursewire.vocabulary import STAFF_ROLES

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import Message, ModerateRoom

LONGEST_SLOW_MODE_S: Final = 3_600
FOR_GOOD: Final = 253_402_300_799_000
"""Milliseconds since 1970: the end of the year 9999, as the end of a mute that nobody has set one for."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ABOUT_MESSAGES: Final = frozenset({"hide", "restore"})
ABOUT_PEOPLE: Final = frozenset({"mute", "unmute"})


def check_fields(command: ModerateRoom) -> None:
    """Raise Invalid when an action lacks what it is about, or its seconds make no sense."""
    if command.action in ABOUT_MESSAGES and command.message_id is None:
        raise Invalid(f"{command.action} needs the message", field="message_id")
    if command.action in ABOUT_PEOPLE and command.user_id is None:
        raise Invalid(f"{command.action} needs the user", field="user_id")
    if command.action == "mute" and command.seconds == 0:
        raise Invalid("must be at least 1 second; leave it out to mute until unmuted", field="seconds")
    if command.action == "slow_mode" and (command.seconds is None or command.seconds > LONGEST_SLOW_MODE_S):
        raise Invalid(f"slow_mode needs 0 to {LONGEST_SLOW_MODE_S} seconds", field="seconds")


def sees_reports(access: rules.Access) -> bool:
    """Whether the reports of a room are the caller's to see: as staff of its course, or of no course's, administrators.

    Staff see those of private rooms of their course as well, with the one message that each is about.
    """
    return access.is_staff or access.is_administrator


def check_is_staff(caller: Caller, roles: frozenset[str]) -> None:
    """Raise Forbidden for who is no staff of a course. `roles`: the caller's in it."""
    if not (rules.is_administrator(caller) or roles & STAFF_ROLES):
        raise Forbidden("only staff of the course see reports", field="course_id")


def check_sees_reports(access: rules.Access | None) -> rules.Access:
    """Raise NotFound for a room that is not this caller's to know of, Forbidden for one where others keep order."""
    if access is None or not (access.may_read or sees_reports(access)):
        raise rules.no_such_room()
    if not sees_reports(access):
        raise Forbidden("only staff of the course see reports", field="room_id")
    return access


def check_can_moderate(
    access: rules.Access | None, command: ModerateRoom, *, is_reported: bool
) -> rules.Access:
    """Let staff keep order in the rooms that they may read; and hide what was reported to them, wherever it is."""
    if access is not None and is_reported and command.action in ABOUT_MESSAGES and sees_reports(access):
        return access
    access = rules.check_can_read(access)
    if not access.keeps_order:
        raise Forbidden("only staff of the course keep order here", field="room_id")
    return access


def check_sees_audit(access: rules.Access | None) -> None:
    """Let staff of a room's course read what was done in it."""
    if not rules.check_can_read(access).keeps_order:
        raise Forbidden("only staff of the course read the audit trail", field="room_id")


def check_is_here(message: Message | None, room_id: str) -> Message:
    """Raise NotFound for a message of another room."""
    if message is None or message.room_id != room_id:
        raise NotFound("there is no such message in this room", field="message_id")
    return message


def check_can_mute(target: rules.Access | None) -> rules.Access:
    """Let nobody be muted who is not there, and no staff."""
    if target is None or not target.may_read:
        raise Invalid("must be somebody who is in the room", field="user_id")
    if target.keeps_order:
        raise Forbidden("staff of the course are not muted", field="user_id")
    return target


def check_can_report(message: Message, access: rules.Access, *, is_own: bool) -> None:
    """Let people report what others have said and is still there. The LMS is no person."""
    if access.is_service:
        raise Forbidden("a service token is no person, and reports nothing", field="message_id")
    if is_own:
        raise Invalid("is your own message: delete it", field="message_id")
    rules.check_is_there(message)


def check_can_reveal(message: Message, access: rules.Access) -> None:
    """Let staff of the course ask who wrote an anonymous message, also one that was hidden."""
    if not access.is_staff:
        raise Forbidden("only staff of the course ask who wrote a message", field="message_id")
    if message.state == "deleted":
        rules.check_is_there(message)
    if not message.anonymous:
        raise Invalid("says itself who wrote it", field="message_id")


def check_is_time(access: rules.Access, now: int) -> bool:
    """Return whether the room is slow for this caller. Raises RateLimited when they have to wait."""
    if not access.slow_mode_s or access.keeps_order:
        return False
    wait = 0 if access.posted_at is None else access.posted_at + access.slow_mode_s * 1_000 - now
    if wait > 0:
        raise RateLimited(
            f"the room is in slow mode: one message in {access.slow_mode_s} s",
            field="room_id",
            retry_after_ms=wait,
        )
    return True


def mute_end(seconds: int | None, now: int) -> int:
    """Return until when somebody is muted, in milliseconds since 1970."""
    return FOR_GOOD if seconds is None else now + seconds * 1_000


def check_cursor(cursor: str | None) -> None:
    """Raise Invalid for what no list of reports or deeds has given."""
    if cursor is not None and _UUID.fullmatch(cursor) is None:
        raise Invalid("must be a cursor that this list gave", field="cursor")


def hidden(message: Message) -> Message:
    """Return what others see of a hidden message: as of a deleted one."""
    return rules.tombstone(message, message.version + 1).model_copy(update={"state": "hidden"})
