"""Token buckets, as arithmetic."""

from __future__ import annotations

import pytest

from coursewire.realtime.limits import Bucket, Rate


def test_a_burst_passes_and_then_the_rate() -> None:
    bucket = Bucket(Rate(per_second=2, burst=3), now=100.0)
    assert [bucket.take(1, 100.0) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(1, 100.0) == pytest.approx(0.5)
    assert bucket.take(1, 100.25) == pytest.approx(0.25)
    assert bucket.take(1, 100.5) == 0


def test_a_refused_command_costs_nothing() -> None:
    bucket = Bucket(Rate(per_second=1, burst=2), now=0.0)
    bucket.take(1, 0.0)
    assert bucket.take(2, 0.0) == pytest.approx(1.0)
    assert bucket.take(1, 0.0) == 0


def test_tokens_do_not_pile_up_beyond_the_burst() -> None:
    bucket = Bucket(Rate(per_second=10, burst=2), now=0.0)
    assert [bucket.take(1, 1_000.0) for _ in range(3)] == [0, 0, pytest.approx(0.1)]


def test_a_cost_above_the_burst_takes_a_whole_burst() -> None:
    bucket = Bucket(Rate(per_second=1, burst=4), now=0.0)
    assert bucket.take(100, 0.0) == 0
    assert bucket.take(100, 1.0) == pytest.approx(3.0)
    assert bucket.take(100, 4.0) == 0
