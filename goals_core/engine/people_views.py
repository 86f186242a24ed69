"""People as those see them who manage them: state, manager, teams of today, last sign-in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, not_, or_, select
from sqlalchemy.orm import aliased

from goals_core.arrays import ids_of
from goals_core.checks import printable
from goals_core.db import TenantSession
from goals_core.engine.accounts import has_come
from goals_core.engine.audit import Deed
from goals_core.models.core import AuditLine, Team, TeamMember, User
from goals_core.permissions import Role

_BOSS = aliased(User)


class PersonState(StrEnum):
    """What an account is good for."""

    INVITED = "invited"  # has not chosen a password yet, and came by no provider
    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person's account and place in the company."""

    id: UUID
    name: str
    email: str
    title: str
    role: Role
    state: PersonState
    manager_id: UUID | None
    manager: str | None
    teams: tuple[str, ...]  # of today, by name
    hired_on: date | None
    left_on: date | None
    last_signed_in_at: datetime | None
    updated_at: datetime


def narrowed(
    search: str, roles: Collection[Role], states: Collection[PersonState]
) -> list[ColumnElement[bool]]:
    """The people that fit every filter given."""
    words = printable(search)
    named = [
        column.icontains(words, autoescape=True) for column in (User.name, User.email, User.title)
    ]
    wanted = [
        or_(*named) if words else None,
        User.role.in_(roles) if roles else None,
        or_(false(), *(_is(state) for state in states)) if states else None,
    ]
    return [rule for rule in wanted if rule is not None]


def query() -> Select[*tuple[Any, ...]]:
    """What a view is made of, but for the teams."""
    signed_in = (
        select(AuditLine.at)
        .where(
            AuditLine.tenant_id == User.tenant_id,
            AuditLine.subject_id == User.id,
            AuditLine.tag == Deed.USER_SIGNED_IN,
        )
        .order_by(AuditLine.at.desc())
        .limit(1)
        .correlate(User)
        .scalar_subquery()
    )
    boss = and_(_BOSS.tenant_id == User.tenant_id, _BOSS.id == User.manager_id)
    return (
        select(
            User.id,
            User.name,
            User.email,
            User.title,
            User.role,
            User.is_active,
            has_come().label("has_come"),
            User.manager_id,
            _BOSS.name.label("manager"),
            User.hired_on,
            User.left_on,
            signed_in.label("last_signed_in_at"),
            User.updated_at,
        )
        .outerjoin(_BOSS, boss)
        .order_by(func.lower(User.name), User.email)
    )


def views_of(db: TenantSession, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[PersonView]:
    """The views of these rows: one statement more, whatever their number."""
    teams = _teams_of_today(db, [row.id for row in rows])
    return [
        PersonView(
            id=row.id,
            name=row.name,
            email=row.email,
            title=row.title,
            role=row.role,
            state=_state(row),
            manager_id=row.manager_id,
            manager=row.manager,
            teams=tuple(teams.get(row.id, ())),
            hired_on=row.hired_on,
            left_on=row.left_on,
            last_signed_in_at=row.last_signed_in_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def _teams_of_today(db: TenantSession, ids: Collection[UUID]) -> dict[UUID, list[str]]:
    today = db.actor.tenant.today
    query = (
        select(TeamMember.user_id, Team.name)
        .join(Team, and_(Team.tenant_id == TeamMember.tenant_id, Team.id == TeamMember.team_id))
        .where(TeamMember.user_id == func.any(ids_of(ids)), is_member_on(today))
        .order_by(Team.name)
    )
    found: dict[UUID, list[str]] = {}
    for row in db.execute(query):
        found.setdefault(row.user_id, []).append(row.name)
    return found


def is_member_on(day: date) -> ColumnElement[bool]:
    """Whether a membership covers a day."""
    ends = or_(TeamMember.member_to.is_(None), TeamMember.member_to >= day)
    return and_(TeamMember.member_from <= day, ends)


def _is(state: PersonState) -> ColumnElement[bool]:
    if state is PersonState.DISABLED:
        return not_(User.is_active)
    came = has_come()
    return and_(User.is_active, came if state is PersonState.ACTIVE else not_(came))


def _state(row: Row[*tuple[Any, ...]]) -> PersonState:
    if not row.is_active:
        return PersonState.DISABLED
    return PersonState.ACTIVE if row.has_come else PersonState.INVITED
