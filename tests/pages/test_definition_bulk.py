"""Definitions: one step for several at once, and what is not offered of one's own goals."""

import pytest

from goals_core.db import tenant_session
from goals_core.engine import definition_rules
from goals_core.errors import OwnTarget
from goals_core.kinds import GoalStatus
from goals_core.services import definitions
from tests import makers
from tests.makers import assign, by_hand
from tests.pages.drawer import assigned, get, listed, make, open_drawer
from tests.pages.forms import (
    errors,
    fill,
    keys,
    open_page,
    press,
    said,
)
from tests.pages.shown import words

STEPS = (GoalStatus.ACTIVE, GoalStatus.PAUSED, GoalStatus.COMPLETED, GoalStatus.CANCELLED)


def tick(at, *names):
    """Tick the rows of goals."""
    selected = [listed(at).index(name) for name in names]
    at.session_state["definitions_table"] = {
        "selection": {"rows": selected, "columns": [], "cells": []}
    }
    at.run()
    assert not at.exception
    return at


def open_list(actor, *names):
    return tick(open_page(actor, "definitions"), *names)


def offered(at):
    """The steps on the bar."""
    return {status for status in STEPS if f"bulk_{status.value}" in keys(at)}


def statuses(actor, *goals):
    return [get(actor, goal).status for goal in goals]


@pytest.fixture
def three(cast):
    """Calls and visits are active, letters are a draft."""
    return [
        make(cast.manager, by_hand(name="Calls")),
        make(cast.manager, by_hand(name="Visits")),
        make(cast.manager, by_hand(name="Letters"), GoalStatus.DRAFT),
    ]


@pytest.fixture
def own(cast):
    """The manager's own goal, which is a goal of their team too: theirs to name."""
    with tenant_session(cast.admin) as db:
        made = makers.make_definition(db, by_hand(name="Own"))
        assign(db, made, cast.manager)
        assign(db, made, cast.rep)
    return made


class TestTheBar:
    def test_without_a_tick_there_is_none(self, cast, three):
        at = open_page(cast.manager, "definitions")
        assert len(listed(at)) == len(three)
        assert not [key for key in keys(at) if key.startswith("bulk_")]

    @pytest.mark.parametrize("who", ["rep", "analyst"])
    @pytest.mark.usefixtures("recorded")
    def test_who_sets_no_goals_ticks_nothing(self, cast, who):
        at = open_page(getattr(cast, who), "definitions")
        (table,) = at.dataframe
        assert [int(mode) for mode in table.proto.selection_mode] == [4]  # single-cell
        tick(at, "Calls")
        assert offered(at) == set()

    @pytest.mark.usefixtures("three")
    @pytest.mark.parametrize(
        ("names", "steps"),
        [
            (["Calls"], {GoalStatus.PAUSED, GoalStatus.COMPLETED, GoalStatus.CANCELLED}),
            (["Calls", "Visits"], {GoalStatus.PAUSED, GoalStatus.COMPLETED, GoalStatus.CANCELLED}),
            (["Letters"], {GoalStatus.ACTIVE, GoalStatus.CANCELLED}),
            (["Calls", "Letters"], {GoalStatus.CANCELLED}),
        ],
    )
    def test_it_offers_what_all_of_them_allow(self, cast, names, steps):
        at = open_list(cast.manager, *names)
        assert offered(at) == steps
        assert f"{len(names)} goal" in words(at)

    @pytest.mark.usefixtures("three")
    def test_what_has_no_step_in_common_says_so(self, cast):
        make(cast.manager, by_hand(name="Over"), GoalStatus.CANCELLED)
        at = open_list(cast.manager, "Calls", "Over")
        assert offered(at) == set()
        assert "There is no step that all of these can take." in words(at)

    @pytest.mark.usefixtures("three")
    def test_a_goal_that_is_not_theirs_is_named(self, cast):
        makers.make_goal(cast, None, by_hand(name="Company"))
        at = open_list(cast.manager, "Calls", "Company")
        assert offered(at) == set()
        assert "Company is not yours to change." in words(at)
        assert offered(open_list(cast.admin, "Calls", "Company")) != set()

    @pytest.mark.usefixtures("three", "own")
    def test_their_own_goal_is_named_and_does_not_end(self, cast):
        at = open_list(cast.manager, "Calls", "Own")
        assert offered(at) == set()
        assert "Own is also your own" in words(at)
        assert offered(open_list(cast.admin, "Calls", "Own")) != set()

    @pytest.mark.usefixtures("three")
    def test_the_selection_can_be_cleared(self, cast):
        at = press(open_list(cast.manager, "Calls", "Visits"), "bulk_clear")
        assert offered(at) == set()

    @pytest.mark.usefixtures("three")
    def test_ticks_do_not_move_on_to_other_goals(self, cast):
        at = open_list(cast.manager, "Calls")
        fill(at, q="Letters")
        assert listed(at) == ["Letters"]
        assert offered(at) == set()

    @pytest.mark.usefixtures("three")
    def test_ticks_stay_while_a_goal_is_looked_at(self, cast):
        at = open_list(cast.manager, "Calls", "Visits")
        at.session_state["definitions_table"] = {
            "selection": {"rows": [1, 2], "columns": [], "cells": [(0, "goal")]}
        }
        at.run()
        assert "2 goals selected" in words(at)


class TestTheStep:
    def test_several_are_paused_and_activated_at_once(self, cast, three):
        at = press(open_list(cast.manager, "Calls", "Visits"), "bulk_paused")
        assert said(at) == ["2 goals are paused."]
        assert statuses(cast.manager, *three[:2]) == [GoalStatus.PAUSED] * 2
        assert offered(at) == set()
        press(tick(at, "Calls", "Visits", "Letters"), "bulk_active")
        assert said(at) == ["3 goals are active."]
        assert statuses(cast.manager, *three) == [GoalStatus.ACTIVE] * 3

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            (GoalStatus.COMPLETED, "2 goals are completed."),
            (GoalStatus.CANCELLED, "2 goals are cancelled."),
        ],
    )
    def test_what_cannot_be_taken_back_is_asked_first(self, cast, three, status, sentence):
        at = press(open_list(cast.manager, "Calls", "Visits"), f"bulk_{status.value}")
        assert statuses(cast.manager, *three[:2]) == [GoalStatus.ACTIVE] * 2
        assert "Visits, Calls" in words(at)
        assert "This cannot be taken back." in words(at)
        press(at, "bulk_ask_yes")
        assert said(at) == [sentence]
        assert statuses(cast.manager, *three[:2]) == [status] * 2
        assert "bulk_ask_yes" not in keys(at)

    def test_the_question_leads_back(self, cast, three):
        at = press(open_list(cast.manager, "Calls", "Visits"), "bulk_cancelled")
        press(at, "bulk_ask_back")
        assert "bulk_ask_yes" not in keys(at)
        assert "2 goals selected" in words(at)
        assert statuses(cast.manager, *three[:2]) == [GoalStatus.ACTIVE] * 2

    def test_a_refusal_names_the_goal_and_changes_none(self, cast, three):
        at = press(open_list(cast.manager, "Calls", "Visits"), "bulk_completed")
        with tenant_session(cast.admin) as db:
            definitions.set_status(db, three[1], GoalStatus.CANCELLED)
        press(at, "bulk_ask_yes")
        assert errors(at) == ["Visits is Cancelled; it cannot become Completed."]
        assert get(cast.manager, three[0]).status is GoalStatus.ACTIVE

    @pytest.mark.usefixtures("three")
    def test_a_refusal_of_what_is_done_at_once_stands_on_the_bar(self, cast, monkeypatch):
        at = open_list(cast.manager, "Calls", "Visits")
        refused = definition_rules.NoSuchStep(
            name="Calls", status=GoalStatus.CANCELLED, wanted=GoalStatus.PAUSED
        )

        def refuse(*_args, **_more):
            raise refused

        monkeypatch.setattr(definitions, "set_statuses", refuse)
        press(at, "bulk_paused")
        assert errors(at) == ["Calls is Cancelled; it cannot become Paused."]
        assert "2 goals selected" in words(at)


class TestTheirOwnGoal:
    """Without goals:manage nobody moves or ends what they are measured by."""

    def deeds(self, at):
        return {option for menu in at.menu_button if menu.key == "more" for option in menu.options}

    def test_it_neither_pauses_nor_ends_nor_is_deleted(self, cast, own):
        at = open_drawer(cast.manager, own)
        assert self.deeds(at) == {"Duplicate", "Duplicate for the next period"}
        assert "This is also your own goal" in words(at)
        assert {"Pause", "Complete…", "Cancel goal…", "Delete…"} <= self.deeds(
            open_drawer(cast.admin, own)
        )

    def test_the_services_would_refuse_what_is_not_offered(self, cast, own):
        with tenant_session(cast.manager) as db, pytest.raises(OwnTarget):
            definitions.set_status(db, own, GoalStatus.PAUSED)

    def test_a_draft_of_their_own_can_be_activated(self, cast):
        with tenant_session(cast.admin) as db:
            goal = makers.make_definition(db, by_hand(), status=GoalStatus.DRAFT)
            assign(db, goal, cast.manager)
            assign(db, goal, cast.rep)
        press(open_drawer(cast.manager, goal), "activate")
        assert get(cast.manager, goal).status is GoalStatus.ACTIVE

    def test_its_words_and_milestones_can_be_edited_and_nothing_else(self, cast, own):
        at = open_page(cast.manager, "new_goal", edit=str(own))
        form = f"goal_{own.hex}_"
        assert f"{form}target_value" not in keys(at)
        assert f"{form}period" not in keys(at)
        fill(at, **{f"{form}name": "Our own", f"{form}milestones": ["50"]})
        press(at, f"{form}save")
        after = get(cast.manager, own).settings
        assert (after.name, [m.percentage for m in after.milestones]) == ("Our own", [50])
        assert after.target_value == 100

    def test_their_own_assignment_is_not_theirs_to_remove(self, cast, own):
        at = open_drawer(cast.manager, own)
        mine, reps = (
            next(one.id for one in assigned(cast.manager, own) if one.assignee == name)
            for name in ("Manager", "Rep")
        )
        assert f"remove_{mine}" not in keys(at)
        assert f"remove_{reps}" in keys(at)
