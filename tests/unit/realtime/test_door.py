"""Into a namespace and out of it: refusals, a token's end and renewal, rights that come and go."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import Clock, House, texts

from coursewire.errors import Unavailable
from coursewire.identity.tokens import Issuer, Verifier
from coursewire.realtime.door import (
    EXPIRED_GRACE_S,
    EXPIRING_AGAIN_S,
    EXPIRING_AHEAD_S,
    EXPIRING_JITTER_S,
)
from coursewire.storage.engine import Storage
from coursewire.wire.socketio import Kind, Message

BOARD = "board:math"
SECRET = "a secret of more than thirty-two bytes, for tests"


def in_s(seconds: float) -> int:
    return time.time_ns() // 1_000_000 + int(seconds * 1000)


async def refusal(guest: Guest, namespace: str = "/notes") -> dict[str, Any]:
    await guest.until(lambda: guest.refusals)
    [(found, data)] = guest.refusals
    assert found == namespace
    assert data["message"] == data["data"]["message"]
    return dict(data["data"])


@pytest.mark.parametrize(
    ("auth", "code", "field"),
    [
        (None, "auth_missing", "token"),
        ({}, "auth_missing", "token"),
        ({"token": ""}, "auth_missing", "token"),
        ({"token": 5}, "auth_invalid", "token"),
        ({"token": "x" * 20_000}, "invalid", "token"),
        ({"token": "forged"}, "auth_invalid", None),
        ({"token": "forged", "resume": {"board:math": 3}}, "invalid", "resume.board:math"),
        (
            {"token": "forged", "resume": {f"board:{n}": {"epoch": "e", "offset": 0} for n in range(101)}},
            "invalid",
            "resume",
        ),
    ],
)
async def test_a_handshake_without_a_good_token_is_refused(
    house: House, auth: Any, code: str, field: str | None
) -> None:
    """[SES1] With the contract's error."""
    guest = house.guest()
    guest.send(Message(Kind.CONNECT, "/notes", auth))
    error = await refusal(guest)
    assert error["code"] == code
    assert field is None or error["field"].startswith(field)
    assert house.hub.session_count == 0


async def test_real_tokens_are_told_apart(house: House) -> None:
    """[SES1] Forged, ended, and good ones, by the verifier that serves."""
    house.door._authenticate = Verifier(secret=SECRET).authenticate
    forged, _ = Issuer("another secret of more than thirty-two bytes").issue("ada", "Ada")
    ended, _ = Issuer(SECRET, clock=lambda: in_s(-600)).issue("ada", "Ada", ttl_s=60)
    good, expires_at = Issuer(SECRET).issue("ada", "Ada Lovelace", courses={"math": ["learner"]})
    for token, code, retryable in ((forged, "auth_invalid", False), (ended, "auth_expired", True)):
        guest = house.guest()
        guest.enter(token)
        error = await refusal(guest)
        assert (error["code"], error["retryable"]) == (code, retryable)
    ready = (await house.visitor("ada", token=good)).named("session.ready")[0].data
    assert ready["user"] == {"id": "ada", "name": "Ada Lovelace"}
    assert (ready["roles"], ready["namespace"]) == (["learner"], "/notes")
    assert round(datetime.fromisoformat(ready["expires_at"]).timestamp() * 1000) == expires_at


async def test_one_namespace_fails_and_the_others_go_on(build: Build) -> None:
    """[SES1] Refused for its token, for its allow-list, for its flag; the transport stays as well."""
    house = await build(
        namespaces=[notes.make(), notes.make(path="/other"), notes.make(path="/third")],
        flags={"namespace.third": False},
    )
    ada = await house.visitor(
        "ada", token=house.keys.token("ada", namespaces=frozenset({"/notes", "/third"}))
    )
    ada.enter(house.keys.token("ada", namespaces=frozenset({"/notes"})), "/other")
    ada.enter(house.keys.token("ada"), "/third")
    await ada.until(lambda: len(ada.refusals) == 2)
    codes = {namespace: data["data"]["code"] for namespace, data in ada.refusals}
    assert codes == {"/other": "forbidden", "/third": "disabled"}
    await ada.ask("ping", sent_at=1)
    assert not ada.session.closed


async def test_a_namespace_that_is_dismissed_leaves_the_others(build: Build) -> None:
    """[SES1] It is told why, and disconnected; the other still answers on the same transport."""
    house = await build(namespaces=[notes.make(), notes.make(path="/other")])
    ada = await house.visitor("ada")
    ada.enter(house.keys.token("ada"), "/other")
    await ada.event("session.ready", 2)
    [session] = [one for one in house.hub.all_sessions() if one.namespace.path == "/other"]
    house.door.dismiss(session, "maintenance", retryable=True, retry_after_ms=500)
    closing = await ada.event("namespace.closing")
    assert (closing.namespace, closing.data) == (
        "/other",
        {"reason": "maintenance", "retryable": True, "retry_after_ms": 500},
    )
    assert ada.disconnected == ["/other"]
    await ada.ask("ping", sent_at=1)
    assert [one.namespace.path for one in house.hub.all_sessions()] == ["/notes"]


async def test_everybody_is_dismissed_at_the_end(house: House) -> None:
    guests = [await house.visitor(user) for user in ("ada", "bob")]
    house.door.dismiss_all("the server is restarting", 500)
    assert [guest.disconnected for guest in guests] == [["/notes"]] * 2
    assert house.hub.session_count == house.hub.channel_count == 0


async def test_who_leaves_at_the_door_is_not_seated(house: House) -> None:
    house.keys.gate = asyncio.Event()
    guest = house.guest()
    guest.enter(house.keys.token("ada"))
    await asyncio.sleep(0)
    guest.vanish()
    house.keys.gate.set()
    await house.settle()
    assert house.hub.session_count == 0


# A token's end (SES2)


async def test_a_token_that_ends_is_announced_and_then_ends_the_namespace(house: House) -> None:
    """[SES2] 60 s ahead, give or take; 25 s after."""
    clock = Clock(house)
    ada = await house.visitor("ada", BOARD, token=house.keys.token("ada", expires_at=in_s(200)))
    await clock.advance(200 - EXPIRING_AHEAD_S - EXPIRING_JITTER_S - 5)
    assert ada.named("auth.expiring") == []
    await clock.advance(2 * EXPIRING_JITTER_S + 5)
    expiring = ada.named("auth.expiring")
    assert len(expiring) == 1
    # The wall clock of this test stands still, so what is left is counted from the announcement.
    await clock.advance(200 + EXPIRED_GRACE_S - 5)
    assert ada.disconnected == []
    await clock.advance(10)
    assert ada.named("namespace.closing")[0].data == {"reason": "auth_expired", "retryable": True}
    assert ada.disconnected == ["/notes"]
    assert not ada.session.closed
    assert house.hub.channel_count == 0


async def test_a_refresh_renews_in_place(house: House) -> None:
    """[SES2] The subscriptions go on, and the old end does not come."""
    clock = Clock(house)
    ada = await house.visitor("ada", BOARD, token=house.keys.token("ada", expires_at=in_s(50)))
    await clock.advance(26)
    assert len(ada.named("auth.expiring")) == 1
    answer = await ada.ask("auth.refresh", token=house.keys.token("ada", expires_at=in_s(9_000)))
    assert answer["expires_at"].endswith("Z")
    await clock.advance(1_000)
    assert (ada.disconnected, len(ada.named("auth.expiring"))) == ([], 1)
    await house.add("math", "still here")
    assert texts([await ada.event("note.added")]) == ["still here"]


async def test_short_tokens_are_not_renewed_without_a_pause(house: House) -> None:
    """[SES2] An issuer whose tokens live shorter than the notice is asked once in half of their life."""
    clock = Clock(house)
    ada = await house.visitor("ada", BOARD, token=house.keys.token("ada", expires_at=in_s(50)))
    for count in range(1, 4):
        await clock.advance(20)
        assert len(ada.named("auth.expiring")) == count - 1
        await clock.advance(6)
        assert len(ada.named("auth.expiring")) == count
        await ada.ask("auth.refresh", token=house.keys.token("ada", expires_at=in_s(50)))


async def test_a_token_that_brings_no_time_is_not_asked_for_again_at_once(house: House) -> None:
    """[SES2] An issuer that gives out the same one until it ends was asked some twenty times in its last seconds."""
    clock = Clock(house)
    token = house.keys.token("ada", expires_at=in_s(8))
    ada = await house.visitor("ada", BOARD, token=token)
    await clock.advance(4.5)
    assert len(ada.named("auth.expiring")) == 1
    await ada.ask("auth.refresh", token=token)
    await clock.advance(EXPIRING_AGAIN_S - 0.4)
    assert len(ada.named("auth.expiring")) == 1
    await clock.advance(1)
    assert len(ada.named("auth.expiring")) == 2


async def test_somebody_elses_token_does_not_renew(house: House) -> None:
    """[SES2]"""
    ada = await house.visitor("ada")
    error = await ada.refused("auth.refresh", token=house.keys.token("bob"))
    assert error["code"] == "auth_invalid"
    [session] = house.hub.all_sessions()
    assert session.caller.user_id == "ada"


async def test_a_refresh_that_lacks_a_right_ends_it_at_once(house: House) -> None:
    """[SES2] [SUB1] Before the answer; the right that stays, stays."""
    both = {"math": frozenset({"learner"}), "art": frozenset({"learner"})}
    ada = await house.visitor(
        "ada", "claimed:math", "claimed:art", token=house.keys.token("ada", courses=both)
    )
    ack = ada.say("auth.refresh", {"token": house.keys.token("ada", courses={"math": both["math"]})})
    await ada.answer(ack)
    assert ada.story[-2:] == ["channel.closed", f"ack {ack}"]
    closed = ada.named("channel.closed")[0]
    assert (closed.meta["channel"], closed.data) == ("claimed:art", {"reason": "forbidden"})
    [session] = house.hub.all_sessions()
    assert set(session.subscriptions) == {"user:ada", "claimed:math"}


async def test_a_refresh_that_resolves_after_the_end_changes_nothing(house: House) -> None:
    """[SES2] Neither in the session that ended, nor in the one that came after it."""
    ada = await house.visitor("ada")
    [old] = house.hub.all_sessions()
    house.keys.gate = asyncio.Event()
    ada.say("auth.refresh", {"token": house.keys.token("ada", expires_at=in_s(9_000))})
    await asyncio.sleep(0)
    ada.vanish()
    gate, house.keys.gate = house.keys.gate, None
    await house.visitor("ada", token=house.keys.token("ada", expires_at=in_s(500)))
    [new] = house.hub.all_sessions()
    expires = new.caller.expires_at
    before = old.caller
    gate.set()
    await house.settle()
    assert old.caller is before
    assert new.caller.expires_at == expires
    assert house.hub.all_sessions() == [new]
    assert old.expiry is None


# Rights that come and go


async def test_losing_a_right_closes_the_channel_at_once(house: House) -> None:
    """[FAN4] [SUB1] On each of the user's devices, and for nobody else."""
    devices = [await house.visitor("ada", BOARD) for _ in range(2)]
    bob = await house.visitor("bob", BOARD)
    await house.expel("math", "ada")
    for device in devices:
        closed = await device.event("channel.closed")
        assert (closed.meta["channel"], closed.data) == (BOARD, {"reason": "forbidden"})
    await house.add("math", "secret")
    await bob.event("note.added")
    assert [device.named("note.added") for device in devices] == [[], []]
    position = (await house.write(lambda tx: tx.position(BOARD))).model_dump()
    assert (await devices[0].refused("subscribe", channel=BOARD, since=position))["code"] == "forbidden"
    again = await house.visitor("ada", resume={BOARD: position})
    resumed = again.named("session.ready")[0].data["resumed"][BOARD]
    assert (resumed["recovered"], resumed["reason"]) == (False, "forbidden")


async def test_a_right_that_goes_while_the_answer_waits_is_no_yes(house: House) -> None:
    """[SUB1] `channel.closed`, then an error: never an ok for a channel that is closed already."""
    ada = await house.visitor("ada")
    house.keys.gate = asyncio.Event()
    ada.say("auth.refresh", {"token": house.keys.token("ada")})
    ack = ada.say("subscribe", {"channel": BOARD})
    await house.settle()
    await house.expel("math", "ada")
    await ada.event("channel.closed")
    house.keys.gate.set()
    error = (await ada.answer(ack))["error"]
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert (await ada.refused("subscribe", channel=BOARD))["code"] == "forbidden"


async def test_rights_that_cannot_be_checked_are_not_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN4] The storage is away: the channel is closed, and whoever may comes back to it."""
    ada, bob = await house.visitor("ada", BOARD), await house.visitor("bob", BOARD)

    def away(_self: Storage, _work: Any) -> Any:
        raise Unavailable("the storage is away")

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "glance", away)
        await house.expel("math", "ada")
        await ada.event("channel.closed")
    assert ada.named("channel.closed")[0].data == {"reason": "lagging"}
    assert bob.named("channel.closed") == []
    assert (await ada.refused("subscribe", channel=BOARD))["code"] == "forbidden"


async def test_a_subscription_that_took_the_place_of_another_is_not_closed_for_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[FAN4] What was decided about the old one arrives late: the right is back, and so is the listener."""
    ada = await house.visitor("ada", BOARD)
    [session] = house.hub.all_sessions()
    decide, gate = house.hub.rights.decide, asyncio.Event()

    async def late(*arguments: Any) -> dict[str, Any]:
        found = await decide(*arguments)
        await gate.wait()
        return found

    monkeypatch.setattr(house.hub.rights, "decide", late)
    await house.expel("math", "ada")
    await house.settle()
    await house.enrol("math", "ada")
    await ada.ask("subscribe", channel=BOARD)
    gate.set()
    await house.settle()
    assert BOARD in session.subscriptions
    assert ada.named("channel.closed") == []


async def test_a_rule_that_breaks_ends_the_session_with_a_reason(house: House) -> None:
    guest = house.guest()
    guest.enter(house.keys.token("ada"), resume={"broken:1": {"epoch": "e", "offset": 0}})
    closing = await guest.event("namespace.closing")
    assert closing.data == {"reason": "internal", "retryable": True}
    assert "secret" not in str(guest.events)
    assert house.hub.session_count == house.hub.channel_count == 0


async def test_a_subscribe_that_begins_as_its_session_ends_leaves_nothing(house: House) -> None:
    """[SES4] Nothing needs to be undone later."""
    ada = await house.visitor("ada")
    ada.say("subscribe", {"channel": BOARD})
    ada.vanish()
    await house.settle()
    assert house.hub.channel_count == house.hub.session_count == 0


async def test_the_late_end_of_an_old_connection_touches_nothing_of_the_new(house: House) -> None:
    """[SES3]"""
    old = await house.visitor("ada", BOARD)
    new = await house.visitor("ada", BOARD)
    old.vanish()
    await house.settle()
    await house.add("math", "x")
    await new.event("note.added")
    assert texts(new.named("note.added")) == ["x"]
    assert (new.disconnected, new.named("channel.closed"), old.named("note.added")) == ([], [], [])
    await new.ask("note.add", key="k", board="math", text="y")


async def test_a_session_listens_to_a_bounded_number_of_channels(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.hub, "_max_subscriptions", 2)
    await house.enrol("art", "ada")
    ada = await house.visitor("ada", BOARD)
    error = await ada.refused("subscribe", channel="board:art")
    assert (error["code"], error["field"]) == ("too_large", "channel")
    await ada.ask("subscribe", channel=BOARD)
    await ada.ask("unsubscribe", channel=BOARD)
    await ada.ask("subscribe", channel="board:art")
