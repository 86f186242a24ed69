"""Which assignment a row of progress means, and what is told when it means none."""

from datetime import date
from uuid import uuid4

from goals_core.db import tenant_session
from goals_core.imports import progress_import
from goals_core.kinds import GoalStatus
from goals_core.services import definitions, teams
from tests.imports.files import csv_of, outcomes, wrong
from tests.makers import (
    TODAY,
    assign,
    by_hand,
    definition_of,
    make_definition,
    make_goal,
    standing,
    with_settings,
)

HEAD = ("goal", "assignee", "day", "value", "change", "note", "reference")
DAY = "2026-05-18"


def read(actor, data, name="calls.csv"):
    with tenant_session(actor) as db:
        return progress_import.read(db, data, name)


def bring(actor, data, name="calls.csv"):
    with tenant_session(actor) as db:
        return progress_import.commit(db, progress_import.read(db, data, name))


def test_goal_assignee_and_day_decide_the_assignment(cast):
    admin = with_settings(cast.admin, grace_days=60)  # so that April is not closed yet
    with tenant_session(admin) as db:
        calls = make_definition(db, by_hand())
        april = assign(db, calls, cast.rep, on=date(2026, 4, 1))
        may = assign(db, calls, cast.rep, on=TODAY)
        team = assign(db, calls, cast.north)
        company = assign(db, calls, None)
        visits = assign(db, make_definition(db, by_hand(name="Visits")), cast.rep)
    data = csv_of(
        HEAD[:4],
        ("Calls", cast.rep.email, "2026-04-30", 1),
        ("Calls", cast.rep.email, "2026-05-01", 2),
        ("Calls", "North", DAY, 3),
        ("Calls", "", DAY, 4),
        ("Visits", cast.rep.email, DAY, 5),
    )
    preview = read(admin, data)
    assert [item.what.assignment_id for item in preview.items] == [
        april,
        may,
        team,
        company,
        visits,
    ]


def test_an_assignment_can_be_named_by_its_id(cast):
    goal = make_goal(cast, cast.rep)
    bring(cast.rep, csv_of(("assignment", "day", "value"), (goal, DAY, 7)))
    assert standing(cast.rep, goal).value == 7


def test_what_else_is_said_of_a_named_assignment_must_be_so(cast):
    goal = make_goal(cast, cast.rep)
    make_goal(cast, cast.second_rep)
    head = ("assignment", "goal", "assignee", "day", "value")
    data = csv_of(
        head,
        (goal, "Visits", "", DAY, 1),
        (goal, "", cast.second_rep.email, DAY, 1),
        (uuid4(), "", "", DAY, 1),
        ("7", "", "", DAY, 1),
        (goal, "Calls", cast.rep.email, DAY, 1),
    )
    preview = read(cast.manager, data)
    assert wrong(preview) == {
        "2.goal": "The assignment is one of Calls.",
        "3.assignee": "The assignment is someone else's.",
        "4.assignment": "There is no such assignment, or none of yours.",
        "5.assignment": "There is no such assignment, or none of yours.",
    }
    assert outcomes(preview) == ["refused"] * 4 + ["new"]


def test_two_goals_of_one_name_are_told_apart_by_the_assignments_id(cast):
    first, second = make_goal(cast, cast.rep), make_goal(cast, cast.rep)
    preview = read(cast.rep, csv_of(HEAD[:4], ("Calls", cast.rep.email, DAY, 1)))
    assert wrong(preview) == {
        "2.goal": "2 goals of this assignee are named Calls on 2026-05-18;"
        " give the assignment's id instead."
    }
    bring(cast.rep, csv_of(("assignment", "day", "value"), (second, DAY, 1)))
    assert (standing(cast.rep, first).value, standing(cast.rep, second).value) == (0, 1)


def test_a_name_that_is_a_person_and_a_team_is_ambiguous(cast):
    make_goal(cast, cast.rep)
    with tenant_session(cast.admin) as db:
        teams.create_team(db, name=cast.rep.email, manager_id=cast.manager.user_id)
    preview = read(cast.manager, csv_of(HEAD[:4], ("Calls", cast.rep.email, DAY, 1)))
    assert wrong(preview)["2.assignee"].endswith("give the assignment's id instead.")


def test_a_goal_that_takes_no_progress_does_not_make_a_name_ambiguous(cast):
    paused, running = make_goal(cast, cast.rep), make_goal(cast, cast.rep)
    with tenant_session(cast.admin) as db:
        definitions.set_status(db, definition_of(cast.admin, paused), GoalStatus.PAUSED)
    bring(cast.rep, csv_of(HEAD[:4], ("Calls", cast.rep.email, DAY, 1)))
    assert standing(cast.rep, running).value == 1


def test_a_person_out_of_sight_is_told_like_one_that_does_not_exist(cast):
    make_goal(cast, cast.south_rep)
    make_goal(cast, cast.second_rep)

    def sentence(actor, name):
        preview = read(actor, csv_of(HEAD[:4], ("Calls", name, DAY, 1)))
        return wrong(preview)["2.assignee"].replace(name, "?")

    unknown = sentence(cast.manager, "nobody@acme.example")
    assert unknown == "There is no person or team ?, or it is not yours to see."
    assert sentence(cast.manager, cast.south_rep.email) == unknown
    assert sentence(cast.manager, cast.other_manager.email) == unknown
    assert sentence(cast.manager, "South") == unknown
    assert sentence(cast.rep, cast.second_rep.email) == unknown
    assert sentence(cast.rep, "North") == unknown


def test_a_goal_out_of_sight_is_told_like_one_that_does_not_exist(cast):
    make_goal(cast, None)
    data = csv_of(HEAD[:4], ("Calls", "", DAY, 1), ("Nothing", "", DAY, 1))
    assert wrong(read(cast.manager, data)) == {
        "2.goal": "There is no goal Calls of this assignee on 2026-05-18, or it is not yours.",
        "3.goal": "There is no goal Nothing of this assignee on 2026-05-18, or it is not yours.",
    }
    assert wrong(read(cast.admin, data)).keys() == {"3.goal"}


def test_another_tenants_assignment_does_not_exist(cast):
    goal = make_goal(cast, cast.rep)
    preview = read(cast.other_manager, csv_of(("assignment", "day", "value"), (goal, DAY, 7)))
    assert list(wrong(preview)) == ["2.assignment"]
