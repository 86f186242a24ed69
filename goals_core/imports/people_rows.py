"""What a row about a person says, what is there already, and what would become of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from sqlalchemy import String, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from goals_core.db import TenantSession
from goals_core.models.core import Team, TeamMember, User
from goals_core.permissions import Role


@dataclass(frozen=True, slots=True)
class Wanted:
    """A row as it was read; what is None stays as it is."""

    row: int
    email: str
    name: str | None = None
    role: Role | None = None
    title: str | None = None
    manager: str | None = None  # an e-mail
    team: str | None = None
    member_from: date | None = None
    hired_on: date | None = None
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A person as they are, or would be."""

    id: UUID
    email: str
    name: str
    title: str
    role: Role
    manager_id: UUID | None
    hired_on: date | None
    left_on: date | None
    is_active: bool = True

    def changes(self, before: "Account") -> set[str]:
        """What differs."""
        return {f.name for f in fields(self) if getattr(self, f.name) != getattr(before, f.name)}


@dataclass(frozen=True, slots=True)
class Days:
    """A membership; no last day: until further notice."""

    id: UUID
    team_id: UUID
    user_id: UUID
    member_from: date
    member_to: date | None


@dataclass(frozen=True, slots=True)
class Deed:
    """What a row does; nothing, when there is nothing to do."""

    wanted: Wanted
    before: Account | None  # none: a new person
    after: Account
    joins: tuple[UUID, date] | None = None  # a team, from a day on
    moves: tuple[Days, date] | None = None  # a membership, to another first day
    manager_was: str = ""  # an e-mail

    @property
    def changed(self) -> set[str]:
        """The columns whose cells change something."""
        found = self.after.changes(self.before) if self.before else set()
        found |= {"member_from"} if self.moves else set()
        return found | ({"team"} if self.joins else set())

    @property
    def team_id(self) -> UUID | None:
        """Whose members it changes."""
        if self.joins:
            return self.joins[0]
        return self.moves[0].team_id if self.moves else None

    @property
    def does_something(self) -> bool:
        return self.before is None or bool(self.changed)


class There:
    """Everyone of the company, and the teams that a file names: three statements for any file."""

    def __init__(self, db: TenantSession, wanted: Sequence[Wanted]) -> None:
        u = User
        columns = (u.id, u.email, u.name, u.title, u.role, u.manager_id, u.hired_on, u.left_on)
        people = [Account(*row) for row in db.execute(select(*columns, u.is_active))]
        self.by_email = {person.email: person for person in people}
        self.by_id = {person.id: person for person in people}
        self.teams = _teams(db, {row.team for row in wanted if row.team})
        self._days: dict[tuple[UUID, UUID], list[Days]] = {}
        for days in _days(db, self.teams.values()):
            self._days.setdefault((days.team_id, days.user_id), []).append(days)

    def days_from(self, team_id: UUID, user_id: UUID, day: date) -> list[Days]:
        """The memberships that reach a day or begin later."""
        mine = self._days.get((team_id, user_id), ())
        return [days for days in mine if days.member_to is None or days.member_to >= day]


def _teams(db: TenantSession, names: Iterable[str]) -> dict[str, UUID]:
    named = Team.name == func.any(bindparam(None, sorted(names), ARRAY(String)))
    return {row.name: row.id for row in db.execute(select(Team.name, Team.id).where(named))}


def _days(db: TenantSession, team_ids: Iterable[UUID]) -> list[Days]:
    m = TeamMember
    columns = (m.id, m.team_id, m.user_id, m.member_from, m.member_to)
    query = select(*columns).where(m.team_id.in_(list(team_ids))).order_by(m.member_from)
    return [Days(*row) for row in db.execute(query)]


def as_wanted(account: Account, wanted: Wanted, manager_id: UUID | None) -> Account:
    """The account with what the row says; a manager of None is left as it is."""
    return Account(
        id=account.id,
        email=account.email,
        name=wanted.name or account.name,
        title=wanted.title or account.title,
        role=wanted.role or account.role,
        manager_id=manager_id or account.manager_id,
        hired_on=wanted.hired_on or account.hired_on,
        left_on=wanted.left_on or account.left_on,
        is_active=account.is_active,
    )
