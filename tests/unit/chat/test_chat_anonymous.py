"""An anonymous message tells nobody who wrote it: not in what is stored for others, sent, answered or counted."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.chat.classroom import Classroom

from coursewire.bus.port import Unlogged
from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.namespaces.chat import service
from coursewire.namespaces.chat.contract import (
    Author,
    DeleteMessage,
    ListAudit,
    ListPins,
    ReadReceipts,
    ReceiptChanged,
    RevealMessage,
    RoomSummary,
    SendMessage,
    UnreadChanged,
)
from coursewire.vocabulary import new_id

KEY = "bens-own-wording"


@pytest.fixture
def opened(room: Classroom) -> RoomSummary:
    opened = room.open("ada", "discussion", title="Ask anything")
    room.send("ada", opened.id, "Ask!")
    for who in ("ben", "cleo"):
        room.mark(who, opened.id, read=room.history("ada", opened.id).items[0].id)
    room.effects.clear()
    return opened


def _told_to_others(room: Classroom, room_id: str) -> str:
    """Everything that listeners of the room can get, as one text: events, actors, newest values."""
    logged = [(event.event, event.data, event.actor) for event in room.logged(f"room:{room_id}")[1:]]
    live = [
        (effect.data, effect.actor)
        for effect in room.effects
        if isinstance(effect, Unlogged) and effect.channel == f"room:{room_id}"
    ]
    return repr((logged, live))


def _receipts(room: Classroom, room_id: str) -> dict[str, tuple[int, int]]:
    return {
        event.data.user_id: (event.data.delivered_number, event.data.read_number)
        for event in room.do(service.latest_of_room, room_id)
        if isinstance(event, ReceiptChanged)
    }


def test_no_word_of_the_author_in_a_life_of_an_anonymous_message(
    room: Classroom, opened: RoomSummary
) -> None:
    before = _receipts(room, opened.id)
    message = room.send("ben", opened.id, "I do not get it.", anonymous=True, key=KEY)
    assert (message.author, message.anonymous, message.key) == (None, True, None)
    room.edit("ben", message.id, "I really do not get it.", 1)
    assert _receipts(room, opened.id) == before
    for who in ("cleo", "ada", "ben"):
        shown = room.history(who, opened.id).items[-1]
        last = room.rooms(who)[opened.id].last_message
        assert last == shown
        assert (shown.author, shown.key) == (None, None)
    room.delete("ben", message.id)
    told = _told_to_others(room, opened.id)
    assert "message.deleted" in told
    assert "ben" not in told.lower()


def test_it_does_not_bring_its_author_into_the_room(room: Classroom, opened: RoomSummary) -> None:
    room.leave("ben", opened.id)
    room.effects.clear()
    room.send("ben", opened.id, "Still here.", anonymous=True)
    assert [event for event, _ in room.events(f"room:{opened.id}")] == [
        "message.sent", "member.left", "message.sent",
    ]  # fmt: skip
    assert not room.rooms("ben")[opened.id].joined


def test_ones_own_is_not_unread(room: Classroom, opened: RoomSummary) -> None:
    """Although the pointer, which others see, stays where it was."""

    def counts() -> dict[str, tuple[int, int]]:
        return {
            user_id: (event.data.unread, event.data.total)
            for user_id, event in room.do(service.unread_of, opened.id, ["ada", "ben", "cleo"])
            if isinstance(event, UnreadChanged)
        }

    own = room.send("ben", opened.id, "Mine.", anonymous=True)
    assert counts() == {"ada": (1, 1), "ben": (0, 0), "cleo": (1, 1)}
    assert room.rooms("ben")[opened.id].unread == 0
    room.send("ada", opened.id, "An answer.")
    assert counts() == {"ada": (0, 0), "ben": (1, 1), "cleo": (2, 2)}
    room.delete("ben", own.id)
    assert counts() == {"ada": (0, 0), "ben": (1, 1), "cleo": (1, 1)}


def test_errors_do_not_tell_either(room: Classroom, opened: RoomSummary) -> None:
    own = room.send("ben", opened.id, "Mine.", anonymous=True)
    named = room.send("ben", opened.id, "Mine as well.")
    errors: list[dict[str, Any]] = []
    for message in (own, named):
        with pytest.raises(Forbidden) as refused:
            room.edit("cleo", message.id, "x", 1)
        errors.append(refused.value.as_wire())
    assert errors[0] == errors[1]
    with pytest.raises(Conflict) as conflict:
        room.edit("ben", own.id, "x", 7)
    assert b"ben" not in orjson.dumps(conflict.value.as_wire()).lower()


def test_nor_what_others_do_with_it(room: Classroom, opened: RoomSummary) -> None:
    """Reactions, replies, threads, pins and calls: in every event, page, list and answer."""
    own = room.send("ben", opened.id, "Why? @cleo @ben", anonymous=True, key=KEY)
    room.react("cleo", own.id, "\N{CAT}")
    room.pin("ada", own.id)
    room.send("cleo", opened.id, "Because.", thread_id=own.id, reply_to=own.id)
    room.edit("ben", own.id, "Why not? @cleo", own.version)
    shown: list[Any] = []
    for who in ("cleo", "ada"):
        shown += [
            room.history(who, opened.id),
            room.history(who, opened.id, thread_id=own.id),
            room.rooms(who)[opened.id],
            room.run(who, ListPins(room_id=opened.id)),
            room.run(who, ReadReceipts(message_id=own.id)).read,
            room.react(who, own.id, "\N{CAT}"),
        ]
    told = _told_to_others(room, opened.id) + repr(shown)
    assert "Why not?" in told
    assert KEY not in told
    # He is in the room, and is called in the text: that is all that is known of him.
    said = told.lower()
    for word in ("user_id='ben'", '"user_id":"ben"', "'ben')", "name='ben'", '"name":"ben"'):
        assert word not in said
    assert all(message.mentions == ["cleo", "ben"] for message in room.history("ada", opened.id).items[1:2])


def test_a_repeated_key_answers_only_its_author(room: Classroom, opened: RoomSummary) -> None:
    """[LOG3] Somebody else's same key is another intention, and tells nothing."""
    own = room.send("ben", opened.id, "Mine.", anonymous=True, key=KEY)
    again = room.run("ben", SendMessage(key=KEY, room_id=opened.id, text="Mine.", anonymous=True))
    assert (again.duplicate, again.message.id, again.message.author) == (True, own.id, None)
    other = room.run("cleo", SendMessage(key=KEY, room_id=opened.id, text="Mine.", anonymous=True))
    assert not other.duplicate


def test_nobody_is_anonymous_where_there_are_no_staff(room: Classroom) -> None:
    group = room.open("ben", "group", member_ids=["cleo"])
    before = room.everything()
    with pytest.raises(Invalid) as refused:
        room.send("ben", group.id, "Who?", anonymous=True)
    assert refused.value.field == "anonymous"
    assert room.everything() == before


def test_staff_ask_and_that_is_written_down(room: Classroom, opened: RoomSummary) -> None:
    own = room.send("ben", opened.id, "Who am I?", anonymous=True)
    events = room.events(f"room:{opened.id}")
    revealed = room.run("ada", RevealMessage(message_id=own.id))
    assert revealed.author == Author(user_id="ben", name="Ben")
    trail = room.sql("SELECT action, actor_id, message_id, user_id FROM chat_audit")
    assert trail == [("reveal", "ada", own.id, None)]
    with pytest.raises(Forbidden):
        room.run("cleo", RevealMessage(message_id=own.id))
    assert room.sql("SELECT action, actor_id, message_id, user_id FROM chat_audit") == trail
    assert room.events(f"room:{opened.id}") == events
    assert room.history("ada", opened.id).items[-1].author is None
    named = room.send("cleo", opened.id, "I am Cleo.")
    with pytest.raises(Invalid):
        room.run("ada", RevealMessage(message_id=named.id))


def test_what_was_revealed_is_taken_back_with_the_message(room: Classroom, opened: RoomSummary) -> None:
    """[LOG5] Also the answer that is remembered for a repeated key."""
    own = room.send("ben", opened.id, "Who am I?", anonymous=True)
    room.run("ada", RevealMessage(key="ask-once", message_id=own.id))
    assert room.run("ada", RevealMessage(key="ask-once", message_id=own.id)).duplicate
    room.erase("ben")
    assert room.sql("SELECT * FROM remembered WHERE CAST(result AS TEXT) LIKE '%Ben%'") == []
    with pytest.raises((Conflict, NotFound)):
        room.run("ada", RevealMessage(key="ask-once", message_id=own.id))


def test_staff_who_take_it_back_are_named_but_the_author_is_not(room: Classroom, opened: RoomSummary) -> None:
    own = room.send("ben", opened.id, "Mine.", anonymous=True)
    room.delete("ada", own.id)
    [deleted] = [event for event in room.logged(f"room:{opened.id}") if event.event == "message.deleted"]
    assert deleted.actor == "ada"
    assert b"ben" not in deleted.data


def test_the_audit_trail_names_no_author_whom_staff_have_not_asked_for(
    room: Classroom, opened: RoomSummary
) -> None:
    """Else to delete a message would be a way to learn who wrote it, of which nothing is kept."""
    said = room.send("ben", opened.id, "who am I?", anonymous=True)
    signed = room.send("ben", opened.id, "Ben")
    for message in (said, signed):
        room.run("ada", DeleteMessage(key=new_id(), message_id=message.id))
    deeds = {deed.message_id: deed for deed in room.run("ada", ListAudit(room_id=opened.id)).items}
    assert "ben" not in deeds[said.id].model_dump_json()
    assert "ben" in deeds[signed.id].model_dump_json()
