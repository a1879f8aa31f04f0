"""Somebody is forced off: their sessions end on every node, and no token from before opens another."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.house import House

from coursewire.bus.port import SessionsOver
from coursewire.errors import AuthExpired
from coursewire.identity import membership
from coursewire.realtime import claims
from coursewire.realtime.transaction import Transaction

BOARD = "board:math"
OVER = {"reason": "auth_expired", "retryable": True}


def now() -> int:
    return time.time_ns() // 1_000_000


async def end(house: House, user: str) -> None:
    """Do what the route does."""

    def work(tx: Transaction) -> None:
        for fact in membership.end_sessions(tx.raw, user):
            tx.tell(fact)

    await house.write(work)


async def test_all_sessions_of_the_user_end_at_once_and_nobody_elses(build: Build) -> None:
    """[SES1] [SES2] In every namespace, on every node; the transports stay."""
    house = await build(namespaces=[notes.make(), notes.make(path="/other")])
    await house.enrol("math", "ada", "bob")
    other_node = House(house.storage, namespaces=[notes.make()], keys=house.keys)
    publish = house.publish

    def to_both(effects: list[object]) -> None:
        publish(effects)
        other_node.publish(effects)

    house.storage.committed = to_both
    phone, bob = await house.visitor("ada", BOARD), await house.visitor("bob", BOARD)
    phone.enter(house.keys.token("ada"), "/other")
    await phone.event("session.ready", 2)
    laptop = await other_node.visitor("ada", BOARD)
    await end(house, "ada")
    await house.settle()
    assert [heard.data for heard in phone.named("namespace.closing")] == [OVER] * 2
    assert sorted(phone.disconnected) == ["/notes", "/other"]
    assert [heard.data for heard in laptop.named("namespace.closing")] == [OVER]
    assert (phone.line.closed, laptop.line.closed) == (None, None)
    await house.add("math", "1")
    assert [len(guest.named("note.added")) for guest in (phone, laptop, bob)] == [0, 0, 1]
    assert [house.hub.sessions_of("ada"), other_node.hub.sessions_of("ada")] == [[], []]
    await other_node.hub.close()


async def test_a_token_from_before_is_refused_and_a_newer_one_is_not(house: House) -> None:
    """[SES2] Also where the claims of the old one were known, and need no read."""
    old = house.keys.token("ada", issued_at=now() - 5_000)
    await house.visitor("ada", token=old)
    await end(house, "ada")
    guest = house.guest()
    guest.enter(old)
    await guest.until(lambda: guest.refusals)
    [(_, refusal)] = guest.refusals
    assert (refusal["data"]["code"], refusal["data"]["retryable"]) == ("auth_expired", True)
    later = await house.visitor("ada", token=house.keys.token("ada", issued_at=now() + 5_000))
    await end(house, "bob")
    assert (await later.ask("ping", sent_at=1))["sent_at"] == 1


async def test_a_session_with_a_newer_token_goes_on(house: House) -> None:
    """[SES2] The word is about tokens, not about people: a late one does not end what began after it."""
    ada = await house.visitor("ada", token=house.keys.token("ada", issued_at=2_000))
    house.bus.publish(SessionsOver("ada", 1_999))
    assert (await ada.ask("ping", sent_at=1))["sent_at"] == 1
    house.bus.publish(SessionsOver("ada", 2_000))
    assert ada.disconnected == ["/notes"]


async def test_who_stands_at_the_door_meanwhile_is_not_let_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[SES2] What the door has read about them is from before."""
    compare = membership.news_in_claims

    def overtaken(*arguments: Any) -> membership.News:
        found = compare(*arguments)
        house.door.hear(SessionsOver("ada", 1_000))
        return found

    monkeypatch.setattr(membership, "news_in_claims", overtaken)
    guest = house.guest()
    guest.enter(house.keys.token("ada", issued_at=1_000))
    await guest.until(lambda: guest.refusals)
    assert guest.refusals[0][1]["data"]["code"] == "auth_expired"
    assert house.hub.sessions_of("ada") == []


async def test_ends_are_remembered_up_to_a_bound(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """[SES2] The database has the rest."""
    monkeypatch.setattr(claims, "KEPT_ENDS", 3)
    await end(house, "ada")
    for user in ("user0", "user1", "user2", "user3", "user2", "user4", "user5"):
        house.bus.publish(SessionsOver(user, 1))
    assert list(house.claims._ended) == ["user2", "user4", "user5"]
    with pytest.raises(AuthExpired):
        await house.claims.sync(await house.keys.authenticate(house.keys.token("ada", issued_at=1), 0))
