"""What a target is: prorated by the days someone works, their own, or planned ahead."""

from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.engine import drafts
from goals_core.errors import Invalid, invalid
from goals_core.kinds import AssigneeType, GoalType, Metric, Source
from goals_core.services import people, planning
from goals_core.services.planning import Quota
from goals_core.services.receipts import Owner
from goals_core.sources.catalogue import Aggregation
from tests.makers import (
    as_owner,
    assign,
    by_hand,
    definition_of,
    from_sales,
    make_goal,
    standing,
)
from tests.pages.drawer import choose, get, make, open_drawer
from tests.pages.forms import fill, keys, open_page, press, problem_at, table, widget
from tests.pages.goal_form import new, only_goal
from tests.pages.goal_page import OTHER_WINDOWS, open_goal, record
from tests.pages.shown import tiles, words
from ui import goal_editing
from ui.forms import Form
from ui.goal_editing import Editing

PRORATE = "new_goal_prorate"


def hire(cast, who, on):
    with tenant_session(cast.admin) as db:
        people.set_employment(db, who.user_id, hired_on=on, left_on=None)


@pytest.fixture
def from_the_12th(cast):
    """The rep begins on Tuesday, May 12th: 14 of the 21 working days."""
    hire(cast, cast.rep, date(2026, 5, 12))


class TestTheForm:
    def test_a_new_goal_can_be_prorated(self, cast, at_new):
        fill(at_new, **new(prorate=True))
        press(at_new, "new_goal_save")
        assert only_goal(cast.manager).settings.prorate

    def test_it_is_not_unless_that_is_asked_for(self, cast, at_new):
        press(at_new, "new_goal_save")
        assert not only_goal(cast.manager).settings.prorate

    def test_it_says_what_it_does_in_one_line(self, at_new):
        assert "target × days worked ÷ working days" in words(at_new)

    @pytest.mark.parametrize(
        ("fields", "is_there"),
        [
            ({"type": GoalType.LIMIT}, True),
            ({"type": GoalType.MAINTAIN}, False),
            ({"metric": Metric.NUMBER}, True),
            ({"metric": Metric.COUNT}, True),
            ({"metric": Metric.PERCENTAGE}, False),
            ({"metric": Metric.BOOLEAN}, False),
            ({"sales_number_aggregation": Aggregation.COUNT}, True),
            ({"sales_number_aggregation": Aggregation.AVG}, False),
            ({"sales_number_aggregation": Aggregation.MAX}, False),
            ({"source": Source.MANUAL}, True),
        ],
    )
    def test_it_is_there_only_for_what_adds_up(self, at_new, fields, is_there):
        fill(at_new, **new(**fields))
        assert (PRORATE in keys(at_new)) is is_there

    def test_what_cannot_be_prorated_is_saved_without_it(self, cast, at_new):
        fill(at_new, **new(prorate=True))
        fill(at_new, **new(type=GoalType.MAINTAIN))
        press(at_new, "new_goal_save")
        assert not only_goal(cast.manager).settings.prorate

    def test_the_choice_comes_back_with_what_adds_up(self, at_new):
        fill(at_new, **new(prorate=True))
        fill(at_new, **new(type=GoalType.MAINTAIN))
        fill(at_new, **new(type=GoalType.TARGET))
        assert widget(at_new, PRORATE).value is True

    def test_what_is_wrong_with_it_is_told_there(self, at_new, monkeypatch):
        def refuse(*_args):
            raise invalid("prorate", "Only what adds up over the days can be prorated.")

        fill(at_new, **new(prorate=True))
        monkeypatch.setattr(drafts, "check", refuse)
        press(at_new, "new_goal_save")
        sentence = "Only what adds up over the days can be prorated."
        assert problem_at(at_new, PRORATE) == sentence

    def test_editing_shows_and_changes_it(self, cast):
        goal = make(cast.manager, by_hand(prorate=True))
        at = open_page(cast.manager, "new_goal", edit=str(goal))
        key = f"goal_{goal.hex}_prorate"
        assert widget(at, key).value is True
        fill(at, **{key: False})
        press(at, f"goal_{goal.hex}_save")
        assert not get(cast.manager, goal).settings.prorate

    @pytest.mark.usefixtures("from_the_12th")
    def test_it_can_change_once_there_is_progress(self, cast):
        assignment = make_goal(cast, cast.rep)
        record(cast.rep, assignment, 10)
        goal = definition_of(cast.admin, assignment)
        at = open_page(cast.admin, "new_goal", edit=str(goal))
        fill(at, **{f"goal_{goal.hex}_prorate": True})
        press(at, f"goal_{goal.hex}_save")
        assert standing(cast.rep, assignment).target == Decimal("66.67")

    def test_a_duplicate_keeps_it(self, cast):
        goal = make(cast.manager, by_hand(prorate=True))
        at = choose(open_drawer(cast.manager, goal), "copy")
        assert "by the working days of each person" in words(at)


class TestWhereItIsShown:
    def test_the_drawer_says_so(self, cast):
        prorated, plain = make(cast.manager, by_hand(prorate=True)), make(cast.manager)
        assert "by the working days of each person" in words(open_drawer(cast.manager, prorated))
        assert "working days" not in words(open_drawer(cast.manager, plain))

    @pytest.mark.usefixtures("from_the_12th")
    def test_the_goals_page_shows_the_arithmetic(self, cast):
        draft = from_sales(target_value=Decimal(80000), prorate=True)
        at = open_goal(cast.rep, make_goal(cast, cast.rep, draft))
        assert "Target: $80,000 × 14 of 21 working days = $53,333.33" in words(at)
        assert tiles(at)["Target"] == "$53,333.33"

    @pytest.mark.usefixtures("from_the_12th")
    def test_it_is_written_the_tenants_way(self, cast, connected):
        draft = from_sales(target_value=Decimal(80000), unit="EUR", prorate=True)
        goal = make_goal(cast, cast.rep, draft)
        statement = "UPDATE core.tenants SET locale = 'de_DE' WHERE id = :id"
        as_owner(connected.owner_url, statement, id=cast.tenant.id)
        shown = words(open_goal(cast.rep, goal)).replace("\xa0", " ")
        assert "80.000 € × 14 of 21 working days = 53.333,33 €" in shown

    @pytest.mark.usefixtures("from_the_12th")
    def test_of_a_limit_it_says_limit(self, cast):
        draft = by_hand(type=GoalType.LIMIT, prorate=True)
        at = open_goal(cast.rep, make_goal(cast, cast.rep, draft))
        assert "Limit: 100 calls × 14 of 21 working days = 66.67 calls" in words(at)

    @pytest.mark.usefixtures("from_the_12th")
    def test_an_own_target_is_what_is_prorated(self, cast):
        draft = by_hand(prorate=True)
        at = open_goal(cast.rep, make_goal(cast, cast.rep, draft, custom_target=Decimal(210)))
        assert "Target: 210 calls × 14 of 21 working days = 140 calls" in words(at)

    def test_who_works_every_day_has_nothing_to_explain(self, cast):
        goal = make_goal(cast, cast.rep, by_hand(prorate=True))
        assert "working days" not in words(open_goal(cast.rep, goal))

    @pytest.mark.usefixtures("from_the_12th")
    def test_units_are_shown_as_they_are_written(self, cast):
        evil = "![x](https://evil.example/x.png)"
        at = open_goal(cast.rep, make_goal(cast, cast.rep, by_hand(unit=evil, prorate=True)))
        assert f"100 {evil} × 14 of 21 working days" in words(at)
        assert not any("](" in caption.value for caption in at.caption)

    @pytest.mark.usefixtures("from_the_12th")
    def test_the_drawer_says_whose_target_is_another(self, cast):
        goal = definition_of(cast.admin, make_goal(cast, cast.rep, by_hand(prorate=True)))
        with tenant_session(cast.admin) as db:
            assign(db, goal, cast.second_rep, custom_target=Decimal(120))
            assign(db, goal, cast.south_rep)
        at = open_drawer(cast.admin, goal)
        shown = words(at)
        assert "100 calls × 14 of 21 working days = 66.67 calls" in shown
        assert "Own target: 120 calls" in shown
        assert shown.count("Own target") == 1

    @pytest.mark.usefixtures("from_the_12th")
    def test_milestones_have_no_more_decimals_than_money(self, cast):
        shown = words(open_goal(cast.rep, make_goal(cast, cast.rep, by_hand(prorate=True))))
        assert "25% 16.67 calls" in shown


def test_the_form_knows_the_own_target_as_it_was_given(cast, from_the_12th):
    """Not what proration made of it."""
    draft = by_hand(prorate=True)
    assignment = make_goal(cast, cast.rep, draft, custom_target=Decimal(210))
    definition = get(cast.admin, definition_of(cast.admin, assignment))
    editing = Editing(Form("goal"), definition)
    held = goal_editing.holders(editing, cast.admin)
    assert held == {Owner(AssigneeType.USER, cast.rep.user_id): Decimal(210)}


class TestOtherWindows:
    def plan(self, cast, goal, who, *months):
        who = (
            {"assignee_type": AssigneeType.TENANT}
            if who is None
            else {"assignee_type": AssigneeType.USER, "assignee_id": who.user_id}
        )
        quotas = [
            Quota(**who, on=date(2026, month, 1), target=Decimal(month * 10)) for month in months
        ]
        with tenant_session(cast.admin) as db:
            planning.set_targets(db, goal, quotas)

    def windows(self, actor, goal):
        at = open_goal(actor, goal)
        at.session_state["tab"] = OTHER_WINDOWS
        return table(at.run(), "window")

    def test_what_is_planned_stands_above_what_has_begun(self, cast):
        assignment = make_goal(cast, cast.rep)
        self.plan(cast, definition_of(cast.admin, assignment), cast.rep, 4, 6, 7)
        shown = self.windows(cast.rep, assignment)
        assert list(shown["window"]) == ["July 2026", "June 2026", "May 2026", "April 2026"]
        assert list(shown["state"])[:2] == ["Not begun", "Not begun"]
        assert list(shown["target"]) == [70, 60, 100, 40]

    def test_the_chart_has_only_what_has_begun(self, cast):
        assignment = make_goal(cast, cast.rep)
        self.plan(cast, definition_of(cast.admin, assignment), cast.rep, 6)
        at = open_goal(cast.rep, assignment)
        at.session_state["tab"] = OTHER_WINDOWS
        at.run()
        assert len(at.get("plotly_chart")) == 1  # the course; one window makes no chart
        assert list(table(at, "window")["window"]) == ["June 2026", "May 2026"]

    def test_of_the_companys_goal_nobody_elses_windows_are_read(self, cast):
        assignment = make_goal(cast, None)
        goal = definition_of(cast.admin, assignment)
        self.plan(cast, goal, None, 3, 4)
        self.plan(cast, goal, cast.rep, *range(1, 13))
        shown = self.windows(cast.admin, assignment)
        assert list(shown["window"]) == ["May 2026", "April 2026", "March 2026"]


def test_a_draft_that_cannot_be_prorated_is_refused_by_the_service_too(cast):
    with tenant_session(cast.manager) as db, pytest.raises(Invalid) as refused:
        drafts.check(db, by_hand(metric=Metric.PERCENTAGE, unit="%", prorate=True))
    assert [problem.field for problem in refused.value.problems] == ["prorate"]
