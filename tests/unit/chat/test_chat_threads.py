"""Replies that quote, threads of one level, and pins."""

from __future__ import annotations

import pytest
from sqlalchemy import update
from tests.unit.chat.classroom import COURSE, Classroom

from coursewire.errors import Conflict, Invalid, NotFound
from coursewire.namespaces.chat import rules
from coursewire.namespaces.chat.contract import ListPins, Message, RoomSummary
from coursewire.namespaces.chat.store import pages
from coursewire.namespaces.chat.store.tables import messages
from coursewire.storage.statement import Prepared


@pytest.fixture
def chat(room: Classroom) -> RoomSummary:
    return room.open("ada", "discussion")


def _pins(room: Classroom, room_id: str) -> list[str]:
    return [message.id for message in room.run("ada", ListPins(room_id=room_id)).items]


def test_a_reply_quotes_its_parent_as_it_stands(room: Classroom, chat: RoomSummary) -> None:
    parent = room.send("ben", chat.id, "word " * 100)
    reply = room.send("cleo", chat.id, "yes", reply_to=parent.id)
    assert reply.quote is not None
    assert (reply.quote.id, reply.quote.number, reply.quote.text) == (parent.id, 1, parent.text[:200])
    assert reply.quote.author == parent.author
    assert room.history("ada", chat.id).items[1].quote == reply.quote
    room.edit("ben", parent.id, "other words", 1)
    [_, shown] = room.history("ada", chat.id).items
    assert shown.quote is not None
    assert shown.quote.text == "other words"


def test_what_is_taken_back_is_quoted_nowhere(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] Nor in the log, nor in what the reply's author is told again."""
    parent = room.send("ben", chat.id, "a secret")
    reply = room.send("cleo", chat.id, "yes", reply_to=parent.id)
    room.react("ada", reply.id, "\N{CAT}")
    room.delete("ben", parent.id)
    assert "secret" not in repr([event for _, event in room.events(f"room:{chat.id}")])
    shown = room.history("ada", chat.id).items[1].quote
    assert shown is not None
    assert (shown.text, shown.state) == ("", "deleted")
    late = room.send("cleo", chat.id, "what was it?", reply_to=parent.id).quote
    assert late is not None
    assert (late.text, late.state) == ("", "deleted")
    assert "secret" not in room.everything()


def test_what_is_hidden_shows_nothing_although_its_row_keeps_it(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] So that it can be shown again: neither itself nor where it is quoted."""
    parent = room.send("ben", chat.id, "a @cleo secret")
    room.send("cleo", chat.id, "yes", reply_to=parent.id)
    room.react("cleo", parent.id, "\N{CAT}")
    room.pin("ada", parent.id)
    hide = Prepared(update(messages).where(messages.c.id == parent.id).values(state="hidden"))
    room.ledger.write(lambda raw: raw.run(hide))
    [gone, reply] = room.history("ben", chat.id).items
    assert (gone.text, gone.html, gone.key, gone.mentions, gone.reactions, gone.pinned) == (
        "", "", None, [], [], False,
    )  # fmt: skip
    assert reply.quote is not None
    assert (reply.quote.text, reply.quote.state) == ("", "hidden")
    assert _pins(room, chat.id) == []


def test_an_anonymous_parent_is_quoted_without_its_author(room: Classroom, chat: RoomSummary) -> None:
    parent = room.send("ben", chat.id, "who am I?", anonymous=True)
    for who in ("ben", "cleo"):
        reply = room.send(who, chat.id, "well", reply_to=parent.id)
        assert reply.quote is not None
        assert reply.quote.author is None
    assert [m.quote.author for m in room.history("cleo", chat.id).items if m.quote] == [None, None]


def test_one_replies_only_to_what_is_in_the_room(room: Classroom, chat: RoomSummary) -> None:
    elsewhere = room.send("ada", room.open("ada").id)
    for field in ("reply_to", "thread_id"):
        with pytest.raises(Invalid) as refused:
            room.send("ben", chat.id, **{field: elsewhere.id})
        assert refused.value.field == field


def test_a_thread_counts_on_its_root(room: Classroom, chat: RoomSummary) -> None:
    root = room.send("ben", chat.id, "question")
    first = room.send("cleo", chat.id, "answer", thread_id=root.id)
    second = room.send("ada", chat.id, "better answer", thread_id=root.id)
    assert [(message.thread.replies if message.thread else 0) for message in (first, second)] == [1, 2]

    def told() -> list[tuple[str, int]]:
        return [
            (event, data["thread"]["replies"])
            for event, data in room.events(f"room:{chat.id}")
            if data.get("thread_id") == root.id and "thread" in data
        ]

    assert told() == [("message.sent", 1), ("message.sent", 2)]
    room.delete("cleo", first.id)
    assert told()[-1] == ("message.deleted", 1)
    shown = room.history("ada", chat.id).items
    assert [(m.thread.replies, m.thread.last_at) if m.thread else None for m in shown] == [
        (1, second.sent_at), None, None,
    ]  # fmt: skip
    room.delete("ben", root.id)
    [gone, *_] = room.history("ada", chat.id).items
    assert (gone.state, gone.thread) == ("deleted", shown[0].thread)


def test_a_thread_has_one_level(room: Classroom, chat: RoomSummary) -> None:
    root = room.send("ben", chat.id)
    reply = room.send("cleo", chat.id, thread_id=root.id)
    before = room.everything()
    with pytest.raises(Invalid) as refused:
        room.send("ada", chat.id, thread_id=reply.id)
    assert refused.value.field == "thread_id"
    assert room.everything() == before


def test_pages_of_a_thread(room: Classroom, chat: RoomSummary) -> None:
    """The root is its first message; what is said besides is not in it."""
    room.send("ada", chat.id, "before")
    root = room.send("ben", chat.id, "root")
    thread = [root]
    for number in range(5):
        room.send("ada", chat.id, f"besides {number}")
        thread.append(room.send("cleo", chat.id, f"reply {number}", thread_id=root.id))
    ids = [message.id for message in thread]

    def page(**fields: object) -> tuple[list[int], bool, bool]:
        found = room.history("ben", chat.id, thread_id=root.id, **fields)
        return [ids.index(message.id) for message in found.items], found.has_before, found.has_after

    assert page() == ([0, 1, 2, 3, 4, 5], False, False)
    assert page(limit=5) == ([1, 2, 3, 4, 5], True, False)
    assert page(limit=6) == ([0, 1, 2, 3, 4, 5], False, False)
    assert page(before=ids[2], limit=5) == ([0, 1], False, True)
    assert page(before=ids[2], limit=1) == ([1], True, True)
    assert page(after=ids[0], limit=2) == ([1, 2], True, True)
    assert page(after=room.history("ben", chat.id).items[0].id, limit=3) == ([0, 1, 2], True, True)
    assert page(around=ids[3], limit=3) == ([2, 3, 4], True, True)
    assert page(around=ids[0], limit=4) == ([0, 1], False, True)
    with pytest.raises(NotFound) as refused:
        room.history("ben", chat.id, thread_id=room.send("ada", room.open("ada").id).id)
    assert refused.value.field == "thread_id"


@pytest.mark.parametrize("statement", [pages._before_in_thread, pages._after_in_thread])
def test_a_thread_is_read_by_its_index(room: Classroom, statement: object) -> None:
    """A small thread in a long room costs what the thread holds, and needs no sorting."""
    assert _plan(room, statement, root_id="r", at_number=1, most=9) == [
        "SEARCH chat_messages USING INDEX ix_chat_messages_thread"
    ]


@pytest.mark.parametrize("statement", [pages._before, pages._after])
def test_a_page_of_a_room_is_read_by_number(room: Classroom, statement: object) -> None:
    """Quotes cost a look-up each, and no sorting."""
    [step] = _plan(room, statement, room_id="r", at_number=1, most=9)
    assert step.startswith("SEARCH chat_messages USING INDEX sqlite_autoindex_chat_messages")


def test_pins_are_read_by_their_index(room: Classroom) -> None:
    for statement in (pages._pins, pages._pin_count):
        [first, *_] = _plan(room, statement, room_id="r", most=9)
        assert "ix_chat_messages_pinned" in first


def _plan(room: Classroom, statement: object, **params: object) -> list[str]:
    """How SQLite would go through the messages: its own words, without the parameters."""

    def explain(raw: object) -> list[str]:
        session = raw._session  # type: ignore[attr-defined]
        sql, values = statement.compiled(session.dialect).arguments(params)  # type: ignore[attr-defined]
        rows = session.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        return [row[3].partition(" (")[0] for row in rows if " chat_messages " in row[3] or "TEMP" in row[3]]

    found: list[str] = room.ledger.write(explain)
    return found


def test_a_pin_is_told_and_listed(room: Classroom, chat: RoomSummary) -> None:
    said = [room.send("ben", chat.id, f"{number}") for number in range(3)]
    for message in (said[2], said[0], said[2]):
        assert room.pin("ada", message.id).pinned
    assert _pins(room, chat.id) == [said[0].id, said[2].id]
    told = [event for event, data in room.events(f"room:{chat.id}") if event == "message.pinned"]
    assert len(told) == 2
    assert [message.pinned for message in room.history("ben", chat.id).items] == [True, False, True]
    assert not room.pin("ada", said[0].id, on=False).pinned
    assert not room.pin("ada", said[0].id, on=False).pinned
    assert room.events(f"room:{chat.id}")[-1][1]["pinned"] is False
    room.delete("ben", said[2].id)
    assert _pins(room, chat.id) == []


def test_a_room_has_so_many_pins(room: Classroom, chat: RoomSummary) -> None:
    said = [room.send("ben", chat.id) for _ in range(rules.PINS_PER_ROOM + 1)]
    for message in said[1:]:
        room.pin("ada", message.id)
    before = room.everything()
    with pytest.raises(Conflict, match="take one off"):
        room.pin("ada", said[0].id)
    assert room.everything() == before
    room.pin("ada", said[1].id, on=False)
    room.pin("ada", said[0].id)
    assert len(_pins(room, chat.id)) == rules.PINS_PER_ROOM


def test_a_pin_is_no_edit(room: Classroom, chat: RoomSummary) -> None:
    """Who edits meanwhile is not disturbed; who edits after somebody else's edit is told."""
    said = room.send("ben", chat.id, "one")
    room.pin("ada", said.id)
    room.react("cleo", said.id, "\N{CAT}")
    edited: Message = room.edit("ben", said.id, "two", said.version)
    assert (edited.pinned, len(edited.reactions)) == (True, 1)
    with pytest.raises(Conflict) as refused:
        room.edit("ben", said.id, "three", said.version)
    assert refused.value.details is not None
    assert refused.value.details["message"]["text"] == "two"


def test_who_is_erased_is_quoted_pinned_and_counted_nowhere(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5]"""
    root = room.send("ada", chat.id, "question")
    own = room.send("ben", chat.id, "a secret", thread_id=root.id)
    room.send("cleo", chat.id, "yes", thread_id=root.id, reply_to=own.id)
    room.pin("ada", own.id)
    room.pin("ada", root.id)
    room.erase("ben")
    [first, gone, reply] = room.history("ada", chat.id).items
    assert first.thread is not None
    assert first.thread.replies == 1
    assert reply.quote is not None
    assert (reply.quote.text, reply.quote.author, reply.quote.state) == ("", None, "deleted")
    assert (gone.pinned, _pins(room, chat.id)) == (False, [root.id])
    assert "secret" not in room.everything()
    quotes = [data["quote"] for _, data in room.events(f"room:{chat.id}") if "quote" in data]
    assert quotes == [{"id": own.id, "number": 2, "text": "", "state": "deleted"}]


def test_in_a_groups_of_a_course_members_pin(room: Classroom) -> None:
    group = room.open("ben", "group", member_ids=["cleo"], course_id=COURSE)
    assert room.pin("cleo", room.send("ben", group.id).id).pinned
