"""Commands: validated, limited, run once and in order, and acknowledged when they are committed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import House, texts

from coursewire.realtime import dispatch, door, lane
from coursewire.realtime.limits import Rate
from coursewire.wire.socketio import Kind, Message


async def test_a_key_runs_once_and_a_repeat_gets_the_first_answer(house: House) -> None:
    """[LOG3] Also on another connection, and while the first copy is still running."""
    ada = await house.visitor("ada", "board:math")
    command = {"key": "k1", "board": "math", "text": "once"}
    first, copy = [ada.say("note.add", command) for _ in range(2)]
    answer, repeat = await ada.answer(first), await ada.answer(copy)
    assert answer["data"]["duplicate"] is False
    assert repeat["data"] == {**answer["data"], "duplicate": True}
    again = await (await house.visitor("ada")).ask("note.add", **command)
    assert again == {**answer["data"], "duplicate": True}
    await house.settle()
    assert texts(ada.named("note.added")) == ["once"]


async def test_a_key_belongs_to_one_caller_and_to_one_payload(house: House) -> None:
    """[LOG3] The same key with another payload gets `conflict`; another caller's is another key."""
    ada, bob = await house.visitor("ada"), await house.visitor("bob")
    await ada.ask("note.add", key="k1", board="math", text="mine")
    error = await ada.refused("note.add", key="k1", board="math", text="other")
    assert (error["code"], error["field"], error["retryable"]) == ("conflict", "key", False)
    error = await ada.refused("note.remove", key="k1", board="math", id="n")
    assert error["code"] == "conflict"
    assert (await bob.ask("note.add", key="k1", board="math", text="his"))["duplicate"] is False


async def test_a_command_that_failed_may_run_again_with_its_key(house: House) -> None:
    """[LOG3] Only what was committed is remembered."""
    ada = await house.visitor("ada")
    await house.expel("math", "ada")
    assert (await ada.refused("note.add", key="k1", board="math", text="x"))["code"] == "forbidden"
    await house.enrol("math", "ada")
    assert (await ada.ask("note.add", key="k1", board="math", text="x"))["duplicate"] is False


async def test_answers_come_in_the_order_of_the_commands(house: House) -> None:
    """[CMD1] Signals, reads, writes, refused and unknown ones, however long each takes."""
    ada = await house.visitor("ada", "board:math")
    commands: list[tuple[str, Any]] = [
        ("note.add", {"key": "k1", "board": "math", "text": "a"}),
        ("ping", {"sent_at": 1}),
        ("course.read", {"board": "math"}),
        ("no.such", {}),
        ("note.add", {"key": "k2", "board": "math", "text": "b"}),
        ("note.add", {"key": "k3", "board": "math"}),
        ("course.read", {"board": "math"}),
        ("knock", {"board": "math", "text": "!"}),
    ]
    acks = [ada.say(name, payload) for name, payload in commands]
    answers = [await ada.answer(ack) for ack in acks]
    assert list(ada.answers)[-len(acks) :] == acks
    assert [answer["ok"] for answer in answers] == [True, True, True, False, True, False, True, True]


async def test_a_read_sees_the_write_that_was_sent_before_it(house: House) -> None:
    """[CMD1]"""
    ada = await house.visitor("ada")
    ada.say("course.rename", {"board": "math", "title": "Mathematics"})
    assert (await ada.ask("course.read", board="math"))["title"] == "Mathematics"


async def test_an_answer_comes_after_the_commit(house: House) -> None:
    """[CMD2] At the moment of the answer another reader finds the event in the log, and listeners have it."""
    ada = await house.visitor("ada", "board:math")
    committed: list[str] = []
    publish = house.storage.committed

    def note(effects: list[Any]) -> None:
        committed.extend(ada.story)
        publish(effects)

    house.storage.committed = note
    ack = ada.say("note.add", {"key": "k1", "board": "math", "text": "x"})
    await ada.answer(ack)
    assert committed
    assert f"ack {ack}" not in committed
    assert ada.story[-2:] == ["note.added", f"ack {ack}"]


async def test_an_invalid_or_limited_command_never_reaches_the_storage(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[CMD2] Validated and limited before a transaction begins."""
    house = await build(rate=Rate(per_second=0.001, burst=2))
    await house.enrol("math", "ada")
    ada = await house.visitor("ada")
    monkeypatch.setattr(house.storage, "write", None)
    monkeypatch.setattr(house.storage, "read", None)
    assert (await ada.refused("note.add", key="k1", board="math"))["field"] == "text"
    await ada.ask("ping", sent_at=1)
    await ada.ask("ping", sent_at=2)
    error = await ada.refused("note.add", key="k1", board="math", text="x")
    assert (error["code"], error["retryable"]) == ("rate_limited", True)
    assert error["retry_after_ms"] > 100_000


async def test_rights_are_asked_inside_the_transaction(house: House) -> None:
    """[CMD2] The expulsion is committed just before, in the same group, so the command is refused."""
    ada = await house.visitor("ada")
    gone = asyncio.ensure_future(house.expel("math", "ada"))
    await asyncio.sleep(0)
    assert (await ada.refused("note.add", key="k1", board="math", text="x"))["code"] == "forbidden"
    await gone


@pytest.mark.parametrize(
    ("name", "arguments", "code", "field"),
    [
        ("no.such", [{}], "unknown_command", None),
        ("note.add", [{"key": "k", "board": "math"}], "invalid", "text"),
        ("note.add", [{"key": "k", "board": "math", "text": 5}], "invalid", "text"),
        ("note.add", [{"key": "", "board": "math", "text": "x"}], "invalid", "key"),
        ("note.add", [], "invalid", "key"),
        ("note.add", [[1, 2]], "invalid", "payload"),
        ("note.add", ["text"], "invalid", "payload"),
        ("note.add", [None], "invalid", "payload"),
        ("subscribe", [{"channel": "nonsense"}], "invalid", "channel"),
        ("subscribe", [{"channel": "planet:mars"}], "invalid", "channel"),
        (
            "subscribe",
            [{"channel": "board:math", "since": {"epoch": "e", "offset": "one"}}],
            "invalid",
            "since.offset",
        ),
        ("subscribe", [{"channel": "board:art"}], "forbidden", "channel"),
        ("subscribe", [{"channel": "user:bob"}], "forbidden", "channel"),
        ("unsubscribe", [{"channel": "board:math"}], "not_found", "channel"),
        ("knock", [{"board": "art", "text": "!"}], "forbidden", None),
        ("auth.refresh", [{"token": "forged"}], "auth_invalid", None),
        ("ping", [{}], "invalid", "sent_at"),
    ],
)
async def test_bad_input_gets_the_error_of_the_contract_and_disturbs_nothing(
    house: House, name: str, arguments: list[Any], code: str, field: str | None
) -> None:
    ada = await house.visitor("ada")
    ada.send(Message(Kind.EVENT, "/notes", [name, *arguments], 99))
    answer = await ada.answer(99)
    assert (answer["ok"], answer["error"]["code"]) == (False, code)
    if field is not None:
        assert answer["error"]["field"].startswith(field)
    known = name if code != "unknown_command" else "unknown"
    assert house.dispatcher.figures.commands["/notes", known, code] == 1
    assert (await ada.ask("ping", sent_at="still here"))["sent_at"] == "still here"


@pytest.mark.parametrize("command", ["break", "break.writing", "break.now"])
async def test_a_handler_that_raises_says_internal_and_nothing_more(
    house: House, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await house.visitor("ada")
    error = await ada.refused(command)
    assert error == {"code": "internal", "message": "something went wrong on our side", "retryable": True}
    assert "SELECT secret FROM vault" in caplog.text
    assert (await ada.ask("course.read", board="math"))["title"] == "MATH"


@pytest.mark.parametrize("sent_at", [2**64, 1.5, "now", -1])
async def test_ping_says_what_it_was_told(house: House, sent_at: Any) -> None:
    ada = await house.visitor("ada")
    answer = await ada.ask("ping", sent_at=sent_at)
    assert answer["sent_at"] == sent_at
    assert answer["server_time"].endswith("Z")


async def test_a_command_without_ack_runs_and_says_nothing(house: House) -> None:
    ada = await house.visitor("ada", "board:math")
    ada.send(Message(Kind.EVENT, "/notes", ["note.add", {"key": "k", "board": "math", "text": "x"}]))
    await ada.event("note.added")
    ada.send(Message(Kind.EVENT, "/notes", ["no.such"]))
    await house.settle()
    assert len(ada.answers) == 1


async def test_sessions_of_one_caller_share_a_bucket(build: Build) -> None:
    house = await build(rate=Rate(per_second=0.001, burst=2))
    first, second, bob = [await house.visitor(user) for user in ("ada", "ada", "bob")]
    await first.ask("ping", sent_at=1)
    await second.ask("ping", sent_at=1)
    assert (await first.refused("ping", sent_at=1))["code"] == "rate_limited"
    await bob.ask("ping", sent_at=1)


def _fill(guest: Guest, commands: int) -> list[int]:
    """Send reads behind a write, which lets none of them begin before this returns."""
    return [guest.say("course.rename", {"board": "math", "title": "x"})] + [
        guest.say("course.read", {"board": "math"}) for _ in range(commands - 1)
    ]


async def test_a_full_lane_answers_overloaded_and_pauses_the_socket(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[CMD1] In its turn: behind the commands that had room."""
    monkeypatch.setattr(door, "LANE", 8)
    ada = await house.visitor("ada")
    acks = _fill(ada, 10)
    assert not ada.line.reading
    assert list(ada.answers) == []
    answers = [await ada.answer(ack) for ack in acks]
    assert list(ada.answers) == acks
    assert [answer["ok"] for answer in answers] == [True] * 8 + [False] * 2
    assert answers[-1]["error"]["code"] == "overloaded"
    assert answers[-1]["error"]["retryable"]
    await house.settle()
    assert ada.line.reading


async def test_what_is_refused_for_other_reasons_fills_a_lane_as_well(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[CMD1] Its answer waits for its turn, so its socket waits too."""
    monkeypatch.setattr(door, "LANE", 8)
    ada = await house.visitor("ada")
    acks = [ada.say("course.rename", {"board": "math", "title": "x"})]
    acks += [ada.say("no.such", {}) for _ in range(9)]
    assert not ada.line.reading
    answers = [await ada.answer(ack) for ack in acks]
    assert list(ada.answers) == acks
    codes = [answer["error"]["code"] for answer in answers[1:]]
    assert codes == ["unknown_command"] * 7 + ["overloaded"] * 2
    assert house.dispatcher.figures.commands["/notes", "unknown", "overloaded"] == 2
    await house.settle()
    assert ada.line.reading


async def test_who_goes_on_where_refusals_have_no_room_is_closed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[CMD1] Nothing is answered out of turn, and nothing grows. What was running still commits."""
    monkeypatch.setattr(door, "LANE", 8)
    monkeypatch.setattr(lane, "REFUSALS", 4)
    ada, bob = await house.visitor("ada"), await house.visitor("bob")
    _fill(ada, 12)
    closed = [ada.line.closed]
    ada.say("course.read", {"board": "math"})
    closed.append(ada.line.closed)
    assert closed == [None, dispatch.TOO_MANY_COMMANDS]
    await house.settle()
    assert ada.answers == {}
    assert house.hub.sessions_of("ada") == []
    assert (await bob.ask("course.read", board="math"))["title"] == "x"


async def test_a_namespace_that_leaves_crowded_gives_the_others_their_socket_back(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SES1]"""
    monkeypatch.setattr(door, "LANE", 8)
    house = await build(namespaces=[notes.make(), notes.make(path="/other")])
    await house.enrol("math", "ada")
    ada = await house.visitor("ada")
    ada.enter(house.keys.token("ada"), "/other")
    await ada.event("session.ready", 2)
    _fill(ada, 6)
    reading = [ada.line.reading]
    ada.leave("/notes")
    reading.append(ada.line.reading)
    assert reading == [False, True]
    await ada.ask("ping", "/other", sent_at=1)
