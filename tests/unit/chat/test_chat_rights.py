"""Who may do what: every command and every kind of channel, for every kind of person, in every kind of room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast, get_args

import pytest
from tests.unit.chat.classroom import COURSE, TEACHER, Classroom

from coursewire.errors import CoursewireError
from coursewire.identity.caller import Caller
from coursewire.namespaces.chat import namespace as chat
from coursewire.namespaces.chat.contract import COMMANDS, ListMembers, RoomKind, RoomSummary
from coursewire.realtime.contract import Command
from coursewire.realtime.live import Live
from coursewire.realtime.namespace import Signal
from coursewire.realtime.presence import Standing
from coursewire.realtime.visit import Visit
from coursewire.vocabulary import new_id

KINDS: tuple[RoomKind, ...] = get_args(RoomKind)

# One letter per person, in this order:
# - staff: teaches the course, is in no private room here
# - learner: enrolled, is in no private room here
# - member: enrolled, and in the group and the direct room
# - author: wrote the message that is changed; in every room
# - outsider: enrolled nowhere        - foreign: teaches another course
# - administrator                     - lms: a service token
PEOPLE = ("staff", "learner", "member", "author", "outsider", "foreign", "administrator", "lms")
OUTCOMES = {".": "ok", "F": "forbidden", "N": "not_found", "I": "invalid"}

READS = {"course": "....NN..", "discussion": "....NN..", "announcement": "....NN..",
         "group": "NN..NNN.", "direct": "NN..NNN."}  # fmt: skip
ANYBODY: dict[str, str] = dict.fromkeys(KINDS, "........")

RIGHTS: dict[str, dict[str, str]] = {
    "room.list": ANYBODY,
    "room.open": {"course": ".FF.NN..", "discussion": "....NN..", "announcement": ".FF.NN..",
                  "group": "....II..", "direct": "....II.."},
    "room.join": {"course": "....NNFF", "discussion": "....NNFF", "announcement": "....NNFF",
                  "group": "NNFFNNNF", "direct": "NNFFNNNF"},
    "room.leave": {**READS, "direct": "NNFFNNNF"},
    "room.update": {"course": ".FF.NN..", "discussion": ".FF.NN..", "announcement": ".FF.NN..",
                    "group": "NN..NNN.", "direct": "NNFFNNNF"},
    "room.members": READS,
    "room.pins": READS,
    "message.send": {**READS, "announcement": ".FF.NN.."},
    "message.edit": {"course": "FFF.NNFF", "discussion": "FFF.NNFF", "announcement": "FFF.NNFF",
                     "group": "NNF.NNNF", "direct": "NNF.NNNF"},
    "message.delete": {"course": ".FF.NN..", "discussion": ".FF.NN..", "announcement": ".FF.NN..",
                       "group": "NNF.NNNF", "direct": "NNF.NNNF"},
    "message.pin": {"course": ".FF.NN..", "discussion": ".FF.NN..", "announcement": ".FF.NN..",
                    "group": "NN..NNN.", "direct": "NN..NNN."},
    "message.react": {"course": "....NN.F", "discussion": "....NN.F", "announcement": "....NN.F",
                      "group": "NN..NNNF", "direct": "NN..NNNF"},
    "message.search": READS,
    "message.report": {"course": "...INN.F", "discussion": "...INN.F", "announcement": "...INN.F",
                       "group": "NN.INNNF", "direct": "NN.INNNF"},
    "room.moderate": {"course": ".FF.NN..", "discussion": ".FF.NN..", "announcement": ".FF.NN..",
                      "group": "NNFFNNN.", "direct": "NNFFNNN."},
    "report.list": {"course": ".FF.NN..", "discussion": ".FF.NN..", "announcement": ".FF.NN..",
                    "group": "NNFFNN..", "direct": "NNFFNN.."},
    "audit.list": {"course": ".FF.NN..", "discussion": ".FF.NN..", "announcement": ".FF.NN..",
                   "group": "NNFFNNN.", "direct": "NNFFNNN."},
    "message.reveal": {"course": ".FF.NN..", "discussion": ".FF.NN..", "announcement": ".FF.NN..",
                       "group": "NNFFNNNF", "direct": "NNFFNNNF"},
    "history.read": READS,
    "receipt.mark": READS,
    "receipt.read": READS,
    "typing.set": READS,
    "presence.set": ANYBODY,
}  # fmt: skip
"""The author is staff too, for nobody else posts announcements."""

CHANNELS: dict[str, dict[str, str]] = {"room": READS, "user": dict.fromkeys(KINDS, "FFFFFFFF")}
"""`user:<id>` of somebody else; one's own is open to everybody."""

CALLERS = {
    "staff": Caller(user_id="ada", name="Ada"),
    "learner": Caller(user_id="ben", name="Ben"),
    "member": Caller(user_id="cleo", name="Cleo"),
    "author": Caller(user_id="sam", name="Sam"),
    "outsider": Caller(user_id="eve", name="Eve"),
    "foreign": Caller(user_id="mia", name="Mia"),
    "administrator": Caller(user_id="root", name="Root", roles=frozenset({"administrator"})),
    "lms": Caller(user_id="lms", name="LMS", roles=frozenset({"service"})),
}


class _Live:
    """Nobody listens, nothing expires."""

    now = 0.0

    def later(self, at: float, action: Any) -> None: ...

    def publish_unlogged(self, channel: str, event: Any, actor: str | None = None) -> None: ...

    def set_status(self, user_id: str, status: Any) -> Standing:
        del user_id
        return Standing(status, 0)


class Campus(Classroom):
    """The people above, a room of each kind, and a message of the author in it."""

    def __init__(self) -> None:
        super().__init__()
        self._furnish()

    def begin_again(self) -> None:
        self.close()
        Classroom.__init__(self)
        self._furnish()

    def _furnish(self) -> None:
        self.enrol(COURSE, {"sam": TEACHER})
        self.enrol("math", {"mia": TEACHER})
        self.made: dict[str, RoomSummary] = {}
        for kind in KINDS:
            people = ["cleo"] if kind in {"group", "direct"} else []
            self.made[kind] = self.open(CALLERS["author"], kind, member_ids=people, title="T")
        self.written = {
            kind: self.send(CALLERS["author"], room.id, f"in {kind}").id for kind, room in self.made.items()
        }
        self.whispered = {
            kind: self.send(CALLERS["author"], room.id, "who?", anonymous=room.course_id is not None).id
            for kind, room in self.made.items()
        }

    def payload(self, name: str, kind: str, person: str) -> dict[str, Any]:
        here, this = {"room_id": self.made[kind].id}, {"message_id": self.written[kind]}
        # One whom the others know as well; the LMS is nobody, so it names both.
        people = {"lms": ["ben", "ada"], "author": ["ben"]}.get(person, ["sam"])
        private = kind in {"group", "direct"}
        special: dict[str, dict[str, Any]] = {
            "room.open": {
                "kind": kind, "title": "T", **({"member_ids": people} if private else {"course_id": COURSE})
            },
            "room.list": {},
            "room.update": {**here, "title": "Changed"},
            "message.send": {**here, "text": "hello"},
            "message.edit": {**this, "text": "changed", "version": 1},
            "message.delete": this,
            "message.pin": this,
            "message.reveal": {"message_id": self.whispered[kind]},
            "message.react": {**this, "emoji": "\N{THUMBS UP SIGN}", "on": True},
            "receipt.read": this,
            "message.search": {**here, "query": "in"},
            "message.report": {**this, "reason": "spam"},
            "room.moderate": {**here, "action": "slow_mode", "seconds": 30},
            "receipt.mark": {**here, "read": self.written[kind]},
            "typing.set": {**here, "active": True},
            "presence.set": {"status": "away"},
        }  # fmt: skip
        return special.get(name, here)

    def outcome(self, person: str, command: Command) -> str:
        """Run a command as somebody; return `ok` or the error's code."""
        caller, handler = CALLERS[person], self.handlers[type(command)]
        try:
            if not isinstance(handler, Signal):
                self.run(caller, command)
                return "ok"
            if handler.channel is not None:
                self.listen(person, handler.channel(command))
            handler.run(Visit(cast("Live", _Live()), caller, 1), command)
        except CoursewireError as error:
            return error.code
        return "ok"

    def listen(self, person: str, channel: str) -> None:
        """Ask the rule of a channel. Raises what it raises."""
        kind, _, channel_id = channel.partition(":")
        caller = CALLERS[person]
        self.do(chat.make().channels[kind].rule, caller, channel_id, caller=caller)


@pytest.fixture
def campus() -> Iterator[Campus]:
    campus = Campus()
    yield campus
    campus.close()


def test_every_command_has_a_row() -> None:
    """A command without a row here has no rule that anybody has thought of."""
    assert set(RIGHTS) == {command.command for command in COMMANDS}
    assert {command.command for command in chat.make().commands} == set(RIGHTS)


def test_every_kind_of_channel_has_a_row() -> None:
    assert set(CHANNELS) == set(chat.make().channels)


def test_every_row_says_something_about_everybody() -> None:
    for table in (RIGHTS, CHANNELS):
        for name, row in table.items():
            assert {kind: len(row[kind]) for kind in KINDS} == dict.fromkeys(KINDS, len(PEOPLE)), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.command)
def test_commands(campus: Campus, command: type[Command], kind: str) -> None:
    """[SUB1] Who may not is refused, and nothing is written."""
    for person, letter in zip(PEOPLE, RIGHTS[command.command][kind], strict=True):
        fields = campus.payload(command.command, kind, person)
        before = campus.everything()
        outcome = campus.outcome(person, command.model_validate({"key": new_id(), **fields}))
        assert (person, outcome) == (person, OUTCOMES[letter])
        if outcome != "ok":
            assert campus.everything() == before
        elif command.command in {"message.edit", "message.delete", "room.leave"}:
            campus.begin_again()  # the next person finds everything as it was


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_channels(campus: Campus, channel: str, kind: str) -> None:
    """[SUB1]"""
    for person, letter in zip(PEOPLE, CHANNELS[channel][kind], strict=True):
        name = (
            f"user:{'cleo' if person != 'member' else 'ada'}"
            if channel == "user"
            else f"room:{campus.made[kind].id}"
        )
        try:
            campus.listen(person, name)
            outcome = "ok"
        except CoursewireError as error:
            outcome = error.code
        assert (person, outcome) == (person, OUTCOMES[letter])


@pytest.mark.parametrize("person", PEOPLE)
def test_ones_own_channel_is_open(campus: Campus, person: str) -> None:
    campus.listen(person, f"user:{CALLERS[person].user_id}")


def test_a_mentor_reads_and_posts_and_is_no_staff(campus: Campus) -> None:
    campus.enrol(COURSE, {"max": "mentor"})
    room = campus.made["course"]
    campus.send("max", room.id)
    assert not campus.rooms("max")[campus.made["announcement"].id].can_post
    assert campus.rooms("max")[room.id].can_post
    roles = {item.user_id: item.roles for item in campus.run("max", ListMembers(room_id=room.id)).items}
    assert roles["max"] == ["mentor"]
