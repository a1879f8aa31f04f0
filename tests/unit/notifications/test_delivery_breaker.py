"""Who answers nobody is left alone, and one at a time finds out whether that has changed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.unit.notifications.inboxes import Inboxes
from tests.unit.notifications.test_notification_lists import explain

from coursewire.namespaces.notifications.delivery import store
from coursewire.namespaces.notifications.delivery.breaker import FIRST_S, KNOWN, LONGEST_S, Breaker
from coursewire.namespaces.notifications.delivery.outcome import Held, Later, NoAnswer, NotSent


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def attempt(breaker: Breaker, outcome: BaseException | None = None, name: str = "push.example") -> None:
    """Try, and let this come of it."""
    try:
        with breaker.attempt(name):
            if outcome is not None:
                raise outcome
    except (NotSent, asyncio.CancelledError) as failure:
        if failure is not outcome:
            raise


def test_some_failures_in_a_row_close_the_way_for_a_time_that_grows() -> None:
    clock = Clock()
    breaker = Breaker(3, clock)
    for _ in range(3):
        assert breaker.wait_s("push.example") is None
        attempt(breaker, NoAnswer("silence"))
    waits = []
    for _ in range(7):
        with pytest.raises(Held) as held:
            attempt(breaker)
        assert held.value.retry_after_s is not None
        waits.append(held.value.retry_after_s)
        clock.now += held.value.retry_after_s
        assert breaker.wait_s("push.example") == 0
        attempt(breaker, NoAnswer("silence"))
    assert waits == [FIRST_S, 60, 120, 240, 480, LONGEST_S, LONGEST_S]
    clock.now += LONGEST_S
    attempt(breaker)
    assert breaker.wait_s("push.example") is None
    assert len(breaker) == 0


@pytest.mark.parametrize("answer", [None, Later("busy")])
def test_an_answer_between_them_counts_from_the_start(answer: BaseException | None) -> None:
    breaker = Breaker(2, Clock())
    for outcome in (NoAnswer("silence"), answer, NoAnswer("silence")):
        attempt(breaker, outcome)
    assert breaker.wait_s("push.example") is None


def test_only_one_finds_out_and_one_that_is_cancelled_lets_the_next() -> None:
    clock = Clock()
    breaker = Breaker(1, clock)
    attempt(breaker, NoAnswer("silence"))
    clock.now += FIRST_S
    with breaker.attempt("push.example"), pytest.raises(Held):
        attempt(breaker)
    attempt(breaker, NoAnswer("silence"))
    clock.now += FIRST_S
    attempt(breaker, asyncio.CancelledError())
    assert breaker.wait_s("push.example") == 0


def test_those_who_were_under_way_already_say_nothing_new() -> None:
    breaker = Breaker(1, Clock())
    late = breaker.attempt("push.example")
    late.__enter__()
    attempt(breaker, NoAnswer("silence"))
    silence = NoAnswer("silence")
    assert not late.__exit__(NoAnswer, silence, None)
    assert breaker.wait_s("push.example") == FIRST_S


def test_one_is_left_alone_without_the_others() -> None:
    breaker = Breaker(1, Clock())
    attempt(breaker, NoAnswer("silence"))
    attempt(breaker, name="other.example")


def test_no_more_names_are_remembered_than_the_bound() -> None:
    breaker = Breaker(1, Clock())
    for number in range(KNOWN + 1):
        attempt(breaker, NoAnswer("silence"), f"p{number}.example")
    assert len(breaker) == KNOWN
    assert breaker.wait_s("p0.example") is None, "the one that failed longest ago is forgotten"
    assert breaker.wait_s("p1.example") == FIRST_S


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (store._next_in_turn, "(user_id>?)"),
        (store._next_in_turn, "(user_id=? AND channel=? AND state=? AND kind=? AND not_before<?)"),
        (store._due_of_users, "(user_id=? AND channel=? AND state=? AND kind=? AND not_before<?)"),
        (store._hold_back, "(user_id=? AND channel=? AND state=?)"),
    ],
)
def test_whose_turn_it_is_is_found_by_an_index(inboxes: Inboxes, statement: Any, index: str) -> None:
    """From one person to the next, past all their rows."""
    params = {"channel": "email", "kind": "daily", "at": 1, "most": 1, "after": "", "user_ids": ["ben"]}
    plan = explain(inboxes, statement, {**params, "whose": "ben", "until": 1})
    lines = [line for line in plan if "notification_outgoing" in line]
    assert any(line.endswith(f"INDEX ix_notification_outgoing_turns {index}") for line in lines), plan
    assert all(line.startswith("SEARCH") for line in lines), plan
