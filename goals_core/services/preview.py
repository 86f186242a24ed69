"""What a definition would find and where each assignee would stand, before anything is saved."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Date, Integer, String, Uuid, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from goals_core.db import TenantSession
from goals_core.engine import scopes
from goals_core.engine.assigning import Assignee, Assignees
from goals_core.engine.drafts import Draft, check, measure_of
from goals_core.engine.locking import read_in_memory
from goals_core.engine.paging import PageRequest
from goals_core.kinds import AssigneeType, GoalType
from goals_core.models.attainment import Rule, attainment
from goals_core.models.base import new_id
from goals_core.models.proration import Proration
from goals_core.models.windows import Schedule, Window
from goals_core.permissions import Permission, needs
from goals_core.services import choices, receipts
from goals_core.services.receipts import Line, Owner
from goals_core.sources import sums
from goals_core.sources.facts import Owners, Scope
from goals_core.sources.measures import Measure

SAMPLE = PageRequest(size=20)


@dataclass(frozen=True, slots=True)
class Expected:
    """Where an assignee would stand now."""

    assignee: str
    target: Decimal  # the own one, if there is one
    value: Decimal | None  # None: no record to take an average of
    attainment: Decimal | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The records that match now, in the window that would be assigned first."""

    window: Window
    matching: int  # of the people whose goals the actor sets
    left_out: int  # without an exchange rate
    sample: Sequence[Line]
    expected: Sequence[Expected]


@needs(Permission.WRITE)
def preview(
    db: TenantSession,
    draft: Draft,
    *,
    assignees: Sequence[Owner],
    own_targets: Mapping[Owner, Decimal] | None = None,
) -> Preview | None:
    """None when the goal is tracked by hand, or its last window is over; `Invalid` as on saving."""
    draft = check(db, draft)
    measure = measure_of(draft)
    schedule = Schedule(
        draft.period, draft.starts_at, draft.ends_at, db.actor.tenant.fiscal_year_start
    )
    window = schedule.current_or_first(db.actor.tenant.today)
    if measure is None or window is None:
        return None
    everyone = Owner(AssigneeType.TENANT)
    found = receipts.receipt(db, measure, everyone, window, page=SAMPLE, led_only=True)
    values = _values(db, measure, assignees, window)
    names = choices.names(db)
    own, people = own_targets or {}, Assignees(db)
    targets = [
        _target(draft, people, owner, own.get(owner, draft.target_value), window)
        for owner in assignees
    ]
    return Preview(
        window=window,
        matching=found.lines.total,
        left_out=found.left_out,
        sample=found.lines.items,
        expected=[
            Expected(
                names.get(owner.id, db.actor.tenant.name),
                target,
                value,
                _attained(draft.type, target, value),
            )
            for owner, target, value in zip(assignees, targets, values, strict=True)
        ],
    )


def _target(
    draft: Draft, people: Assignees, owner: Owner, full: Decimal, window: Window
) -> Decimal:
    """The full target, or the part of it for the days that someone works."""
    days = people.days_in(Assignee(owner.type, owner.id), window) if draft.prorate else None
    return Proration(full, *days).target if days else full


def _attained(type_: GoalType, target: Decimal, value: Decimal | None) -> Decimal | None:
    if value is None or type_ is GoalType.MAINTAIN:
        return None
    return attainment(Rule(type_, target), value)


def _values(
    db: TenantSession, measure: Measure, holders: Sequence[Owner], window: Window
) -> list[Decimal | None]:
    """The value each holder has in the window today; one statement for all of them."""
    if not holders:
        return []
    tenant = db.actor.tenant
    ids = [new_id() for _ in holders]
    imagined = (
        func.unnest(
            cast(ids, ARRAY(Uuid)),
            cast([holder.type.value for holder in holders], ARRAY(String)),
            cast([holder.id for holder in holders], ARRAY(Uuid)),
        )
        .table_valued("id", "type", "owner_id")
        .render_derived()
    )
    subjects = select(
        imagined.c.id,
        literal(1, Integer).label("measure"),
        imagined.c.type.label("assignee_type"),
        imagined.c.owner_id.label("user_id"),
        imagined.c.owner_id.label("team_id"),
        literal(window.start, Date).label("starts"),
        literal(window.end, Date).label("ends"),
    ).cte("subjects")
    shapes = {1: {(holder.type, window) for holder in holders}}
    scope = Scope(shapes, scopes.convertible(db, [measure]), _owners(db, holders))
    planned = sums.passes({1: measure}, scope)
    query = sums.totals(subjects, planned, scope, tenant=tenant, today=tenant.today)
    with read_in_memory(db):
        values = {row.id: row.value for row in db.execute(query)}
    return [values[id_] for id_ in ids]


def _owners(db: TenantSession, holders: Sequence[Owner]) -> Owners:
    of_kind: dict[AssigneeType, set[UUID]] = defaultdict(set)
    for holder in holders:
        if holder.id is None:
            return None
        of_kind[holder.type].add(holder.id)
    return scopes.owners_among(db, of_kind[AssigneeType.USER], of_kind[AssigneeType.TEAM])
