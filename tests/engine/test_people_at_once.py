"""Two administrators at the same time: the rules hold, nobody waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from threading import Event
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import text

from goals_core.db import tenant_session
from goals_core.engine.memberships import MemberAlready
from goals_core.errors import GoalsError, Invalid, NotAllowed
from goals_core.imports import people_import
from goals_core.permissions import Role
from goals_core.services import assignments, people, planning, teams, tracking
from tests.engine import quota
from tests.imports.files import csv_of
from tests.makers import (
    TODAY,
    add_deals,
    assign,
    deal,
    definition_of,
    from_sales,
    make_definition,
    make_goal,
    standing,
)

PATIENCE = 30  # seconds; nothing here takes one


@contextmanager
def held(cast, table, *ids):
    """Hold rows as a deed does that takes long, until all others wait for them."""
    with tenant_session(cast.system) as holder:
        lock = f"SELECT FROM {table} WHERE tenant_id = :tenant AND id = ANY (:ids) FOR UPDATE"
        holder.execute(text(lock), {"tenant": cast.tenant.id, "ids": list(ids)})
        yield holder


def at_once(cast, table, ids, *deeds: Callable[[], Any]) -> list[Any]:
    """Let the deeds meet at some rows; their answers, an error is an answer too."""
    with ThreadPoolExecutor(len(deeds)) as threads:
        with held(cast, table, *ids) as holder:
            begun = [threads.submit(answer, deed) for deed in deeds]
            waiting = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
            deadline = monotonic() + PATIENCE
            while holder.scalar(waiting) + sum(each.done() for each in begun) < len(begun):
                assert monotonic() < deadline, "not all came"
                Event().wait(0.005)
        return [each.result(PATIENCE) for each in begun]


def answer(deed):
    try:
        return deed()
    except GoalsError as error:
        return error


def doing(actor, service, *given, **more):
    def deed():
        with tenant_session(actor) as db:
            return service(db, *given, **more)

    return deed


def as_it_is(cast, who):
    with tenant_session(cast.admin) as db:
        person = people.get(db, who.user_id).person
    return {f: getattr(person, f) for f in ("name", "title", "role", "manager_id")}


def changing(cast, actor, who, **more):
    return doing(actor, people.change, who.user_id, **as_it_is(cast, who) | more)


@pytest.fixture
def second_admin(cast):
    changing(cast, cast.admin, cast.analyst, role=Role.ADMIN)()
    return replace(cast.analyst, role=Role.ADMIN)


@pytest.mark.parametrize("deed", ["disable", "demote"])
def test_two_administrators_who_end_each_other_leave_one(cast, second_admin, deed):
    pairs = ((cast.admin, second_admin), (second_admin, cast.admin))
    deeds = [
        doing(actor, people.disable, other.user_id)
        if deed == "disable"
        else changing(cast, actor, other, role=Role.REP)
        for actor, other in pairs
    ]
    ids = [cast.admin.user_id, second_admin.user_id]
    answers = at_once(cast, "core.users", ids, *deeds)
    assert sorted(isinstance(each, NotAllowed) for each in answers) == [False, True]
    with tenant_session(cast.system) as db:
        left = people.list_(db, roles=[Role.ADMIN], states=[people.PersonState.ACTIVE])
    assert left.total == 1


def test_two_who_set_managers_make_no_circle_together(cast):
    first, second = cast.rep, cast.second_rep
    answers = at_once(
        cast,
        "core.users",
        [cast.admin.user_id],
        changing(cast, cast.admin, first, manager_id=second.user_id),
        changing(cast, cast.admin, second, manager_id=first.user_id),
    )
    assert [type(each) for each in answers if each is not None] == [Invalid]


def test_two_who_add_the_same_member_add_one(cast):
    add = doing(
        cast.admin,
        teams.add_member,
        team_id=cast.north,
        user_id=cast.south_rep.user_id,
        member_from=TODAY,
    )
    answers = at_once(cast, "core.teams", [cast.north], add, add)
    assert [type(each) for each in answers if each is not None] == [MemberAlready]


def test_two_members_who_join_at_once_are_both_in_the_teams_value(cast):
    add_deals(cast.tenant, deal(cast.south_rep, 5), deal(cast.south_manager, 7))
    goal = make_goal(cast, cast.north, from_sales())
    deeds = [
        doing(
            cast.admin, teams.add_member, team_id=cast.north, user_id=who.user_id, member_from=TODAY
        )
        for who in (cast.south_rep, cast.south_manager)
    ]
    assert at_once(cast, "goals.assignments", [goal], *deeds) == [None, None]
    assert standing(cast.admin, goal).value == 12


def test_members_join_while_goals_are_assigned_synced_and_planned(cast):
    """Definitions, assignments, people, teams: whoever comes, nobody waits in a circle."""
    add_deals(cast.tenant, deal(cast.south_rep, 5))
    goal = make_goal(cast, cast.north, from_sales())
    definition = definition_of(cast.admin, goal)
    with tenant_session(cast.admin) as db:
        other = make_definition(db, from_sales(name="Other"))
    who, other_who = cast.south_rep.user_id, cast.south_manager.user_id
    joining = {"team_id": cast.north, "user_id": other_who, "member_from": TODAY}
    answers = at_once(
        cast,
        "goals.definitions",
        [definition],
        doing(cast.admin, teams.add_member, **joining),
        doing(cast.admin, planning.set_targets, definition, [quota(cast.north, TODAY, 9)]),
        lambda: tracking.sync(cast.admin),
        doing(cast.admin, people.set_employment, who, hired_on=date(2026, 1, 5), left_on=None),
        lambda: people_file(cast, (cast.south_rep.email, "North", "2026-05-19")),
        doing(cast.admin, assign, other, cast.north),
    )
    assert not [each for each in answers if isinstance(each, BaseException)]
    with tenant_session(cast.admin) as db:
        found = assignments.list_(db, team_id=cast.north).items
    tracking.sync(cast.admin)
    assert {standing(cast.admin, each.id).value for each in found} == {5}


def test_the_same_file_twice_at_once_invites_nobody_twice(cast):
    row = ("nora@acme.example", "Nora", "rep", "North")

    def bring():
        return people_file(cast, row, head=("email", "name", "role", "team"))

    answers = at_once(cast, "core.users", [cast.admin.user_id], bring, bring)
    assert sorted((done.new, done.same) for done in answers) == [(0, 1), (1, 0)]


def people_file(cast, *rows, head=("email", "team", "member_from")):
    with tenant_session(cast.admin) as db:
        preview = people_import.read(db, csv_of(head, *rows), "people.csv")
        return people_import.commit(db, preview)
