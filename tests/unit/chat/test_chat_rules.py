"""Every decision of rules.py, as tables."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args

import pytest

from coursewire.errors import Conflict, CoursewireError, Forbidden, Invalid, NotFound
from coursewire.identity.caller import Caller
from coursewire.namespaces.chat import rules
from coursewire.namespaces.chat.contract import (
    Author,
    Group,
    Message,
    OpenRoom,
    Quote,
    Reaction,
    RoomKind,
    Thread,
    UpdateRoom,
)
from coursewire.namespaces.chat.rules import Access
from coursewire.vocabulary import STAFF_ROLES, Role

KINDS: tuple[RoomKind, ...] = get_args(RoomKind)
OPEN = ("course", "discussion", "announcement")
PRIVATE = ("group", "direct")

NOBODY = Access(
    room_id="r1",
    kind="course",
    course_id="cs101",
    title="General",
    member_count=3,
    last_number=7,
    is_member=False,
    has_been_member=False,
    read_number=0,
    delivered_number=0,
    roles=frozenset(),
    is_administrator=False,
)
ADA = Caller(user_id="ada", name="Ada")
ADMINISTRATOR = Caller(user_id="root", name="Root", roles=frozenset({"administrator"}))
SERVICE = Caller(user_id="lms", name="LMS", roles=frozenset({"service"}))


def stand(kind: RoomKind, who: str) -> Access:
    """How a kind of person stands to a kind of room. Groups here belong to no course."""
    course_id = "cs101" if kind in OPEN else None
    base = NOBODY._replace(kind=kind, course_id=course_id)
    joined = {"is_member": True, "has_been_member": True}
    learner = frozenset({"learner"} if course_id else ())
    ways: dict[str, dict[str, Any]] = {
        "outsider": {},
        "member": joined,
        "enrolled": {"roles": learner},
        "learner": {**joined, "roles": learner},
        "staff": {**joined, "roles": frozenset({"instructor"} if course_id else ())},
        "administrator": {"is_administrator": True},
        "service": {"is_administrator": True, "is_service": True},
    }
    return base._replace(**ways[who])


WHO = ("outsider", "enrolled", "learner", "staff", "administrator", "service")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", WHO)
def test_who_may_read(kind: RoomKind, who: str) -> None:
    allowed = who in {"learner", "staff", "service"} or (
        kind in OPEN and who in {"enrolled", "administrator"}
    )
    access = stand(kind, who)
    assert access.may_read == allowed
    if allowed:
        assert rules.check_can_read(access) is access
    else:
        with pytest.raises(NotFound) as refused:
            rules.check_can_read(access)
        with pytest.raises(NotFound) as absent:
            rules.check_can_read(None)
        assert refused.value.as_wire() == absent.value.as_wire()
        assert refused.value.field == "room_id"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", WHO)
def test_who_may_post(kind: RoomKind, who: str) -> None:
    access = stand(kind, who)
    if not access.may_read:
        expected: type[CoursewireError] | None = NotFound
    elif kind == "announcement" and who in {"enrolled", "learner"}:
        expected = Forbidden
    else:
        expected = None
    _expect(expected, rules.check_can_post, access)


@pytest.mark.parametrize(
    ("kind", "who", "expected"),
    [
        *[(kind, "outsider", NotFound) for kind in KINDS],
        *[(kind, "enrolled", None) for kind in OPEN],
        *[(kind, "learner", None) for kind in OPEN],
        *[(kind, "administrator", Forbidden) for kind in OPEN],
        *[(kind, "service", Forbidden) for kind in KINDS],
        *[(kind, "learner", Forbidden) for kind in PRIVATE],
        *[(kind, "administrator", NotFound) for kind in PRIVATE],
    ],
)
def test_who_may_join(kind: RoomKind, who: str, expected: type[CoursewireError] | None) -> None:
    _expect(expected, rules.check_can_join, stand(kind, who))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", WHO)
def test_who_may_leave(kind: RoomKind, who: str) -> None:
    access = stand(kind, who)
    if not access.may_read:
        expected: type[CoursewireError] | None = NotFound
    else:
        expected = Forbidden if kind == "direct" else None
    _expect(expected, rules.check_can_leave, access)


TITLE = UpdateRoom(key="k", room_id="r1", title="New")
ADDS = UpdateRoom(key="k", room_id="r1", add_member_ids=["ben"])
REMOVES = UpdateRoom(key="k", room_id="r1", remove_member_ids=["ben"])


@pytest.mark.parametrize(
    ("kind", "who", "command", "expected", "field"),
    [
        *[(kind, "outsider", TITLE, NotFound, "room_id") for kind in KINDS],
        *[("direct", who, TITLE, Forbidden, "room_id") for who in ("learner", "service")],
        *[(kind, "learner", TITLE, Forbidden, "room_id") for kind in OPEN],
        *[(kind, "enrolled", ADDS, Forbidden, "room_id") for kind in OPEN],
        *[(kind, "staff", TITLE, None, None) for kind in OPEN],
        *[(kind, "administrator", TITLE, None, None) for kind in OPEN],
        *[(kind, "staff", ADDS, Forbidden, "add_member_ids") for kind in OPEN],
        *[(kind, "staff", REMOVES, Forbidden, "remove_member_ids") for kind in OPEN],
        *[("group", "learner", command, None, None) for command in (TITLE, ADDS, REMOVES)],
        *[("group", "service", command, None, None) for command in (TITLE, ADDS, REMOVES)],
        ("group", "administrator", TITLE, NotFound, "room_id"),
    ],
)
def test_who_may_change_a_room(
    kind: RoomKind, who: str, command: UpdateRoom, expected: type[CoursewireError] | None, field: str | None
) -> None:
    error = _expect(expected, rules.check_can_update, stand(kind, who), command)
    assert (error.field if error else None) == field


def _open(kind: str, **fields: Any) -> OpenRoom:
    return OpenRoom.model_validate({"key": "k", "kind": kind, **fields})


LEARNER: frozenset[Role] = frozenset({"learner"})
TEACHER: frozenset[Role] = frozenset({"instructor"})


@pytest.mark.parametrize(
    ("command", "caller", "roles", "expected", "field"),
    [
        (_open("direct", member_ids=["ben"]), ADA, frozenset(), None, None),
        (_open("direct", member_ids=["ben", "ada", "ben"]), ADA, frozenset(), None, None),
        (_open("direct"), ADA, frozenset(), Invalid, "member_ids"),
        (_open("direct", member_ids=["ada"]), ADA, frozenset(), Invalid, "member_ids"),
        (_open("direct", member_ids=["ben", "cleo"]), ADA, frozenset(), Invalid, "member_ids"),
        (_open("direct", member_ids=["ben"]), SERVICE, frozenset(), Invalid, "member_ids"),
        (_open("direct", member_ids=["ben", "cleo"]), SERVICE, frozenset(), None, None),
        (_open("group", member_ids=["ben"]), ADA, frozenset(), None, None),
        (_open("group", member_ids=["ada"]), ADA, frozenset(), Invalid, "member_ids"),
        (_open("group", member_ids=["ben"]), SERVICE, frozenset(), Invalid, "member_ids"),
        (_open("group", member_ids=["ben"], course_id="cs101"), ADA, LEARNER, None, None),
        (_open("group", member_ids=["ben"], course_id="cs101"), ADA, frozenset(), NotFound, "course_id"),
        *[(_open(kind), ADA, frozenset(), Invalid, "course_id") for kind in OPEN],
        *[(_open(kind, course_id="cs101"), ADA, frozenset(), NotFound, "course_id") for kind in OPEN],
        *[(_open(kind, course_id="cs101"), ADA, frozenset({role}), None, None)
          for kind in OPEN for role in STAFF_ROLES],
        *[(_open(kind, course_id="cs101"), ADMINISTRATOR, frozenset(), None, None) for kind in OPEN],
        *[(_open(kind, course_id="cs101"), SERVICE, frozenset(), None, None) for kind in OPEN],
        (_open("discussion", course_id="cs101"), ADA, LEARNER, None, None),
        (_open("course", course_id="cs101"), ADA, LEARNER, Forbidden, "kind"),
        (_open("announcement", course_id="cs101"), ADA, LEARNER, Forbidden, "kind"),
        (_open("announcement", course_id="cs101"), ADA, frozenset({"mentor"}), Forbidden, "kind"),
    ],
)  # fmt: skip
def test_who_may_open_what(
    command: OpenRoom,
    caller: Caller,
    roles: frozenset[str],
    expected: type[CoursewireError] | None,
    field: str | None,
) -> None:
    error = _expect(expected, rules.check_can_open, command, caller, roles)
    assert (error.field if error else None) == field


def test_the_people_of_a_room_are_named_once_and_a_service_is_none_of_them() -> None:
    command = _open("group", member_ids=["ben", "ada", "ben"])
    assert rules.people_of(command, ADA) == ["ada", "ben"]
    assert rules.people_of(command, SERVICE) == ["ben", "ada"]


def test_the_first_unknown_person_is_named_by_their_place() -> None:
    known = frozenset({"ada", "ben"})
    rules.check_all_known(["ben", "ada"], known, field="member_ids", course_id=None)
    for course_id, word in ((None, "shares a course with you"), ("cs101", "belongs to the room's course")):
        with pytest.raises(Invalid, match=word) as error:
            rules.check_all_known(["ben", "eve", "mallory"], known, field="member_ids", course_id=course_id)
        assert error.value.field == "member_ids.1"


MESSAGE = Message(
    id="m1",
    room_id="r1",
    number=3,
    author=Author(user_id="ada", name="Ada"),
    key="k1",
    text="hello",
    html="hello",
    mentions=["ben"],
    version=2,
    sent_at="2026-11-22T18:22:54.123Z",
)
GONE = rules.tombstone(MESSAGE, 3)


@pytest.mark.parametrize(
    ("message", "author", "version", "expected"),
    [
        (MESSAGE, "ada", 2, None),
        (MESSAGE, "ben", 2, Forbidden),
        (MESSAGE, "ada", 1, Conflict),
        (MESSAGE, "ada", 3, Conflict),
        (GONE, "ada", 3, Conflict),
        (GONE, "ben", 3, Forbidden),
    ],
)
def test_who_may_edit(
    message: Message, author: str, version: int, expected: type[CoursewireError] | None
) -> None:
    error = _expect(expected, rules.check_can_edit, message, stand("course", "learner"), ADA, author, version)
    if isinstance(error, Conflict):
        assert error.details == {"message": message.model_dump(exclude_none=True)}


def test_who_may_not_post_any_more_does_not_edit() -> None:
    with pytest.raises(Forbidden, match="announcements"):
        rules.check_can_edit(MESSAGE, stand("announcement", "learner"), ADA, "ada", 2)


@pytest.mark.parametrize(
    ("message", "kind", "who", "author", "version", "expected"),
    [
        (MESSAGE, "course", "learner", "ada", None, None),
        (MESSAGE, "course", "learner", "ada", 2, None),
        (MESSAGE, "course", "learner", "ada", 1, Conflict),
        (MESSAGE, "course", "learner", "ben", None, Forbidden),
        (MESSAGE, "course", "staff", "ben", None, None),
        (MESSAGE, "course", "administrator", "ben", None, None),
        (MESSAGE, "group", "member", "ben", None, Forbidden),
        (MESSAGE, "direct", "member", "ada", None, None),
        (GONE, "course", "staff", "ben", None, Conflict),
    ],
)
def test_who_may_delete(
    message: Message,
    kind: RoomKind,
    who: str,
    author: str,
    version: int | None,
    expected: type[CoursewireError] | None,
) -> None:
    _expect(expected, rules.check_can_delete, message, stand(kind, who), ADA, author, version)


@pytest.mark.parametrize("kind", KINDS)
def test_one_hides_ones_name_only_in_rooms_of_a_course(kind: RoomKind) -> None:
    expected = None if kind in OPEN else Invalid
    error = _expect(expected, rules.check_can_be_anonymous, stand(kind, "member"))
    assert error is None or error.field == "anonymous"


def test_a_thread_hangs_on_a_message_of_the_room_that_is_in_none() -> None:
    assert rules.check_can_head_thread(MESSAGE, "r1") is MESSAGE
    assert rules.check_can_head_thread(GONE, "r1") is GONE
    within = MESSAGE.model_copy(update={"thread_id": "m0"})
    for root, room_id in ((None, "r1"), (MESSAGE, "r2"), (within, "r1")):
        with pytest.raises(Invalid) as refused:
            rules.check_can_head_thread(root, room_id)
        assert refused.value.field == "thread_id"


def test_one_replies_to_a_message_of_the_room() -> None:
    assert rules.check_can_be_replied_to(MESSAGE, "r1") is MESSAGE
    for parent, room_id in ((None, "r1"), (MESSAGE, "r2")):
        with pytest.raises(Invalid) as refused:
            rules.check_can_be_replied_to(parent, room_id)
        assert refused.value.field == "reply_to"


@pytest.mark.parametrize(
    ("group", "kind", "who", "members", "expected"),
    [
        ("staff", "course", "learner", 500, True),
        ("staff", "group", "member", 3, False),
        ("staff", "direct", "member", 2, False),
        ("room", "course", "learner", 20, True),
        ("room", "course", "learner", 21, False),
        ("room", "course", "staff", 500, True),
        ("room", "announcement", "service", 500, True),
        ("room", "group", "member", 20, True),
        ("room", "group", "member", 21, False),
        ("room", "direct", "member", 2, False),
    ],
)
def test_who_may_call_many(group: Group, kind: RoomKind, who: str, members: int, expected: bool) -> None:  # noqa: FBT001
    access = stand(kind, who)._replace(member_count=members)
    assert rules.may_call(group, access) is expected
    # Without a name as anybody, so that nobody is told to be staff.
    anybody = expected and (group == "staff" or members <= rules.CALLED_BY_ANYBODY_UP_TO)
    assert rules.may_call(group, access, anonymous=True) is anybody


def test_how_reading_is_told() -> None:
    told = [rules.told_receipts(members, tells=tells) for members in (20, 21) for tells in (True, False)]
    assert told == ["names", "off", "counts", "off"]


@pytest.mark.parametrize(
    ("message", "kind", "who", "version", "expected"),
    [
        (MESSAGE, "course", "staff", None, None),
        (MESSAGE, "course", "staff", 2, None),
        (MESSAGE, "course", "staff", 1, Conflict),
        (MESSAGE, "course", "learner", None, Forbidden),
        (MESSAGE, "announcement", "learner", None, Forbidden),
        (MESSAGE, "group", "member", None, None),
        (MESSAGE, "direct", "member", None, None),
        (GONE, "course", "staff", None, Conflict),
    ],
)
def test_who_may_pin(
    message: Message, kind: RoomKind, who: str, version: int | None, expected: type[CoursewireError] | None
) -> None:
    _expect(expected, rules.check_can_pin, message, stand(kind, who), version)


def test_a_room_has_place_for_so_many_pins() -> None:
    rules.check_has_place_for_pin(rules.PINS_PER_ROOM - 1)
    with pytest.raises(Conflict, match="at most 50 pins"):
        rules.check_has_place_for_pin(rules.PINS_PER_ROOM)


def test_only_staff_take_staff_out() -> None:
    out = ["ben", "ada"]
    for who, error in (("learner", Forbidden), ("staff", None), ("service", None)):
        _expect(error, rules.check_takes_out_no_staff, out, ["ada"], stand("course", who))
    rules.check_takes_out_no_staff(["ben"], ["ada"], stand("course", "learner"))


def test_people_react_to_what_is_there() -> None:
    _expect(None, rules.check_can_react, MESSAGE, stand("announcement", "learner"))
    _expect(Conflict, rules.check_can_react, GONE, stand("course", "learner"))
    _expect(Forbidden, rules.check_can_react, MESSAGE, stand("course", "service"))


def test_a_message_bears_so_many_different_emoji() -> None:
    full = [
        Reaction(emoji=chr(0x1F600 + n), count=1, user_ids=["ada"]) for n in range(rules.EMOJI_PER_MESSAGE)
    ]
    message = MESSAGE.model_copy(update={"reactions": full})
    rules.check_has_room_for(message, full[3].emoji)
    rules.check_has_room_for(MESSAGE.model_copy(update={"reactions": full[1:]}), "\N{CAT}")
    error = _expect(Conflict, rules.check_has_room_for, message, "\N{CAT}")
    assert error is not None
    assert error.field == "emoji"


def test_an_event_says_the_same_to_everybody() -> None:
    reaction = Reaction(emoji="\N{CAT}", count=1, user_ids=["ada"], mine=True)
    told = rules.as_told(MESSAGE.model_copy(update={"reactions": [reaction]}))
    assert [reaction.mine for reaction in told.reactions] == [None]
    assert rules.as_told(MESSAGE) is MESSAGE


def test_nobody_is_staff_of_a_room_without_a_course() -> None:
    assert not stand("group", "administrator").is_staff
    assert stand("course", "administrator").is_staff


def test_a_tombstone_quotes_and_calls_nobody_and_is_not_pinned() -> None:
    """The thread below it goes on."""
    quote, thread = Quote(id="m0", number=1, text="a secret"), Thread(replies=2)
    full: dict[str, Any] = {"quote": quote, "mention_groups": ["room"], "pinned": True, "thread": thread}
    gone = rules.tombstone(MESSAGE.model_copy(update=full), 3)
    assert (gone.quote, gone.mention_groups, gone.pinned, gone.thread) == (None, [], False, thread)


def test_a_tombstone_keeps_the_place_and_nothing_that_was_said() -> None:
    assert (GONE.text, GONE.html, GONE.mentions, GONE.reactions, GONE.key) == ("", "", [], [], None)
    assert (GONE.id, GONE.number, GONE.sent_at, GONE.state, GONE.version) == (
        MESSAGE.id, MESSAGE.number, MESSAGE.sent_at, "deleted", 3,
    )  # fmt: skip


def test_what_an_erased_person_said_is_a_tombstone_of_nobody() -> None:
    """[LOG5]"""
    gone = rules.erased(MESSAGE)
    assert (gone.author, gone.anonymous) == (None, True)
    expected = rules.tombstone(MESSAGE, MESSAGE.version + 1)
    assert gone.model_copy(update={"author": expected.author, "anonymous": expected.anonymous}) == expected


def test_a_pair_has_one_name_whoever_asks() -> None:
    assert rules.pair_of("ben", "ada") == rules.pair_of("ada", "ben") != rules.pair_of("ada", "bena")


def test_a_course_is_known_to_its_people() -> None:
    for caller, roles in ((ADA, frozenset({"learner"})), (ADMINISTRATOR, frozenset[str]())):
        rules.check_knows_course(caller, roles, exists=True)
        with pytest.raises(NotFound, match="no such course"):
            rules.check_knows_course(caller, roles, exists=False)
    with pytest.raises(NotFound, match="no such course"):
        rules.check_knows_course(ADA, frozenset(), exists=True)


def test_the_table_covers_every_rule() -> None:
    """A new rule without a test here is noticed."""
    text = Path(__file__).read_text()
    public = [name for name, _ in inspect.getmembers(rules, inspect.isfunction) if not name.startswith("_")]
    indirect = {
        "check_is_there",
        "check_version",
        "is_administrator",
        "no_such_course",
        "no_such_room",
    }  # by their callers
    missing = [
        name
        for name in public
        if name not in indirect
        and f"rules.{name}" not in text
        and getattr(rules, name).__module__ == rules.__name__
    ]
    assert missing == []


def _expect(expected: type[CoursewireError] | None, check: Any, *arguments: Any) -> CoursewireError | None:
    if expected is None:
        check(*arguments)
        return None
    with pytest.raises(expected) as raised:
        check(*arguments)
    return raised.value
