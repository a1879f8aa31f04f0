"""How long work will still take: nothing until enough is known, steady work exactly, bursts without jumps."""

from __future__ import annotations

from itertools import pairwise

import pytest

from coursewire.namespaces.analytics.rules import pace as paces
from coursewire.namespaces.analytics.rules.pace import Pace


def after(*reports: tuple[float, int]) -> Pace:
    """Return the pace after reports: seconds since the beginning, and how much was done."""
    pace = paces.begun(1_000_000)
    for seconds, done in reports:
        pace = paces.followed(pace, 1_000_000 + round(seconds * 1000), done)
    return pace


def test_nothing_is_said_before_three_seconds_and_two_moves() -> None:
    assert paces.eta_s(after(), 10) is None
    assert paces.eta_s(after((1, 10), (2, 20)), 10) is None
    assert paces.eta_s(after((4, 10)), 10) is None
    assert paces.eta_s(after((2, 10), (4, 20)), 10) == 2.0


def test_nothing_is_said_of_what_does_not_move() -> None:
    assert paces.eta_s(after(*((second, 0) for second in range(1, 60))), 10) is None


def test_steady_work_has_its_own_rate_from_the_start() -> None:
    for seconds in (4, 40, 4_000):
        pace = after(*((second, second * 3) for second in range(1, seconds + 1)))
        assert paces.rate(pace) == pytest.approx(3)
        assert paces.eta_s(pace, 300) == 100.0


def test_a_burst_is_as_fast_as_the_time_that_it_took() -> None:
    """A batch of ten each ten seconds, each essay reported by itself within a few milliseconds."""
    reports = [
        (batch * 10 + essay / 1000, (batch - 1) * 10 + essay + 1)
        for batch in range(1, 31)
        for essay in range(10)
    ]
    estimates = []
    pace = paces.begun(1_000_000)
    for seconds, done in reports:
        pace = paces.followed(pace, 1_000_000 + round(seconds * 1000), done)
        estimates.append(paces.eta_s(pace, 100))
    known = [estimate for estimate in estimates[50:] if estimate is not None]
    assert min(known) >= 90
    assert max(known) <= 130


def test_rare_moves_are_not_taken_for_rest() -> None:
    """One item an hour, and a heartbeat each minute: the estimate stays within a quarter of what is true."""
    pace = paces.begun(0)
    estimates = []
    for minute in range(1, 60 * 24 + 1):
        pace = paces.followed(pace, minute * 60_000, minute // 60)
        if minute > 60 * 12:
            estimates.append(paces.rate(pace) * 3_600)
    assert 0.75 < min(estimates) < max(estimates) < 1.25


def test_time_without_progress_lets_it_take_longer() -> None:
    pace = after((2, 10), (4, 20))
    estimates = []
    for second in range(5, 60):
        pace = paces.followed(pace, 1_000_000 + second * 1000, 20)
        estimates.append(paces.eta_s(pace, 10) or float("inf"))
    assert all(one <= two for one, two in pairwise(estimates))


def test_the_rate_follows_the_present() -> None:
    slow = [(float(second), second) for second in range(1, 61)]
    fast = [(60.0 + second, 60 + second * 10) for second in range(1, 121)]
    assert paces.rate(after(*slow)) == pytest.approx(1)
    assert 9 < paces.rate(after(*slow, *fast)) < 10


def test_a_gap_in_which_nobody_worked_does_not_count() -> None:
    before = after(*((second, second) for second in range(1, 61)))
    back = paces.skipped(before, before.at + 3_600_000, 60)
    assert paces.rate(back) == paces.rate(before)
    assert paces.rate(paces.followed(back, back.at + 1_000, 61)) == pytest.approx(1)


def test_nothing_is_said_of_a_month_and_more() -> None:
    pace = after((100, 1), (200, 2))
    assert paces.eta_s(pace, 25_000) == 2_500_000
    assert paces.eta_s(pace, 2**53) is None


def test_a_clock_that_goes_back_changes_nothing() -> None:
    pace = after((2, 10), (4, 20))
    assert paces.followed(pace, pace.at - 5_000, 30) == pace
