"""Pace and risk: what a straight line expects, and when the rule flags a goal."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_core.kinds import GoalType
from goals_core.models.risk import RiskRule, pace
from goals_core.models.windows import Window

DAY = timedelta(days=1)
TEN_DAYS = Window(date(2026, 5, 1), date(2026, 5, 10))
FOUR_DAYS = Window(date(2026, 5, 1), date(2026, 5, 4))

cents = st.decimals(Decimal(0), Decimal("9999999999999.99"), places=2)
percents = st.decimals(Decimal(0), Decimal(100), places=2)


@st.composite
def windows(draw):
    start = draw(st.dates(date(1970, 1, 1), date(2199, 1, 1)))
    return Window(start, start + draw(st.integers(0, 800)) * DAY)


@st.composite
def moments(draw):
    window = draw(windows())
    return window, window.start + draw(st.integers(-40, 900)) * DAY


@given(cents, moments())
def test_the_pace_is_a_straight_line_to_the_target(target, moment):
    window, today = moment
    found = pace(target, window, today)
    share = Fraction(min(max((today - window.start).days + 1, 0), window.days), window.days)
    assert found.expected_percent == Decimal(floor(share * 10000)) / 100
    assert abs(Fraction(found.expected_value) - Fraction(target) * share) <= Fraction(1, 200)
    assert found.days_left == window.days * (1 - share)


@given(st.sampled_from(GoalType), percents, moments(), st.integers(0, 100), st.integers(0, 100))
def test_the_rule_flags_little_progress_with_little_time(type_, progress, moment, below, left):
    window, today = moment
    flagged = RiskRule(below, left).flags(type_, progress, window, today)
    days_left = min(max((window.end - today).days, 0), window.days)
    expected = (
        type_ is not GoalType.LIMIT
        and today >= window.start
        and progress < below
        and Fraction(days_left, window.days) <= Fraction(left, 100)
    )
    assert flagged is expected


@given(percents, moments())
def test_a_limit_is_never_flagged(progress, moment):
    assert not RiskRule(100, 100).flags(GoalType.LIMIT, progress, *moment)


def test_a_window_of_one_day_divides_nothing_by_zero():
    day = Window(date(2026, 5, 20), date(2026, 5, 20))
    found = pace(Decimal(10), day, day.start)
    assert (found.expected_percent, found.expected_value, found.days_left) == (100, 10, 0)
    assert RiskRule().flags(GoalType.TARGET, Decimal("49.99"), day, day.start)


def test_before_the_window_nothing_is_expected_and_nothing_flagged():
    day = TEN_DAYS.start - DAY
    found = pace(Decimal(10), TEN_DAYS, day)
    assert (found.expected_percent, found.expected_value, found.days_left) == (0, 0, 10)
    assert not RiskRule(100, 100).flags(GoalType.TARGET, Decimal(0), TEN_DAYS, day)


@pytest.mark.parametrize(
    ("progress", "flagged"), [("0", True), ("49.99", True), ("50", False), ("50.01", False)]
)
def test_only_progress_below_the_threshold_is_flagged(progress, flagged):
    rule = RiskRule()
    assert rule.flags(GoalType.TARGET, Decimal(progress), FOUR_DAYS, FOUR_DAYS.end) is flagged


@pytest.mark.parametrize(("day", "flagged"), [(2, False), (3, True), (4, True), (9, True)])
def test_a_quarter_of_the_window_left_is_little_time(day, flagged):
    today = date(2026, 5, day)
    assert RiskRule().flags(GoalType.TARGET, Decimal(10), FOUR_DAYS, today) is flagged


def test_a_little_more_than_a_quarter_is_not_little_time():
    rule, progress = RiskRule(), Decimal(10)
    assert not rule.flags(GoalType.TARGET, progress, TEN_DAYS, date(2026, 5, 7))  # 3 of 10 days
    assert rule.flags(GoalType.TARGET, progress, TEN_DAYS, date(2026, 5, 8))


def test_maintaining_is_flagged_like_a_target():
    assert RiskRule().flags(GoalType.MAINTAIN, Decimal(10), FOUR_DAYS, FOUR_DAYS.end)


def test_on_the_pace_is_not_behind_it():
    found = pace(Decimal(300), TEN_DAYS, date(2026, 5, 3))
    assert found.expected_percent == 30
    assert not found.is_behind(Decimal(30))
    assert found.is_behind(Decimal("29.99"))
