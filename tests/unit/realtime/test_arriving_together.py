"""Many who come in at the same moment, step by step: each of them as if they came alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import House
from tests.unit.realtime.test_recovery import BOARD, position_of

from coursewire.realtime import channels
from coursewire.wire.socketio import Kind, Message

NAMES = [f"student-{number}" for number in range(12)]


def seen_by(guest: Guest) -> set[str]:
    """Return whom this one was shown on the board, with the answer or after it."""
    ready = guest.named("session.ready")[0].data
    latest = ready["resumed"][BOARD].get("latest", [])
    with_it = {value["data"]["user_id"] for value in latest if value["event"] == "seen.changed"}
    return with_it | {heard.data["user_id"] for heard in guest.named("seen.changed")}


def sees(guest: Guest, names: Iterable[str]) -> bool:
    return seen_by(guest) >= set(names)


async def test_who_comes_back_together_sees_each_other(house: House) -> None:
    """[SUB2] [FAN1] What is published between an answer and the beginning of the subscription is in neither."""
    await house.enrol("math", *NAMES)
    position = await position_of(house)
    guests = [house.guest(name) for name in NAMES]
    for name, guest in zip(NAMES, guests, strict=True):
        guest.enter(house.keys.token(name), resume={BOARD: position})
    for guest in guests:
        await guest.event("session.ready")
    await house.settle()
    for guest in guests:
        await guest.until(partial(sees, guest, NAMES))
    [note_id] = await house.add("math", "for all")
    for guest in guests:
        heard = await guest.event("note.added")
        assert heard.data["id"] == note_id


async def test_what_is_sent_at_once_while_others_come_back_is_in_their_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SUB2] When a channel has no room for more newest values, those that wait go out at once, to who is live by then.
    To the others the answer must tell them, so it is composed when all who are before them are live."""
    monkeypatch.setattr(channels, "LATEST_VALUES", 2)
    await house.enrol("math", *NAMES)
    position = await position_of(house)
    guests = [house.guest(name) for name in NAMES]
    for name, guest in zip(NAMES, guests, strict=True):
        guest.enter(house.keys.token(name), resume={BOARD: position})
    await house.settle()
    for number, guest in enumerate(guests):
        await guest.until(partial(sees, guest, NAMES[max(0, number - 2) :]))


async def test_what_one_of_many_is_refused_or_waits_for_concerns_nobody_else(house: House) -> None:
    """[SES1] A forged token, a namespace that fails, somebody who has left, and somebody with a new token."""
    await house.enrol("math", *NAMES)
    guests = [house.guest(name) for name in NAMES]
    for number, (name, guest) in enumerate(zip(NAMES, guests, strict=True)):
        if number == 3:
            guest.enter("forged")
        elif number == 5:
            guest.enter(house.keys.token(name), resume={"broken:1": {"epoch": "e", "offset": 0}})
        elif number == 7:
            guest.enter(house.keys.token(name))
            guest.vanish()
        elif number == 9:
            guest.send(Message(Kind.CONNECT, notes.PATH, {"token": 5}))
        else:
            guest.enter(house.keys.token(name))
    await house.settle()
    let_in = [number for number, guest in enumerate(guests) if guest.named("session.ready")]
    assert let_in == [0, 1, 2, 4, 6, 8, 10, 11]
    assert guests[3].refusals[0][1]["data"]["code"] == "auth_invalid"
    assert guests[5].story == ["namespace.closing"]
    assert guests[5].disconnected == [notes.PATH]
    assert guests[9].refusals[0][1]["data"]["code"] == "auth_invalid"
    assert house.hub.session_count == len(let_in)
    for number in let_in:
        # CONNECT is answered before anything else is said, and once.
        assert guests[number].accepted == [notes.PATH]
        assert guests[number].story == ["session.ready"]


async def test_who_comes_and_goes_without_end_fills_nothing(house: House) -> None:
    """[bounds] For that nobody needs a token: at the door stands one for each namespace of a connection, at most."""
    restless = house.guest()
    for _ in range(1_000):
        restless.enter("forged")
        restless.leave()
    assert not house.dispatcher._arrivals._waiting
    restless.enter(house.keys.token("ada"))
    await restless.event("session.ready")
    assert restless.refusals == []


async def test_who_leaves_is_not_waited_for(house: House) -> None:
    """[bounds] While the keys of the issuer are on their way, the same fills nothing; and who stays is let in."""
    house.keys.gate = asyncio.Event()
    restless, patient = house.guest(), house.guest("bob")
    patient.enter(house.keys.token("bob"))
    for _ in range(20):
        restless.enter(house.keys.token("ada"))
        await house.settle()
        restless.leave()
        await house.settle()
    assert len(house.dispatcher._arrivals._opening) == 1
    house.keys.gate.set()
    await patient.event("session.ready")
    assert (restless.story, restless.refusals) == ([], [])
    assert house.hub.session_count == 1
