"""What may happen in a room, and what a count is: pure decisions, no clock, no database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.vocabulary import STAFF_ROLES, iso

if TYPE_CHECKING:
    from coursewire.identity.caller import Caller
    from coursewire.namespaces.chat.contract import Group, Message, OpenRoom, Receipts, RoomKind, UpdateRoom

OPEN_KINDS: frozenset[str] = frozenset({"course", "discussion", "announcement"})
"""Rooms of a course that everybody enrolled may read and join."""

PrivateKind = Literal["direct", "group"]
"""Rooms that only their members know of."""

PAIR = 2
"""How many people a direct room has, and a group at least."""

STAFF_MADE_KINDS: frozenset[str] = frozenset({"course", "announcement"})
"""Rooms that only staff of the course open."""

NAMED_RECEIPTS_UP_TO = 20
"""In larger rooms nobody is told by name how far others have read."""

CALLED_BY_ANYBODY_UP_TO = 20
"""In larger rooms `@room` is only a word, unless staff say it, under their names."""

PINS_PER_ROOM = 50

EMOJI_PER_MESSAGE = 20
"""How many different ones a message bears."""

NAMED_OTHERS_UP_TO = 20
"""How many other people of a group a room list names."""

TOLD_ROSTER_UP_TO = 200
"""In larger rooms nobody is told whom the roster brings and takes: it would be listeners squared."""

NAMED_CHANGES_UP_TO = 20
"""When a roster changes more people of a room than this at once, one `room.updated` tells the new number instead."""


class Access(NamedTuple):
    """How one caller stands to one room. A tuple, which is made in a third of the time: every command asks for one."""

    room_id: str
    kind: RoomKind
    course_id: str | None
    title: str
    member_count: int
    last_number: int
    is_member: bool
    has_been_member: bool
    read_number: int
    delivered_number: int
    roles: frozenset[str]
    """In the room's course; empty when not enrolled."""
    is_administrator: bool
    """Administrators and service tokens of the whole platform."""
    pair: str | None = None
    """The two people of a direct room, as `pair_of` names them."""
    tells_receipts: bool = True
    is_locked: bool = False
    """Only staff post while it is."""
    slow_mode_s: int = 0
    """Seconds that everybody but staff waits between two messages; 0: none."""
    muted_until: int | None = None
    """Milliseconds since 1970, in the future: until when the caller may not post here."""
    posted_at: int | None = None
    """Milliseconds since 1970: when the caller last posted here in slow mode."""
    is_service: bool = False
    """The LMS itself: it may write in everybody's name, so no room is closed to it. It is no person and joins none."""

    @property
    def is_open(self) -> bool:
        """Whether everybody enrolled may come in."""
        return self.kind in OPEN_KINDS

    @property
    def is_staff(self) -> bool:
        """Staff of the room's course; nobody is staff of a room without one."""
        return self.course_id is not None and (self.is_administrator or bool(self.roles & STAFF_ROLES))

    @property
    def may_read(self) -> bool:
        """Members; anyone enrolled for open course rooms; the LMS."""
        if self.is_member or self.is_service:
            return True
        return self.is_open and (bool(self.roles) or self.is_administrator)

    @property
    def may_belong(self) -> bool:
        """Members; of an open room only who is enrolled, and leaves it with the roster.

        What an administrator may ends with the token that says so, and a membership would outlast it.
        """
        return self.is_member or bool(self.roles)

    @property
    def may_post(self) -> bool:
        """Whoever may read and is not muted may post; in announcement rooms, and locked ones, only staff."""
        if not self.may_read or self.keeps_order:
            return self.may_read
        return self.kind != "announcement" and not self.is_locked and self.muted_until is None

    @property
    def keeps_order(self) -> bool:
        """Staff of the room's course, and the LMS."""
        return self.is_staff or self.is_service


def check_can_read(access: Access | None) -> Access:
    """Raise NotFound for a room that is not there or not this caller's to know of: the two look alike."""
    if access is None or not access.may_read:
        raise no_such_room()
    return access


def no_such_room() -> NotFound:
    """Return the error for a room that is not there, or not this caller's to know of."""
    return NotFound("there is no such room, or you are not in it", field="room_id")


def check_can_post(access: Access | None) -> Access:
    """Raise Forbidden when only staff post here."""
    access = check_can_read(access)
    if access.may_post:
        return access
    if access.muted_until is not None:
        raise _muted(access.muted_until, field="room_id")
    if access.kind == "announcement":
        raise Forbidden("only staff post announcements", field="room_id")
    raise Forbidden("the room is locked: only staff post", field="room_id")


def _muted(until: int, *, field: str) -> Forbidden:
    return Forbidden("staff have muted you in this room", field=field, details={"muted_until": iso(until)})


def check_can_be_anonymous(access: Access) -> None:
    """Let people hide their names only where there are peers to hide among, and staff who can ask."""
    if access.course_id is None:
        raise Invalid("nobody is anonymous in a room that belongs to no course", field="anonymous")


def check_can_head_thread(root: Message | None, room_id: str) -> Message:
    """Raise Invalid for a thread of another room, or within a thread."""
    if root is None or root.room_id != room_id:
        raise Invalid("must be a message of this room", field="thread_id")
    if root.thread_id is not None:
        raise Invalid("is itself in a thread: must be the first message of it", field="thread_id")
    return root


def check_can_be_replied_to(parent: Message | None, room_id: str) -> Message:
    """Raise Invalid for a message of another room."""
    if parent is None or parent.room_id != room_id:
        raise Invalid("must be a message of this room", field="reply_to")
    return parent


def may_call(group: Group, access: Access, *, anonymous: bool = False) -> bool:
    """Whether `@staff` or `@room` calls anybody here; otherwise it is only a word.

    Without a name one may what anybody may: what only staff can do would tell that one of them wrote it.
    """
    if group == "staff":
        return access.course_id is not None
    if access.kind == "direct":
        return False
    return (access.keeps_order and not anonymous) or access.member_count <= CALLED_BY_ANYBODY_UP_TO


def told_receipts(member_count: int, *, tells: bool) -> Receipts:
    """Return how a room of this many tells who has read what."""
    if not tells:
        return "off"
    return "names" if member_count <= NAMED_RECEIPTS_UP_TO else "counts"


def check_can_pin(message: Message, access: Access, version: int | None) -> None:
    """Let staff pin in the open rooms of their course, and members who may post in groups and direct rooms."""
    if access.is_open and not access.is_staff:
        raise Forbidden("only staff of the course pin messages here", field="message_id")
    check_can_post(access)
    check_is_there(message)
    if version is not None:
        check_version(message, version)


def check_has_place_for_pin(pins: int) -> None:
    """Raise Conflict when a room has as many pins as it may."""
    if pins >= PINS_PER_ROOM:
        raise Conflict(f"a room has at most {PINS_PER_ROOM} pins: take one off", field="message_id")


def check_can_react(message: Message, access: Access) -> None:
    """Let people react to what is there, unless they are muted. The LMS is no person."""
    if access.is_service:
        raise Forbidden("a service token is no person, and reacts to nothing", field="message_id")
    if access.muted_until is not None and not access.keeps_order:
        raise _muted(access.muted_until, field="message_id")
    check_is_there(message)


def check_has_room_for(message: Message, emoji: str) -> None:
    """Raise Conflict when a message bears as many different emoji as it may."""
    if len(message.reactions) >= EMOJI_PER_MESSAGE and emoji not in {r.emoji for r in message.reactions}:
        raise Conflict(
            f"a message has at most {EMOJI_PER_MESSAGE} different reactions: take one that is there",
            field="emoji",
            details=_current(message),
        )


def check_can_join(access: Access | None) -> Access:
    """Let people join open rooms; into the others one is taken."""
    access = check_can_read(access)
    if not access.is_open:
        raise Forbidden("one is added to this room by its members", field="room_id")
    if access.is_service:
        raise Forbidden("a service token is no person, and joins no room", field="room_id")
    if not access.may_belong:
        raise Forbidden("only who is enrolled joins: administrators read and post without", field="room_id")
    return access


def check_can_leave(access: Access | None) -> Access:
    """Let nobody leave a direct room: it is there as long as its two people are."""
    access = check_can_read(access)
    if access.kind == "direct":
        raise Forbidden("a direct room cannot be left", field="room_id")
    return access


def check_can_update(access: Access | None, command: UpdateRoom) -> Access:
    """Let members who may post change a group, and staff the rooms of their course, whose people follow the roster."""
    access = check_can_read(access)
    names_or_people = command.title is not None or command.add_member_ids or command.remove_member_ids
    if access.kind == "direct" and names_or_people:
        raise Forbidden("a direct room has no title and always the same two people", field="room_id")
    if access.is_open and not access.is_staff:
        raise Forbidden("only staff of the course change this room", field="room_id")
    if access.is_open and (command.add_member_ids or command.remove_member_ids):
        field = "add_member_ids" if command.add_member_ids else "remove_member_ids"
        raise Forbidden("the people of a course's room come from its roster", field=field)
    return check_can_post(access)


def check_takes_out_no_staff(user_ids: Sequence[str], staff: Sequence[str], access: Access) -> None:
    """Let only staff take those out of a group who keep order in it. `staff`: those in it, but for the caller."""
    for index, user_id in enumerate(user_ids):
        if user_id in staff and not access.keeps_order:
            raise Forbidden("staff of the course leave by themselves", field=f"remove_member_ids.{index}")


def people_of(command: OpenRoom, caller: Caller) -> list[str]:
    """Return who is meant to be in a new direct room or group: the caller, if a person, and the named ones, once."""
    first = [] if caller.is_service else [caller.user_id]
    return list(dict.fromkeys([*first, *command.member_ids]))


def check_can_open(command: OpenRoom, caller: Caller, roles: frozenset[str]) -> None:
    """Check who opens which kind of room, and that the fields fit the kind. `roles`: the caller's in the course."""
    people = people_of(command, caller)
    if command.kind == "direct":
        if len(people) != PAIR:
            raise Invalid("a direct room has exactly one other member", field="member_ids")
        return
    if command.kind == "group" and len(people) < PAIR:
        raise Invalid("a group needs at least one other member", field="member_ids")
    if command.course_id is None:
        if command.kind == "group":
            return
        raise Invalid(f"a {command.kind} room belongs to a course", field="course_id")
    if not roles and not is_administrator(caller):
        raise no_such_course()
    if command.kind in STAFF_MADE_KINDS and not (is_administrator(caller) or roles & STAFF_ROLES):
        raise Forbidden(f"only staff of the course open a {command.kind} room", field="kind")


def check_knows_course(caller: Caller, roles: frozenset[str], *, exists: bool) -> None:
    """Raise NotFound for a course that is not there, or not this caller's to know of."""
    if not exists or not (roles or is_administrator(caller)):
        raise no_such_course()


def no_such_course() -> NotFound:
    """Return the error for a course that is not there, or not this caller's to know of."""
    return NotFound("there is no such course, or you are not in it", field="course_id")


def check_all_known(
    user_ids: Sequence[str], known: frozenset[str], *, field: str, course_id: str | None
) -> None:
    """Raise Invalid, naming the first of `user_ids` that is not in `known`: people who may be brought in."""
    for index, user_id in enumerate(user_ids):
        if user_id not in known:
            who = "shares a course with you" if course_id is None else "belongs to the room's course"
            raise Invalid(f"must be somebody who {who}", field=f"{field}.{index}")


def check_can_edit(message: Message, access: Access, caller: Caller, author_id: str, version: int) -> None:
    """Raise Forbidden for another's message, Conflict (with the current message) for an old version."""
    if author_id != caller.user_id:
        raise Forbidden("only the author edits a message", field="message_id")
    check_can_post(access)
    check_is_there(message)
    check_version(message, version)


def check_can_delete(
    message: Message, access: Access, caller: Caller, author_id: str, version: int | None
) -> None:
    """Let authors and staff of the course delete; what staff have hidden, and may show again, its author."""
    is_own = author_id == caller.user_id
    if not is_own and not access.is_staff:
        raise Forbidden("only the author or staff delete a message", field="message_id")
    if not (is_own and message.state == "hidden"):
        check_is_there(message)
    if version is not None:
        check_version(message, version)


def check_is_there(message: Message) -> None:
    """Raise Conflict when the message was taken back."""
    if message.state != "sent":
        raise Conflict("the message was taken back", field="message_id", details=_current(message))


def check_version(message: Message, version: int) -> None:
    """Raise Conflict when somebody else changed the message since `version`."""
    if version != message.version:
        raise Conflict(
            f"the message is at version {message.version} now", field="version", details=_current(message)
        )


def is_administrator(caller: Caller) -> bool:
    """Whether the token gives rights over the whole platform."""
    return bool(caller.roles & {"administrator", "service"})


def pair_of(one: str, other: str) -> str:
    """Name the direct room of two people, whoever asks: a space is in no id."""
    return " ".join(sorted((one, other)))


def tombstone(message: Message, version: int) -> Message:
    """Return what is left of a deleted message: its place, number and time, and the thread below it."""
    return message.model_copy(
        update={
            "text": "",
            "html": "",
            "quote": None,
            "mentions": [],
            "mention_groups": [],
            "reactions": [],
            "pinned": False,
            "state": "deleted",
            "version": version,
            "key": None,
        }
    )


def as_told(message: Message) -> Message:
    """Return a message as an event tells it, to everybody alike."""
    if not message.reactions:
        return message
    reactions = [reaction.model_copy(update={"mine": None}) for reaction in message.reactions]
    return message.model_copy(update={"reactions": reactions})


def erased(message: Message) -> Message:
    """Return what is left of a message whose author was erased: as of a deleted one, and of nobody."""
    gone = tombstone(message, message.version + 1)
    return gone.model_copy(update={"author": None, "anonymous": True})


def _current(message: Message) -> dict[str, object]:
    return {"message": message.model_dump(exclude_none=True)}
