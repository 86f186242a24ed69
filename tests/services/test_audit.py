"""The audit log: each deed leaves one line, with who, when, before and after."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import ProgrammingError

from goals_core import clock
from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from goals_core.engine.audit import Deed
from goals_core.errors import GoalsError, Invalid, NotAllowed
from goals_core.models.core import AuditLine
from goals_core.models.goals import GoalStatus
from goals_core.permissions import Role
from goals_core.services import assignments, definitions, identity, signin, teams
from goals_core.services.definitions import Milestone
from tests.conftest import NOW, PASSWORD, Cast
from tests.makers import (
    TODAY,
    assign,
    by_hand,
    definition_of,
    from_sales,
    make_definition,
    make_goal,
)

LATER = datetime(2026, 5, 20, 19, 30, tzinfo=UTC)


def lines(cast: Cast) -> list[AuditLine]:
    """The company's lines, the oldest first."""
    with tenant_session(cast.system) as db:
        return list(db.scalars(select(AuditLine).order_by(AuditLine.at, AuditLine.id)))


def line_of(
    cast: Cast, at: Any, actor: Actor, deed: Callable[[TenantSession], object]
) -> AuditLine:
    """The one line that a deed, done later than all before it, leaves."""
    before = {line.id for line in lines(cast)}
    at(LATER)
    with tenant_session(actor) as db:
        deed(db)
    [line] = (line for line in lines(cast) if line.id not in before)
    assert (line.at, line.actor_id) == (LATER, actor.user_id)
    return line


def facts(line: AuditLine) -> tuple[Any, ...]:
    return Deed(line.tag), line.subject_id, line.before, line.after


def test_a_created_definition_is_told_in_full_and_exactly(cast, at):
    draft = from_sales(
        target_value=Decimal("9999999999999.99"),
        ends_at=date(2026, 12, 31),
        milestones=(Milestone(50, notify=False),),
        tags=("a",),
    )
    line = line_of(cast, at, cast.manager, lambda db: definitions.create(db, draft))
    assert (line.tag, line.before) == ("definition:created", None)
    assert line.after == {
        "name": "Sales",
        "description": "",
        "category": "",
        "type": "target",
        "metric": "currency",
        "target_value": "9999999999999.99",
        "unit": "USD",
        "period": "monthly",
        "starts_at": "2026-01-01",
        "ends_at": "2026-12-31",
        "source": "sales",
        "source_config": draft.source_config,
        "milestones": [{"percentage": 50, "notify": False}],
        "tags": ["a"],
        "range_min": None,
        "range_max": None,
        "prorate": False,
        "status": "draft",
    }


def test_of_a_changed_definition_only_what_differs_is_told(cast, at):
    with tenant_session(cast.admin) as db:
        made = definitions.create(db, by_hand(target_value=Decimal("0.10"), tags=("a",)))
    draft = replace(made.settings, name="Visits", target_value=Decimal("0.30"), tags=("b",))
    line = line_of(
        cast, at, cast.admin, lambda db: definitions.update(db, made.id, draft, version=1)
    )
    assert facts(line) == (
        Deed.DEFINITION_CHANGED,
        made.id,
        {"name": "Calls", "target_value": "0.10", "tags": ["a"]},
        {"name": "Visits", "target_value": "0.30", "tags": ["b"]},
    )


def test_each_step_of_a_life_is_a_line(cast, at):
    with tenant_session(cast.admin) as db:
        made = definitions.create(db, by_hand()).id
    before = "draft"
    for status in (GoalStatus.ACTIVE, GoalStatus.PAUSED, GoalStatus.COMPLETED):
        line = line_of(
            cast, at, cast.admin, lambda db, to=status: definitions.set_status(db, made, to)
        )
        change = {"status": before}, {"status": status.value}
        assert facts(line) == (Deed.DEFINITION_STATUS_CHANGED, made, *change)
        before = status.value


def test_a_deleted_definition_is_told_as_it_was(cast, at):
    with tenant_session(cast.admin) as db:
        made = make_definition(db, by_hand())
    line = line_of(cast, at, cast.admin, lambda db: definitions.delete(db, made))
    assert (line.tag, line.subject_id, line.after) == ("definition:deleted", made, None)
    assert (line.before["name"], line.before["status"]) == ("Calls", "active")
    assert Decimal(line.before["target_value"]) == 100


def test_a_duplicate_is_a_created_definition(cast, at):
    with tenant_session(cast.admin) as db:
        made = make_definition(db, by_hand())
    line = line_of(cast, at, cast.admin, lambda db: definitions.duplicate(db, made))
    assert line.tag == "definition:created"
    assert line.subject_id != made
    assert line.after["name"] == "Calls (copy)"


def test_a_created_assignment_is_told_in_full(cast, at):
    with tenant_session(cast.manager) as db:
        made = make_definition(db, by_hand())
    own = {"custom_target": Decimal("7.50"), "notes": "go"}
    line = line_of(cast, at, cast.manager, lambda db: assign(db, made, cast.rep, **own))
    assert (line.tag, line.before) == ("assignment:created", None)
    assert line.after == {
        "definition_id": str(made),
        "assignee_type": "user",
        "user_id": str(cast.rep.user_id),
        "team_id": None,
        "custom_target": "7.50",
        "notes": "go",
        "status": "active",
        "period_start": "2026-05-01",
        "period_end": "2026-05-31",
    }


def test_changes_of_an_assignment_tell_what_differs(cast, at):
    goal = make_goal(cast, cast.rep, custom_target=Decimal(7))
    for target, change in (
        (Decimal("7.25"), ({"custom_target": "7.00"}, {"custom_target": "7.25"})),
        (None, ({"custom_target": "7.25"}, {"custom_target": None})),
    ):
        line = line_of(
            cast,
            at,
            cast.manager,
            lambda db, target=target: assignments.update(db, goal, custom_target=target, notes=""),
        )
        assert facts(line) == (Deed.ASSIGNMENT_CHANGED, goal, *change)
    line = line_of(cast, at, cast.manager, lambda db: assignments.cancel(db, goal))
    change = {"status": "active"}, {"status": "cancelled"}
    assert facts(line) == (Deed.ASSIGNMENT_CHANGED, goal, *change)


def test_what_is_deleted_with_its_definition_is_told_too(cast):
    goal = make_goal(cast, cast.rep)
    made = definition_of(cast.admin, goal)
    with tenant_session(cast.admin) as db:
        definitions.delete(db, made)
        told = select(AuditLine.subject_id).where(AuditLine.tag == "assignment:deleted")
        assert list(db.scalars(told)) == [goal]


def test_a_deleted_assignment_is_told_as_it_was(cast, at):
    goal = make_goal(cast, cast.north)
    line = line_of(cast, at, cast.manager, lambda db: assignments.delete(db, goal))
    assert (line.tag, line.subject_id, line.after) == ("assignment:deleted", goal, None)
    assert (line.before["team_id"], line.before["user_id"]) == (str(cast.north), None)


def test_a_new_person_is_told_without_the_password(cast, at):
    ann = {"email": "Ann@Acme.Example", "name": " Ann ", "role": Role.REP, "password": PASSWORD}
    ids: list[UUID] = []
    line = line_of(
        cast, at, cast.admin, lambda db: ids.append(identity.create_user(db, **ann, title="Rep"))
    )
    told = {"email": "ann@acme.example", "name": "Ann", "role": "rep"}
    assert facts(line) == (Deed.USER_CREATED, ids[0], None, told)


def test_a_new_team_and_who_joins_it_are_told(cast, at):
    ids: list[UUID] = []
    manager = cast.manager.user_id
    made = line_of(
        cast,
        at,
        cast.admin,
        lambda db: ids.append(teams.create_team(db, name=" East ", manager_id=manager)),
    )
    after = {"name": "East", "manager_id": str(manager)}
    assert facts(made) == (Deed.TEAM_CREATED, ids[0], None, after)
    person = {"user_id": cast.rep.user_id, "member_from": TODAY}
    joined = line_of(
        cast, at, cast.admin, lambda db: teams.add_member(db, team_id=ids[0], **person)
    )
    after = {"user_id": str(cast.rep.user_id), "member_from": "2026-05-20", "member_to": None}
    assert facts(joined) == (Deed.TEAM_JOINED, ids[0], None, after)


def test_signing_in_and_a_new_password_are_told_without_secrets(cast, at):
    login = signin.prove(cast.rep.email, PASSWORD)
    assert login is not None
    actor, new = login.actor, "another horse battery"
    entered = line_of(cast, at, actor, lambda db: signin.open_session(db, login))
    assert facts(entered) == (Deed.USER_SIGNED_IN, actor.user_id, None, None)
    changed = line_of(cast, at, actor, lambda db: signin.change_password(db, old=PASSWORD, new=new))
    assert facts(changed) == (Deed.USER_PASSWORD_CHANGED, actor.user_id, None, None)


def test_the_system_is_nobody(cast):
    first, *rest = lines(cast)
    assert (first.tag, first.subject_id, first.before) == ("tenant:created", cast.tenant.id, None)
    assert (first.after["slug"], first.after["grace_days"]) == (cast.tenant.slug, 3)
    assert {line.actor_id for line in (first, *rest)} == {None}
    assert {line.at for line in (first, *rest)} == {NOW}
    tags = [line.tag for line in rest]
    assert {tag: tags.count(tag) for tag in tags} == {
        "user:created": 7,
        "team:created": 2,
        "team:joined": 3,
    }


def test_a_deed_and_its_line_are_undone_together(cast):
    before = len(lines(cast))
    with tenant_session(cast.admin) as db:
        made = make_definition(db, by_hand())
        assign(db, made, cast.rep)
        teams.create_team(db, name="East", manager_id=None)
        db.flush()
        assert len(list(db.scalars(select(AuditLine)))) == before + 4
        db.rollback()
    assert len(lines(cast)) == before
    with tenant_session(cast.admin) as db:
        assert definitions.list_(db).total == assignments.list_(db).total == 0


def test_what_is_refused_leaves_no_line(cast):
    goal = make_goal(cast, None)
    before = len(lines(cast))

    def refused(error: type[GoalsError], actor: Actor, deed: Callable[..., object]) -> None:
        with tenant_session(actor) as db, pytest.raises(error):
            deed(db)

    refused(Invalid, cast.admin, lambda db: definitions.create(db, by_hand(name="")))
    refused(NotAllowed, cast.rep, lambda db: definitions.create(db, by_hand()))
    refused(NotAllowed, cast.manager, lambda db: assignments.cancel(db, goal))
    refused(Invalid, cast.admin, lambda db: teams.create_team(db, name="", manager_id=None))
    assert len(lines(cast)) == before


def test_the_application_cannot_change_a_line(cast):
    rewrite = update(AuditLine).values(at=clock.now()).execution_options(synchronize_session=False)
    erase = delete(AuditLine).execution_options(synchronize_session=False)
    for statement in (rewrite, erase):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            tenant_session(cast.system) as db,
        ):
            db.execute(statement)
