"""Who is here: counted by session, shown by status, and told to whoever shares a channel."""

from __future__ import annotations

from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import Clock, House

from coursewire.realtime.live import Live
from coursewire.realtime.presence import GRACE_S, Presence, Standing


def test_only_the_first_session_arrives_and_only_the_last_leaves() -> None:
    presence = Presence()
    assert [presence.arrived("ada", 1), presence.arrived("ada", 2)] == [True, False]
    assert [presence.left("ada", 3), presence.left("ada", 4)] == [False, True]


def test_who_comes_back_in_time_is_not_gone() -> None:
    presence = Presence()
    presence.arrived("ada", 1)
    presence.left("ada", 2)
    presence.arrived("ada", 3)
    assert not presence.gone("ada")
    presence.left("ada", 4)
    assert presence.gone("ada")
    assert not presence.gone("ada")


def test_the_invisible_look_offline_and_a_status_outlives_a_reconnect() -> None:
    presence = Presence()
    presence.arrived("ada", 1)
    assert presence.set("ada", "invisible", 2) == Standing("offline", 2)
    assert presence.set("ada", "busy", 3) == Standing("busy", 3)
    presence.left("ada", 4)
    presence.arrived("ada", 5)
    assert presence.standing("ada", 6) == Standing("busy", 5)
    assert presence.standing("bob", 7) == Standing("offline", 7)


def statuses(guest: Guest, user: str) -> list[str]:
    return [seen.data["status"] for seen in guest.named("seen.changed") if seen.data["user_id"] == user]


async def test_others_learn_who_comes_changes_and_goes(house: House) -> None:
    ada = await house.visitor("ada", "board:math")
    bob = await house.visitor("bob", "board:math")
    clock = Clock(house)
    await clock.advance(1)
    assert statuses(ada, "bob") == ["online"]
    house.here.set_status(notes.PATH, "bob", "away")
    await clock.advance(1)
    assert statuses(ada, "bob") == ["online", "away"]
    bob.vanish()
    await clock.advance(GRACE_S - 1)
    assert statuses(ada, "bob") == ["online", "away"]
    await clock.advance(2)
    assert statuses(ada, "bob") == ["online", "away", "offline"]


async def test_a_reconnect_within_the_grace_does_not_flicker(house: House) -> None:
    ada = await house.visitor("ada", "board:math")
    bob = await house.visitor("bob", "board:math")
    clock = Clock(house)
    bob.vanish()
    await house.visitor("bob", "board:math")
    await clock.advance(GRACE_S + 1)
    assert "offline" not in statuses(ada, "bob")


async def test_a_namespace_hears_when_somebodys_last_session_has_gone(build: Build) -> None:
    gone: list[str] = []

    def departed(_: Live, user_id: str) -> None:
        gone.append(user_id)

    house = await build(namespaces=[notes.make(departed=departed)])
    first, second = await house.visitor("ada"), await house.visitor("ada")
    first.vanish()
    assert gone == []
    second.vanish()
    assert gone == ["ada"]
