"""Every day of nine years: the records move as promised."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from goals_core.demo import adventure_works, files, northwind
from goals_core.demo.calendar import Calendar, arrange, share_passed
from goals_core.kinds import Period

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(9 * 366)]
LAST_ORDERS = {
    adventure_works.COMPANY: max(
        r["order_date"] for r in files.rows("adventureworks_reseller_orders")
    ),
    northwind.COMPANY: max(r["order_date"] for r in files.rows("northwind_orders")),
}
QUOTA_DAYS = sorted({row["quota_from"] for row in files.rows("adventureworks_quotas")})


@pytest.fixture(params=LAST_ORDERS, ids=lambda company: company.slug)
def company(request):
    return request.param


def calendars(company) -> list[Calendar]:
    return [arrange(day, company.running_quarter) for day in DAYS]


def test_a_record_keeps_its_weekday(company):
    for calendar in calendars(company):
        moved = calendar.moved(company.running_quarter)
        assert moved.weekday() == company.running_quarter.weekday()


def test_the_running_quarter_begins_within_the_week_after_the_fiscal_quarters_first_day(company):
    for calendar in calendars(company):
        first = calendar.window(Period.QUARTERLY).start
        assert 1 <= (calendar.moved(company.running_quarter) - first).days <= 7


def test_about_two_thirds_of_the_quarter_have_passed():
    for day in DAYS:
        share = share_passed(day, arrange(day, date(2013, 6, 30)).fiscal_year_start)
        assert 0.5 <= share <= 0.84


def test_records_lie_behind_and_ahead_of_today(company):
    last = date.fromisoformat(LAST_ORDERS[company])
    for calendar in calendars(company):
        assert calendar.moved(company.running_quarter) < calendar.today < calendar.moved(last)


def test_the_running_quarter_is_not_over(company):
    for calendar in calendars(company):
        assert calendar.window(Period.QUARTERLY).end > calendar.today


def test_each_quota_day_has_a_fiscal_quarter_of_its_own_and_none_is_left_out():
    for calendar in calendars(adventure_works.COMPANY):
        quarters = [
            calendar.nearest_quarter(calendar.moved(date.fromisoformat(day))) for day in QUOTA_DAYS
        ]
        assert quarters[10] == calendar.window(Period.QUARTERLY)
        assert quarters[:11] == calendar.windows(Period.QUARTERLY, before=10)
        assert quarters[11].start == quarters[10].end + timedelta(days=1)


def test_a_fiscal_year_has_four_quarters_that_fill_it():
    for calendar in calendars(northwind.COMPANY):
        year = calendar.window(Period.YEARLY)
        quarters = calendar.quarters_of(year)
        assert len(quarters) == 4
        assert (quarters[0].start, quarters[-1].end) == (year.start, year.end)


def test_windows_follow_one_another_up_to_the_running_one():
    for period in (Period.DAILY, Period.WEEKLY, Period.MONTHLY, Period.QUARTERLY, Period.YEARLY):
        for day in DAYS[::17]:
            calendar = arrange(day, date(1998, 1, 1))
            windows = calendar.windows(period, before=3)
            assert day in windows[-1]
            assert all(
                later.start == earlier.end + timedelta(days=1)
                for earlier, later in pairwise(windows)
            )
