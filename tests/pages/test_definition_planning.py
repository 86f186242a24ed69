"""Definitions: assigning all members of a team, and the next period with everyone."""

from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import GoalStatus, Metric
from goals_core.services import definitions, people, teams
from tests import makers
from tests.makers import assign, by_hand
from tests.pages.drawer import assigned, choose, listed, make, open_drawer
from tests.pages.forms import errors, fill, keys, press, problem_at, said, widget
from tests.pages.shown import words


class TestAllMembersOfATeam:
    def field(self, goal, name):
        return f"members_{goal.hex}_{name}"

    @pytest.fixture
    def at_members(self, cast, goal):
        return press(open_drawer(cast.manager, goal), "assign_members")

    def test_each_member_gets_it_with_the_target_given(self, cast, goal, at_members):
        key = self.field(goal, "send")
        press(at_members, key, **{self.field(goal, "custom_target"): "120"})
        assert said(at_members) == ["Assigned to 2 people."]
        held = {one.assignee: one.target for one in assigned(cast.manager, goal)}
        assert held == {"Rep": Decimal(120), "Second Rep": Decimal(120)}

    @pytest.mark.usefixtures("recorded")
    def test_who_has_it_already_keeps_it(self, cast, goal):
        at = press(open_drawer(cast.manager, goal), "assign_members")
        press(at, self.field(goal, "send"), **{self.field(goal, "custom_target"): "120"})
        assert said(at) == ["Assigned to 1 person. 1 person had it already."]
        held = {one.assignee: one.target for one in assigned(cast.manager, goal)}
        assert held == {"Rep": Decimal(100), "Second Rep": Decimal(120)}
        press(at, "assign_members")
        press(at, self.field(goal, "send"))
        assert said(at) == ["2 people had it already."]

    def test_it_can_be_for_another_window(self, cast, goal, at_members):
        fill(at_members, **{self.field(goal, "window"): "another"})
        fill(at_members, **{self.field(goal, "on"): date(2026, 7, 9)})
        press(at_members, self.field(goal, "send"))
        assert {one.window.start for one in assigned(cast.manager, goal)} == {date(2026, 7, 1)}

    def test_a_manager_chooses_among_their_own_teams(self, cast, goal, at_members):
        team = widget(at_members, self.field(goal, "team"))
        assert (team.options, team.value) == (["North"], f"team_{cast.north.hex}")

    def test_with_several_teams_one_is_chosen(self, cast, goal):
        at = press(open_drawer(cast.admin, goal), "assign_members")
        team = widget(at, self.field(goal, "team"))
        assert (team.options, team.value) == (["North", "South"], None)
        press(at, self.field(goal, "send"))
        assert problem_at(at, self.field(goal, "team")) == "Choose a team."

    @pytest.mark.parametrize(
        ("name", "typed", "sentence"),
        [
            ("custom_target", "many", "Please enter a number such as 1,234.5."),
            ("custom_target", "-1", "This must be more than 0."),
            ("on", None, "Please choose a day."),
            ("on", date(2025, 12, 31), "Calls has no window on that day."),
        ],
    )
    def test_what_is_wrong_is_told_once_at_its_field(
        self, cast, goal, at_members, name, typed, sentence
    ):
        if name == "on":
            fill(at_members, **{self.field(goal, "window"): "another"})
        fill(at_members, **{self.field(goal, name): typed})
        press(at_members, self.field(goal, "send"))
        assert problem_at(at_members, self.field(goal, name)) == sentence
        assert errors(at_members) == []
        assert widget(at_members, self.field(goal, name)).value == typed
        assert assigned(cast.manager, goal) == []

    def test_an_empty_team_is_told_at_the_team(self, cast):
        with tenant_session(cast.admin) as db:
            teams.create_team(db, name="East", manager_id=cast.south_manager.user_id)
        theirs = make(cast.south_manager)
        at = press(open_drawer(cast.south_manager, theirs), "assign_members")
        east = next(key for key in widget(at, self.field(theirs, "team")).options if key == "East")
        widget(at, self.field(theirs, "team")).select(east)
        press(at, self.field(theirs, "send"))
        sentence = "Nobody is in this team in that window."
        assert problem_at(at, self.field(theirs, "team")) == sentence

    def test_the_form_is_empty_each_time(self, goal, at_members):
        fill(at_members, **{self.field(goal, "custom_target"): "12"})
        press(at_members, self.field(goal, "back"))
        press(at_members, "assign_members")
        assert widget(at_members, self.field(goal, "custom_target")).value == ""

    def test_a_goal_that_is_over_is_assigned_to_nobody(self, cast):
        over = make(cast.manager, status=GoalStatus.COMPLETED)
        assert "assign_members" not in keys(open_drawer(cast.manager, over))

    @pytest.mark.parametrize("who", ["rep", "analyst"])
    @pytest.mark.usefixtures("recorded")
    def test_who_assigns_nothing_is_offered_nothing(self, cast, goal, who):
        at = open_drawer(getattr(cast, who), goal)
        assert not {"assign_members", "copy_to_next"} & set(keys(at))


class TestTheNextPeriod:
    def test_the_copy_has_the_same_assignees_and_opens(self, cast, goal):
        with tenant_session(cast.manager) as db:
            assign(db, goal, cast.rep, custom_target=Decimal(120))
            assign(db, goal, cast.second_rep)
        at = press(open_drawer(cast.manager, goal), "copy_to_next")
        assert said(at) == ["This is the draft for the next period, with 2 assignments."]
        assert "activate" in keys(at)
        copy = next(view for view in _views(cast) if view.id != goal)
        assert copy.status is GoalStatus.DRAFT
        assert copy.settings.starts_at == date(2026, 6, 1)
        held = {one.assignee: one.target for one in assigned(cast.manager, copy.id)}
        assert held == {"Rep": Decimal(120), "Second Rep": Decimal(100)}
        assert str(copy.id) in str(at.query_params["definition"])

    def test_who_has_left_is_left_out(self, cast, goal):
        with tenant_session(cast.admin) as db:
            assign(db, goal, cast.rep)
            assign(db, goal, cast.second_rep)
            last = date(2026, 5, 25)
            people.set_employment(db, cast.second_rep.user_id, hired_on=None, left_on=last)
        at = press(open_drawer(cast.manager, goal), "copy_to_next")
        assert said(at) == ["This is the draft for the next period, with 1 assignment."]

    def test_without_assignees_there_is_nobody_to_copy(self, cast, goal):
        assert "copy_to_next" not in keys(open_drawer(cast.manager, goal))

    def test_whom_they_may_not_assign_they_may_not_copy(self, cast):
        with tenant_session(cast.admin) as db:
            own = makers.make_definition(db, by_hand(name="Own"))
            assign(db, own, cast.manager)
            assign(db, own, cast.rep)
        company = makers.definition_of(cast.admin, makers.make_goal(cast, None))
        assert "copy_to_next" not in keys(open_drawer(cast.manager, own))
        assert "copy_to_next" not in keys(open_drawer(cast.manager, company))
        assert "copy_to_next" in keys(open_drawer(cast.admin, company))

    def test_people_out_of_sight_are_no_ones_to_copy(self, cast, goal):
        """The North manager sees the own people only; the service knows the others."""
        with tenant_session(cast.admin) as db:
            assign(db, goal, cast.rep)
            assign(db, goal, cast.south_rep)
        at = press(open_drawer(cast.manager, goal), "copy_to_next")
        sentence = "South Rep is in no team that you lead; you cannot assign goals to them."
        assert errors(at) == [sentence]
        assert len(listed(at)) == 1

    def test_the_copy_stays_prorated(self, cast):
        goal = make(cast.manager, by_hand(prorate=True, metric=Metric.COUNT))
        with tenant_session(cast.manager) as db:
            assign(db, goal, cast.rep)
        at = press(open_drawer(cast.manager, goal), "copy_to_next")
        assert "by the working days of each person" in words(at)

    @pytest.mark.usefixtures("recorded")
    def test_the_plain_duplicate_is_still_there(self, cast, goal):
        at = choose(open_drawer(cast.manager, goal), "next")
        assert said(at) == ["This is the copy, a draft."]


def _views(cast):
    with tenant_session(cast.manager) as db:
        return definitions.list_(db).items
