"""When digests and deferred messages are due: over changes of the clock, midnight and the week."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursewire.namespaces.notifications.delivery.schedule import (
    QuietHours,
    Rhythm,
    after_quiet,
    next_digest,
    zone,
)

BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


def at(text: str, name: str = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name)).timestamp() * 1000)


def told(moment: int, name: str = BERLIN) -> str:
    return datetime.fromtimestamp(moment / 1000, ZoneInfo(name)).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("after", "hour", "due"),
    [
        ("2026-11-22T06:59", 7, "2026-11-22T07:00+01:00"),
        ("2026-11-22T07:00", 7, "2026-11-23T07:00+01:00"),  # this one has gone out
        # The night of 29 March 2026 has no 02:00-03:00, that of 25 October has it twice.
        ("2026-03-28T07:00", 7, "2026-03-29T07:00+02:00"),
        ("2026-03-28T12:00", 2, "2026-03-29T03:00+02:00"),
        ("2026-03-29T03:00", 2, "2026-03-30T02:00+02:00"),
        ("2026-10-24T12:00", 2, "2026-10-25T02:00+02:00"),
        ("2026-10-25T03:00", 2, "2026-10-26T02:00+01:00"),
        ("2026-10-24T07:00", 7, "2026-10-25T07:00+01:00"),
        ("2026-12-31T23:59", 0, "2027-01-01T00:00+01:00"),
    ],
)
def test_a_daily_digest_is_due_at_the_local_hour(after: str, hour: int, due: str) -> None:
    assert told(next_digest(at(after), zone(BERLIN), rhythm="daily", hour=hour)) == due


def test_the_repeated_hour_has_one_digest() -> None:
    first = next_digest(at("2026-10-24T12:00"), zone(BERLIN), rhythm="daily", hour=2)
    assert told(next_digest(first, zone(BERLIN), rhythm="daily", hour=2)) == "2026-10-26T02:00+01:00"


@pytest.mark.parametrize(
    ("after", "weekday", "due"),
    [
        ("2026-11-22T12:00", 0, "2026-11-23T07:00+01:00"),  # from a Sunday
        ("2026-11-23T07:00", 0, "2026-11-30T07:00+01:00"),
        ("2026-11-23T06:00", 4, "2026-11-27T07:00+01:00"),
        ("2026-03-23T07:00", 0, "2026-03-30T07:00+02:00"),  # a week that is an hour short
    ],
)
def test_a_weekly_digest_is_due_on_its_day(after: str, weekday: int, due: str) -> None:
    assert told(next_digest(at(after), zone(BERLIN), rhythm="weekly", hour=7, weekday=weekday)) == due


@given(
    name=st.sampled_from(ZONES),
    after=st.integers(at("2011-01-01T00:00"), at("2037-01-01T00:00")),
    hour=st.integers(0, 23),
    rhythm=st.sampled_from(["daily", "weekly"]),
    weekday=st.integers(0, 6),
)
def test_digests_follow_each_other_once_a_day_or_a_week(
    name: str, after: int, hour: int, rhythm: Rhythm, weekday: int
) -> None:
    local = zone(name)
    days = 1 if rhythm == "daily" else 7
    moment = after
    dates = []
    for _ in range(3):
        later = next_digest(moment, local, rhythm=rhythm, hour=hour, weekday=weekday)
        assert later > moment
        moment = later
        there = datetime.fromtimestamp(moment / 1000, local)
        # A skipped hour is an hour late; Samoa skipped a whole day in 2011.
        assert there.hour in {hour, (hour + 1) % 24}
        dates.append(there.date())
    gaps = [later - earlier for earlier, later in itertools.pairwise(dates)]
    assert all(timedelta(days=days) <= gap <= timedelta(days=days + 1) for gap in gaps)


NIGHT = QuietHours(time(22), time(7), zone(BERLIN))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-22T21:59", "2026-11-22T21:59+01:00"),
        ("2026-11-22T22:00", "2026-11-23T07:00+01:00"),
        ("2026-11-23T06:59", "2026-11-23T07:00+01:00"),
        ("2026-11-23T07:00", "2026-11-23T07:00+01:00"),
        ("2026-03-28T23:00", "2026-03-29T07:00+02:00"),
        ("2026-10-24T23:00", "2026-10-25T07:00+01:00"),
    ],
)
def test_a_night_that_spans_midnight(now: str, due: str) -> None:
    assert told(after_quiet(at(now), NIGHT)) == due


def test_both_of_the_repeated_hours_are_quiet() -> None:
    early = QuietHours(time(2), time(3), zone(BERLIN))
    second = at("2026-10-25T02:30") + 3_600_000
    assert told(second) == "2026-10-25T02:30+01:00"
    assert told(after_quiet(second, early)) == "2026-10-25T03:00+01:00"


def test_a_quiet_time_belongs_to_the_day_on_which_it_begins() -> None:
    weekdays = QuietHours(time(22), time(7), zone(BERLIN), days={0, 1, 2, 3, 4})
    assert told(after_quiet(at("2026-11-28T03:00"), weekdays)) == "2026-11-28T07:00+01:00"  # Friday's night
    assert told(after_quiet(at("2026-11-29T03:00"), weekdays)) == "2026-11-29T03:00+01:00"  # Saturday's


def test_whole_days_that_follow_each_other_are_one_quiet_time() -> None:
    weekend = QuietHours(time(0), time(0), zone(BERLIN), days={5, 6})
    assert told(after_quiet(at("2026-11-28T10:00"), weekend)) == "2026-11-30T00:00+01:00"


def test_who_is_always_quiet_is_reached_after_a_week() -> None:
    always = QuietHours(time(0), time(0), zone("UTC"))
    now = at("2026-11-22T10:00", "UTC")
    due = after_quiet(now, always)
    assert datetime.fromtimestamp(due / 1000, UTC) == datetime(2026, 11, 29, tzinfo=UTC)


def test_without_quiet_hours_it_is_now() -> None:
    assert after_quiet(123, None) == 123


@given(
    name=st.sampled_from(ZONES),
    now=st.integers(at("2011-01-01T00:00"), at("2037-01-01T00:00")),
    start=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    end=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    days=st.sets(st.integers(0, 6), max_size=5),
)
def test_what_was_deferred_is_not_deferred_again(
    name: str, now: int, start: time, end: time, days: set[int]
) -> None:
    quiet = QuietHours(start, end, zone(name), days)
    due = after_quiet(now, quiet)
    assert now <= due <= now + 8 * 86_400_000
    assert after_quiet(due, quiet) == due


def test_a_zone_that_there_is_not() -> None:
    for wrong in ("Europe/Atlantis", "../etc/passwd", "", "Europe"):
        with pytest.raises(ValueError, match="there is no time zone"):
            zone(wrong)
