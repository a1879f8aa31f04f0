"""What tokens claim reaches the roster once, and an older token never outranks a newer one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.realtime.house import Clock, House

from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.realtime import claims
from coursewire.storage import Storage
from coursewire.vocabulary import Role

LEARNER: frozenset[Role] = frozenset({"learner"})


def token(issued_at: int, *courses: str, user: str = "ada") -> Caller:
    """Return what a token says, of ada's unless it is another's."""
    return Caller(
        user, user.title(), courses=dict.fromkeys(courses, LEARNER), claims_courses=True, issued_at=issued_at
    )


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return whose claims were compared with the roster, in turn."""
    seen: list[str] = []
    compare = membership.news_in_claims

    def counted(raw: Any, caller: Caller) -> membership.News:
        seen.append(caller.user_id)
        return compare(raw, caller)

    monkeypatch.setattr(membership, "news_in_claims", counted)
    return seen


async def courses(house: House) -> set[str]:
    return set(await house.storage.read(lambda raw: membership.courses_of(raw, "ada")))


async def test_what_a_later_token_repeats_is_noted_later_and_together(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.claims.sync(token(1_000, "math"))
    writes: list[Any] = []
    write = Storage.write

    def counted(storage: Storage, work: Any) -> Any:
        writes.append(work)
        return write(storage, work)

    monkeypatch.setattr(Storage, "write", counted)
    await house.claims.sync(token(2_000, "math"))
    await house.claims.sync(token(3_000, "math"))
    assert writes == []
    await house.claims.close()
    assert len(writes) == 1
    news = await house.storage.read(lambda raw: membership.news_in_claims(raw, token(3_000, "math")))
    assert news is membership.News.NOTHING


async def test_an_older_token_does_not_bring_back_a_course_before_the_newer_one_is_noted(
    house: House,
) -> None:
    """Two tabs with two tokens: the roster must not swing to and fro."""
    await house.claims.sync(token(1_000, "math"))
    await house.claims.sync(token(3_000, "math"))
    await house.claims.sync(token(2_000, "math", "physics"))
    assert await courses(house) == {"math"}


async def test_of_two_tokens_that_are_read_at_the_same_time_the_newer_one_counts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the database has to be waited for, the older one may be the last to be answered."""
    await house.claims.sync(token(1_000, "math"))
    monkeypatch.setattr(house.storage._database, "is_local", False)
    newest, older, oldest = token(4_000, "math"), token(2_000, "math"), token(1_500, "math", "physics")
    await asyncio.gather(*(house.claims.sync(caller) for caller in (newest, older, oldest)))
    assert await courses(house) == {"math"}
    await house.claims.close()
    await house.claims.sync(token(3_000, "math", "physics"))
    assert await courses(house) == {"math"}


async def test_many_are_noted_before_the_time_is_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "NOTED_AT_ONCE", 1)
    await house.claims.sync(token(1_000, "math"))
    await house.claims.sync(token(2_000, "math"))
    assert house.claims._later == {}
    news = await house.storage.write(lambda raw: membership.news_in_claims(raw, token(2_000, "math")))
    assert news is membership.News.NOTHING


async def test_what_is_known_to_stand_there_is_not_read_again(
    house: House, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """[bounds] Of so many people; who was not seen for longest is looked up again."""
    monkeypatch.setattr(claims, "KNOWN_CLAIMS", 2)
    for user in ("ada", "bob", "ada", "bob", "ada", "eve", "ada", "bob", "ada"):
        await house.claims.sync(token(1_000, "math", user=user))
    assert looks == ["ada", "bob", "eve", "bob"]
    assert len(house.claims._known) == 2


async def test_the_time_of_a_token_is_noted_soon_though_nobody_follows(house: House) -> None:
    await house.claims.sync(token(1_000, "math"))
    clock = Clock(house)
    await house.claims.sync(token(2_000, "math"))
    await clock.advance(claims.NOTED_AFTER_S)
    news = await house.storage.read(lambda raw: membership.news_in_claims(raw, token(2_000, "math")))
    assert news is membership.News.NOTHING
