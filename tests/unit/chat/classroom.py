"""A course with its people on a real private database: commands run at once, as the dispatcher runs them."""

from __future__ import annotations

from typing import Any

import orjson
from tests.unit.log.ledger import Ledger

from coursewire import log
from coursewire.bus.port import Committed, TakenBack
from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.identity.contract import MembersChanged, UserErased
from coursewire.identity.membership import Enrolment
from coursewire.namespaces.chat import namespace as chat
from coursewire.namespaces.chat import service
from coursewire.namespaces.chat.contract import (
    DeleteMessage,
    EditMessage,
    History,
    LeaveRoom,
    ListRooms,
    MarkReceipt,
    Message,
    OneReceipt,
    OpenRoom,
    PinMessage,
    React,
    ReadHistory,
    RoomSummary,
    SendMessage,
)
from coursewire.realtime.contract import Command, Mode
from coursewire.realtime.namespace import Opening, Signal, Staged
from coursewire.realtime.running import _digest, run_once
from coursewire.realtime.transaction import Reactions, Transaction
from coursewire.storage.statement import Prepared
from coursewire.vocabulary import Role, new_id

Json = dict[str, Any]
COURSE = "cs101"
TEACHER: Role = "instructor"
LEARNER: Role = "learner"
PEOPLE: dict[str, Role] = {"ada": TEACHER, "ben": LEARNER, "cleo": LEARNER}


INDEX_PARTS = {"chat_search_data", "chat_search_idx"}


class Classroom:
    """The people of one course, and everything that was told about them."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.effects: list[Any] = []
        self.handlers = chat.make().commands
        self.reactions: Reactions = {
            MembersChanged: [("/chat", service.follow_roster)],
            UserErased: [("/chat", service.erase_user)],
        }
        self.enrol(COURSE, PEOPLE)

    def close(self) -> None:
        self.ledger.close()

    # People

    def caller(self, user_id: str, *roles: Role) -> Caller:
        return Caller(user_id=user_id, name=user_id.title(), roles=frozenset(roles))

    @property
    def lms(self) -> Caller:
        return self.caller("lms", "service")

    def enrol(self, course_id: str, people: dict[str, Role]) -> None:
        """Add people to a course, which is made if need be."""
        roster = [Enrolment(user_id, user_id.title(), frozenset({role})) for user_id, role in people.items()]
        self._put(course_id, roster)

    def enrol_named(self, course_id: str, names: dict[str, str]) -> None:
        """Add learners with names of their own."""
        self._put(
            course_id, [Enrolment(user_id, name, frozenset({LEARNER})) for user_id, name in names.items()]
        )

    def replace(self, course_id: str, user_ids: list[str]) -> None:
        """Make these the whole roster."""
        roster = [Enrolment(user_id, user_id.title(), frozenset({LEARNER})) for user_id in user_ids]
        self._put(course_id, roster, replace=True)

    def _put(self, course_id: str, roster: list[Enrolment], *, replace: bool = False) -> None:
        def work(raw: Any) -> None:
            tx = Transaction(raw, "", None, self.reactions)
            facts = membership.put_course(raw, course_id, course_id.upper())
            for fact in (*facts, *membership.put_members(raw, course_id, roster, replace=replace)):
                tx.tell(fact)

        self._write(work)

    def unenrol(self, course_id: str, user_id: str) -> None:
        def work(raw: Any) -> None:
            for fact in membership.remove_member(raw, course_id, user_id):
                Transaction(raw, "", None, self.reactions).tell(fact)

        self._write(work)

    def erase(self, user_id: str) -> None:
        def work(raw: Any) -> None:
            for fact in membership.erase_user(raw, user_id):
                Transaction(raw, "", self.lms, self.reactions).tell(fact)

        self._write(work)

    # Commands

    def run(self, who: Caller | str, command: Command) -> Any:
        """Run a command as the dispatcher does; return its answer as the model."""
        caller = self.caller(who) if isinstance(who, str) else who
        handler = self.handlers[type(command)]
        assert not isinstance(handler, Signal | Opening | Staged)
        key = getattr(command, "key", None)
        answer: Any
        if command.mode is Mode.READ:
            answer = self._write(lambda raw: handler(self.transaction(raw, caller), caller, command))
            assert isinstance(answer, command.returns)
            return answer
        encoded = self._write(
            lambda raw: run_once(
                raw, "/chat", caller, self.reactions, handler, command, key, _digest(command)
            )
        )
        return command.returns.model_validate_json(encoded.json)

    def transaction(self, raw: Any, caller: Caller | None = None) -> Transaction:
        return Transaction(raw, "/chat", caller, self.reactions)

    def do(self, function: Any, *arguments: Any, caller: Caller | None = None, **options: Any) -> Any:
        """Run a function on a transaction of /chat: `room.do(store.load_room, room_id)`."""
        return self._write(lambda raw: function(self.transaction(raw, caller), *arguments, **options))

    def _write(self, work: Any) -> Any:
        self.ledger.now += 1
        group = self.ledger.group([work])
        [outcome] = group.outcomes
        if outcome.error is not None:
            raise outcome.error
        self.effects += group.effects
        return outcome.value

    # Short ways

    def open(self, who: Caller | str, kind: str = "course", **fields: Any) -> RoomSummary:
        if kind not in {"direct", "group"}:
            fields.setdefault("course_id", COURSE)
        command = OpenRoom.model_validate({"key": new_id(), "kind": kind, **fields})
        room: RoomSummary = self.run(who, command).room
        return room

    def send(self, who: Caller | str, room_id: str, text: str = "hello", **fields: Any) -> Message:
        command = SendMessage.model_validate({"key": new_id(), "room_id": room_id, "text": text, **fields})
        message: Message = self.run(who, command).message
        return message

    def edit(self, who: Caller | str, message_id: str, text: str, version: int) -> Message:
        command = EditMessage(key=new_id(), message_id=message_id, text=text, version=version)
        message: Message = self.run(who, command).message
        return message

    def delete(self, who: Caller | str, message_id: str) -> Message:
        message: Message = self.run(who, DeleteMessage(key=new_id(), message_id=message_id)).message
        return message

    def react(self, who: Caller | str, message_id: str, emoji: str, *, on: bool = True) -> Message:
        command = React(key=new_id(), message_id=message_id, emoji=emoji, on=on)
        message: Message = self.run(who, command).message
        return message

    def pin(self, who: Caller | str, message_id: str, *, on: bool = True) -> Message:
        message: Message = self.run(who, PinMessage(key=new_id(), message_id=message_id, on=on)).message
        return message

    def leave(self, who: Caller | str, room_id: str) -> None:
        self.run(who, LeaveRoom(room_id=room_id))

    def mark(self, who: Caller | str, room_id: str, **fields: Any) -> OneReceipt:
        answer: OneReceipt = self.run(who, MarkReceipt.model_validate({"room_id": room_id, **fields}))
        return answer

    def history(self, who: Caller | str, room_id: str, **fields: Any) -> History:
        history: History = self.run(who, ReadHistory(room_id=room_id, **fields))
        return history

    def rooms(self, who: Caller | str, **fields: Any) -> dict[str, RoomSummary]:
        return {room.id: room for room in self.run(who, ListRooms(**fields)).items}

    # What was told

    def logged(self, channel: str) -> list[log.Logged]:
        """What a stream holds now."""
        found: list[log.Logged] = self.ledger.do(log.read_after, "/chat", channel, 0, 10_000)
        return found

    def events(self, channel: str) -> list[tuple[str, Json]]:
        return [(event.event, orjson.loads(event.data)) for event in self.logged(channel)]

    def committed(self) -> list[Committed]:
        return [effect for effect in self.effects if isinstance(effect, Committed)]

    def taken_back(self) -> list[TakenBack]:
        return [effect for effect in self.effects if isinstance(effect, TakenBack)]

    def rows(self, statement: Prepared, **params: Any) -> list[Any]:
        return list(self.ledger.write(lambda raw: raw.all(statement, **params)))

    def everything(self) -> str:
        """All values of all tables, as one text to look for a word in.

        Not of the index of words: what was removed from it is found no more, but stays until its segments are merged.
        """
        return "\n".join(
            repr(row) for name, rows in self._tables().items() if name not in INDEX_PARTS for row in rows
        )

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        return {name: len(rows) for name, rows in self._tables().items()}

    def _tables(self) -> dict[str, list[Any]]:
        # An index of words cannot be read as a whole; what it keeps lies in tables of its own.
        names = self.sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL %'"
        )
        return {name: self.sql(f'SELECT * FROM "{name}"') for (name,) in names}  # noqa: S608 - our own tables

    def sql(self, statement: str) -> list[Any]:
        """Look into the tables, past the queries under test."""
        session = self.ledger.writer._session
        assert session is not None
        found: list[Any] = session.cursor.execute(statement).fetchall()
        return found
