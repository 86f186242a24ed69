"""A standing in words: each state, window and sentence, without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from goals_core.actor import Tenant
from goals_core.engine.standings import Standing
from goals_core.models.attainment import Rule, attainment
from goals_core.models.goals import (
    AssigneeType,
    AssignmentStatus,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from goals_core.models.risk import pace
from goals_core.models.windows import Window
from ui import standings

TODAY = date(2026, 5, 20)
TENANT = Tenant(uuid4(), "acme", "Acme", "UTC", "en_US", "USD", 1, 3, 50, 25)
MAY = Window(date(2026, 5, 1), date(2026, 5, 31))


def goal(value=0, **more):
    """100 calls in May, of which `value` are made."""
    rule = more.pop("rule", Rule(GoalType.TARGET, Decimal(100)))
    window, share = more.get("window", MAY), attainment(rule, Decimal(value))
    settings = {
        "id": uuid4(),
        "definition_id": uuid4(),
        "goal": "Calls",
        "description": "",
        "category": "",
        "metric": Metric.COUNT,
        "unit": "calls",
        "period": Period.MONTHLY,
        "source": Source.MANUAL,
        "assignee_type": AssigneeType.USER,
        "assignee_id": uuid4(),
        "assignee": "Ann",
        "window": window,
        "rule": rule,
        "has_own_target": False,
        "value": Decimal(value),
        "progress": min(share, Decimal(100)),
        "attainment": share,
        "status": AssignmentStatus.ACTIVE,
        "goal_status": GoalStatus.ACTIVE,
        "achieved_at": None,
        "closed_at": None,
        "updated_at": None,
        "sync_error": None,
        "left_out": 0,
        "notes": "",
        "proration": None,
        "pace": pace(rule.target, window, TODAY),
        "at_risk": False,
    }
    return Standing(**settings | more)


def plain(text):
    return " ".join(text.split())


ACHIEVED = {
    "status": AssignmentStatus.ACHIEVED,
    "achieved_at": datetime(2026, 5, 12, 9, tzinfo=UTC),
}
FAILED, CANCELLED = {"status": AssignmentStatus.FAILED}, {"status": AssignmentStatus.CANCELLED}
PAUSED, COMPLETED = {"goal_status": GoalStatus.PAUSED}, {"goal_status": GoalStatus.COMPLETED}
LIMIT = {"rule": Rule(GoalType.LIMIT, Decimal(100))}
AT_LEAST = {"rule": Rule(GoalType.MAINTAIN, Decimal(100), Decimal(80))}
AT_MOST = {"rule": Rule(GoalType.MAINTAIN, Decimal(100), None, Decimal(80))}
LATER = {"window": Window(date(2026, 6, 1), date(2026, 6, 30))}


@pytest.mark.parametrize(
    ("shown", "state", "sentence"),
    [
        (goal(70), "On track", "64.5% expected by now, 70% reached: ahead."),
        (goal(40), "Behind", "64.5% expected by now, 40% reached: behind."),
        (goal(9, at_risk=True), "At risk", "64.5% expected by now, 9% reached: behind."),
        (goal(120, **ACHIEVED), "Achieved", "Achieved on May 12, 2026."),
        (goal(40, **FAILED), "Failed", "Closed at 40% of the target."),
        (goal(40, **CANCELLED), "Cancelled", "Cancelled: it is no longer tracked."),
        (goal(40, **PAUSED), "Paused", "Paused: nothing is tracked."),
        (goal(40, **COMPLETED), "Completed", "Completed: nothing is tracked."),
        (goal(**LATER), "Not begun", "Nothing is expected yet."),
        (goal(40, **LIMIT), "On track", "40% of the limit used, 60 calls left."),
        (goal(130, **LIMIT, **FAILED), "Failed", "Over the limit by 30 calls."),
        (goal(90, **LIMIT, **FAILED), "Failed", "The limit was exceeded on the way."),
        (goal(90, **AT_LEAST), "On track", "In range so far: at least 80 calls."),
        (goal(70, **AT_MOST), "On track", "In range so far: at most 80 calls."),
        (goal(90, **AT_LEAST, **FAILED), "Failed", "Out of range on at least one day."),
    ],
)
def test_each_state_has_its_name_and_its_sentence(shown, state, sentence):
    assert standings.look(shown, TODAY).name == state
    assert plain(standings.pace(shown, TODAY)) == sentence


def test_on_the_pace_to_the_cent_is_on_pace():
    even = goal(rule=Rule(GoalType.TARGET, Decimal(31)), value=20)
    assert even.progress == even.pace.expected_percent
    assert standings.pace(even, TODAY).endswith("on pace.")


@pytest.mark.parametrize(
    ("period", "first", "last", "name"),
    [
        (Period.DAILY, date(2026, 5, 20), date(2026, 5, 20), "May 20, 2026"),
        (Period.WEEKLY, date(2026, 5, 18), date(2026, 5, 24), "May 18 – 24, 2026"),
        (Period.MONTHLY, date(2026, 5, 1), date(2026, 5, 31), "May 2026"),
        (Period.MONTHLY, date(2026, 5, 4), date(2026, 5, 31), "May 4 – 31, 2026"),
        (Period.QUARTERLY, date(2026, 4, 1), date(2026, 6, 30), "Q2 2026"),
        (Period.YEARLY, date(2026, 1, 1), date(2026, 12, 31), "2026"),
        (Period.CUSTOM, date(2026, 4, 1), date(2026, 6, 30), "Apr 1 – Jun 30, 2026"),
    ],
)
def test_a_whole_window_has_a_name_and_a_cut_one_its_days(period, first, last, name):
    assert plain(standings.window(period, Window(first, last), TENANT)) == name


def test_a_fiscal_quarter_is_named_by_its_months():
    fiscal = replace(TENANT, fiscal_year_start=2)
    quarter = Window(date(2026, 5, 1), date(2026, 7, 31))
    assert plain(standings.window(Period.QUARTERLY, quarter, fiscal)) == "May – Jul 2026"
    year = Window(date(2026, 2, 1), date(2027, 1, 31))
    assert plain(standings.window(Period.YEARLY, year, fiscal)) == "Feb 2026 – Jan 2027"


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        (goal(40), "May 2026 · 11 days left"),
        (goal(**LATER), "June 2026 · begins Jun 1, 2026"),
        (
            goal(window=Window(date(2026, 4, 1), date(2026, 4, 30))),
            "April 2026 · ended 20 days ago",
        ),
        (goal(closed_at=datetime(2026, 5, 4, tzinfo=UTC)), "May 2026 · closed"),
    ],
)
def test_when_says_how_far_off_the_end_is(shown, says):
    assert plain(standings.when(shown, TENANT_OF_MAY)) == says


class _TenantOfMay(Tenant):
    @property
    def today(self):
        return TODAY


TENANT_OF_MAY = _TenantOfMay(*(getattr(TENANT, field) for field in Tenant.__slots__))


@pytest.mark.parametrize(
    ("shown", "says"),
    [
        (goal(40), "60 calls to go, 6 calls a day."),
        (goal("40.5", metric=Metric.NUMBER), "59.5 calls to go, 5.41 calls a day."),
        (goal(120, **ACHIEVED), ""),
        (goal(40, **PAUSED), ""),
        (goal(**LATER), ""),
        (goal(40, **LIMIT), ""),
        (goal(metric=Metric.BOOLEAN), ""),
    ],
)
def test_what_is_needed_a_day_is_never_too_little(shown, says):
    assert plain(standings.needed(shown, TODAY)) == says


@pytest.mark.parametrize(
    ("difference", "says"),
    [("4.29", "+4.2 pt"), ("-4.21", "-4.3 pt"), ("0", "0 pt"), ("0.09", "0 pt")],
)
def test_points_carry_their_sign(difference, says):
    assert standings.points(Decimal(difference)) == says


def test_of_yes_or_no_a_change_says_what_it_became():
    plan = goal(metric=Metric.BOOLEAN)
    assert standings.signed(plan, Decimal(1)) == "Yes"
    assert standings.signed(plan, Decimal(-1)) == "No"


@pytest.mark.parametrize(
    ("seconds", "says"), [(5, "just now"), (180, "3 minutes ago"), (90_000, "1 day ago")]
)
def test_how_long_ago_something_was(at, seconds, says):
    now = datetime(2026, 5, 20, 12, tzinfo=UTC)
    at(now)
    assert standings.ago(now - timedelta(seconds=seconds)) == says


def test_the_summary_begins_with_the_worst():
    well, behind, risky = goal(90), goal(40), goal(9, at_risk=True)
    say = standings.summary
    assert say([well], TODAY) == "Everything is on track."
    assert say([well, behind, behind], TODAY) == "2 goals are behind their pace."
    assert say([well, behind, risky], TODAY) == "1 goal is at risk: begin there."


def test_a_team_and_the_company_are_called_what_they_are():
    assert (
        standings.whose(goal(assignee="North", assignee_type=AssigneeType.TEAM)) == "North (team)"
    )
    assert standings.whose(goal(assignee="Ann")) == "Ann"
