"""Who types: the roster with a clock of its own, and what the room is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from coursewire.identity.caller import Caller
from coursewire.namespaces.chat.contract import Author, SetTyping, TypingChanged
from coursewire.namespaces.chat.moment import Moment
from coursewire.namespaces.chat.typing import EXPIRES_S, PER_ROOM, TypingRoster
from coursewire.realtime.live import Live
from coursewire.realtime.visit import Visit

ADA, BEN = (Author(user_id=name.lower(), name=name) for name in ("Ada", "Ben"))


def test_a_typist_is_new_once_and_the_longest_comes_first() -> None:
    roster = TypingRoster()
    assert roster.start("r1", BEN, 0)
    assert roster.start("r1", ADA, 1)
    assert not roster.start("r1", BEN, 2)
    assert roster.typists("r1") == [BEN, ADA]
    assert roster.typists("r2") == []


def test_stopping_is_told_once() -> None:
    roster = TypingRoster()
    roster.start("r1", ADA, 0)
    assert roster.stop("r1", "ada")
    assert not roster.stop("r1", "ada")
    assert roster.typists("r1") == []
    assert roster.next_deadline("r1") is None


def test_silence_ends_it_and_typing_on_does_not() -> None:
    roster = TypingRoster()
    roster.start("r1", ADA, 0)
    roster.start("r1", BEN, 0)
    roster.start("r1", BEN, 4)
    assert roster.next_deadline("r1") == EXPIRES_S
    assert not roster.expire("r1", EXPIRES_S - 0.1)
    assert roster.expire("r1", EXPIRES_S)
    assert roster.typists("r1") == [BEN]
    assert roster.next_deadline("r1") == 4 + EXPIRES_S


def test_who_leaves_types_nowhere() -> None:
    roster = TypingRoster()
    roster.start("r1", ADA, 0)
    roster.start("r2", ADA, 0)
    roster.start("r2", BEN, 0)
    assert sorted(roster.leave("ada")) == ["r1", "r2"]
    assert roster.leave("ada") == []
    assert roster.typists("r2") == [BEN]


def test_a_full_room_names_no_further_typist() -> None:
    """The bound of the list: whoever comes when it is full is dropped."""
    roster = TypingRoster()
    for number in range(PER_ROOM):
        assert roster.start("r1", Author(user_id=f"u{number}", name="U"), 0)
    assert not roster.start("r1", ADA, 0)
    assert len(roster.typists("r1")) == PER_ROOM
    assert not roster.start("r1", Author(user_id="u0", name="U"), 1)  # goes on typing
    roster.stop("r1", "u3")
    assert roster.start("r1", ADA, 2)


def test_nothing_is_kept_of_rooms_where_nobody_types() -> None:
    roster = TypingRoster()
    for number in range(100):
        roster.start(f"r{number}", ADA, 0)
        roster.expire(f"r{number}", EXPIRES_S)
    assert roster._rooms == {}


class Present:
    """The present moment with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.told: list[tuple[str, list[str]]] = []

    def later(self, at: float, action: Callable[[], None]) -> None:
        self.timers.append((at, action))

    def publish_unlogged(self, channel: str, event: Any, actor: str | None = None) -> None:
        assert isinstance(event, TypingChanged)
        assert actor is None
        self.told.append((channel, [user.user_id for user in event.data.users]))

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((timer for timer in self.timers if timer[0] <= end), key=lambda timer: timer[0]):
            self.timers.remove(due[0])
            self.now = due[0][0]
            due[0][1]()
        self.now = end


def _set(moment: Moment, live: Present, user_id: str, *, active: bool) -> None:
    caller = Caller(user_id=user_id, name=user_id.title())
    moment.set_typing(Visit(cast("Live", live), caller, 1), SetTyping(room_id="r1", active=active))


def test_the_room_hears_the_whole_list_whenever_it_changes_and_when_it_expires() -> None:
    moment, live = Moment(), Present()
    _set(moment, live, "ada", active=True)
    live.wait(1)
    _set(moment, live, "ben", active=True)
    _set(moment, live, "ben", active=True)
    _set(moment, live, "cleo", active=False)
    live.wait(EXPIRES_S)
    live.wait(EXPIRES_S)
    assert live.told == [
        ("room:r1", ["ada"]),
        ("room:r1", ["ada", "ben"]),
        ("room:r1", ["ben"]),
        ("room:r1", []),
    ]
    assert live.timers == []


def test_a_room_has_one_timer_however_often_people_start_and_stop() -> None:
    moment, live = Moment(), Present()
    _set(moment, live, "ben", active=True)
    for _ in range(100):
        _set(moment, live, "ada", active=True)
        _set(moment, live, "ada", active=False)
        live.wait(0.1)
        _set(moment, live, "ben", active=True)
    assert len(live.timers) == 1


def test_who_goes_types_no_more() -> None:
    moment, live = Moment(), Present()
    _set(moment, live, "ada", active=True)
    moment.departed(cast("Live", live), "ada")
    moment.departed(cast("Live", live), "ada")
    assert live.told == [("room:r1", ["ada"]), ("room:r1", [])]
