"""Progress by hand: what a reading does, what is refused and why, and who may record."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from goals_core.db import tenant_session
from goals_core.engine import standings
from goals_core.engine.logbook import NotRunning, TrackedAutomatically
from goals_core.engine.paging import PageRequest
from goals_core.errors import Invalid, NotAllowed, NotFound, WindowClosed
from goals_core.models.goals import AssignmentStatus, GoalStatus, GoalType, Metric, ProgressSource
from goals_core.services import assignments, definitions, history, progress
from tests.makers import (
    TODAY,
    assign,
    by_hand,
    definition_of,
    fields,
    from_sales,
    make_definition,
    make_goal,
    standing,
)

YES_NO = by_hand(metric=Metric.BOOLEAN, target_value=Decimal(1), unit="")
COUNT = by_hand(metric=Metric.COUNT)


def record(actor, goal, value=None, *, on=TODAY, **more):
    given = None if value is None else Decimal(value)
    with tenant_session(actor) as db:
        progress.record(db, assignment_id=goal, value=given, on=on, **more)
        return standings.get(db, goal)


def entries(actor, goal, **wanted):
    with tenant_session(actor) as db:
        return progress.history(db, goal, **wanted)


def test_what_is_said_of_a_reading_is_what_is_kept(cast):
    goal = make_goal(cast, cast.rep, by_hand(milestones=()))
    with tenant_session(cast.rep) as db:
        said = progress.record(db, assignment_id=goal, value=Decimal(120), on=TODAY)
    kept = standing(cast.rep, goal)
    assert (said.previous, said.value) == (0, kept.value) == (0, 120)
    assert (said.progress, said.status) == (kept.progress, kept.status)
    assert (said.was, said.status) == (AssignmentStatus.ACTIVE, AssignmentStatus.ACHIEVED)
    assert said.achieved_at == kept.achieved_at is not None


def test_a_new_value_moves_the_standing_and_leaves_a_line(cast):
    goal = make_goal(cast, cast.rep)
    after = record(cast.rep, goal, 40, note="  met at the fair ")
    assert (after.value, after.progress, after.status) == (40, 40, AssignmentStatus.ACTIVE)
    line = entries(cast.rep, goal).items[0]
    assert (line.previous, line.value, line.change) == (0, 40, 40)
    assert (line.source, line.reference) == (ProgressSource.MANUAL, None)
    assert (line.note, line.logged_by) == ("met at the fair", "Rep")
    assert line.happened_at == line.logged_at == after.updated_at


def test_a_change_is_added_to_the_value(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 40)
    assert record(cast.rep, goal, change=Decimal("-10.5")).value == Decimal("29.5")


def test_an_earlier_day_is_kept_as_noon_of_that_day(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 40, on=date(2026, 5, 4))
    happened = entries(cast.rep, goal).items[0].happened_at
    assert happened == datetime(2026, 5, 4, 16, tzinfo=UTC)  # New York's noon in May


def test_the_history_comes_newest_first_a_page_at_a_time(cast):
    goal = make_goal(cast, cast.rep)
    for value in range(1, 6):
        record(cast.rep, goal, value)
    pages = [entries(cast.rep, goal, page=PageRequest(n, 2)) for n in (1, 2, 3)]
    assert [line.value for page in pages for line in page.items] == [5, 4, 3, 2, 1]
    assert {(page.total, page.pages) for page in pages} == {(5, 3)}


def test_a_target_is_achieved_at_once_and_falls_back_when_corrected(cast):
    goal = make_goal(cast, cast.rep)
    done = record(cast.rep, goal, 100)
    assert (done.status, done.progress) == (AssignmentStatus.ACHIEVED, 100)
    assert done.achieved_at is not None
    fallen = record(cast.rep, goal, change=Decimal("-0.01"))
    assert (fallen.status, fallen.achieved_at) == (AssignmentStatus.ACTIVE, None)
    assert fallen.progress == Decimal("99.99")


def test_achieved_means_the_first_time_as_long_as_it_stays_so(cast, at):
    goal = make_goal(cast, cast.rep)
    first = record(cast.rep, goal, 100).achieved_at
    at(first + timedelta(hours=2))
    assert record(cast.rep, goal, 120).achieved_at == first
    record(cast.rep, goal, 99)
    assert record(cast.rep, goal, 100).achieved_at == first + timedelta(hours=2)


def test_attainment_goes_beyond_what_is_stored(cast):
    after = record(cast.rep, make_goal(cast, cast.rep), 250)
    assert (after.progress, after.attainment) == (100, 250)


def test_a_limit_exceeded_on_an_earlier_day_has_failed_though_the_value_is_low_now(cast):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT))
    record(cast.rep, goal, 101, on=date(2026, 5, 4))
    after = record(cast.rep, goal, 50)
    assert (after.value, after.progress) == (50, 50)
    assert after.status is AssignmentStatus.FAILED


def test_what_happened_on_one_day_is_judged_by_the_days_end(cast):
    goal = make_goal(cast, cast.rep, by_hand(type=GoalType.LIMIT))
    assert record(cast.rep, goal, 101).status is AssignmentStatus.FAILED
    assert record(cast.rep, goal, change=Decimal(-1)).status is AssignmentStatus.ACTIVE


def test_maintaining_counts_the_days_since_the_first_reading_in_range(cast):
    draft = by_hand(type=GoalType.MAINTAIN, range_min=Decimal(8), range_max=Decimal(10))
    goal = make_goal(cast, cast.rep, draft)
    after = record(cast.rep, goal, 9, on=date(2026, 5, 11))
    assert (after.status, after.progress) == (AssignmentStatus.ACTIVE, Decimal("32.25"))  # 10 of 31
    assert record(cast.rep, goal, 11).status is AssignmentStatus.FAILED


REFUSED = {
    by_hand(): [
        ("value", {}),
        ("value", {"value": Decimal(1), "change": Decimal(1)}),
        *(("value", {"value": Decimal(n)}) for n in ("0.001", "NaN", "-Infinity", "1e13", "1e400")),
        *(("value", {"value": no_number}) for no_number in (1.5, True, "5")),
        ("change", {"change": Decimal("9999999999999.99")}),
        ("note", {"value": Decimal(6), "note": "x" * 2001}),
        ("note", {"value": Decimal(6), "note": "a\0b"}),
        ("on", {"value": Decimal(6), "on": date(2026, 4, 30)}),
        ("on", {"value": Decimal(6), "on": date(2026, 6, 1)}),
        ("on", {"value": Decimal(6), "on": date(2026, 5, 21)}),  # tomorrow
        ("on", {"value": Decimal(6), "on": date(2026, 5, 19)}),  # older than the last value
        ("on", {"value": Decimal(6), "on": datetime(2026, 5, 20, tzinfo=UTC)}),
    ],
    COUNT: [("value", {"value": Decimal("1.5")}), ("change", {"change": Decimal(-2)})],
    YES_NO: [("value", {"value": Decimal(2)}), ("change", {"change": Decimal(1)})],
}


@pytest.mark.parametrize("draft", REFUSED, ids=lambda draft: draft.metric.value)
def test_a_bad_reading_names_its_field_and_changes_nothing(cast, draft):
    goal = make_goal(cast, cast.rep, draft)
    before = record(cast.rep, goal, 1)
    for field, reading in REFUSED[draft]:
        with tenant_session(cast.rep) as db, pytest.raises(Invalid) as refused:
            progress.record(db, assignment_id=goal, **{"on": TODAY} | reading)
        assert fields(refused) == [field], reading
        assert str(refused.value)
    assert standing(cast.rep, goal) == before
    assert entries(cast.rep, goal).total == 1


def test_an_earlier_day_takes_a_change_but_no_new_value(cast):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 40)
    with pytest.raises(Invalid, match="2026-05-20 already; for an earlier day give the change"):
        record(cast.rep, goal, 30, on=date(2026, 5, 10))
    assert record(cast.rep, goal, change=Decimal(2), on=date(2026, 5, 10)).value == 42
    with tenant_session(cast.rep) as db:
        assert [(end.day.day, end.value) for end in history.series(db, [goal])[goal]] == [
            (10, 2),
            (20, 42),
        ]


def test_a_yes_no_goal_is_done_by_a_one(cast):
    goal = make_goal(cast, cast.rep, YES_NO)
    assert record(cast.rep, goal, 1).status is AssignmentStatus.ACHIEVED
    assert record(cast.rep, goal, 0).status is AssignmentStatus.ACTIVE


def test_what_is_tracked_from_records_takes_nothing_by_hand(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    for actor in (cast.rep, cast.manager, cast.admin):
        with pytest.raises(TrackedAutomatically, match="Sales is tracked from records"):
            record(actor, goal, 5)


@pytest.mark.parametrize(
    "status", [status for status in GoalStatus if status is not GoalStatus.ACTIVE]
)
def test_only_an_active_goal_takes_progress(cast, status):
    with tenant_session(cast.admin) as db:
        definition = make_definition(db, by_hand(), status=GoalStatus.DRAFT)
        goal = assign(db, definition, cast.rep)
        steps = [] if status is GoalStatus.DRAFT else [GoalStatus.ACTIVE, status]
        for step in steps:
            definitions.set_status(db, definition, step)
    with pytest.raises(NotRunning, match=status.value):
        record(cast.admin, goal, 5)


def test_a_cancelled_assignment_takes_no_progress(cast):
    goal = make_goal(cast, cast.rep)
    with tenant_session(cast.admin) as db:
        assignments.cancel(db, goal)
    with pytest.raises(NotRunning, match="cancelled"):
        record(cast.rep, goal, 5)


def test_late_progress_counts_until_the_days_of_grace_are_over(cast, at):
    goal = make_goal(cast, cast.rep)
    at(date(2026, 6, 3))
    assert record(cast.rep, goal, 100, on=date(2026, 5, 31)).status is AssignmentStatus.ACHIEVED
    at(date(2026, 6, 4))
    assert record(cast.rep, goal, change=Decimal(-1), on=date(2026, 5, 31)).closed_at is not None
    with pytest.raises(WindowClosed, match="Calls closed on 2026-06-04"):
        record(cast.rep, goal, change=Decimal(1), on=date(2026, 5, 31))
    after = standing(cast.rep, goal)
    assert (after.value, after.status) == (99, AssignmentStatus.FAILED)


PERMITTED = {  # who may record on whose goal: yes, in sight only, or out of sight
    "rep": {"admin", "manager", "rep"},
    "second_rep": {"admin", "manager", "second_rep"},
    "south_rep": {"admin", "south_manager", "south_rep"},
    "manager": {"admin", "manager"},
    "north": {"admin", "manager"},
    "company": {"admin"},
}
IN_SIGHT = {
    "rep": {"analyst"},
    "second_rep": {"analyst"},
    "south_rep": {"analyst"},
    "manager": {"analyst"},
    "north": {"analyst", "rep", "second_rep"},
    "company": {
        "analyst",
        "manager",
        "rep",
        "second_rep",
        "south_manager",
        "south_rep",
    },
}
ACTORS = ["admin", "analyst", "manager", "rep", "second_rep", "south_manager", "south_rep"]


@pytest.mark.parametrize("whose", PERMITTED)
def test_everyone_records_where_the_table_of_permissions_says(cast, whose):
    goal = make_goal(cast, None if whose == "company" else getattr(cast, whose))
    for name in [*ACTORS, "other_manager"]:
        actor = getattr(cast, name)
        before = standing(cast.admin, goal).value
        if name in PERMITTED[whose]:
            assert record(actor, goal, change=Decimal(1)).value == before + 1
            continue
        refusal = NotAllowed if name in IN_SIGHT[whose] | {"analyst"} else NotFound
        with pytest.raises(refusal):
            record(actor, goal, change=Decimal(1))
        assert standing(cast.admin, goal).value == before


@pytest.mark.parametrize("whose", PERMITTED)
def test_the_history_is_shown_to_whoever_sees_the_goal(cast, whose):
    goal = make_goal(cast, None if whose == "company" else getattr(cast, whose))
    for name in [*ACTORS, "other_manager"]:
        if name in PERMITTED[whose] | IN_SIGHT[whose]:
            assert entries(getattr(cast, name), goal).total == 0
        else:
            with pytest.raises(NotFound):
                entries(getattr(cast, name), goal)


def test_an_assignment_that_does_not_exist_is_not_found(cast):
    with pytest.raises(NotFound):
        record(cast.admin, uuid4(), 1)
    with pytest.raises(NotFound):
        entries(cast.admin, uuid4())


def test_progress_after_the_target_was_cut_is_judged_by_the_own_target(cast):
    goal = make_goal(cast, cast.rep, custom_target=Decimal(20))
    assert record(cast.rep, goal, 20).status is AssignmentStatus.ACHIEVED
    with tenant_session(cast.admin) as db:
        other = assign(db, definition_of(cast.admin, goal), cast.second_rep)
    assert record(cast.second_rep, other, 20).status is AssignmentStatus.ACTIVE


def test_the_day_is_the_tenants_not_the_servers(cast, at):
    at(datetime(2026, 5, 21, 3, 0, tzinfo=UTC))  # still the 20th in New York
    goal = make_goal(cast, cast.rep)
    with pytest.raises(Invalid, match="has not come"):
        record(cast.rep, goal, 5, on=TODAY + timedelta(days=1))
    record(cast.rep, goal, 5, on=TODAY)
    assert entries(cast.rep, goal).items[0].happened_at == datetime(2026, 5, 21, 3, tzinfo=UTC)
