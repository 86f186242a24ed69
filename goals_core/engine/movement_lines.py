"""The lines of the journal that moved a number: what each record added before and after."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
)

from goals_core.db import TenantSession
from goals_core.engine import tracked
from goals_core.engine.standings import Standing
from goals_core.sources import facts, past
from goals_core.sources.measures import Measure

MOST = 200  # the newest; nobody reads more


def lines(sides: Subquery) -> Select[Any]:
    """Those of `sides_of` that made a difference."""
    c = sides.c
    differs = and_(c.counted, c.added.is_distinct_from(c.adds))
    return select(sides).where(or_(c.counted != c.counts, differs))


def waiting(db: TenantSession, measure: Measure, standing: Standing) -> int:
    """How many of them no sync has taken yet, counted up to `MOST`."""
    sides = sides_of(db, measure, standing)
    found = lines(sides).where(sides.c.taken_at.is_(None)).limit(MOST).subquery("waiting")
    return db.scalar(select(func.count()).select_from(found)) or 0


def sides_of(db: TenantSession, measure: Measure, standing: Standing) -> Subquery:
    """The lines that can have moved it: whether each side counts, and what it adds then."""
    tenant = db.actor.tenant
    lines = past.changes(measure, tracked.whose(db, standing), tenant=tenant)
    old, new = (past.state(measure, lines, which) for which in ("old", "new"))
    was, became = (
        _side(db, measure, standing, image, state)
        for image, state in ((lines.c.old, old), (lines.c.new, new))
    )
    return (
        select(
            lines,
            was[0].label("counted"),
            was[1].label("added"),
            became[0].label("counts"),
            became[1].label("adds"),
            old.c.owner_id.label("old_owner"),
            new.c.owner_id.label("new_owner"),
        )
        .select_from(lines.join(old, true()).join(new, true()))
        .subquery("sides")
    )


def _side(
    db: TenantSession,
    measure: Measure,
    standing: Standing,
    image: ColumnElement[Any],
    state: FromClause,
) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
    """Whether a record in a state counts, and what it adds then."""
    tenant, table = db.actor.tenant, measure.entity.table
    last = min(standing.window.end, tenant.today)
    day = state.c[measure.date_field]
    its = (standing.assignee_type, standing.assignee_id)
    counts = func.coalesce(
        and_(
            image.is_not(None),
            past.instead(facts.matching(measure, tenant=tenant), table, state),
            day.between(standing.window.start, last),
            tracked.belongs(db, *its, state.c.owner_id, day),
        ),
        literal(False),
    )
    added = past.instead(facts.amount(measure, tenant=tenant), table, state)
    return counts, case((counts, added))
