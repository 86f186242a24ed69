"""Quiet hours and the digest's hour, over midnight and over both changes of the clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_core.kinds import Mode
from goals_core.models.quiet import Hours

NEW_YORK = ZoneInfo("America/New_York")
NIGHT = Hours(8, time(22), time(7))
LUNCH = Hours(8, time(12), time(13, 30))


def local(*moment):
    return datetime(*moment, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("hours", "at", "due"),
    [
        (NIGHT, (2026, 5, 20, 21, 59), (2026, 5, 20, 21, 59)),
        (NIGHT, (2026, 5, 20, 22, 0), (2026, 5, 21, 7, 0)),
        (NIGHT, (2026, 5, 20, 23, 59), (2026, 5, 21, 7, 0)),
        (NIGHT, (2026, 5, 21, 0, 0), (2026, 5, 21, 7, 0)),
        (NIGHT, (2026, 5, 21, 6, 59), (2026, 5, 21, 7, 0)),
        (NIGHT, (2026, 5, 21, 7, 0), (2026, 5, 21, 7, 0)),
        (NIGHT, (2026, 12, 31, 23, 0), (2027, 1, 1, 7, 0)),
        (LUNCH, (2026, 5, 20, 12, 0), (2026, 5, 20, 13, 30)),
        (LUNCH, (2026, 5, 20, 13, 30), (2026, 5, 20, 13, 30)),
        (LUNCH, (2026, 5, 20, 11, 59), (2026, 5, 20, 11, 59)),
        (Hours(), (2026, 5, 20, 3, 0), (2026, 5, 20, 3, 0)),
    ],
)
def test_what_comes_in_quiet_hours_waits_for_their_end(hours, at, due):
    assert hours.due(local(*at), Mode.INSTANT, NEW_YORK) == local(*due)


def test_a_night_in_which_the_clock_is_set_forward_or_back_ends_at_its_hour():
    for day in ((2026, 3, 7), (2026, 10, 31)):
        due = NIGHT.due(local(*day, 23), Mode.INSTANT, NEW_YORK)
        assert due.astimezone(NEW_YORK).time() == time(7)
    spring = NIGHT.due(local(2026, 3, 7, 23), Mode.INSTANT, NEW_YORK)
    autumn = NIGHT.due(local(2026, 10, 31, 23), Mode.INSTANT, NEW_YORK)
    assert spring - local(2026, 3, 7, 23).astimezone(UTC) == timedelta(hours=7)
    assert autumn - local(2026, 10, 31, 23).astimezone(UTC) == timedelta(hours=9)


def test_an_hour_that_is_left_out_is_the_one_after_it():
    due = Hours(2).due(local(2026, 3, 7, 12), Mode.DAILY, NEW_YORK)
    assert due.astimezone(NEW_YORK) == local(2026, 3, 8, 3)


def test_an_hour_that_comes_twice_has_one_digest():
    first = Hours(1).due(local(2026, 10, 31, 12), Mode.DAILY, NEW_YORK)
    assert first == datetime(2026, 11, 1, 5, tzinfo=UTC)
    again = Hours(1).due(first + timedelta(minutes=70), Mode.DAILY, NEW_YORK)
    assert again == datetime(2026, 11, 2, 6, tzinfo=UTC)


def test_a_digest_has_its_hour_also_when_it_is_quiet():
    hours = Hours(23, time(22), time(7))
    due = hours.due(local(2026, 5, 20, 22, 30), Mode.DAILY, NEW_YORK)
    assert due.astimezone(NEW_YORK) == local(2026, 5, 20, 23)


@given(
    minute=st.integers(0, 3 * 365 * 24 * 60),
    hour=st.integers(0, 23),
    quiet=st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1]),
    zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_a_digest_is_within_a_day_and_what_is_due_stays_due(minute, hour, quiet, zone):
    at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    hours, where = Hours(hour, *quiet), ZoneInfo(zone)
    assert timedelta(0) < hours.due(at, Mode.DAILY, where) - at <= timedelta(hours=25)
    due = hours.due(at, Mode.INSTANT, where)
    assert timedelta(0) <= due - at <= timedelta(hours=25)
    # once the quiet hours are over it is due, and not put off from night to night
    assert hours.due(due, Mode.INSTANT, where) - due <= timedelta(hours=1)
