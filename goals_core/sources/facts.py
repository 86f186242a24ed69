"""From records to days: what each day adds to each subject, in one statement.

Records → facts (a day's records of an owner, added up, per measure) → credited to the subjects
whose window and people they fall in. A subject is an assignment, or one that a preview imagines;
the relation of subjects has the columns id, measure, aggregation, assignee_type, user_id, team_id,
starts, ends and, for `readings.evidence`, target, lowest, highest.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    FromClause,
    Integer,
    Numeric,
    Select,
    Subquery,
    Table,
    Uuid,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from goals_core.actor import Tenant
from goals_core.arrays import ids_of
from goals_core.kinds import AssigneeType, EntryKind
from goals_core.models.core import TeamMember
from goals_core.models.goals import ProgressEntry
from goals_core.models.windows import Window
from goals_core.sources import amounts, members
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.measures import Measure

MANUAL = 0
"""The measure of subjects that are tracked by hand: the changes of their log, added up."""

Measures = Mapping[int, Measure]
Owners = Collection[UUID] | None
"""Whose records are read, where the subjects are of few people; None: everyone's."""
Shape = tuple[AssigneeType, Window]
Shapes = Mapping[int, set[Shape]]
"""Of each measure: what kinds of assignees its subjects have, and in which windows."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which records subjects can be made of: no others are read."""

    shapes: Shapes
    convertible: Collection[str] = ()  # the currencies into which there are exchange rates
    owners: Owners = None

    def has_rates(self, measure: Measure) -> bool:
        """Whether any record can be converted into what the measure counts."""
        return measure.currency in self.convertible

    def kinds(self) -> set[AssigneeType]:
        return {kind for shapes in self.shapes.values() for kind, _ in shapes}

    def narrowed(self, query: Select[Any], table: Table) -> Select[Any]:
        """Of a query of a table's records those of the owners."""
        if self.owners is None:
            return query
        return query.where(table.c.owner_id == func.any(ids_of(self.owners, "owner_ids")))


def days(
    subjects: FromClause, measures: Measures, scope: Scope, *, tenant: Tenant, today: date
) -> Subquery:
    """What each day adds to each subject."""
    credit = _credit_of_all(subjects, measures, scope, tenant=tenant, today=today)
    keys = (credit.c.subject, credit.c.aggregation, credit.c.day)
    return _added_up(credit, *keys).subquery("days")


def totals(
    subjects: FromClause, measures: Measures, scope: Scope, *, tenant: Tenant, today: date
) -> Subquery:
    """What the whole window adds up to for each subject."""
    credit = _credit_of_all(subjects, measures, scope, tenant=tenant, today=today)
    return _added_up(credit, credit.c.subject, credit.c.aggregation).subquery("totals")


def _credit_of_all(
    subjects: FromClause, measures: Measures, scope: Scope, *, tenant: Tenant, today: date
) -> Subquery:
    parts = [_manual(subjects, tenant), _zero(subjects, today)]
    asked = {number: measures[number] for number in scope.shapes}
    if asked:
        facts = _facts(asked, scope, tenant, today)
        parts += _credited(subjects, facts, scope.kinds(), tenant)
    return union_all(*parts).subquery("credit")


def _facts(measures: Measures, scope: Scope, tenant: Tenant, today: date) -> CTE:
    """The records of each measure, added up by owner and day."""
    parts = [_facts_of(n, m, scope, tenant, today) for n, m in measures.items()]
    return union_all(*parts).cte("facts")


def _facts_of(
    number: int, measure: Measure, scope: Scope, tenant: Tenant, today: date
) -> Select[Any]:
    """Where they are the company's alone, nobody asks whose they are."""
    table, shapes = measure.entity.table, scope.shapes[number]
    day = table.c[measure.date_field]
    made_of = amounts.made_of(measure, tenant=tenant, has_rates=scope.has_rates(measure))
    first = min(window.start for _, window in shapes)
    last = min(max(window.end for _, window in shapes), today)
    by_owner = any(kind is not AssigneeType.TENANT for kind, _ in shapes)
    owner: ColumnElement[Any] = table.c.owner_id if by_owner else cast(null(), Uuid)
    found = (
        select(
            literal(number, Integer).label("measure"),
            owner.label("owner_id"),
            day.label("day"),
            *(column.label(name) for name, column in made_of.items()),
        )
        .where(amounts.matching(measure, tenant=tenant), day >= first, day <= last)
        .group_by(*([table.c.owner_id] if by_owner else []), day)
    )
    return scope.narrowed(found, table)


def _credited(
    subjects: FromClause, facts: CTE, kinds: Iterable[AssigneeType], tenant: Tenant
) -> list[Select[Any]]:
    """Facts go to their owner's goals, to the teams the owner was in that day, to the tenant's.

    Facts of teams and of the tenant are added up before they meet the subjects: joined the other
    way round, every fact would be tried with every team.
    """
    member = TeamMember.__table__.c
    f = facts.c
    was_in = members.was_in_team(f.owner_id, f.day, tenant)
    in_team = facts.join(TeamMember.__table__, was_in)
    by_team = _added_up(facts, f.measure, member.team_id, f.day).select_from(in_team).cte("by_team")
    by_tenant = _added_up(facts, f.measure, f.day).cte("by_tenant")
    s = subjects.c
    sources = {
        AssigneeType.USER: (facts, s.user_id == facts.c.owner_id),
        AssigneeType.TEAM: (by_team, s.team_id == by_team.c.team_id),
        AssigneeType.TENANT: (by_tenant, literal(True)),
    }
    return [_credit(subjects, kind, *sources[kind]) for kind in sorted(kinds)]


def _added_up(facts: FromClause, *by: ColumnElement[Any]) -> Select[Any]:
    """The facts of each key together."""
    f = facts.c
    return select(
        *by,
        func.sum(f.n).label("n"),
        func.sum(f.total).label("total"),
        func.min(f.low).label("low"),
        func.max(f.high).label("high"),
        func.sum(f.left_out).label("left_out"),
    ).group_by(*by)


def _credit(
    subjects: FromClause, assignee: AssigneeType, facts: CTE, whose: ColumnElement[bool]
) -> Select[Any]:
    s, f = subjects.c, facts.c
    in_window = and_(f.measure == s.measure, f.day.between(s.starts, s.ends))
    return (
        select(s.id.label("subject"), s.aggregation, f.day, f.n, f.total, f.low, f.high, f.left_out)
        .select_from(subjects.join(facts, and_(in_window, whose)))
        .where(s.assignee_type == assignee.value)
    )


def _manual(subjects: FromClause, tenant: Tenant) -> Select[Any]:
    """Readings by hand: a day adds the changes that happened on it.

    A day of which all was taken back has no reading; its corrections come to nothing.
    Each subject's log is looked up by itself: where the planner does not yet know how much a tenant
    has written, it would otherwise try every line with every subject.
    """
    s, p = subjects.c, ProgressEntry.__table__.c
    counts = and_(p.voided_by.is_(None), p.kind != EntryKind.CORRECTION)
    day = cast(func.timezone(tenant.timezone, p.occurred_at), Date)
    log = (
        select(day.label("day"), func.sum(cast(p.change_amount, Numeric)).label("change"))
        .where(p.tenant_id == tenant.id, p.assignment_id == s.id)
        .group_by(day)
        .having(func.count().filter(counts) > 0)
        .correlate(subjects)
        .lateral("log")
    )
    change = log.c.change
    return (
        select(
            s.id.label("subject"),
            s.aggregation,
            log.c.day,
            literal(1, Integer).label("n"),
            change.label("total"),
            change.label("low"),
            change.label("high"),
            literal(0, Integer).label("left_out"),
        )
        .select_from(subjects.join(log, literal(True)))
        .where(s.measure == MANUAL)
    )


def _zero(subjects: FromClause, today: date) -> Select[Any]:
    """Sum and count of nothing are 0 from the first day on; other aggregates have no value yet."""
    s, nothing = subjects.c, literal(Decimal(0), Numeric)
    return select(
        s.id.label("subject"),
        s.aggregation,
        s.starts.label("day"),
        literal(0, Integer).label("n"),
        nothing.label("total"),
        cast(null(), Numeric).label("low"),
        cast(null(), Numeric).label("high"),
        literal(0, Integer).label("left_out"),
    ).where(
        s.measure != MANUAL,
        s.starts <= today,
        s.aggregation.in_([Aggregation.SUM.value, Aggregation.COUNT.value]),
    )
