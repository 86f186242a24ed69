"""Attainment: what readings make of a goal, by example and against a second model."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_core.kinds import AssignmentStatus, GoalType
from goals_core.models.attainment import Evidence, Rule, attainment, judge, percent
from goals_core.models.windows import Window

ACTIVE, ACHIEVED = AssignmentStatus.ACTIVE, AssignmentStatus.ACHIEVED
FAILED = AssignmentStatus.FAILED
MAY = Window(date(2026, 5, 1), date(2026, 5, 31))

values = st.decimals(Decimal("-9999999999999.99"), Decimal("9999999999999.99"), places=2)
targets = st.decimals(Decimal(0), Decimal("9999999999999.99"), places=2)


@st.composite
def rules(draw):
    low, high = sorted((draw(values), draw(values)))
    bounds = draw(st.sampled_from([(None, None), (low, None), (None, high), (low, high)]))
    return Rule(draw(st.sampled_from(GoalType)), draw(targets), *bounds)


@st.composite
def evidences(draw):
    return Evidence(
        value=draw(st.none() | values),
        peak=draw(st.none() | values),
        out_of_range=draw(st.booleans()),
        days_in_range=draw(st.integers(0, MAY.days)),
    )


def judged(type_, target, *, closed=False, **evidence):
    facts = {"value": None} | evidence
    facts = {k: Decimal(v) if isinstance(v, str) else v for k, v in facts.items()}
    return judge(Rule(type_, Decimal(target)), Evidence(**facts), MAY, closed=closed)


def down(share: Fraction) -> Decimal:
    """A share as percent, rounded down to cents."""
    return Decimal(floor(share * 10000)) / 100


def model(rule, evidence, window, closed):
    """SPEC section 3, told a second time in fractions."""
    if rule.type is GoalType.MAINTAIN:
        progress = down(Fraction(evidence.days_in_range, window.days))
        broken = evidence.out_of_range
    elif evidence.value is None:
        progress, broken = Decimal(0), False
    elif rule.target == 0:
        progress, broken = Decimal(100), False
    else:
        progress, broken = down(Fraction(evidence.value) / Fraction(rule.target)), False
    if rule.type is GoalType.LIMIT:
        broken = evidence.peak is not None and evidence.peak > rule.target
    if rule.type is GoalType.TARGET:
        reached = evidence.value is not None and evidence.value >= rule.target
        status = ACHIEVED if reached else FAILED if closed else ACTIVE
    else:
        status = FAILED if broken else ACHIEVED if closed else ACTIVE
    return status, min(max(progress, Decimal(0)), Decimal(100))


@given(rules(), evidences(), st.booleans())
def test_judging_agrees_with_a_second_model(rule, evidence, closed):
    judgement = judge(rule, evidence, MAY, closed=closed)
    assert (judgement.status, judgement.progress) == model(rule, evidence, MAY, closed)


@given(rules(), evidences(), st.booleans())
def test_progress_stays_between_0_and_100(rule, evidence, closed):
    progress = judge(rule, evidence, MAY, closed=closed).progress
    assert 0 <= progress <= 100
    assert progress == progress.quantize(Decimal("0.01"))


@given(values, targets.filter(bool))
def test_percent_is_100_only_when_all_of_it_is_there(part, whole):
    assert (percent(part, whole) >= 100) is (part >= whole)


@given(rules(), evidences())
def test_a_closed_window_is_never_active(rule, evidence):
    assert judge(rule, evidence, MAY, closed=True).status is not ACTIVE


@pytest.mark.parametrize(
    ("part", "expected"),
    [("99996", "99.99"), ("99999.99", "99.99"), ("100000", "100"), ("33333.33", "33.33")],
)
def test_percentages_are_rounded_down(part, expected):
    assert percent(Decimal(part), Decimal(100_000)) == Decimal(expected)


def test_almost_all_of_the_largest_value_is_not_all_of_it():
    largest = Decimal("9999999999999.99")
    assert percent(largest - Decimal("0.01"), largest) == Decimal("99.99")


def test_attainment_goes_beyond_100_and_progress_does_not():
    rule = Rule(GoalType.TARGET, Decimal(50))
    assert attainment(rule, Decimal(125)) == 250
    assert judge(rule, Evidence(Decimal(125)), MAY, closed=False).progress == 100


def test_negative_values_are_below_nothing_and_progress_is_0():
    rule = Rule(GoalType.TARGET, Decimal(50))
    assert attainment(rule, Decimal("-0.001")) == Decimal("-0.01")
    assert attainment(rule, Decimal(-25)) == -50
    assert judge(rule, Evidence(Decimal(-25)), MAY, closed=False).progress == 0


@pytest.mark.parametrize("type_", [GoalType.TARGET, GoalType.LIMIT])
def test_nothing_of_nothing_is_100_percent(type_):
    assert attainment(Rule(type_, Decimal(0)), Decimal(0)) == 100


def test_a_target_is_achieved_as_soon_as_it_is_reached():
    assert judged(GoalType.TARGET, 100, value="99.99").status is ACTIVE
    assert judged(GoalType.TARGET, 100, value="100").status is ACHIEVED


def test_a_target_that_closes_below_has_failed_even_without_a_reading():
    assert judged(GoalType.TARGET, 100, value="99.99", closed=True).status is FAILED
    assert judged(GoalType.TARGET, 100, closed=True).status is FAILED


def test_at_the_limit_is_within_it_and_uses_100_percent():
    judgement = judged(GoalType.LIMIT, 100, value="100", peak="100")
    assert (judgement.status, judgement.progress) == (ACTIVE, 100)
    assert judged(GoalType.LIMIT, 100, value="100", peak="100", closed=True).status is ACHIEVED


def test_one_cent_above_the_limit_has_failed_at_once():
    assert judged(GoalType.LIMIT, 100, value="100.01", peak="100.01").status is FAILED


def test_a_limit_exceeded_on_one_day_stays_failed_when_the_value_falls():
    judgement = judged(GoalType.LIMIT, 100, value="40", peak="100.01", closed=True)
    assert (judgement.status, judgement.progress) == (FAILED, 40)


def test_a_limit_of_zero_holds_while_nothing_is_used():
    assert judged(GoalType.LIMIT, 0, value="0", peak="0").status is ACTIVE
    assert judged(GoalType.LIMIT, 0, value="0.01", peak="0.01").status is FAILED


def test_nothing_used_keeps_the_limit():
    judgement = judged(GoalType.LIMIT, 100, closed=True)
    assert (judgement.status, judgement.progress) == (ACHIEVED, 0)


def test_maintaining_counts_the_days_in_range():
    judgement = judged(GoalType.MAINTAIN, 8, value="9", days_in_range=20)
    assert (judgement.status, judgement.progress) == (ACTIVE, Decimal("64.51"))


def test_maintaining_fails_at_once_when_a_reading_is_out_of_range():
    judgement = judged(GoalType.MAINTAIN, 8, value="9", days_in_range=20, out_of_range=True)
    assert judgement.status is FAILED


def test_maintaining_is_achieved_when_the_window_closes():
    done = judged(GoalType.MAINTAIN, 8, value="9", days_in_range=31, closed=True)
    assert (done.status, done.progress) == (ACHIEVED, 100)


@pytest.mark.parametrize(
    ("low", "high", "inside", "outside"),
    [
        (None, None, ("8.5", "100"), ("8.49", "-1")),  # at least the target
        ("5", None, ("5", "8", "99"), ("4.99",)),
        (None, "9", ("-50", "9"), ("9.01",)),
        ("5", "9", ("5", "7", "9"), ("4.99", "9.01")),
        ("7", "7", ("7",), ("6.99", "7.01")),
    ],
)
def test_a_range_includes_its_ends_and_is_the_target_by_default(low, high, inside, outside):
    bounds = [None if bound is None else Decimal(bound) for bound in (low, high)]
    rule = Rule(GoalType.MAINTAIN, Decimal("8.5"), *bounds)
    assert all(rule.in_range(Decimal(value)) for value in inside)
    assert not any(rule.in_range(Decimal(value)) for value in outside)
