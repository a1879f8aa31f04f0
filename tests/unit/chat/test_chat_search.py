"""Finding messages: which words find what, for whom, and by which way through the tables."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from tests.unit.chat.classroom import COURSE, LEARNER, TEACHER, Classroom

from coursewire.errors import Invalid, NotFound
from coursewire.identity.caller import Caller
from coursewire.namespaces.chat import indexing
from coursewire.namespaces.chat.contract import FoundMessages, ModerateRoom, RoomSummary, SearchMessages
from coursewire.namespaces.chat.namespace import make
from coursewire.namespaces.chat.store import search as index
from coursewire.namespaces.chat.wording import read_query
from coursewire.realtime.background import Background
from coursewire.vocabulary import new_id

ROOT = Caller(user_id="root", name="Root", roles=frozenset({"administrator"}))


@pytest.fixture
def chat(room: Classroom) -> RoomSummary:
    return room.open("ada", "discussion", title="Questions")


def search(room: Classroom, who: Any, query: str, **fields: Any) -> list[str]:
    """The texts of what somebody finds, when all that was said is indexed."""
    room.do(index.index_messages, 100)
    answer: FoundMessages = room.run(who, SearchMessages(query=query, **fields))
    return [found.message.text for found in answer.items]


@pytest.mark.parametrize(
    ("text", "finds", "does_not"),
    [
        ("Where is the **homework**?", ["homework", "HOMEWORK", "home", "is where", "wher"], ["ework", "h"]),
        ("Café au lait, naïve façade", ["cafe", "CAFÉ", "naive facade", "lait"], ["cafes"]),
        ("see task_sheet-3.pdf", ["task", "sheet", "task_sheet-3", "3", '"sheet 3"', "pdf"], ['"3 sheet"', "ask"]),
        ("two words here", ['"two words"', "here two", '"words here', 'two" words'], ['"two here"', '"wor"', "wo two"]),
        ("今天我们学习编程", ["学习", "编", "今天 编程", "我们学"], ["习学", "天气"]),
        ("プログラミングを学ぶ", ["プログラム"[:4], "学ぶ"], ["プロン"]),
        ("ภาษาไทย", ["ไทย", "ภาษา"], ["ไทไ"]),
        ("Übung: größer als 5 €", ["ubung", "größ", "5", "größer 5"], ["gr8", "gross"]),
        ("don't OR (NEAR) words:x *", ["don't", "or", "near", "x", "dont OR"[4:], "words:x"], ["dont", "scope:x"]),
        ("emoji 🎉 and x", ["emoji 🎉", "x"], ["y"]),
    ],
)  # fmt: skip
def test_words(room: Classroom, chat: RoomSummary, text: str, finds: list[str], does_not: list[str]) -> None:
    room.send("ben", chat.id, text)
    room.send("ben", chat.id, "Something else.")
    for query in finds:
        assert search(room, "cleo", query) == [text], query
    for query in does_not:
        assert search(room, "cleo", query) == [], query


@pytest.mark.parametrize("query", ["?", '"', '""', "- * ( ) :", "🎉", "^", "' --"])
def test_a_query_without_a_word_is_refused(room: Classroom, query: str) -> None:
    with pytest.raises(Invalid) as refused:
        search(room, "ben", query)
    assert refused.value.field == "query"


def test_only_where_one_may_read(room: Classroom, chat: RoomSummary) -> None:
    """In open rooms of one's courses, and in private rooms that one is in."""
    room.enrol("math", {"eve": TEACHER, "ben": LEARNER})
    group = room.open("ben", "group", member_ids=["cleo"], title="G")
    direct = room.open("ben", "direct", member_ids=["ada"])
    other = room.open("eve", "course", course_id="math")
    for where, text in (
        (chat, "apple one"),
        (group, "apple two"),
        (direct, "apple three"),
        (other, "apple four"),
    ):
        room.send("ben", where.id, text)
    assert search(room, "ben", "apple") == ["apple four", "apple three", "apple two", "apple one"]
    assert search(room, "cleo", "apple") == ["apple two", "apple one"]
    assert search(room, "ada", "apple") == ["apple three", "apple one"]
    assert search(room, "eve", "apple") == ["apple four"]
    assert search(room, "nobody", "apple") == []
    assert search(room, ROOT, "apple") == ["apple four", "apple one"]
    assert search(room, room.lms, "apple") == ["apple four", "apple three", "apple two", "apple one"]
    assert search(room, "ben", "apple", course_id=COURSE) == ["apple one"]
    assert search(room, "ben", "apple", room_id=group.id) == ["apple two"]
    for who, fields in (
        ("ada", {"room_id": group.id}),
        (ROOT, {"room_id": direct.id}),
        ("cleo", {"course_id": "math"}),
        ("ben", {"course_id": "nowhere"}),
    ):
        with pytest.raises(NotFound) as refused:
            search(room, who, "apple", **fields)
        assert refused.value.field in fields
    with pytest.raises(Invalid):
        search(room, "ben", "apple", room_id=chat.id, course_id="math")
    room.unenrol(COURSE, "cleo")
    room.leave("ben", group.id)
    assert search(room, "cleo", "apple") == ["apple two"]
    assert search(room, "ben", "apple two") == []


def indexed(room: Classroom, word: str) -> list[int]:
    """The `seq` of the messages that the index knows by a word."""
    return [seq for (seq,) in room.sql(f"SELECT rowid FROM chat_search WHERE chat_search MATCH '{word}'")]  # noqa: S608


def test_a_message_is_indexed_as_it_is_when_its_turn_comes(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] What was edited, deleted, hidden, restored or erased before that leaves no word of before."""
    edited = room.send("ben", chat.id, "apple of ben")
    room.edit("ben", edited.id, "pear of ben", 1)
    room.delete("ben", room.send("ben", chat.id, "apple that goes").id)
    hidden, shown = (room.send("ben", chat.id, f"apple {number}") for number in range(2))
    for action, message_id in (("hide", hidden.id), ("hide", shown.id), ("restore", shown.id)):
        command = {"key": new_id(), "room_id": chat.id, "action": action, "message_id": message_id}
        room.run("ada", ModerateRoom.model_validate(command))
    room.send("cleo", chat.id, "apple of cleo")
    room.erase("cleo")
    assert room.sql("SELECT rowid FROM chat_search WHERE chat_search MATCH 'open'") == []
    assert search(room, "ada", "apple") == ["apple 1"]
    assert search(room, "ada", "pear") == ["pear of ben"]
    assert (indexed(room, "apple"), indexed(room, "pear"), indexed(room, "open")) == ([4], [1], [1, 4])


def test_what_is_indexed_follows_its_message_at_once(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] In the transaction of the change, also where later messages still wait."""
    first, second = (room.send("ben", chat.id, f"apple {number}") for number in range(2))
    room.do(index.index_messages, 1)
    room.edit("ben", first.id, "pear", 1)
    room.edit("ben", second.id, "pear", 1)
    assert (indexed(room, "apple"), indexed(room, "pear")) == ([], [1])
    room.do(index.index_messages, 100)
    room.delete("ben", second.id)
    assert indexed(room, "pear") == [1]


class Works:
    """A background that does everything at once, and says how much was written."""

    def __init__(self, room: Classroom) -> None:
        self._room = room
        self.written = 0
        self.ended = asyncio.Event()

    async def read(self, fn: Any) -> Any:
        waits = self._room.do(fn)
        if not waits:
            self.ended.set()
        return waits

    async def write(self, fn: Any) -> Any:
        self.written += 1
        self._room.do(fn)


async def test_new_messages_are_indexed_in_slices_for_ever(
    room: Classroom, chat: RoomSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also behind some of which nothing is left; where it ended, it goes on."""
    monkeypatch.setattr(indexing, "SLICE", 2)
    monkeypatch.setattr(indexing, "INDEX_EVERY_S", 0)
    assert indexing.index_for_ever in make().background
    for said, slices in ((5, 3), (1, 1)):
        for number in range(said):
            room.send("ben", chat.id, f"apple {number}")
        room.delete("ben", room.send("ben", chat.id, "apple that goes").id)
        works = Works(room)
        task = asyncio.create_task(indexing.index_for_ever(cast("Background", works)))
        await works.ended.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert works.written == slices
    assert indexed(room, "apple") == [1, 2, 3, 4, 5, 7]
    assert room.sql("SELECT seq FROM chat_indexed") == [(8,)]


def test_what_the_scope_lets_through_is_checked_by_the_tables(
    room: Classroom, chat: RoomSummary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of the scope only narrow: also a scope that is wrong shows nothing of others."""
    group = room.open("ben", "group", member_ids=["cleo"], title="G")
    room.send("ben", group.id, "apple")
    monkeypatch.setattr(index, "_scopes", lambda *_: "")
    room.do(index.index_messages, 100)
    found = room.do(index.find_messages, room.caller("ada"), read_query("apple"), None, None, 10)
    assert found == []
    assert len(room.do(index.find_messages, room.caller("cleo"), read_query("apple"), None, None, 10)) == 1
    assert chat.id != group.id


def test_what_changes_is_found_as_it_is_now(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] Edited, deleted, and of somebody who was erased."""
    first = room.send("ben", chat.id, "pear")
    second = room.send("ben", chat.id, "pear too")
    room.edit("ben", first.id, "plum", 1)
    assert (search(room, "cleo", "pear"), search(room, "cleo", "plum")) == (["pear too"], ["plum"])
    room.delete("ben", second.id)
    assert search(room, "cleo", "pear") == []
    room.send("cleo", chat.id, "plum of cleo")
    room.erase("ben")
    assert search(room, "cleo", "plum") == ["plum of cleo"]
    assert room.sql("SELECT count(*) FROM chat_search WHERE chat_search MATCH 'plum'") == [(1,)]
    assert "pear" not in repr(room.sql("SELECT block FROM chat_search_data"))


def test_who_wrote_anonymously_is_not_told(room: Classroom, chat: RoomSummary) -> None:
    room.send("ben", chat.id, "secret question", anonymous=True, key="bens-key")
    room.do(index.index_messages, 100)
    for who in ("cleo", "ada", "ben"):
        [found] = room.run(who, SearchMessages(query="secret")).items
        assert (found.message.author, found.message.key) == (None, None)
        assert "ben" not in found.model_dump_json().replace("question", "")
    assert search(room, "cleo", "ben") == []


def test_pages_go_on_where_they_ended(room: Classroom, chat: RoomSummary) -> None:
    texts = [room.send("ben", chat.id, f"melon {number}").text for number in range(5)]
    found: list[str] = []
    cursor = None
    while True:
        room.do(index.index_messages, 100)
        page: FoundMessages = room.run("cleo", SearchMessages(query="melon", limit=2, cursor=cursor))
        found += [item.message.text for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        room.send("ben", chat.id, "melon of later")
    assert found == texts[::-1]
    with pytest.raises(Invalid) as refused:
        room.run("cleo", SearchMessages(query="melon", cursor="junk"))
    assert refused.value.field == "cursor"


def test_an_excerpt_shows_where(room: Classroom, chat: RoomSummary) -> None:
    room.send("ben", chat.id, "word " * 100 + "\n\nthe **Résumé** of <b>it</b> " + "end " * 100)
    room.do(index.index_messages, 100)
    [found] = room.run("cleo", SearchMessages(query="resume it")).items
    assert [piece.text for piece in found.excerpt if piece.found] == ["Résumé", "it"]
    assert found.excerpt[0].text == "…"
    assert found.excerpt[-1].text.endswith("…")
    assert len("".join(piece.text for piece in found.excerpt)) <= 210
    assert "<b>" in "".join(piece.text for piece in found.excerpt)
    assert found.room_title == "Questions"


def test_the_way_through_the_tables(room: Classroom, chat: RoomSummary) -> None:
    """The words are looked up in their index, everything else by key: nothing is read as a whole."""
    room.send("ben", chat.id, "apple")
    session = room.ledger.writer._session
    assert session is not None
    values = {"me": "ben", "matching": "apple", "before": 2**62, "most": 21}
    for statement in (index._find, index._find_as_administrator, index._find_as_service):
        sql, params = statement.compiled(session.dialect).arguments(values)
        plan = [row[3] for row in session.cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()]
        scans = [step for step in plan if step.startswith("SCAN")]
        assert len(scans) == 1, plan
        assert scans[0].startswith("SCAN chat_search VIRTUAL TABLE INDEX"), plan
        assert any(step.startswith("SEARCH chat_messages USING INTEGER PRIMARY KEY") for step in plan), plan
        assert not any("TEMP B-TREE" in step for step in plan), plan
