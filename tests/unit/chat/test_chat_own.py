"""What is one's own without a name: its author knows it after a reload, nobody else ever; hidden, it can be deleted."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.chat.classroom import Classroom

from coursewire.errors import Conflict, Forbidden
from coursewire.namespaces.chat.contract import (
    DeleteMessage,
    EditMessage,
    History,
    ListPins,
    Message,
    ModerateRoom,
    OneMessage,
    React,
    RoomSummary,
    SendMessage,
)
from coursewire.vocabulary import new_id


@pytest.fixture
def chat(room: Classroom) -> RoomSummary:
    return room.open("ada", "discussion", title="Questions")


def moderate(room: Classroom, message: Message, action: str) -> Message:
    command = {"key": new_id(), "room_id": message.room_id, "action": action, "message_id": message.id}
    answer: Message = room.run("ada", ModerateRoom.model_validate(command)).message
    return answer


def test_the_author_alone_is_told_which_are_theirs(room: Classroom, chat: RoomSummary) -> None:
    """In every page that shows them; named messages say so themselves."""
    first, other = [room.send(who, chat.id, "hm", anonymous=True) for who in ("ben", "cleo")]
    room.send("ben", chat.id, "by name")
    inside = room.send("ben", chat.id, "in a thread", anonymous=True, thread_id=first.id)
    room.pin("ada", first.id)

    def own(who: str, **fields: Any) -> list[str]:
        history: History = room.history(who, chat.id, **fields)
        return history.own

    assert own("ben") == [first.id, inside.id]
    assert own("ben", around=other.id, limit=2) == [first.id]
    assert own("ben", after=other.id) == [inside.id]
    assert own("ben", thread_id=first.id) == [first.id, inside.id]
    assert own("cleo") == [other.id]
    assert own("ada") == []
    assert [room.run(who, ListPins(room_id=chat.id)).own for who in ("ben", "cleo", "ada")] == [
        [first.id],
        [],
        [],
    ]


def test_answers_to_a_command_say_it_to_the_author_and_events_to_nobody(
    room: Classroom, chat: RoomSummary
) -> None:
    """[LOG3] Also the remembered one; what is logged has the same bytes for everybody."""
    send = SendMessage(key="s", room_id=chat.id, text="at five", anonymous=True)
    sent: OneMessage = room.run("ben", send)
    edit = EditMessage(key="e", message_id=sent.message.id, text="at six", version=1)
    react = React(key="r", message_id=sent.message.id, emoji="👍", on=True)
    for command in (send, edit, react):
        assert room.run("ben", command).own is True
    assert room.run("ben", send).duplicate
    assert room.run("cleo", react).own is None
    assert room.run("ben", SendMessage(key="n", room_id=chat.id, text="by name")).own is None
    moderate(room, sent.message, "hide")
    assert room.history("ben", chat.id).own == [sent.message.id]
    assert (
        room.run("ada", DeleteMessage(key="d", message_id=room.send("cleo", chat.id, anonymous=True).id)).own
        is None
    )
    for name, data in room.events(f"room:{chat.id}"):
        assert "own" not in data, name


def test_one_that_was_hidden_is_deleted_by_its_author(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] For good: nothing is left to be shown again, and what it counted for is counted once."""
    root = room.send("ada", chat.id, "what do you think?")
    said = room.send("ben", chat.id, "@cleo a rude word", mentions=["cleo"], thread_id=root.id)
    for anonymous in (False, True):
        if anonymous:
            said = room.send("ben", chat.id, "another rude word", anonymous=True, thread_id=root.id)
        moderate(room, said, "hide")
        unread = {who: room.rooms(who)[chat.id].unread for who in ("ada", "cleo")}
        gone = room.delete("ben", said.id)
        assert (gone.state, gone.text, gone.version) == ("deleted", "", 3)
        assert room.events(f"room:{chat.id}")[-1][0] == "message.deleted"
        assert {who: room.rooms(who)[chat.id].unread for who in ("ada", "cleo")} == unread
        [head, *_] = room.history("ada", chat.id).items
        assert head.thread is not None
        assert head.thread.replies == 0
        with pytest.raises(Conflict):
            moderate(room, said, "restore")
        with pytest.raises(Conflict):
            room.delete("ben", said.id)
    assert "rude" not in room.everything()
    assert room.rooms("cleo")[chat.id].mentions == 0
    assert room.sql("SELECT * FROM chat_mentions") == []


def test_what_was_hidden_is_nobody_elses_to_delete(room: Classroom, chat: RoomSummary) -> None:
    """Staff can show it again; and it is the author's, to edit as well, once it is shown."""
    said = room.send("ben", chat.id, "a rude word")
    moderate(room, said, "hide")
    with pytest.raises(Forbidden):
        room.delete("cleo", said.id)
    with pytest.raises(Conflict):
        room.delete("ada", said.id)
    with pytest.raises(Conflict):
        room.edit("ben", said.id, "better", 2)
    assert moderate(room, said, "restore").text == "a rude word"
