"""One timer of the event loop for all deadlines."""

from __future__ import annotations

import logging

import pytest
from tests.unit.edge.stand_ins import ManualClock

from coursewire.edge.timers import Line, Timers


def test_items_are_due_after_the_delay_in_the_order_of_coming() -> None:
    clock, due = ManualClock(), list[tuple[str, float]]()
    line: Line[str] = Timers(clock).line(10, lambda item: due.append((item, round(clock.time()))))
    line.add("a")
    clock.advance(3)
    line.add("b")
    clock.advance(6)
    assert due == []
    clock.advance(20)
    assert due == [("a", 10), ("b", 13)]
    assert len(line) == 0


def test_adding_again_counts_from_now() -> None:
    clock, due = ManualClock(), list[str]()
    line = Timers(clock).line(10, due.append)
    line.add("a")
    line.add("b")
    clock.advance(6)
    line.add("a")
    clock.advance(6)
    assert due == ["b"]
    clock.advance(6)
    assert due == ["b", "a"]


def test_what_is_discarded_is_never_due() -> None:
    clock, due = ManualClock(), list[str]()
    line = Timers(clock).line(10, due.append)
    line.add("a")
    assert "a" in line
    assert line.discard("a")
    assert not line.discard("a")
    clock.advance(20)
    assert due == []


def test_a_callback_may_take_out_what_is_due_at_the_same_time() -> None:
    clock, due = ManualClock(), list[str]()

    def take_out_b(item: str) -> None:
        due.append(item)
        line.discard("b")

    line = Timers(clock).line(10, take_out_b)
    line.add("a")
    line.add("b")
    clock.advance(20)
    assert due == ["a"]


def test_thousands_of_deadlines_need_few_calls_of_the_loop() -> None:
    """Heartbeats of all sessions run from one timer."""
    clock, due = ManualClock(), list[int]()
    line = Timers(clock).line(10, due.append)
    for number in range(5_000):
        line.add(number)
        clock.advance(0.001)
    assert clock.planned == 1
    clock.advance(20)
    assert due == list(range(5_000))
    assert clock.planned < 150


def test_a_crowd_is_handled_in_batches_between_which_the_loop_has_its_turn() -> None:
    clock, due, seen = ManualClock(), list[int](), list[int]()
    line = Timers(clock).line(10, due.append)
    for number in range(600):
        line.add(number)
    for moment in (10.0, 10.0, 10.0):
        clock.call_at(moment, lambda: seen.append(len(due)))
    clock.advance(20)
    assert len(due) == 600
    assert seen[0] < 600


def test_after_a_pause_of_the_loop_a_patient_line_looks_once_more_later() -> None:
    """What it waits for may have arrived during the pause, unread."""
    clock, due = ManualClock(), list[str]()
    timers = Timers(clock)
    patient = timers.line(10, due.append, patient=True)
    strict = timers.line(10, due.append)
    patient.add("patient")
    strict.add("strict")
    clock.advance(15, stalled=True)
    assert due == ["strict"]
    clock.advance(1)
    assert due == ["strict", "patient"]


def test_a_callback_that_fails_is_logged_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    clock, due = ManualClock(), list[str]()

    def fail_for_a(item: str) -> None:
        if item == "a":
            raise RuntimeError("no")
        due.append(item)

    line = Timers(clock).line(10, fail_for_a)
    line.add("a")
    line.add("b")
    with caplog.at_level(logging.ERROR):
        clock.advance(11)
    assert due == ["b"]
    assert "callback failed" in caplog.text


def test_closing_forgets_everything() -> None:
    clock, due = ManualClock(), list[str]()
    timers = Timers(clock)
    timers.line(10, due.append).add("a")
    timers.close()
    clock.advance(20)
    assert due == []
