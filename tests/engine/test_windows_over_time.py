"""Windows over time: each day in one of them, rolled over once, none lost, none too many."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import AssignmentStatus, Period
from goals_core.models.core import AuditLine
from goals_core.models.goals import Assignment, OutboxRow
from goals_core.models.windows import Window
from goals_core.services import assignments, history
from goals_core.services.rollover import roll_over
from tests.engine import (
    chain,
    days,
    employ,
    record,
    rows,
    set_status,
    windows,
)
from tests.makers import (
    add_deals,
    assign,
    by_hand,
    deal,
    from_sales,
    make_definition,
    with_settings,
)

DAY = timedelta(days=1)


def begin(cast, who=None, draft=None, **more):
    """A goal of someone that began today; its definition."""
    with tenant_session(more.pop("by", cast.admin)) as db:
        definition = make_definition(db, draft or by_hand())
        assign(db, definition, cast.rep if who is None else who, **more)
    return definition


def test_days_follow_each_other(cast, at):
    daily = begin(cast, draft=by_hand(period=Period.DAILY))
    at(date(2026, 5, 23))
    roll_over(cast.system)
    assert windows(cast, daily) == days(*[(f"2026-05-{n}", f"2026-05-{n}") for n in range(20, 24)])


def test_weeks_are_from_monday_to_sunday_and_never_longer_also_over_the_53rd(cast, at):
    at(date(2026, 12, 16))
    weekly = begin(cast, draft=by_hand(period=Period.WEEKLY))
    at(date(2027, 1, 20))
    roll_over(cast.system)
    found = windows(cast, weekly)
    assert found[0] == Window(date(2026, 12, 14), date(2026, 12, 20))
    assert all(window.days == 7 and window.start.isoweekday() == 1 for window in found)
    assert all(after.start == before.end + DAY for before, after in pairwise(found))
    assert found[-1].end == date(2027, 1, 24)


def test_months_have_their_own_length_and_february_its_leap_day(cast, at):
    at(date(2028, 1, 31))
    monthly = begin(cast)
    at(date(2028, 3, 1))
    roll_over(cast.system)
    assert [window.days for window in windows(cast, monthly)] == [31, 29, 31]


@pytest.mark.parametrize(
    ("period", "month", "expected"),
    [
        (Period.QUARTERLY, 1, [("2026-04-01", "2026-06-30"), ("2026-07-01", "2026-09-30")]),
        (Period.QUARTERLY, 2, [("2026-05-01", "2026-07-31"), ("2026-08-01", "2026-10-31")]),
        (Period.QUARTERLY, 12, [("2026-03-01", "2026-05-31"), ("2026-06-01", "2026-08-31")]),
        (Period.YEARLY, 1, [("2026-01-01", "2026-12-31"), ("2027-01-01", "2027-12-31")]),
        (Period.YEARLY, 3, [("2026-03-01", "2027-02-28"), ("2027-03-01", "2028-02-29")]),
        (Period.YEARLY, 10, [("2025-10-01", "2026-09-30"), ("2026-10-01", "2027-09-30")]),
    ],
)
def test_quarters_and_years_follow_the_fiscal_year(cast, at, period, month, expected):
    admin = with_settings(cast.admin, fiscal_year_start=month)
    draft = by_hand(period=period, starts_at=date(2020, 1, 1))
    goal = begin(cast, draft=draft, by=admin)
    first, second = days(*expected)
    at(first.end)
    assert roll_over(with_settings(cast.system, fiscal_year_start=month)).begun == 0
    at(second.start)
    assert roll_over(with_settings(cast.system, fiscal_year_start=month)).begun == 1
    assert windows(cast, goal) == [first, second]


def test_the_first_and_the_last_window_are_cut_to_the_goals_days(cast, at):
    at(date(2026, 2, 20))
    draft = by_hand(period=Period.QUARTERLY, starts_at=date(2026, 2, 10), ends_at=date(2026, 8, 20))
    quarterly = begin(cast, draft=draft)
    at(date(2027, 3, 1))
    roll_over(cast.system)
    expected = [
        ("2026-02-10", "2026-03-31"),
        ("2026-04-01", "2026-06-30"),
        ("2026-07-01", "2026-08-20"),
    ]
    assert windows(cast, quarterly) == days(*expected)


def test_custom_days_are_one_window_and_nothing_follows(cast, at):
    draft = by_hand(period=Period.CUSTOM, starts_at=date(2026, 5, 3), ends_at=date(2026, 7, 9))
    custom = begin(cast, draft=draft)
    at(date(2026, 12, 1))
    assert roll_over(cast.system).begun == 0
    assert windows(cast, custom) == days(("2026-05-03", "2026-07-09"))
    (row,) = chain(cast, custom)
    assert row.closed_at is not None


def local(tenant, *parts):
    return datetime(*parts, tzinfo=ZoneInfo(tenant.timezone))


@pytest.mark.parametrize(
    ("timezone", "switch"),
    [
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("Europe/Berlin", date(2026, 3, 29)),
        ("Australia/Lord_Howe", date(2026, 10, 4)),
        ("America/Santiago", date(2026, 9, 6)),  # there is no midnight: it goes on at 01:00
    ],
)
def test_days_begin_at_local_midnight_also_around_the_switch_of_the_clocks(
    cast, at, timezone, switch
):
    system, admin = (with_settings(each, timezone=timezone) for each in (cast.system, cast.admin))
    at(local(system.tenant, switch.year, switch.month, switch.day, 12) - 2 * DAY)
    daily = begin(cast, draft=by_hand(period=Period.DAILY), by=admin)
    first = switch - 2 * DAY
    for n in range(1, 4):
        day = first + n * DAY
        at(local(system.tenant, *(day - DAY).timetuple()[:3], 23, 30))
        assert roll_over(system).begun == 0
        at(local(system.tenant, *day.timetuple()[:3], 0, 30).astimezone(ZoneInfo("UTC")))
        assert roll_over(system).begun == (1 if system.tenant.today == day else 0)
        at(local(system.tenant, *day.timetuple()[:3], 1, 30))
        roll_over(system)
        assert windows(cast, daily)[-1] == Window(day, day)
    assert len(chain(cast, daily)) == 4


@pytest.mark.parametrize("switch", [date(2026, 3, 8), date(2026, 11, 1), date(2026, 6, 14)])
def test_a_reading_one_minute_before_local_midnight_belongs_to_that_day(cast, at, switch):
    at(local(cast.tenant, *switch.timetuple()[:3], 12))
    daily = begin(cast, draft=by_hand(period=Period.DAILY))
    (goal,) = (row.id for row in chain(cast, daily))
    at(local(cast.tenant, *switch.timetuple()[:3], 23, 59))
    assert record(cast.rep, goal, 40).value == 40
    at(local(cast.tenant, *(switch + DAY).timetuple()[:3], 0, 30))
    roll_over(cast.system)
    assert [row.current_value for row in chain(cast, daily)] == [40, 0]
    with tenant_session(cast.admin) as db:
        (end,) = history.series(db, [goal])[goal]
    assert (end.day, end.value) == (switch, 40)


def test_at_a_boundary_the_next_window_begins_and_the_old_one_waits_for_its_days_of_grace(cast, at):
    monthly = begin(cast)
    at(date(2026, 5, 31))
    assert (roll_over(cast.system).begun, len(chain(cast, monthly))) == (0, 1)
    at(date(2026, 6, 1))
    done = roll_over(cast.system)
    assert (done.begun, done.closed) == (1, 0)
    may, _ = chain(cast, monthly)
    record(cast.rep, may.id, 100, on=date(2026, 5, 31))  # late, within the grace
    at(date(2026, 6, 3))
    assert roll_over(cast.system).closed == 0
    at(date(2026, 6, 4))
    assert roll_over(cast.system).closed == 1
    may, june = chain(cast, monthly)
    assert (may.status, may.current_value) == (AssignmentStatus.ACHIEVED, 100)
    assert may.closed_at is not None
    assert (june.status, june.closed_at) == (AssignmentStatus.ACTIVE, None)


@pytest.mark.parametrize("grace", [0, 10])
def test_the_days_of_grace_are_the_tenants(cast, at, grace):
    monthly, system = begin(cast), with_settings(cast.system, grace_days=grace)
    at(date(2026, 5, 31) + grace * DAY)
    assert roll_over(system).closed == 0
    at(date(2026, 6, 1) + grace * DAY)
    assert roll_over(system).closed == 1
    assert chain(cast, monthly)[0].status is AssignmentStatus.FAILED


def everything(cast):
    """All that a roll-over may write, as it is."""
    return {
        model: sorted(
            [str(sorted((k, str(v)) for k, v in vars(row).items() if k[0] != "_"))]
            for row in rows(cast, model)
        )
        for model in (Assignment, OutboxRow, AuditLine)
    }


def test_rolling_over_twice_changes_nothing(cast, at):
    begin(cast)
    begin(cast, draft=from_sales(period=Period.WEEKLY, prorate=True))
    add_deals(cast.tenant, deal(cast.rep, 1200, date(2026, 6, 2)))
    at(date(2026, 6, 10))
    roll_over(cast.system)
    before = everything(cast)
    at(datetime(2026, 6, 10, 15, tzinfo=ZoneInfo("UTC")))
    again = roll_over(cast.system)
    assert (again.begun, again.closed) == (0, 0)
    assert everything(cast) == before


def test_after_days_of_standstill_each_missed_window_is_there_as_its_first_one(cast, at):
    people_ = {"rep": cast.rep, "team": cast.north}
    more = {"custom_target": Decimal(70), "notes": "agreed in January"}
    with tenant_session(cast.admin) as db:
        daily = make_definition(db, from_sales(period=Period.DAILY))
        for who in (*people_.values(), None):
            assign(db, daily, who, **more)
    add_deals(cast.tenant, deal(cast.rep, 50, date(2026, 5, 24)))
    at(date(2026, 5, 29))
    assert roll_over(cast.system).begun == 3 * 9
    found = chain(cast, daily)
    by_assignee = {(row.assignee_type, row.user_id, row.team_id) for row in found}
    assert len(by_assignee) == 3
    for assignee in by_assignee:
        theirs = [r for r in found if (r.assignee_type, r.user_id, r.team_id) == assignee]
        assert [row.period_start.day for row in theirs] == list(range(20, 30))
        assert {(r.custom_target, r.target_value, r.notes) for r in theirs} == {
            (70, 70, "agreed in January")
        }
        assert [row.current_value for row in theirs] == [0, 0, 0, 0, 50, 0, 0, 0, 0, 0]
        assert [row.closed_at is not None for row in theirs] == [True] * 6 + [False] * 4


def test_nothing_follows_after_someones_last_day(cast, at):
    monthly = begin(cast)
    employ(cast, cast.rep, left_on=date(2026, 6, 15))
    at(date(2026, 9, 1))
    roll_over(cast.system)
    assert windows(cast, monthly) == days(
        ("2026-05-01", "2026-05-31"), ("2026-06-01", "2026-06-30")
    )


def test_nothing_follows_a_cancelled_assignment(cast, at):
    monthly = begin(cast)
    with tenant_session(cast.admin) as db:
        assignments.cancel(db, chain(cast, monthly)[0].id)
    at(date(2026, 9, 1))
    done = roll_over(cast.system)
    assert (done.begun, done.closed) == (0, 0)
    assert len(chain(cast, monthly)) == 1


@pytest.mark.parametrize("status", ["cancelled", "completed"])
def test_nothing_follows_when_the_goal_is_over(cast, at, status):
    monthly = begin(cast)
    set_status(cast.admin, monthly, status)
    at(date(2026, 9, 1))
    assert roll_over(cast.system).begun == 0
    assert len(chain(cast, monthly)) == 1


def test_nothing_follows_while_paused_and_resuming_catches_up(cast, at):
    monthly = begin(cast)
    set_status(cast.admin, monthly, "paused")
    at(date(2026, 8, 2))
    done = roll_over(cast.system)
    assert (done.begun, done.closed, len(chain(cast, monthly))) == (0, 0, 1)
    set_status(cast.admin, monthly, "active")
    roll_over(cast.system)
    found = chain(cast, monthly)
    assert [row.period_start.month for row in found] == [5, 6, 7, 8]
    assert [row.closed_at is not None for row in found] == [True, True, False, False]


def test_a_deleted_current_window_is_not_made_again(cast, at):
    monthly = begin(cast)
    at(date(2026, 6, 1))
    roll_over(cast.system)
    with tenant_session(cast.admin) as db:
        assignments.delete(db, chain(cast, monthly)[-1].id)
    for day in (date(2026, 6, 2), date(2026, 7, 2)):
        at(day)
        assert roll_over(cast.system).begun == 0
    assert windows(cast, monthly) == days(("2026-05-01", "2026-05-31"))
