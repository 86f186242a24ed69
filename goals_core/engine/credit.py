"""Which open assignments changes of records fall in: by their owner, owner's teams, and day."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from goals_core.actor import Tenant
from goals_core.engine.plans import is_open
from goals_core.models.core import TeamMember
from goals_core.models.goals import Assignment
from goals_core.sources import members

_A, _MEMBER = Assignment.__table__.c, TeamMember.__table__.c
NUMBERS = bindparam("numbers", type_=JSONB)  # of each goal's measure, by its id as text


def given_to(tenant: Tenant, changes: CTE) -> Select[Any]:
    """(id, change, left_out) of the assignments of goals, whose `NUMBERS` are bound when it is run.

    `changes` has the columns measure, owner_id, day, change and left_out. Those of teams and of the
    company are added up by day before they meet the assignments.
    """
    c = changes.c
    in_team = changes.join(TeamMember.__table__, members.was_in_team(c.owner_id, c.day, tenant))
    by_team = _by_day(changes, _MEMBER.team_id).select_from(in_team).cte()
    by_day = _by_day(changes).cte()
    open_ = _open(tenant)
    nobodys = and_(_A.user_id.is_(None), _A.team_id.is_(None))
    of_all = open_.where(nobodys).cte().prefix_with("MATERIALIZED")
    theirs = open_.subquery("theirs")
    given = union_all(
        _given(changes, theirs, theirs.c.user_id == c.owner_id),
        _given(by_team, theirs, theirs.c.team_id == by_team.c.team_id),
        _given(by_day, of_all),
    ).subquery("given")
    return select(
        given.c.id,
        func.sum(given.c.change).label("change"),
        func.sum(given.c.left_out).label("left_out"),
    ).group_by(given.c.id)


def that_differ(given: Select[Any]) -> Select[Any]:
    """Those of which the changes come to something."""
    _, change, left_out = given.selected_columns
    return given.having(or_(change != 0, left_out != 0))


def _by_day(changes: CTE, *by: ColumnElement[Any]) -> Select[Any]:
    c = changes.c
    change, left_out = func.sum(c.change), func.sum(c.left_out)
    keys = (c.measure, *by, c.day)
    return select(*keys, change.label("change"), left_out.label("left_out")).group_by(*keys)


def _open(tenant: Tenant) -> Select[Any]:
    measure = cast(NUMBERS.op("->>")(cast(_A.definition_id, Text)), Integer)
    return select(
        _A.id, _A.user_id, _A.team_id, _A.period_start, _A.period_end, measure.label("measure")
    ).where(is_open(tenant))


def _given(changes: CTE, to: FromClause, *whose: ColumnElement[bool]) -> Select[Any]:
    c, its = changes.c, to.c
    in_window = and_(c.day >= its.period_start, c.day <= its.period_end)
    falls_in = and_(c.measure == its.measure, in_window, *whose)
    return select(its.id, c.change, c.left_out).select_from(changes.join(to, falls_in))
