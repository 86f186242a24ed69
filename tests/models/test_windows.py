"""Windows: how a schedule is cut into periods, and how much of one has passed."""

from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_core.kinds import Period
from goals_core.models.windows import Schedule, Window, calendar_window, span_after

DAY = timedelta(days=1)
REPEATING = [period for period in Period if period is not Period.CUSTOM]
LONGEST = {
    Period.DAILY: 1,
    Period.WEEKLY: 7,
    Period.MONTHLY: 31,
    Period.QUARTERLY: 92,
    Period.YEARLY: 366,
}

days = st.dates(date(1970, 1, 1), date(2199, 12, 31))
fiscal_starts = st.integers(1, 12)


@st.composite
def schedules(draw, periods=tuple(Period)):
    period, starts_at = draw(st.sampled_from(periods)), draw(days)
    length = draw(st.integers(0, 1500))
    endless = period is not Period.CUSTOM and draw(st.booleans())
    ends_at = None if endless else starts_at + length * DAY
    return Schedule(period, starts_at, ends_at, draw(fiscal_starts))


@st.composite
def days_of_schedules(draw):
    schedule = draw(schedules())
    last = 1500 if schedule.ends_at is None else (schedule.ends_at - schedule.starts_at).days
    return schedule, schedule.starts_at + draw(st.integers(0, last)) * DAY


def windows_of(schedule):
    window = schedule.current_or_first(schedule.starts_at)
    while window is not None:
        yield window
        window = schedule.after(window.end)


def monthly(starts_at, ends_at=None):
    return Schedule(Period.MONTHLY, starts_at, ends_at)


@given(schedules())
def test_windows_tile_the_schedule_without_gap_or_overlap(schedule):
    windows = list(islice(windows_of(schedule), 60))
    assert windows[0].start == schedule.starts_at
    assert all(later.start == earlier.end + DAY for earlier, later in pairwise(windows))
    assert all(window.start <= window.end for window in windows)
    if len(windows) < 60:
        assert windows[-1].end == schedule.ends_at


@given(days_of_schedules())
def test_every_day_of_a_schedule_lies_in_exactly_its_window(case):
    schedule, day = case
    window = schedule.window_on(day)
    assert day in window
    assert {schedule.window_on(d) for d in (window.start, day, window.end)} == {window}
    assert window.start - DAY not in window
    assert window.end + DAY not in window
    assert schedule.window_on(window.start - DAY) != window
    assert schedule.window_on(window.end + DAY) != window


@given(schedules(), days)
def test_a_day_outside_of_the_schedule_has_no_window(schedule, day):
    is_outside = day < schedule.starts_at or (schedule.ends_at or date.max) < day
    assert (schedule.window_on(day) is None) is is_outside


@given(days)
def test_an_iso_week_has_seven_days_never_eight(day):
    window = calendar_window(Period.WEEKLY, day, 1)
    assert window.days == 7
    assert (window.start.isoweekday(), window.end.isoweekday()) == (1, 7)
    assert {d.isocalendar()[:2] for d in (window.start, day, window.end)} == {day.isocalendar()[:2]}


@given(st.sampled_from(REPEATING), days, fiscal_starts)
def test_no_window_is_longer_than_its_period(period, day, fiscal_start):
    window = calendar_window(period, day, fiscal_start)
    assert day in window
    assert window.days <= LONGEST[period]


@given(st.sampled_from([Period.QUARTERLY, Period.YEARLY]), days, fiscal_starts)
def test_quarters_and_years_start_where_the_fiscal_year_says(period, day, fiscal_start):
    window = calendar_window(period, day, fiscal_start)
    months = {Period.QUARTERLY: 3, Period.YEARLY: 12}[period]
    assert window.start.day == 1
    assert (window.start.month - fiscal_start) % months == 0
    assert (window.end + DAY).day == 1
    length = (window.end + DAY).year * 12 + (window.end + DAY).month
    assert length - (window.start.year * 12 + window.start.month) == months


def test_the_week_of_new_year_belongs_to_both_years():
    assert calendar_window(Period.WEEKLY, date(2026, 1, 1), 1) == Window(
        date(2025, 12, 29), date(2026, 1, 4)
    )


def test_the_first_and_last_window_are_cut_to_the_schedule():
    schedule = monthly(date(2026, 1, 15), date(2026, 3, 10))
    assert list(windows_of(schedule)) == [
        Window(date(2026, 1, 15), date(2026, 1, 31)),
        Window(date(2026, 2, 1), date(2026, 2, 28)),
        Window(date(2026, 3, 1), date(2026, 3, 10)),
    ]


def test_the_quarter_of_the_specification_has_one_window():
    schedule = Schedule(Period.QUARTERLY, date(2026, 1, 1), date(2026, 3, 31))
    assert list(windows_of(schedule)) == [Window(date(2026, 1, 1), date(2026, 3, 31))]


def test_a_monthly_goal_for_the_year_has_twelve_windows():
    assert len(list(windows_of(monthly(date(2026, 1, 1), date(2026, 12, 31))))) == 12


def test_a_fiscal_year_from_april_ends_in_march():
    year = calendar_window(Period.YEARLY, date(2026, 3, 31), 4)
    quarter = calendar_window(Period.QUARTERLY, date(2026, 2, 14), 4)
    assert year == Window(date(2025, 4, 1), date(2026, 3, 31))
    assert quarter == Window(date(2026, 1, 1), date(2026, 3, 31))


def test_a_fiscal_year_from_february_has_quarters_that_cross_new_year():
    quarter = calendar_window(Period.QUARTERLY, date(2026, 1, 5), 2)
    assert quarter == Window(date(2025, 11, 1), date(2026, 1, 31))


@pytest.mark.parametrize(("year", "length"), [(2023, 28), (2024, 29), (2000, 29), (2100, 28)])
def test_february_is_as_long_as_its_year_says(year, length):
    assert calendar_window(Period.MONTHLY, date(year, 2, 10), 1).days == length
    assert calendar_window(Period.YEARLY, date(year, 2, 10), 1).days == 337 + length


@given(schedules(), days, st.integers(1, 6))
def test_the_last_windows_have_begun_follow_each_other_and_are_the_goals_own_where_it_has_some(
    schedule, today, most
):
    found = schedule.recent(today, most=most)
    assert len(found) == most
    assert found[0].start <= today
    assert all(later.start > earlier.end for later, earlier in pairwise(found))
    if schedule.period is Period.CUSTOM:
        own = Window(schedule.starts_at, schedule.ends_at)
        assert {one.days for one in found} == {own.days}
        assert (found[0] == own) is (schedule.starts_at <= today)
        return
    assert found[0] == (schedule.window_on(min(today, schedule.ends_at or today)) or found[0])
    for one in found:
        whole = calendar_window(schedule.period, one.start, schedule.fiscal_year_start)
        assert one == (schedule.window_on(one.start) or whole)


def test_the_last_windows_of_a_goal_that_began_lately_are_whole_before_its_first_day():
    found = Schedule(Period.MONTHLY, date(2026, 4, 10), None).recent(date(2026, 5, 20), most=3)
    assert found == [
        Window(date(2026, 5, 1), date(2026, 5, 31)),
        Window(date(2026, 4, 10), date(2026, 4, 30)),
        Window(date(2026, 3, 1), date(2026, 3, 31)),
    ]


def test_a_custom_period_is_one_window():
    schedule = Schedule(Period.CUSTOM, date(2024, 2, 20), date(2024, 3, 5))
    window = Window(date(2024, 2, 20), date(2024, 3, 5))
    assert list(windows_of(schedule)) == [window]
    assert window.days == 15


def test_a_goal_that_starts_later_begins_with_its_first_window():
    schedule = monthly(date(2026, 7, 10))
    assert schedule.current_or_first(date(2026, 5, 20)) == Window(
        date(2026, 7, 10), date(2026, 7, 31)
    )


def test_a_goal_that_is_over_has_no_current_window():
    assert monthly(date(2026, 1, 1), date(2026, 3, 31)).current_or_first(date(2026, 4, 1)) is None


@pytest.mark.parametrize(
    ("today", "elapsed", "left"),
    [
        (date(2026, 4, 30), 0, 31),
        (date(2026, 5, 1), 1, 30),
        (date(2026, 5, 20), 20, 11),
        (date(2026, 5, 31), 31, 0),
        (date(2026, 6, 30), 31, 0),
    ],
)
def test_a_day_counts_as_passed_by_its_end(today, elapsed, left):
    may = Window(date(2026, 5, 1), date(2026, 5, 31))
    assert (may.elapsed(today), may.left(today)) == (elapsed, left)


@pytest.mark.parametrize(
    ("today", "grace_days", "is_closed"),
    [
        (date(2026, 5, 31), 0, False),
        (date(2026, 6, 1), 0, True),
        (date(2026, 6, 3), 3, False),
        (date(2026, 6, 4), 3, True),
    ],
)
def test_a_window_closes_when_its_days_of_grace_are_over(today, grace_days, is_closed):
    may = Window(date(2026, 5, 1), date(2026, 5, 31))
    assert may.is_closed(today, grace_days=grace_days) is is_closed


@pytest.mark.parametrize(
    ("period", "first", "last", "expected"),
    [
        (Period.MONTHLY, (2026, 1, 1), (2026, 1, 31), ((2026, 2, 1), (2026, 2, 28))),
        (Period.MONTHLY, (2026, 1, 1), (2026, 12, 31), ((2027, 1, 1), (2027, 12, 31))),
        (Period.MONTHLY, (2026, 1, 15), (2026, 1, 31), ((2026, 2, 1), (2026, 2, 17))),
        (Period.QUARTERLY, (2026, 1, 1), (2026, 3, 31), ((2026, 4, 1), (2026, 6, 30))),
        (Period.YEARLY, (2024, 1, 1), (2024, 12, 31), ((2025, 1, 1), (2025, 12, 31))),
        (Period.WEEKLY, (2026, 5, 18), (2026, 5, 24), ((2026, 5, 25), (2026, 5, 31))),
        (Period.DAILY, (2026, 5, 18), (2026, 5, 18), ((2026, 5, 19), (2026, 5, 19))),
        (Period.CUSTOM, (2026, 5, 1), (2026, 5, 31), ((2026, 6, 1), (2026, 7, 1))),
    ],
)
def test_the_next_period_is_as_many_whole_periods_or_days(period, first, last, expected):
    following = span_after(period, date(*first), date(*last), fiscal_year_start=1)
    assert following == Window(date(*expected[0]), date(*expected[1]))


def test_the_next_fiscal_quarter_is_a_whole_one():
    following = span_after(
        Period.QUARTERLY, date(2025, 11, 1), date(2026, 1, 31), fiscal_year_start=2
    )
    assert following == Window(date(2026, 2, 1), date(2026, 4, 30))


@given(schedules(), fiscal_starts)
def test_the_next_period_follows_at_once_and_stays_whole(schedule, fiscal_start):
    last = schedule.ends_at or schedule.starts_at + 400 * DAY
    period = schedule.period
    following = span_after(period, schedule.starts_at, last, fiscal_year_start=fiscal_start)
    assert following.start == last + DAY
    assert following.end >= following.start
    if period in {Period.DAILY, Period.WEEKLY, Period.CUSTOM}:
        assert following.days == (last - schedule.starts_at).days + 1
