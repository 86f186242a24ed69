"""What the ids of the audit log are called, also when what they name is gone.

The number of statements is the same for one id and for many.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    String,
    cast,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import distinct_on

from goals_core.arrays import ids_of
from goals_core.db import TenantSession
from goals_core.models.core import AuditLine, ExchangeRate, Team, User
from goals_core.models.goals import Assignment, Definition

_NAMED: tuple[type[Definition] | type[User] | type[Team], ...] = (Definition, User, Team)
_REFERENCES = ("definition_id", "user_id", "team_id", "manager_id")
_ASSIGNMENT = ("definition_id", "user_id", "team_id")
_TOLD = (AuditLine.before, AuditLine.after)
_RATE_NAME = func.concat(
    ExchangeRate.from_currency, " → ", ExchangeRate.to_currency, ", ", ExchangeRate.day
)
_FACTS = func.coalesce(AuditLine.after, AuditLine.before)


@dataclass(frozen=True, slots=True)
class _Assigned:
    """What an assignment is called after: its goal and who was to reach it."""

    definition_id: UUID
    assignee_id: UUID


def names_of(db: TenantSession, ids: Collection[UUID]) -> dict[UUID, str]:
    """The names of goals, people, teams, the company, and of assignments: "Calls · Ann"."""
    assigned = _assigned(db, ids)
    parts = {id_ for one in assigned.values() for id_ in (one.definition_id, one.assignee_id)}
    names = _names(db, {*ids, *parts})
    for id_, one in assigned.items():
        called = [names[part] for part in (one.definition_id, one.assignee_id) if part in names]
        names[id_] = " · ".join(called)
    return names


def mentions(db: TenantSession, words: str) -> ColumnElement[bool]:
    """The lines about something that is called so, or was, and those that refer to it."""
    called = _called(db, words).cte("called")
    about = union(select(called.c.id), *_assignments_of(called)).cte("about")
    texts = select(cast(called.c.id, String))
    return or_(
        AuditLine.subject_id.in_(select(about.c.id)),
        *(facts[key].astext.in_(texts) for facts in _TOLD for key in _REFERENCES),
    )


def uuid_of(text: object) -> UUID | None:
    """The id that a fact holds, if it holds one."""
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _names(db: TenantSession, ids: Collection[UUID]) -> dict[UUID, str]:
    living = union_all(
        *(select(kind.id, kind.name).where(kind.id == func.any(ids_of(ids))) for kind in _NAMED)
    )
    rates = select(ExchangeRate.id, _RATE_NAME).where(ExchangeRate.id == func.any(ids_of(ids)))
    living = union_all(living, rates)
    names = {row.id: row.name for row in db.execute(living)} | {db.tenant_id: db.actor.tenant.name}
    past = _latest(ids - names.keys(), "name")
    return names | {row.subject_id: row.name for row in db.execute(past)}


def _assigned(db: TenantSession, ids: Collection[UUID]) -> dict[UUID, _Assigned]:
    columns = (Assignment.definition_id, Assignment.user_id, Assignment.team_id)
    living = select(Assignment.id, *columns).where(Assignment.id == func.any(ids_of(ids)))
    assigned = {
        row.id: _Assigned(row.definition_id, row.user_id or row.team_id or db.tenant_id)
        for row in db.execute(living)
    }
    past = _latest(set(ids) - assigned.keys(), *_ASSIGNMENT)
    for row in db.execute(past):
        definition, *whose = (uuid_of(text) for text in row[1:])
        if definition is not None:
            assignee = next((id_ for id_ in whose if id_), db.tenant_id)
            assigned[row.subject_id] = _Assigned(definition, assignee)
    return assigned


def _latest(ids: Collection[UUID], *keys: str) -> Select[*tuple[Any, ...]]:
    """The last facts that the log tells of each of these, of the lines that have the first."""
    return (
        select(AuditLine.subject_id, *(_FACTS[key].astext.label(key) for key in keys))
        .ext(distinct_on(AuditLine.subject_id))
        .where(AuditLine.subject_id == func.any(ids_of(ids)), _FACTS.has_key(keys[0]))
        .order_by(AuditLine.subject_id, AuditLine.at.desc(), AuditLine.id.desc())
    )


def _called(db: TenantSession, words: str) -> CompoundSelect[UUID]:
    """The ids of what has these words in its name, or ever had."""
    company = literal(db.actor.tenant.name)
    was = [facts["name"].astext.icontains(words, autoescape=True) for facts in _TOLD]
    return union(
        *(select(kind.id).where(kind.name.icontains(words, autoescape=True)) for kind in _NAMED),
        select(literal(db.tenant_id)).where(company.icontains(words, autoescape=True)),
        select(AuditLine.subject_id).where(or_(*was)),
    )


def _assignments_of(called: CTE) -> Iterator[Select[UUID]]:
    """The assignments, living and past, whose goal or assignee is called so."""
    these, texts = select(called.c.id), select(cast(called.c.id, String))
    whose = func.coalesce(Assignment.user_id, Assignment.team_id, Assignment.tenant_id)
    yield select(Assignment.id).where(or_(Assignment.definition_id.in_(these), whose.in_(these)))
    goal, *_whose = (_FACTS[key].astext for key in _ASSIGNMENT)
    past_whose = func.coalesce(*_whose, cast(AuditLine.tenant_id, String))
    yield select(AuditLine.subject_id).where(
        goal.is_not(None), or_(goal.in_(texts), past_whose.in_(texts))
    )
