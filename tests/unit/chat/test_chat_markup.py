"""Messages are rendered once, when they are written: events, pages, lists and answers give the same HTML."""

from __future__ import annotations

import orjson
import pytest
from tests.unit.chat.classroom import COURSE, Classroom
from tests.unit.text.hostile import HOSTILE
from tests.unit.text.page import Page

from coursewire.namespaces.chat.contract import Message, RoomSummary


@pytest.fixture
def chat(room: Classroom) -> RoomSummary:
    return room.open("ada", "discussion", title="Questions")


def _everywhere(room: Classroom, chat: RoomSummary) -> set[str]:
    """The HTML of the last message, wherever it is shown."""
    shown: list[Message] = [room.history(who, chat.id).items[-1] for who in ("ada", "cleo")]
    shown += [last for who in ("ada", "cleo") if (last := room.rooms(who)[chat.id].last_message)]
    events = [data for event, data in room.events(f"room:{chat.id}") if event.startswith("message.")]
    return {message.html for message in shown} | {events[-1]["html"]}


def test_it_is_the_same_everywhere_also_after_an_edit(room: Classroom, chat: RoomSummary) -> None:
    said = room.send("ben", chat.id, "**Hello** [you](javascript:alert(1))")
    assert _everywhere(room, chat) == {said.html}
    assert said.html == "<p><strong>Hello</strong> [you](javascript:alert(1))</p>"
    edited = room.edit("ben", said.id, "`code` <b>", 1)
    assert _everywhere(room, chat) == {edited.html} == {"<p><code>code</code> &lt;b&gt;</p>"}


def test_who_is_mentioned_is_marked_by_id_or_name(room: Classroom, chat: RoomSummary) -> None:
    room.enrol_named(COURSE, {"a1": "Ann", "a2": "Ann Lee", "t1": "Twin", "t2": "Twin"})
    said = room.send(
        "ben",
        chat.id,
        "@a1 @ann lee, @Twin and @staff: not `@ann`, not @cleo's, not @Bob",
        mentions=["a2", "t1", "t2"],
    )
    assert said.html == (
        '<p><span class="mention" data-user-id="a1">@a1</span> '
        '<span class="mention" data-user-id="a2">@ann lee</span>, '
        '@Twin and <span class="mention">@staff</span>: not <code>@ann</code>, '
        'not <span class="mention" data-user-id="cleo">@cleo</span>\'s, not @Bob</p>'
    )
    edited = room.edit("ben", said.id, "@a1 again", 1)
    assert edited.html == '<p><span class="mention" data-user-id="a1">@a1</span> again</p>'


def test_the_id_of_who_is_erased_is_in_no_mention(room: Classroom, chat: RoomSummary) -> None:
    """[LOG5] Neither in the tables nor in the log; the words stay as they were said."""
    room.enrol_named(COURSE, {"id-of-zoe": "Zoe"})
    room.send("ben", chat.id, "@zoe, **look**", mentions=["id-of-zoe"])
    assert "id-of-zoe" in room.history("cleo", chat.id).items[0].html
    room.erase("id-of-zoe")
    assert _everywhere(room, chat) == {"<p>@zoe, <strong>look</strong></p>"}
    assert "id-of-zoe" not in repr(room.logged(f"room:{chat.id}"))


def test_nothing_hostile_is_stored_or_told(room: Classroom, chat: RoomSummary) -> None:
    for text in HOSTILE[::4]:
        said = room.send("ben", chat.id, f"@cleo {text}", mentions=["cleo"])
        assert Page(said.html).wrong == []
    for event in room.logged(f"room:{chat.id}"):
        assert Page(orjson.loads(event.data).get("html", "")).wrong == []
