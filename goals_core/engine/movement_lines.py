"""The lines of the journal that moved a number: what each record added before and after."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
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
from goals_core.sources import amounts, past
from goals_core.sources.measures import Measure

MOST = 200  # the newest; nobody reads more


Which = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Which lines are wanted, by when a sync took them."""


def newest(db: TenantSession, measure: Measure, standing: Standing, which: Which) -> Select[Any]:
    """The newest lines that made a difference, at most `MOST`, with both sides of each.

    Of everybody they are read batch by batch, the newest first, and no further than is needed.
    """
    tenant, whose = db.actor.tenant, tracked.whose(db, standing)
    if whose.owners is not None:
        theirs = past.changes(measure, whose, tenant=tenant)
        c = _sides(db, measure, standing, theirs).subquery("sides").c
        query = select(*c).where(_made_a_difference(c), which(c.taken_at))
        return query.order_by(c.at.desc(), c.id.desc()).limit(MOST)
    batch = past.batches(measure, tenant=tenant)
    lines = past.changes_of(batch, tenant=tenant)
    c = _sides(db, measure, standing, lines).lateral("sides").c
    moved = select(*c).where(_made_a_difference(c)).order_by(c.id.desc()).limit(MOST)
    each = moved.lateral("moved")
    query = select(*each.c).select_from(batch.join(each, true())).where(which(batch.c.taken_at))
    return query.order_by(batch.c.at.desc(), each.c.id.desc()).limit(MOST)


def waiting(db: TenantSession, measure: Measure, standing: Standing) -> int:
    """How many of them no sync has taken yet, counted up to `MOST`."""
    found = newest(db, measure, standing, lambda taken_at: taken_at.is_(None))
    return db.scalar(select(func.count()).select_from(found.subquery("waiting"))) or 0


def _made_a_difference(sides: Any) -> ColumnElement[bool]:  # noqa: ANN401  (its columns)
    differs = and_(sides.counted, sides.added.is_distinct_from(sides.adds))
    return or_(sides.counted != sides.counts, differs)


def _sides(
    db: TenantSession, measure: Measure, standing: Standing, lines: FromClause
) -> Select[Any]:
    """Of each line whether its sides count, and what they add then."""
    old, new = (past.state(measure, lines, which) for which in ("old", "new"))
    was, became = (
        _side(db, measure, standing, image, state)
        for image, state in ((lines.c.old, old), (lines.c.new, new))
    )
    return select(
        lines,
        was[0].label("counted"),
        was[1].label("added"),
        became[0].label("counts"),
        became[1].label("adds"),
        old.c.owner_id.label("old_owner"),
        new.c.owner_id.label("new_owner"),
    ).select_from(lines.join(old, true()).join(new, true()))


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
            past.instead(amounts.matching(measure, tenant=tenant), table, state),
            day.between(standing.window.start, last),
            tracked.belongs(db, *its, state.c.owner_id, day),
        ),
        literal(False),
    )
    added = past.instead(amounts.amount(measure, tenant=tenant), table, state)
    return counts, case((counts, added))
