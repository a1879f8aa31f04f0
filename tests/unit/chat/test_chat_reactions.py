"""Reactions: one of each person and emoji, counted beside the message, told with the whole of it."""

from __future__ import annotations

import pytest
from tests.unit.chat.classroom import COURSE, Classroom

from coursewire.errors import Conflict
from coursewire.namespaces.chat import rules
from coursewire.namespaces.chat.contract import Message, Reaction
from coursewire.storage.transaction import Transaction

THUMB, CAT = "\N{THUMBS UP SIGN}", "\N{CAT}"


def _shown(message: Message) -> list[tuple[str, int, bool | None]]:
    return [(reaction.emoji, reaction.count, reaction.mine) for reaction in message.reactions]


def test_each_counts_once(room: Classroom) -> None:
    chat = room.open("ada")
    said = room.send("ben", chat.id)
    for _ in range(3):
        room.react("ada", said.id, THUMB)
    room.react("cleo", said.id, THUMB)
    assert _shown(room.react("cleo", said.id, CAT)) == [(THUMB, 2, True), (CAT, 1, True)]
    assert room.react("cleo", said.id, CAT, on=False).reactions == [
        Reaction(emoji=THUMB, count=2, user_ids=["ada", "cleo"], mine=True)
    ]
    room.react("cleo", said.id, CAT, on=False)
    assert _shown(room.history("ben", chat.id).items[0]) == [(THUMB, 2, False)]
    assert len(room.sql("SELECT * FROM chat_reactions")) == 2
    changes = [
        data["changed"] for event, data in room.events(f"room:{chat.id}") if event == "reaction.changed"
    ]
    assert [(change["user_id"], change["emoji"], change["on"]) for change in changes] == [
        ("ada", THUMB, True), ("cleo", THUMB, True), ("cleo", CAT, True), ("cleo", CAT, False),
    ]  # fmt: skip


def test_the_one_used_first_stands_in_front(room: Classroom) -> None:
    chat = room.open("ada")
    for order in ((THUMB, CAT), (CAT, THUMB)):
        said = room.send("ben", chat.id)
        for emoji in order:
            room.react("ada", said.id, emoji)
        shown = room.react("cleo", said.id, order[1])
        assert tuple(reaction.emoji for reaction in shown.reactions) == order


def test_an_event_carries_the_whole_message_and_is_nobodys(room: Classroom) -> None:
    """[FAN1] Every receiver gets the same bytes: `mine` is not in them."""
    chat = room.open("ada")
    said = room.send("ben", chat.id, "hello")
    room.react("ada", said.id, THUMB)
    event = room.logged(f"room:{chat.id}")[-1]
    assert (event.event, event.actor) == ("reaction.changed", "ada")
    [(_, data)] = room.events(f"room:{chat.id}")[-1:]
    assert data["text"] == "hello"
    assert data["reactions"] == [{"emoji": THUMB, "count": 1, "user_ids": ["ada"]}]
    edited = room.edit("ben", said.id, "again", 1)
    assert _shown(edited) == [(THUMB, 1, False)]
    assert "mine" not in repr(room.events(f"room:{chat.id}")[-1])


def test_beyond_twenty_people_it_counts_and_still_knows_ones_own(
    room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a page asks once for all of its messages, or not at all."""
    crowd = [f"u{number:02}" for number in range(25)]
    room.enrol_named(COURSE, {user_id: user_id for user_id in crowd})
    chat = room.open("ada")
    said = [room.send("ada", chat.id) for _ in range(3)]
    for message in said:
        for user_id in crowd:
            shown = room.react(user_id, message.id, THUMB)
        assert _shown(shown) == [(THUMB, 25, True)]
    [reaction] = shown.reactions
    assert reaction.user_ids == crowd[:20]
    runs: list[object] = []
    original = Transaction.all

    def counted(self: Transaction, statement: object, /, **params: object) -> object:
        runs.append(statement)
        return original(self, statement, **params)  # type: ignore[arg-type]

    monkeypatch.setattr(Transaction, "all", counted)
    found = [_shown(message) for message in room.history("u24", chat.id).items]
    assert found == [[(THUMB, 25, True)]] * 3
    asked = len(runs)
    assert _shown(room.pin("ada", said[2].id)) == [(THUMB, 25, False)]
    found = [_shown(message) for message in room.history("ben", chat.id).items]
    assert found == [[(THUMB, 25, False)]] * 3
    room.react("u00", said[0].id, THUMB, on=False)
    assert room.history("ben", chat.id).items[0].reactions[0].user_ids == crowd[1:21]
    runs.clear()
    for message in said:
        for user_id in crowd[1:7]:
            room.react(user_id, message.id, THUMB, on=False)
    runs.clear()
    room.history("u24", chat.id)
    assert len(runs) == asked - 1


def test_a_message_bears_twenty_kinds(room: Classroom) -> None:
    chat = room.open("ada")
    said = room.send("ben", chat.id)
    kinds = [chr(0x1F600 + number) for number in range(rules.EMOJI_PER_MESSAGE)]
    for emoji in kinds:
        room.react("ada", said.id, emoji)
    before = room.counts()
    with pytest.raises(Conflict) as refused:
        room.react("cleo", said.id, CAT)
    assert refused.value.field == "emoji"
    assert room.counts() == before
    assert len(room.react("cleo", said.id, kinds[-1]).reactions) == rules.EMOJI_PER_MESSAGE


def test_with_the_message_its_reactions_go(room: Classroom) -> None:
    """[LOG5]"""
    chat = room.open("ada")
    said = room.send("ben", chat.id)
    room.react("ada", said.id, CAT)
    room.delete("ben", said.id)
    assert room.sql("SELECT * FROM chat_reactions") == []
    assert room.sql("SELECT reactions FROM chat_messages") == [(None,)]
    assert CAT not in repr(room.events(f"room:{chat.id}"))
    with pytest.raises(Conflict):
        room.react("ada", said.id, THUMB)


def test_who_is_erased_has_reacted_to_nothing(room: Classroom) -> None:
    """[LOG5] In the table, in the summaries and in the log; the others' reactions stay."""
    chat = room.open("ada")
    said, own = room.send("ada", chat.id), room.send("ben", chat.id)
    for who in ("ben", "cleo"):
        room.react(who, said.id, THUMB)
        room.react(who, own.id, THUMB)
    room.react("ben", said.id, CAT)
    room.erase("ben")
    shown = room.history("ada", chat.id).items
    assert [_shown(message) for message in shown] == [[(THUMB, 1, False)], []]
    assert room.sql("SELECT user_id FROM chat_reactions") == [("cleo",)]
    told = [data for event, data in room.events(f"room:{chat.id}") if event == "reaction.changed"]
    assert [data.get("changed", {}).get("user_id") for data in told] == [None, None, "cleo", None, None]
    assert [[(r["count"], r["user_ids"]) for r in data["reactions"]] for data in told if data["id"] == said.id] == [
        [], [(1, ["cleo"])], [(1, ["cleo"])],
    ]  # fmt: skip
