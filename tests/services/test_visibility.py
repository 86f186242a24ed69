"""Whose goals who reads, changes, assigns and records: a table for each, for every role."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.errors import NotAllowed, NotFound, OwnTarget
from goals_core.models.goals import GoalStatus, GoalType, Period
from goals_core.permissions import Role
from goals_core.services import (
    assignments,
    dashboard,
    definitions,
    history,
    identity,
    progress,
    receipts,
    teams,
)
from tests.conftest import PASSWORD, Cast
from tests.makers import TODAY, assign, by_hand, make_definition, make_goal

# Of each table's row: + is done, - is not allowed, . is not found. The columns are these goals:
WHOSE = ("rep", "second_rep", "north", "south", "south_rep", "company")
READS = {
    "admin": "++++++",
    "analyst": "++++++",
    "manager": "+++..+",
    "rep": "+.+..+",
    "second_rep": ".++..+",
    "south_manager": "...+++",
    "south_rep": "...+++",
    "other_manager": "......",
}
CHANGES = {
    "admin": "++++++",
    "analyst": "------",
    "manager": "+++..-",
    "rep": "------",
    "second_rep": "------",
    "south_manager": "...++-",
    "south_rep": "------",
    "other_manager": "......",
}
RECORDS = CHANGES | {"rep": "+.-..-", "second_rep": ".+-..-", "south_rep": "...-+-"}
ASSIGNS = {  # a goal that everybody sees, to the one in the column
    "admin": "++++++",
    "analyst": "------",
    "manager": "+++---",
    "rep": "------",
    "second_rep": "------",
    "south_manager": "---++-",
    "south_rep": "------",
    "other_manager": "......",
}
MAKES = {"admin", "manager", "south_manager", "other_manager"}


class Goal(NamedTuple):
    """Two goals of someone: one that is at risk, one that was achieved."""

    at_risk: UUID
    achieved: UUID
    definition: UUID  # of the one at risk


@pytest.fixture
def goals(cast: Cast) -> dict[str, Goal]:
    """The goals of everyone in `WHOSE`, set and recorded by the administrator."""
    days = {"period": Period.CUSTOM, "starts_at": date(2026, 5, 1), "ends_at": date(2026, 5, 25)}
    made = {}
    with tenant_session(cast.admin) as db:
        for name in WHOSE:
            risky = make_definition(db, by_hand(name=f"risky {name}", **days))
            done = make_definition(db, by_hand(name=f"done {name}", target_value=Decimal(5)))
            ids = [assign(db, definition, whose(cast, name)) for definition in (risky, done)]
            for id_ in ids:
                progress.record(db, assignment_id=id_, value=Decimal(10), on=TODAY)
            made[name] = Goal(*ids, risky)
    return made


def make_goal_of(db: TenantSession, cast: Cast, name: str) -> Goal:
    """A goal without progress."""
    definition = make_definition(db, by_hand())
    goal = assign(db, definition, whose(cast, name))
    return Goal(goal, goal, definition)


def whose(cast: Cast, name: str) -> Any:
    return None if name == "company" else getattr(cast, name)


def outcome(actor: Actor, deed: Callable[[TenantSession], object]) -> str:
    """What a deed comes to; it is undone, so the next one finds everything as it was."""
    try:
        with tenant_session(actor) as db:
            deed(db)
            db.rollback()
    except NotFound:
        return "."
    except NotAllowed:
        return "-"
    return "+"


def table(
    cast: Cast, goals: Mapping[str, Any], deed: Callable[[TenantSession, Any], object]
) -> dict[str, str]:
    """What a deed with each of the goals comes to for everyone."""
    return {
        name: "".join(
            outcome(getattr(cast, name), lambda db, goal=goal: deed(db, goal))
            for goal in goals.values()
        )
        for name in READS
    }


def seen_in(found: Any, goals: dict[str, Goal]) -> str:
    """The same row, of what a list shows: its standings' or definitions' ids."""
    ids = {item.id for item in found}
    known = ({goal.at_risk, goal.achieved, goal.definition} for goal in goals.values())
    return "".join("+" if ids & of_goal else "." for of_goal in known)


def only(row: str, *names: str) -> str:
    """The row with nothing but these columns."""
    return "".join(mark if name in names else "." for name, mark in zip(WHOSE, row, strict=True))


def on_boards(db: TenantSession, board: Callable[..., list[Any]], *ids: UUID) -> list[Any]:
    """The goals on the boards of these people or teams, of those that open."""
    found: list[Any] = []
    for id_ in ids:
        with suppress(NotFound):
            found += board(db, id_)
    return found


def test_every_list_shows_the_same_goals(cast, goals):
    reps = [actor.user_id for actor in (cast.rep, cast.second_rep, cast.south_rep)]
    for name, expected in READS.items():
        with tenant_session(getattr(cast, name)) as db:
            lists = {
                "assignments": assignments.list_(db).items,
                "at risk": dashboard.at_risk(db).items,
                "achieved": dashboard.achieved(db).items,
                "definitions": definitions.list_(db).items,
                "people": on_boards(db, dashboard.user, *reps),
                "teams": on_boards(db, dashboard.team, cast.north, cast.south),
                "mine": dashboard.my(db),
            }
            overview = dashboard.overview(db)
            readings = history.series(db, [goal.at_risk for goal in goals.values()])
        people = only(expected, "rep", "second_rep", "south_rep")
        assert {kind: seen_in(found, goals) for kind, found in lists.items()} == {
            **dict.fromkeys(("assignments", "at risk", "achieved", "definitions"), expected),
            "people": people,
            "teams": only(expected, *WHOSE[:-1]),
            "mine": only(expected, name),
        }, name
        assert "".join("+" if readings[g.at_risk] else "." for g in goals.values()) == expected
        assert overview.goals == 2 * expected.count("+")
        assert len(overview.leaders) == people.count("+")
        assert len(overview.teams) == only(expected, "north", "south").count("+")


def test_what_is_not_listed_is_not_found(cast, goals):
    for read in (
        lambda db, goal: assignments.get(db, goal.at_risk),
        lambda db, goal: assignments.by_definition(db, goal.definition),
        lambda db, goal: definitions.get(db, goal.definition),
        lambda db, goal: progress.history(db, goal.at_risk),
        lambda db, goal: receipts.of_assignment(db, goal.at_risk),
    ):
        assert table(cast, goals, read) == READS


def test_goals_change_where_the_table_says(cast, goals):
    with tenant_session(cast.admin) as db:
        views = {name: definitions.get(db, goal.definition) for name, goal in goals.items()}
        unused = {name: make_goal_of(db, cast, name) for name in WHOSE}

    def change(db: TenantSession, view: Any) -> None:
        definitions.update(db, view.id, view.settings, version=view.version)

    def note(db: TenantSession, goal: Goal) -> None:
        assignments.update(db, goal.at_risk, custom_target=None, notes="x")

    def pause(db: TenantSession, goal: Goal) -> None:
        definitions.set_status(db, goal.definition, GoalStatus.PAUSED)

    assert table(cast, views, change) == CHANGES
    for deed in (note, pause, lambda db, goal: assignments.cancel(db, goal.at_risk)):
        assert table(cast, goals, deed) == CHANGES
    assert table(cast, unused, lambda db, goal: definitions.delete(db, goal.definition)) == CHANGES
    assert table(cast, unused, lambda db, goal: assignments.delete(db, goal.at_risk)) == CHANGES
    for name, expected in CHANGES.items():
        with tenant_session(getattr(cast, name)) as db:
            offered = definitions.changeable(db, [view.id for view in views.values()])
        assert "".join("-+"[v.id in offered] for v in views.values()) == expected.replace(".", "-")


def test_progress_is_recorded_where_the_table_says(cast, goals):
    def record(db: TenantSession, goal: Goal) -> None:
        progress.record(db, assignment_id=goal.at_risk, change=Decimal(1), on=TODAY)

    assert table(cast, goals, record) == RECORDS


def test_goals_are_made_by_administrators_and_managers(cast):
    made = table(cast, {"new": by_hand()}, definitions.create)
    assert {name for name, mark in made.items() if mark == "+"} == MAKES
    assert set(made.values()) == {"+", "-"}


def test_goals_are_assigned_where_the_table_says(cast):
    with tenant_session(cast.admin) as db:
        shared = make_definition(db, by_hand())
        assign(db, shared, None, on=date(2026, 6, 1))  # so everyone sees it
    assignees = {name: whose(cast, name) for name in WHOSE}
    assert table(cast, assignees, lambda db, who: assign(db, shared, who)) == ASSIGNS


def test_the_number_of_assignments_is_of_those_in_sight(cast):
    with tenant_session(cast.admin) as db:
        shared = make_definition(db, by_hand())
        for who in (cast.rep, cast.second_rep, cast.south_rep):
            assign(db, shared, who)
    for actor, count in ((cast.admin, 3), (cast.manager, 2), (cast.rep, 1)):
        with tenant_session(actor) as db:
            assert definitions.get(db, shared).assignments == count
            assert [found.assignments for found in definitions.list_(db).items] == [count]


def test_a_draft_is_seen_by_who_may_change_it(cast):
    with tenant_session(cast.manager) as db:
        draft = make_definition(db, by_hand(), status=GoalStatus.DRAFT)
        assign(db, draft, cast.rep)
    found = table(cast, {"draft": draft}, definitions.get)
    assert {name for name, mark in found.items() if mark == "+"} == {"admin", "analyst", "manager"}
    assert set(found.values()) == {"+", "."}


def test_a_manager_does_not_move_their_own_target(cast):
    with tenant_session(cast.manager) as db:
        found = definitions.create(db, by_hand(type=GoalType.MAINTAIN))
    with tenant_session(cast.admin) as db:
        assign(db, found.id, cast.manager)
    for field in ("target_value", "range_min", "range_max"):
        draft = by_hand(**{"type": GoalType.MAINTAIN, field: Decimal(1)})
        with tenant_session(cast.manager) as db, pytest.raises(OwnTarget):
            definitions.update(db, found.id, draft, version=1)
    renamed = by_hand(type=GoalType.MAINTAIN, name="Renamed")
    with tenant_session(cast.manager) as db:
        assert definitions.update(db, found.id, renamed, version=1).name == "Renamed"


def test_only_members_of_today_count(cast, at):
    days = {"former": (-9, -1), "leaving": (-9, 0), "member": (0, None), "coming": (1, None)}
    reps = {name: new_rep(cast, name, *span) for name, span in days.items()}
    goals = {name: make_goal(cast, actor) for name, actor in reps.items()}
    team = make_goal(cast, cast.north)

    def seen() -> set[str]:
        with tenant_session(cast.manager) as db:
            ids = {found.id for found in assignments.list_(db).items}
            board = {found.id for found in dashboard.team(db, cast.north)}
        mine = {name for name, id_ in goals.items() if id_ in ids}
        assert mine == {name for name, id_ in goals.items() if id_ in board}
        # whom the manager sees, sees the team's goal in turn
        marks = {n: outcome(rep, lambda db: assignments.get(db, team)) for n, rep in reps.items()}
        assert {name for name, mark in marks.items() if mark == "+"} == mine
        return mine

    assert seen() == {"leaving", "member"}
    at(datetime(2026, 5, 21, 3, 59, tzinfo=UTC))  # not yet midnight where the company is
    assert seen() == {"leaving", "member"}
    at(datetime(2026, 5, 21, 4, 0, tzinfo=UTC))
    assert seen() == {"member", "coming"}


def new_rep(cast: Cast, name: str, first: int, last: int | None) -> Actor:
    """A rep who is in North for these days, counted from today."""
    email = f"{name}.{uuid4().hex}@example.com"
    person = {"email": email, "name": name, "role": Role.REP, "password": PASSWORD}
    until = None if last is None else TODAY + timedelta(days=last)
    with tenant_session(cast.admin) as db:
        id_ = identity.create_user(db, **person)
        days = {"member_from": TODAY + timedelta(days=first), "member_to": until}
        teams.add_member(db, team_id=cast.north, user_id=id_, **days)
    return Actor(cast.tenant, id_, Role.REP, name)
