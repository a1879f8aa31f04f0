"""Random lives of a course's rooms: counts equal a recount, pointers move forward, numbers have no holes."""

from __future__ import annotations

import json
from typing import Any, Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.chat.classroom import COURSE, LEARNER, TEACHER, Classroom

from coursewire.errors import Conflict, Forbidden, Invalid, NotFound
from coursewire.namespaces.chat import service, store
from coursewire.namespaces.chat.contract import (
    JoinRoom,
    ListPins,
    Message,
    MessageAddressed,
    ModerateRoom,
    OpenRoom,
    PinMessage,
    React,
    SendMessage,
    UnreadChanged,
    UpdateRoom,
)
from coursewire.vocabulary import new_id

PEOPLE = ("ada", "ben", "cleo", "dora")
EMOJI = ("\N{THUMBS UP SIGN}", "\N{CAT}", "\N{DOG}")
REFUSED = (Forbidden, NotFound, Invalid, Conflict)
who = st.sampled_from(PEOPLE)
which = st.integers(0, 2)
pick = st.integers(0, 30)


class CourseLife(RuleBasedStateMachine):
    """ada teaches; the others learn, come and go. Two open rooms and a group."""

    def __init__(self) -> None:
        super().__init__()
        self.room = Classroom()
        self.said: list[Message] = []
        self.commands: list[tuple[str, SendMessage]] = []
        self.taken_back: set[str] = set()
        self.pointers: dict[tuple[str, str], tuple[int, int]] = {}
        self.called: dict[str, frozenset[str]] = {}
        """Message -> who was called in it, as they were in the room when it was sent."""
        self.reacted: set[tuple[str, str, str]] = set()
        self.told: list[MessageAddressed] = []
        self.room.reactions = {
            **self.room.reactions,
            MessageAddressed: [("/others", lambda _, fact: self.told.append(fact))],
        }

    @initialize()
    def open_rooms(self) -> None:
        kinds: list[dict[str, Any]] = [
            {"kind": "discussion", "course_id": COURSE},
            {"kind": "announcement", "course_id": COURSE},
            {"kind": "group", "member_ids": ["ben", "cleo"], "course_id": COURSE},
        ]
        self.rooms = [
            self.room.run("ada", OpenRoom.model_validate({"key": new_id(), **kind})).room.id for kind in kinds
        ]

    def teardown(self) -> None:
        self.room.close()

    # What people do. What they may not do is refused, and must leave no trace.

    def attempt(self, person: str, command: Any) -> Any:
        before = self.room.everything()
        try:
            return self.room.run(person, command)
        except REFUSED:
            assert self.room.everything() == before
            return None

    @rule(most=st.integers(1, 5))
    def index(self, most: int) -> None:
        self.room.do(store.index_messages, most)

    @rule(
        person=who,
        index=which,
        mentions=st.lists(who, max_size=3),
        anonymous=st.booleans(),
        call=st.sampled_from(["", "", "@room", "@staff", "@ben", "`@room`"]),
        reply=st.none() | pick,
        thread=st.none() | pick,
    )
    def send(
        self,
        person: str,
        index: int,
        mentions: list[str],
        anonymous: bool,  # noqa: FBT001 - drawn by name
        call: str,
        reply: int | None,
        thread: int | None,
    ) -> None:
        word = f"word{len(self.commands)}: {call}"
        command = SendMessage(
            key=new_id(),
            room_id=self.rooms[index],
            text=word,
            mentions=mentions,
            anonymous=anonymous,
            reply_to=None if reply is None or not self.said else self.said[reply % len(self.said)].id,
            thread_id=None if thread is None or not self.said else self.said[thread % len(self.said)].id,
        )
        self.commands.append((person, command))
        self._sent(person, command, self.attempt(person, command))

    def _sent(self, person: str, command: SendMessage, answer: Any) -> None:
        if answer is None:
            return
        message: Message = answer.message
        self.said.append(message)
        present = {user_id for room_id, user_id in self._present() if room_id == command.room_id}
        staff = {user_id for (user_id,) in self.room.sql(
            f"SELECT user_id FROM course_members WHERE course_id = '{COURSE}' AND roles LIKE '%instructor%'"  # noqa: S608
        )}  # fmt: skip
        named = set(command.mentions) | ({"ben"} if command.text.endswith(" @ben") else set())
        groups = {"@room": present, "@staff": staff}.get(command.text.split(" ")[1], set())
        called = frozenset(((named | groups) & present) - {person})
        self.called[message.id] = called
        fact = self.told.pop() if self.told else None
        assert self.told == []
        assert frozenset(fact.mentioned if fact else ()) == called
        if fact is not None:
            assert person not in {*fact.mentioned, *fact.replied_to, *fact.direct_to}
            assert not set(fact.mentioned) & set(fact.replied_to)

    def _present(self) -> set[tuple[str, str]]:
        return set(self.room.sql("SELECT room_id, user_id FROM chat_members WHERE active = 1"))

    @rule(index=pick)
    def send_again(self, index: int) -> None:
        """[LOG3] The same key changes nothing, also after the message was taken back."""
        if self.commands:
            person, command = self.commands[index % len(self.commands)]
            before = self.room.everything()
            answer = self.attempt(person, command)
            if answer is None:
                return
            if answer.duplicate:
                assert self.room.everything() == before
            else:  # it was refused the first time, and is allowed now
                self._sent(person, command, answer)

    @rule(person=who, index=pick)
    def edit(self, person: str, index: int) -> None:
        if self.said:
            message = self.said[index % len(self.said)]
            try:
                edited = self.room.edit(person, message.id, f"{message.text} again", message.version)
            except REFUSED:
                return
            self.said[index % len(self.said)] = edited

    @rule(person=who, index=pick)
    def delete(self, person: str, index: int) -> None:
        if self.said:
            message = self.said[index % len(self.said)]
            try:
                self.room.delete(person, message.id)
            except REFUSED:
                return
            self.taken_back.add(message.text.split()[0])
            self.reacted = {found for found in self.reacted if found[0] != message.id}

    @rule(person=who, index=pick, hide=st.booleans())
    def hide_or_restore(self, person: str, index: int, hide: bool) -> None:  # noqa: FBT001 - drawn by name
        """[LOG5] What is hidden counts nowhere, and counts again when it is shown."""
        if self.said:
            message = self.said[index % len(self.said)]
            command = ModerateRoom(
                key=new_id(),
                room_id=message.room_id,
                action="hide" if hide else "restore",
                message_id=message.id,
            )
            answer = self.attempt(person, command)
            if answer is not None:
                shown: Message = answer.message
                if shown.state == "sent":
                    self.said[index % len(self.said)] = shown

    @rule(person=who, index=pick, emoji=st.sampled_from(EMOJI), on=st.booleans())
    def react(self, person: str, index: int, emoji: str, on: bool) -> None:  # noqa: FBT001
        if self.said:
            message = self.said[index % len(self.said)]
            command = React(key=new_id(), message_id=message.id, emoji=emoji, on=on)
            if self.attempt(person, command) is not None:
                change = {(message.id, person, emoji)}
                self.reacted = self.reacted | change if on else self.reacted - change

    @rule(person=who, index=pick, on=st.booleans())
    def pin(self, person: str, index: int, on: bool) -> None:  # noqa: FBT001
        if self.said:
            command = PinMessage(key=new_id(), message_id=self.said[index % len(self.said)].id, on=on)
            self.attempt(person, command)

    @precondition(lambda self: "dora" in {user_id for _, user_id in self._present()})
    @rule()
    def erase_dora(self) -> None:
        """[LOG5] Her words are gone, her reactions and her place among those who are called."""
        for message_id, text in self.room.sql("SELECT id, text FROM chat_messages WHERE author_id = 'dora'"):
            self.taken_back |= {text.split()[0]} if text else set()
            self.reacted = {found for found in self.reacted if found[0] != message_id}
        self.reacted = {found for found in self.reacted if found[1] != "dora"}
        self.called = {message_id: called - {"dora"} for message_id, called in self.called.items()}
        self.room.erase("dora")

    @rule(person=who, index=which, on=st.sampled_from(["on", "off"]))
    def choose_receipts(self, person: str, index: int, on: Literal["on", "off"]) -> None:
        self.attempt(person, UpdateRoom(key=new_id(), room_id=self.rooms[index], receipts=on))

    @rule(person=who, index=pick, field=st.sampled_from(["read", "delivered"]))
    def mark(self, person: str, index: int, field: str) -> None:
        if self.said:
            message = self.said[index % len(self.said)]
            try:
                self.room.mark(person, message.room_id, **{field: message.id})
            except REFUSED:
                return

    @rule(person=who, index=which, key=st.sampled_from([None, "j1", "j2"]))
    def join(self, person: str, index: int, key: str | None) -> None:
        self.attempt(person, JoinRoom(key=key, room_id=self.rooms[index]))

    @rule(person=who, index=which)
    def leave(self, person: str, index: int) -> None:
        try:
            self.room.leave(person, self.rooms[index])
        except REFUSED:
            return

    @rule(person=who, add=st.lists(who, max_size=2), remove=st.lists(who, max_size=2))
    def change_group(self, person: str, add: list[str], remove: list[str]) -> None:
        if add or remove:
            command = UpdateRoom(
                key=new_id(), room_id=self.rooms[2], add_member_ids=add, remove_member_ids=remove
            )
            self.attempt(person, command)

    @rule(person=who)
    def enrol(self, person: str) -> None:
        self.room.enrol(COURSE, {person: TEACHER if person == "ada" else LEARNER})

    @rule(person=who)
    def unenrol(self, person: str) -> None:
        self.room.unenrol(COURSE, person)

    # What holds at all times

    @invariant()
    def numbers_and_offsets_have_no_holes(self) -> None:
        """[LOG2]"""
        for room_id, last in self.room.sql("SELECT id, last_number FROM chat_rooms"):
            sql = f"SELECT number FROM chat_messages WHERE room_id = '{room_id}' ORDER BY number"  # noqa: S608
            assert [number for (number,) in self.room.sql(sql)] == list(range(1, last + 1))
            offsets = [event.offset for event in self.room.logged(f"room:{room_id}")]
            assert offsets == list(range(1, len(offsets) + 1))

    @invariant()
    def counts_equal_a_recount(self) -> None:
        messages = self.room.sql("SELECT room_id, number, author_id, id, state FROM chat_messages")
        members = self.room.sql("SELECT room_id, user_id, read_number FROM chat_members WHERE active = 1")
        expected = {
            (room_id, user_id): (
                len(unread := [
                    message_id for of_room, number, author, message_id, state in messages
                    if of_room == room_id and number > read and state == "sent" and author != user_id
                ]),
                sum(user_id in self.called[message_id] for message_id in unread),
            )
            for room_id, user_id, read in members
        }  # fmt: skip
        totals = {
            person: sum(unread for (_, user_id), (unread, _) in expected.items() if user_id == person)
            for person in PEOPLE
        }
        found = {}
        for (room_id,) in self.room.sql("SELECT id FROM chat_rooms"):
            for user_id, event in self.room.do(service.unread_of, room_id, PEOPLE):
                assert isinstance(event, UnreadChanged)
                found[room_id, user_id] = (event.data.unread, event.data.mentions)
                assert event.data.total == totals[user_id]
        assert found == expected
        for person in PEOPLE:
            for room_id, room in self.room.rooms(person).items():
                assert (room.unread, room.mentions) == expected.get((room_id, person), (0, 0))
                assert room.joined == ((room_id, person) in expected)

    @invariant()
    def pointers_only_move_forward(self) -> None:
        sql = "SELECT room_id, user_id, delivered_number, read_number FROM chat_members"
        for room_id, user_id, delivered, read in self.room.sql(sql):
            before = self.pointers.get((room_id, user_id), (0, 0))
            assert delivered >= before[0]
            assert read >= before[1]
            assert delivered >= read
            self.pointers[room_id, user_id] = (delivered, read)

    @invariant()
    def member_counts_are_right(self) -> None:
        sql = "SELECT count(*) FROM chat_members m WHERE m.room_id = r.id AND m.active = 1"
        assert self.room.sql(f"SELECT r.id FROM chat_rooms r WHERE r.member_count != ({sql})") == []  # noqa: S608

    @invariant()
    def summaries_threads_quotes_and_pins_equal_a_recount(self) -> None:
        rows = self.room.sql("SELECT message_id, user_id, emoji FROM chat_reactions")
        assert len(rows) == len(set(rows))
        assert set(rows) == self.reacted
        shown: dict[str, Message] = {}
        for room_id in self.rooms:
            page = self.room.history(self.room.lms, room_id, limit=100).items
            shown |= {message.id: message for message in page}
            pins = [m.id for m in self.room.run(self.room.lms, ListPins(room_id=room_id)).items]
            assert sorted(pins) == sorted(message.id for message in page if message.pinned)
        for message in shown.values():
            counted = [(r.emoji, r.count, sorted(r.user_ids)) for r in message.reactions]
            assert sorted(counted) == sorted(
                (emoji, len(users), users)
                for emoji in EMOJI
                if (users := sorted(u for m, u, e in self.reacted if (m, e) == (message.id, emoji)))
                and message.state != "hidden"  # its row keeps them
            )
            replies = [m for m in shown.values() if m.thread_id == message.id]
            if message.thread is None:
                assert replies == []
            else:
                assert message.thread.replies == sum(reply.state == "sent" for reply in replies)
                assert message.thread.last_at == max(reply.sent_at for reply in replies)
            if message.quote is not None:
                parent = shown[message.quote.id]
                assert (message.quote.text, message.quote.author) == (parent.text[:200], parent.author)

    @invariant()
    def the_index_of_words_says_what_the_messages_say(self) -> None:
        """Whatever was edited, deleted, hidden, restored or erased: each once, and nothing that is not there.

        Up to where the index has got.
        """
        said = self.room.sql(
            "SELECT seq, text FROM chat_messages WHERE state = 'sent' AND seq <= (SELECT seq FROM chat_indexed)"
        )
        for word, prefix in (("word", " *"), ("again", "")):
            sql = f"SELECT rowid FROM chat_search WHERE chat_search MATCH 'words : {word}{prefix}'"  # noqa: S608
            found = self.room.sql(sql)
            assert sorted(found) == sorted((seq,) for seq, text in said if word in text)

    @invariant()
    def an_anonymous_author_is_nowhere_but_in_the_row(self) -> None:
        """Of everything that leaves the server, events and pages alike."""
        for room_id in self.rooms:
            for event in self.room.logged(f"room:{room_id}"):
                if b'"anonymous":true' in event.data:
                    data = json.loads(event.data)
                    assert "author" not in data
                    assert "key" not in data
                    own = event.event in {"message.sent", "message.edited"}
                    assert event.actor is None or not own

    @invariant()
    def what_was_taken_back_is_nowhere(self) -> None:
        """[LOG5]"""
        everything = self.room.everything()
        assert [word for word in self.taken_back if word in everything] == []


TestCourseLife = CourseLife.TestCase
TestCourseLife.settings = settings(max_examples=40, stateful_step_count=40)
