"""What tokens claim reaches the roster once, and an older token never outranks a newer one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.realtime.house import House

from coursewire.identity import membership
from coursewire.identity.caller import Caller
from coursewire.realtime import claims
from coursewire.storage import Storage
from coursewire.vocabulary import Role

LEARNER: frozenset[Role] = frozenset({"learner"})


def token(issued_at: int, *courses: str) -> Caller:
    """Return what a token of ada's says."""
    return Caller(
        "ada", "Ada", courses=dict.fromkeys(courses, LEARNER), claims_courses=True, issued_at=issued_at
    )


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


async def test_many_are_noted_before_the_time_is_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "NOTED_AT_ONCE", 1)
    await house.claims.sync(token(1_000, "math"))
    await house.claims.sync(token(2_000, "math"))
    assert house.claims._later == {}
    news = await house.storage.write(lambda raw: membership.news_in_claims(raw, token(2_000, "math")))
    assert news is membership.News.NOTHING
