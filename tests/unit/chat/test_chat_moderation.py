"""Keeping order: who is told what, what stays, and the trail of who did it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.chat.classroom import COURSE, LEARNER, TEACHER, Classroom

from coursewire.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited
from coursewire.identity.caller import Caller
from coursewire.namespaces.chat import store
from coursewire.namespaces.chat.contract import (
    AuditEntry,
    ListAudit,
    ListMembers,
    ListReports,
    Message,
    Moderated,
    ModerateRoom,
    PinMessage,
    Report,
    ReportMessage,
    RevealMessage,
    RoomSummary,
    SearchMessages,
    UpdateRoom,
)
from coursewire.vocabulary import new_id

ROOT = Caller(user_id="root", name="Root", roles=frozenset({"administrator"}))


@pytest.fixture
def chat(room: Classroom) -> RoomSummary:
    return room.open("ada", "discussion", title="Questions")


def moderate(room: Classroom, who: Any, room_id: str, action: str, **fields: Any) -> Moderated:
    command = ModerateRoom.model_validate({"key": new_id(), "room_id": room_id, "action": action, **fields})
    answer: Moderated = room.run(who, command)
    return answer


def report(room: Classroom, who: Any, message_id: str, **fields: Any) -> str:
    command = ReportMessage.model_validate(
        {"key": new_id(), "message_id": message_id, "reason": "other", **fields}
    )
    report_id: str = room.run(who, command).report_id
    return report_id


def reports(room: Classroom, who: Any, **fields: Any) -> list[Report]:
    found: list[Report] = room.run(who, ListReports(**fields)).items
    return found


def trail(room: Classroom, room_id: str) -> list[AuditEntry]:
    found: list[AuditEntry] = room.run("ada", ListAudit(room_id=room_id)).items
    return found


# Hiding


def test_a_hidden_message_is_nowhere_but_in_its_row(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] Not in the past of the log, in history, search, quotes, rooms or counts; its place is kept."""
    said = room.send("ben", chat.id, "rude words", mentions=["cleo"])
    room.send("cleo", chat.id, "well", reply_to=said.id)
    room.do(store.index_messages, 100)
    room.edit("ben", said.id, "rude words!", 1)
    hidden = moderate(room, "ada", chat.id, "hide", message_id=said.id).message
    assert hidden is not None
    assert (hidden.state, hidden.text, hidden.html, hidden.version) == ("hidden", "", "", 3)
    for who in ("ben", "cleo", "ada"):
        shown = room.history(who, chat.id).items
        assert [(message.state, message.text) for message in shown] == [("hidden", ""), ("sent", "well")]
        assert shown[1].quote is not None
        assert shown[1].quote.text == ""
        assert room.run(who, SearchMessages(query="rude")).items == []
    assert "rude" not in repr(room.logged(f"room:{chat.id}"))
    event, data = room.events(f"room:{chat.id}")[-1]
    assert (event, data["state"], data["id"]) == ("message.deleted", "hidden", said.id)
    assert room.rooms("cleo")[chat.id].mentions == 0
    remembered = room.sql("SELECT result FROM remembered")
    assert "rude" not in repr(remembered)


def test_what_is_restored_is_as_it_was(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] By a new event: the old ones stay empty."""
    said = room.send("ben", chat.id, "**harmless** after all", mentions=["cleo"])
    room.react("cleo", said.id, "\N{THUMBS UP SIGN}")
    room.do(store.index_messages, 100)
    moderate(room, "ada", chat.id, "hide", message_id=said.id)
    before = len(room.logged(f"room:{chat.id}"))
    shown = moderate(room, "ada", chat.id, "restore", message_id=said.id).message
    assert shown is not None
    assert (shown.state, shown.text, shown.html, shown.version) == ("sent", said.text, said.html, 3)
    assert [reaction.emoji for reaction in shown.reactions] == ["\N{THUMBS UP SIGN}"]
    assert room.history("cleo", chat.id).items[0].text == said.text
    assert [found.message.id for found in room.run("cleo", SearchMessages(query="harmless")).items] == [
        said.id
    ]
    events = room.events(f"room:{chat.id}")
    assert [event for event, _ in events[before:]] == ["message.edited"]
    assert "key" not in events[-1][1]
    assert "harmless" not in repr(events[:before])
    assert room.rooms("cleo")[chat.id].mentions == 1
    moderate(room, "ada", chat.id, "hide", message_id=said.id)
    assert "harmless" not in repr(room.events(f"room:{chat.id}"))


def test_hiding_and_restoring_count_in_a_thread_and_take_off_the_pin(
    room: Classroom, chat: RoomSummary
) -> None:
    root = room.send("ben", chat.id, "root")
    reply = room.send("cleo", chat.id, "reply", thread_id=root.id)
    room.run("ada", PinMessage(key=new_id(), message_id=reply.id))
    counts = []
    for action in ("hide", "restore"):
        moderate(room, "ada", chat.id, action, message_id=reply.id)
        thread = room.history("ben", chat.id).items[0].thread
        counts.append(thread.replies if thread else None)
    assert counts == [0, 1]
    assert not room.history("ben", chat.id).items[1].pinned


def test_the_same_again_changes_nothing(room: Classroom, chat: RoomSummary) -> None:
    said = room.send("ben", chat.id, "words")
    for action, fields in (
        ("hide", {"message_id": said.id}),
        ("lock", {}),
        ("slow_mode", {"seconds": 30}),
        ("mute", {"user_id": "ben"}),
    ):
        moderate(room, "ada", chat.id, action, **fields)
        kept = (trail(room, chat.id), room.events(f"room:{chat.id}"), room.events("user:ben"))
        moderate(room, "ada", chat.id, action, **fields)
        assert (trail(room, chat.id), room.events(f"room:{chat.id}"), room.events("user:ben")) == kept


def test_a_deleted_message_is_not_hidden(room: Classroom, chat: RoomSummary) -> None:
    said = room.send("ben", chat.id, "words")
    room.delete("ben", said.id)
    with pytest.raises(Conflict):
        moderate(room, "ada", chat.id, "hide", message_id=said.id)
    assert trail(room, chat.id) == []


# Reports


def test_a_report_goes_to_staff_only_and_is_dealt_with_by_hiding(room: Classroom, chat: RoomSummary) -> None:
    said = room.send("ben", chat.id, "copied answers")
    room.effects.clear()
    first = report(room, "cleo", said.id, reason="cheating", note="from last year")
    assert report(room, "cleo", said.id, reason="spam") == first
    assert room.committed() == []
    [open_one] = reports(room, "ada")
    assert (open_one.id, open_one.reason, open_one.note) == (first, "cheating", "from last year")
    assert (open_one.reporter.user_id, open_one.message.text) == ("cleo", "copied answers")
    assert reports(room, "cleo") == []
    moderate(room, "ada", chat.id, "hide", message_id=said.id, note="see the rules")
    assert reports(room, "ada") == []
    [done] = reports(room, "ada", state="resolved", room_id=chat.id)
    assert (done.state, done.message.state, done.message.text) == ("resolved", "hidden", "copied answers")


def test_a_report_is_dismissed_by_restoring_what_was_never_hidden(room: Classroom, chat: RoomSummary) -> None:
    said = room.send("ben", chat.id, "fine")
    report(room, "cleo", said.id)
    moderate(room, "ada", chat.id, "restore", message_id=said.id, note="nothing wrong")
    assert reports(room, "ada") == []
    assert room.history("cleo", chat.id).items[0].version == 1
    assert [(deed.action, deed.note) for deed in trail(room, chat.id)] == [("restore", "nothing wrong")]


def test_staff_deal_with_what_was_reported_in_a_private_room_of_their_course(room: Classroom) -> None:
    """They see that one message, and nothing else of the room."""
    group = room.open("ben", "group", member_ids=["cleo"], title="G", course_id=COURSE)
    said = room.send("ben", group.id, "bad")
    other = room.send("ben", group.id, "private")
    with pytest.raises(NotFound):
        moderate(room, "ada", group.id, "hide", message_id=said.id)
    report(room, "cleo", said.id)
    assert [found.message.id for found in reports(room, "ada", course_id=COURSE)] == [said.id]
    answer = moderate(room, "ada", group.id, "hide", message_id=said.id)
    assert "private" not in answer.model_dump_json()
    for action, fields in (("hide", {"message_id": other.id}), ("lock", {}), ("mute", {"user_id": "ben"})):
        with pytest.raises(NotFound):
            moderate(room, "ada", group.id, action, **fields)


def test_reports_of_direct_rooms_go_to_administrators(room: Classroom) -> None:
    direct = room.open("ben", "direct", member_ids=["cleo"])
    said = room.send("ben", direct.id, "bad")
    report(room, "cleo", said.id)
    assert reports(room, "ada") == []
    assert [found.message.id for found in reports(room, ROOT)] == [said.id]
    hidden = moderate(room, ROOT, direct.id, "hide", message_id=said.id)
    assert hidden.room.last_message is None or hidden.room.last_message.text == ""


def test_lists_go_on_where_they_ended(room: Classroom, chat: RoomSummary) -> None:
    said = [room.send("ben", chat.id, f"m{number}") for number in range(5)]
    for message in said:
        report(room, "cleo", message.id)
        moderate(room, "ada", chat.id, "hide", message_id=message.id)
    for command, field in (
        (ListReports(room_id=chat.id, state="resolved", limit=2), "message"),
        (ListAudit(room_id=chat.id, limit=2), ""),
    ):
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = room.run("ada", command.model_copy(update={"cursor": cursor}))
            found += [item.message.id if field else item.message_id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == [message.id for message in reversed(said)]
        with pytest.raises(Invalid) as refused:
            room.run("ada", command.model_copy(update={"cursor": "junk"}))
        assert refused.value.field == "cursor"


def test_reports_of_a_course_are_for_its_staff(room: Classroom, chat: RoomSummary) -> None:
    room.enrol("math", {"eve": TEACHER, "cleo": LEARNER})
    report(room, "cleo", room.send("ben", chat.id, "x").id)
    assert reports(room, "eve") == []
    with pytest.raises(Forbidden):
        reports(room, "ben", course_id=COURSE)
    with pytest.raises(NotFound):
        reports(room, "eve", course_id=COURSE)
    with pytest.raises(NotFound):
        reports(room, ROOT, course_id="nowhere")


# Muting, locking, slow mode


def test_who_is_muted_reads_and_does_not_post(room: Classroom, chat: RoomSummary) -> None:
    own = room.send("ben", chat.id, "before")
    moderate(room, "ada", chat.id, "mute", user_id="ben", seconds=60, note="a break")
    summary = room.rooms("ben")[chat.id]
    assert (summary.can_post, summary.muted_until) == (False, room.events("user:ben")[-1][1]["muted_until"])
    assert [event for event, _ in room.events("user:ben")] == ["member.muted"]
    attempts: list[Callable[[], Message]] = [
        lambda: room.send("ben", chat.id, "x"),
        lambda: room.send("ben", chat.id, "x", anonymous=True),
        lambda: room.edit("ben", own.id, "x", 1),
        lambda: room.react("ben", own.id, "\N{THUMBS UP SIGN}"),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden) as refused:
            attempt()
        assert refused.value.details == {"muted_until": summary.muted_until}
    assert room.history("ben", chat.id).items
    muted = {
        who: {item.user_id: item.muted_until for item in room.run(who, ListMembers(room_id=chat.id)).items}[
            "ben"
        ]
        for who in ("ada", "ben", "cleo")
    }
    assert muted == {"ada": summary.muted_until, "ben": summary.muted_until, "cleo": None}
    room.leave("ben", chat.id)
    with pytest.raises(Forbidden):
        room.send("ben", chat.id, "in again")
    room.ledger.now += 60_000
    room.send("ben", chat.id, "after")
    assert room.rooms("ben")[chat.id].muted_until is None


def test_a_mute_without_an_end_ends_with_unmute(room: Classroom, chat: RoomSummary) -> None:
    moderate(room, "ada", chat.id, "mute", user_id="ben")
    room.ledger.now += 10**12
    with pytest.raises(Forbidden):
        room.send("ben", chat.id, "x")
    moderate(room, "ada", chat.id, "unmute", user_id="ben")
    room.send("ben", chat.id, "x")
    assert "muted_until" not in room.events("user:ben")[-1][1]
    assert [(deed.action, deed.user_id) for deed in trail(room, chat.id)] == [
        ("unmute", "ben"),
        ("mute", "ben"),
    ]


def test_who_is_taken_out_and_in_again_is_still_muted(room: Classroom) -> None:
    """By a friend in a group, or by a roster that is written anew."""
    group = room.open("ada", "group", course_id=COURSE, member_ids=["ben", "cleo"])
    moderate(room, "ada", group.id, "mute", user_id="ben")
    room.run("cleo", UpdateRoom(key=new_id(), room_id=group.id, remove_member_ids=["ben"]))
    with pytest.raises(NotFound):
        room.history("ben", group.id)
    assert [item.user_id for item in room.run("ada", ListMembers(room_id=group.id)).items] == ["ada", "cleo"]
    back = room.run("cleo", UpdateRoom(key=new_id(), room_id=group.id, add_member_ids=["ben"])).room
    assert back.member_count == 3
    with pytest.raises(Forbidden):
        room.send("ben", group.id, "in again")


def test_a_group_of_a_course_is_no_way_around_those_who_keep_order(room: Classroom) -> None:
    """Who may not post there changes no title, pin or member; and nobody but staff takes staff out."""
    group = room.open("ada", "group", course_id=COURSE, member_ids=["ben", "cleo"])
    said = room.send("cleo", group.id, "hello")
    with pytest.raises(Forbidden) as refused:
        room.run("cleo", UpdateRoom(key=new_id(), room_id=group.id, remove_member_ids=["ben", "ada"]))
    assert refused.value.field == "remove_member_ids.1"
    moderate(room, "ada", group.id, "mute", user_id="ben")
    attempts: list[Any] = [
        UpdateRoom(key=new_id(), room_id=group.id, title="Ben was here"),
        UpdateRoom(key=new_id(), room_id=group.id, remove_member_ids=["cleo"]),
        PinMessage(key=new_id(), message_id=said.id),
    ]
    for attempt in attempts:
        with pytest.raises(Forbidden, match="muted"):
            room.run("ben", attempt)
    moderate(room, "ada", group.id, "lock")
    for attempt in attempts:
        with pytest.raises(Forbidden, match="locked"):
            room.run("cleo", attempt)
    for attempt in attempts:
        room.run("ada", attempt)


def test_nobody_mutes_staff_or_strangers(room: Classroom, chat: RoomSummary) -> None:
    room.enrol(COURSE, {"sam": "teaching_assistant"})
    for user_id, error in (("sam", Forbidden), ("ada", Forbidden), ("eve", Invalid), ("nobody", Invalid)):
        with pytest.raises(error) as refused:
            moderate(room, "ada", chat.id, "mute", user_id=user_id)
        assert refused.value.field == "user_id"
    moderate(room, "ada", chat.id, "mute", user_id="ben")
    room.enrol(COURSE, {"ben": "teaching_assistant"})
    room.send("ben", chat.id, "staff now")


def test_only_staff_post_in_a_locked_room(room: Classroom, chat: RoomSummary) -> None:
    locked = moderate(room, "ada", chat.id, "lock").room
    assert (locked.locked, locked.can_post, locked.can_moderate) == (True, True, True)
    assert (room.rooms("ben")[chat.id].can_post, room.rooms("ben")[chat.id].can_moderate) == (False, False)
    assert room.events(f"room:{chat.id}")[-1][1]["locked"] is True
    with pytest.raises(Forbidden):
        room.send("ben", chat.id, "x")
    room.send("ada", chat.id, "still here")
    moderate(room, "ada", chat.id, "unlock")
    room.send("ben", chat.id, "x")


def test_slow_mode_spaces_messages(room: Classroom, chat: RoomSummary) -> None:
    moderate(room, "ada", chat.id, "slow_mode", seconds=30)
    assert room.events(f"room:{chat.id}")[-1][1]["slow_mode_s"] == 30
    room.send("ben", chat.id, "first")
    with pytest.raises(RateLimited) as refused:
        room.send("ben", chat.id, "second", anonymous=True)
    assert 29_000 < (refused.value.retry_after_ms or 0) <= 30_000
    room.send("cleo", chat.id, "mine", anonymous=True)
    with pytest.raises(RateLimited):
        room.send("cleo", chat.id, "mine too")
    for number in range(3):
        room.send("ada", chat.id, f"staff {number}")
    room.ledger.now += refused.value.retry_after_ms or 0
    room.send("ben", chat.id, "second")
    moderate(room, "ada", chat.id, "slow_mode", seconds=0)
    room.send("ben", chat.id, "third")


def test_what_is_refused_takes_nobody_s_turn(room: Classroom, chat: RoomSummary) -> None:
    moderate(room, "ada", chat.id, "slow_mode", seconds=30)
    with pytest.raises(Invalid):
        room.send("ben", chat.id, "x", reply_to="nowhere")
    room.send("ben", chat.id, "x")


# The trail


def test_the_trail_says_who_what_on_whom_and_why(room: Classroom, chat: RoomSummary) -> None:
    said, other = room.send("ben", chat.id, "a"), room.send("cleo", chat.id, "b")
    moderate(room, "ada", chat.id, "hide", message_id=said.id, note="rude")
    moderate(room, "ada", chat.id, "mute", user_id="ben", seconds=5)
    moderate(room, "ada", chat.id, "slow_mode", seconds=9)
    room.delete("ada", other.id)
    room.delete("ada", room.send("ada", chat.id, "own").id)
    deeds = [
        (deed.action, deed.actor.name, deed.message_id, deed.user_id, deed.seconds, deed.note)
        for deed in reversed(trail(room, chat.id))
    ]
    assert deeds == [
        ("hide", "Ada", said.id, "ben", None, "rude"),
        ("mute", "Ada", None, "ben", 5, ""),
        ("slow_mode", "Ada", None, None, 9, ""),
        ("delete", "Ada", other.id, "cleo", None, ""),
    ]


def test_the_trail_does_not_tell_who_is_anonymous(room: Classroom, chat: RoomSummary) -> None:
    said = room.send("ben", chat.id, "whispered", anonymous=True)
    report(room, "cleo", said.id)
    assert reports(room, "ada")[0].message.author is None
    moderate(room, "ada", chat.id, "hide", message_id=said.id)
    revealed = room.run("ada", RevealMessage(key="k", message_id=said.id))
    assert revealed.author.user_id == "ben"
    deeds = trail(room, chat.id)
    assert [(deed.action, deed.user_id) for deed in deeds] == [("reveal", None), ("hide", None)]
    assert "ben" not in repr(deeds)
    assert room.run("ada", RevealMessage(key="k", message_id=said.id)).duplicate
    assert len(trail(room, chat.id)) == 2


def test_nothing_of_an_erased_person_is_left_in_reports_and_trail(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] Whether they wrote, reported, kept order, were muted or revealed."""
    room.enrol(COURSE, {"zelda": TEACHER, "yann": LEARNER})
    by_her = room.send("zelda", chat.id, "of hers", anonymous=True)
    other = room.send("yann", chat.id, "of his")
    report(room, "yann", by_her.id, note="zelda again")
    report(room, "zelda", other.id, note="I am zelda")
    moderate(room, "zelda", chat.id, "hide", message_id=other.id)
    moderate(room, "ada", chat.id, "hide", message_id=by_her.id, note="zelda, please")
    room.run("ada", RevealMessage(key="k", message_id=by_her.id))
    calling = room.send("yann", chat.id, "@zelda said", mentions=["zelda"])
    moderate(room, "ada", chat.id, "hide", message_id=calling.id)
    room.enrol(COURSE, {"zelda": LEARNER})
    moderate(room, "ada", chat.id, "mute", user_id="zelda", note="enough")
    room.erase("zelda")
    left = {
        name: [row for row in rows if "zelda" in repr(row).lower()] for name, rows in room._tables().items()
    }
    # What others have written stays as they wrote it.
    [[words]] = [left.pop("chat_messages")]
    assert "@zelda said" in words
    assert repr(words).count("zelda") == 2
    assert {name: len(rows) for name, rows in left.items() if rows} == {"ended_sessions": 1, "streams": 1}
    assert {deed.actor.user_id for deed in trail(room, chat.id)} == {"ada", "erased"}
    resolved = reports(room, "ada", state="resolved", room_id=chat.id)
    assert [(found.reporter.user_id, found.note) for found in resolved] == [("erased", ""), ("yann", "")]
    room.erase("yann")
    assert {found.reporter.user_id for found in reports(room, "ada", state="resolved", room_id=chat.id)} == {
        "erased"
    }


@pytest.mark.parametrize(
    ("action", "fields", "field"),
    [
        ("hide", {}, "message_id"),
        ("restore", {"user_id": "ben"}, "message_id"),
        ("hide", {"message_id": "nowhere"}, "message_id"),
        ("mute", {}, "user_id"),
        ("unmute", {}, "user_id"),
        ("mute", {"user_id": "ben", "seconds": 0}, "seconds"),
        ("slow_mode", {}, "seconds"),
        ("slow_mode", {"seconds": 3_601}, "seconds"),
    ],
)
def test_an_action_names_what_it_lacks(
    room: Classroom, chat: RoomSummary, action: str, fields: dict[str, Any], field: str
) -> None:
    before = room.everything()
    with pytest.raises((Invalid, NotFound)) as refused:
        moderate(room, "ada", chat.id, action, **fields)
    assert refused.value.field == field
    assert room.everything() == before
