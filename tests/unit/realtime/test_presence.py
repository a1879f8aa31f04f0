"""Who is here: counted by session, shown by status, and told to whoever shares a channel."""

from __future__ import annotations

import pytest
from tests.unit.realtime import notes
from tests.unit.realtime.conftest import Build
from tests.unit.realtime.guest import Guest
from tests.unit.realtime.house import Clock, House

from coursewire.realtime.live import Live
from coursewire.realtime.presence import GRACE_S, SHOWN_IN, Presence, Standing


def test_only_the_first_session_arrives_and_only_the_last_leaves() -> None:
    presence = Presence()
    assert [presence.arrived("ada", 1), presence.arrived("ada", 2)] == [True, False]
    assert [presence.left("ada", 3), presence.left("ada", 4)] == [None, 1]


def test_who_comes_back_in_time_is_not_gone() -> None:
    presence = Presence()
    presence.arrived("ada", 1)
    presence.left("ada", 2)
    presence.arrived("ada", 3)
    assert not presence.gone("ada", 1)
    assert presence.left("ada", 4) == 2
    assert not presence.gone("ada", 1)  # that is about the first time
    assert presence.gone("ada", 2)
    assert not presence.gone("ada", 2)


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


async def test_who_leaves_again_soon_is_offline_after_that_and_no_sooner(house: House) -> None:
    ada = await house.visitor("ada", "board:math")
    bob = await house.visitor("bob", "board:math")
    clock = Clock(house)
    bob.vanish()
    await clock.advance(GRACE_S - 2)
    bob = await house.visitor("bob", "board:math")
    bob.vanish()
    for _ in range(4):
        await clock.advance((GRACE_S - 1) / 4)
    assert "offline" not in statuses(ada, "bob")
    await clock.advance(2)
    await clock.advance(1)
    assert statuses(ada, "bob") == ["online", "online", "offline"]


@pytest.mark.parametrize("goes", ["with a tab", "by unsubscribing"])
async def test_who_was_shown_here_is_shown_as_gone_also_where_they_listen_no_more(
    house: House, goes: str
) -> None:
    """They are online as long as they are in the namespace, in whatever tab."""
    ada = await house.visitor("ada", "board:math")
    bob = await house.visitor("bob", "board:math")
    elsewhere = await house.visitor("bob")
    clock = Clock(house)
    if goes == "with a tab":
        bob.vanish()
    else:
        await bob.ask("unsubscribe", channel="board:math")
        bob.vanish()
    await clock.advance(GRACE_S + 1)
    assert statuses(ada, "bob") == ["online"]
    elsewhere.vanish()
    await clock.advance(GRACE_S + 1)
    assert statuses(ada, "bob") == ["online", "offline"]


async def test_who_makes_themselves_invisible_is_so_where_they_were_before(house: House) -> None:
    """And where they listen no more, they are told no other status."""
    ada = await house.visitor("ada", "board:math")
    bob = await house.visitor("bob", "board:math")
    clock = Clock(house)
    await clock.advance(1)
    await bob.ask("unsubscribe", channel="board:math")
    house.here.set_status(notes.PATH, "bob", "away")
    await clock.advance(1)
    assert statuses(ada, "bob") == ["online"]
    house.here.set_status(notes.PATH, "bob", "invisible")
    await clock.advance(1)
    assert statuses(ada, "bob") == ["online", "offline"]
    house.here.set_status(notes.PATH, "bob", "online")
    bob.vanish()
    await clock.advance(GRACE_S + 1)
    assert statuses(ada, "bob") == ["online", "offline"], "nor when they leave"


def test_a_user_is_remembered_to_be_shown_in_so_many_channels() -> None:
    """[bounds] The one that was told longest ago is forgotten."""
    presence = Presence()
    presence.show("ada", "board:0")  # not here
    assert presence.shown_in("ada") == []
    presence.arrived("ada", 1)
    for number in range(SHOWN_IN):
        presence.show("ada", f"board:{number}")
    presence.show("ada", "board:0")
    presence.show("ada", "board:new")
    assert len(presence.shown_in("ada")) == SHOWN_IN
    assert "board:1" not in presence.shown_in("ada")
    assert presence.shown_in("ada")[-2:] == ["board:0", "board:new"]
    presence.hide("ada", "board:0")
    presence.hide("ada", "board:0")
    assert presence.shown_in("ada")[-1] == "board:new"


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
