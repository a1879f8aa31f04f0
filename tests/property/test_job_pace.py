"""The smoothed rate of jobs under any monotone reports: between the slowest and the fastest stretch, never negative."""

from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from coursewire.namespaces.analytics.rules import pace as paces
from coursewire.namespaces.analytics.rules.pace import STRETCH_MS, Pace

steps = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 2 * STRETCH_MS), st.integers(0, 86_400_000)),
        st.one_of(st.integers(0, 5), st.integers(0, 2**40)),
    ),
    max_size=60,
)
"""Milliseconds since the report before, and how much was done meanwhile."""
lefts = st.integers(0, 2**53 - 1)


def follow(reports: list[tuple[int, int]], start: int = 0) -> tuple[Pace, list[float]]:
    """Return the pace after these reports, and the rates of their stretches."""
    pace, now, done = paces.begun(start), start, 0
    rates = []
    for elapsed, moved in reports:
        now, done = now + elapsed, done + moved
        before, pace = pace, paces.followed(pace, now, done)
        if pace.at != before.at:
            rates.append((pace.done - before.done) * 1000 / (pace.at - before.at))
    return pace, rates


@given(steps, lefts)
@example([(86_400_000, 0)] * 40, 1)
@example([(0, 2**40)] * 3 + [(3_000, 1), (250, 1)], 2**53 - 1)
def test_the_rate_is_between_the_slowest_and_the_fastest_stretch(
    reports: list[tuple[int, int]], left: int
) -> None:
    pace, rates = follow(reports)
    rate = paces.rate(pace)
    assert math.isfinite(rate)
    if rates:
        assert min(rates) * (1 - 1e-9) <= rate <= max(rates) * (1 + 1e-9)
    eta = paces.eta_s(pace, left)
    if eta is not None:
        assert 0 <= eta <= paces.FARTHEST_S
        assert eta <= round(left / min(rates), 1) + 0.1 if min(rates) else True
        assert eta >= round(left / max(rates), 1) - 0.1


@given(steps, st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), max_size=5), st.data())
def test_how_a_stretch_is_cut_up_changes_nothing(
    reports: list[tuple[int, int]], parts: list[tuple[int, int]], data: st.DataObject
) -> None:
    """What a worker reports within a quarter of a second of the last stretch waits for the next."""
    pace, _ = follow(reports)
    cuts = data.draw(st.lists(st.integers(0, STRETCH_MS - 1), max_size=5).map(sorted))
    burst = pace
    for cut, (_, moved) in zip(cuts, parts, strict=False):
        burst = paces.followed(burst, pace.at + cut, pace.done + moved)
    assert burst == pace


@given(steps, st.integers(0, 2**42))
def test_it_does_not_matter_when_it_happens(reports: list[tuple[int, int]], start: int) -> None:
    one, _ = follow(reports)
    other, _ = follow(reports, start)
    assert (one.work, one.time, one.moves) == (other.work, other.time, other.moves)


@given(steps, st.integers(STRETCH_MS, 86_400_000), lefts)
def test_time_without_progress_never_brings_the_end_nearer(
    reports: list[tuple[int, int]], pause: int, left: int
) -> None:
    pace, _ = follow(reports)
    later = paces.followed(pace, pace.at + pause, pace.done)
    before, after = paces.eta_s(pace, left), paces.eta_s(later, left)
    if before is not None and after is not None:
        assert after >= before - 0.1
    assert paces.rate(later) <= paces.rate(pace) * (1 + 1e-9)


@given(st.integers(1, 1_000), st.lists(st.integers(1, 100), min_size=10, max_size=60))
def test_steady_work_comes_nearer_all_the_time(speed: int, seconds: list[int]) -> None:
    total = speed * sum(seconds)
    pace, now, done = paces.begun(0), 0, 0
    estimates = []
    for elapsed in seconds:
        now, done = now + elapsed * 1000, done + elapsed * speed
        pace = paces.followed(pace, now, done)
        if (eta := paces.eta_s(pace, total - done)) is not None:
            estimates.append(eta)
    assert estimates == sorted(estimates, reverse=True)
    assert estimates[-1] == 0
