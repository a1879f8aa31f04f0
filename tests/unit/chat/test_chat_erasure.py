"""An erased person: what they said keeps its place, and nothing tells that it was theirs."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.chat.classroom import COURSE, LEARNER, Classroom

from coursewire.identity.contract import UserErased
from coursewire.namespaces.chat.contract import UpdateRoom
from coursewire.namespaces.chat.service import erasure
from coursewire.vocabulary import new_id


def test_history_keeps_the_places_of_what_an_erased_person_said(room: Classroom) -> None:
    """[LOG5] Named, edited, anonymous and deleted messages: number and time stay, no text, no author."""
    chat = room.open("ada")
    first = room.send("ben", chat.id, "mine, Ben's")
    room.edit("ben", first.id, "mine, edited", version=1)
    room.send("cleo", chat.id, "kept")
    room.send("ben", chat.id, "whispered", anonymous=True)
    withdrawn = room.send("ben", chat.id, "regretted")
    room.delete("ben", withdrawn.id)
    room.erase("ben")
    items = room.history("cleo", chat.id).items
    assert [(item.number, item.state, item.text) for item in items] == [
        (1, "deleted", ""),
        (2, "sent", "kept"),
        (3, "deleted", ""),
        (4, "deleted", ""),
    ]
    assert [item.author and item.author.user_id for item in items] == [None, "cleo", None, None]
    assert items[0].sent_at == first.sent_at
    assert items[0].version == 3


def test_a_replay_shows_nothing_of_them_and_keeps_its_offsets(room: Classroom) -> None:
    """[LOG5] Neither what they said nor who came, went, and did what."""
    chat = room.open("ada", "discussion")
    room.leave("ben", chat.id)
    room.send("ben", chat.id, "a secret of Ben")
    room.send("cleo", chat.id, "kept")
    before = [event.offset for event in room.logged(f"room:{chat.id}")]
    room.effects.clear()
    room.erase("ben")
    logged = room.logged(f"room:{chat.id}")
    assert [event.offset for event in logged] == list(range(1, len(logged) + 1))
    assert len(logged) > len(before)
    text = repr(logged)
    assert "secret" not in text
    assert "ben" not in text.lower()
    assert "kept" in text
    assert {effect.channels for effect in room.taken_back()} == {(f"room:{chat.id}",)}


def test_whoever_is_here_is_told(room: Classroom) -> None:
    """[LOG5] That they left, and of each message that it is gone; from nobody."""
    chat = room.open("ada")
    said = [room.send("ben", chat.id, text) for text in ("1", "2")]
    room.effects.clear()
    room.erase("ben")
    told = [event for effect in room.committed() for event in effect.events]
    assert [event.event for event in told] == ["member.left", "message.deleted", "message.deleted"]
    gone = [orjson.loads(event.data) for event in told[1:]]
    assert [message["id"] for message in gone] == [message.id for message in said]
    assert all("author" not in message and message["anonymous"] for message in gone)
    assert [event.actor for event in told[1:]] == [None, None]


def test_of_very_many_messages_the_newest_are_told(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """[LOG5] All are erased."""
    monkeypatch.setattr(erasure, "TOLD_PER_ROOM", 2)
    chat = room.open("ada")
    said = [room.send("ben", chat.id, f"word {number}") for number in range(5)]
    room.effects.clear()
    room.erase("ben")
    told = [event for effect in room.committed() for event in effect.events]
    gone = [orjson.loads(event.data)["id"] for event in told if event.event == "message.deleted"]
    assert gone == [message.id for message in said[-2:]]
    assert "word" not in room.everything()


def test_nothing_of_an_erased_person_is_left_but_the_end_of_their_tokens(room: Classroom) -> None:
    """[LOG5] In no table; but the id stands at that end, and in the name of a stream that is empty."""
    room.enrol(COURSE, {"zelda": LEARNER})
    course = room.open("ada")
    direct = room.open("zelda", "direct", member_ids=["cleo"])
    group = room.open("zelda", "group", member_ids=["cleo", "ada"], title="Readers", course_id=COURSE)
    loose = room.open("zelda", "group", member_ids=["cleo"], title="Friends")
    for chat in (course, direct, group, loose):
        room.send("zelda", chat.id, "by me")
        room.send("cleo", chat.id, "for you", mentions=["zelda"])
        room.mark("zelda", chat.id, read=room.send("cleo", chat.id, "and on").id)
        answered = room.send("cleo", chat.id, "dear", reply_to=room.send("zelda", chat.id, "by me, again").id)
        room.send("zelda", chat.id, "by me, aside", thread_id=answered.id)
        room.react("zelda", answered.id, "\N{CAT}")
        room.react("cleo", answered.id, "\N{CAT}")
        room.edit("cleo", answered.id, "dearest", answered.version)
    room.pin("ada", room.send("zelda", course.id, "by me, pinned @staff").id)
    room.send("zelda", course.id, "whispered", anonymous=True)
    room.run("zelda", UpdateRoom(key=new_id(), room_id=loose.id, title="Best friends"))
    assert "zelda" in room.everything().lower()
    room.erase("zelda")
    left = {
        name: [row for row in rows if "zelda" in repr(row).lower()] for name, rows in room._tables().items()
    }
    assert {name: len(rows) for name, rows in left.items() if rows} == {"ended_sessions": 1, "streams": 1}
    assert room.logged("user:zelda") == []
    assert "by me" not in room.everything()
    assert "whispered" not in room.everything()


def test_the_others_keep_their_rooms(room: Classroom) -> None:
    """[LOG5] Also the direct one, without the other; whoever returns under the same id gets a new one."""
    direct = room.open("ben", "direct", member_ids=["cleo"])
    room.send("ben", direct.id, "from me")
    room.send("cleo", direct.id, "from you")
    room.erase("ben")
    [kept] = room.rooms("cleo").values()
    assert (kept.id, kept.member_count, kept.others) == (direct.id, 1, [])
    assert [item.text for item in room.history("cleo", direct.id).items] == ["", "from you"]
    room.enrol(COURSE, {"ben": LEARNER})
    assert room.open("ben", "direct", member_ids=["cleo"]).id != direct.id
    assert direct.id not in room.rooms("ben")


def test_counts_follow(room: Classroom) -> None:
    """[LOG5] What was erased is not unread any more, and a mention in it is none."""
    chat = room.open("ada")
    room.send("ben", chat.id, "look", mentions=["cleo"])
    room.send("ada", chat.id, "and here")
    summary = room.rooms("cleo")[chat.id]
    assert (summary.unread, summary.mentions) == (2, 1)
    room.erase("ben")
    summary = room.rooms("cleo")[chat.id]
    assert (summary.unread, summary.mentions, summary.member_count) == (1, 0, 2)


def test_erasing_again_or_nobody_changes_nothing_more(room: Classroom) -> None:
    """[LOG5]"""
    chat = room.open("ada")
    room.send("ben", chat.id, "mine")
    room.erase("ben")
    before: dict[str, Any] = room._tables()
    room.effects.clear()
    room.erase("ben")
    room.do(erasure.erase_user, UserErased("nobody"))
    after = room._tables()
    assert room.committed() == []
    assert {name for name in after if after[name] != before[name]} == {"ended_sessions"}
