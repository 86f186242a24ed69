"""What a measure would find in each of a few windows, held against another one: one statement.

Each measure reads its table once, for all windows; a record of both is told by what it is itself,
so that nothing is joined.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Numeric,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from goals_core.actor import Tenant
from goals_core.models.windows import Window
from goals_core.sources import amounts
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.filters import ATTRIBUTE
from goals_core.sources.measures import Measure

Whose = Callable[[ColumnElement[Any], ColumnElement[Any] | None], ColumnElement[bool]]
"""Whether the records of an owner on a day are looked at; without a day, on any."""


_DAY = timedelta(days=1)


class Part(StrEnum):
    """What a row of the statement is about."""

    NEW = "new"
    LIVE = "live"
    OWNERLESS = "ownerless"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Trial:
    """A measure that is tried, the one that counts so far, if any, and on which records."""

    measure: Measure
    live: Measure | None
    windows: Sequence[Window]
    whose: Whose
    with_ownerless: bool  # how many records are nobody's is told too
    convertible: Collection[str]  # the currencies into which there are exchange rates
    tenant: Tenant

    def has_rates(self, measure: Measure) -> bool:
        """Whether any record can be converted into what the measure counts."""
        return measure.currency in self.convertible

    def amount(self, measure: Measure) -> ColumnElement[Any]:
        """What one record adds to a measure."""
        return amounts.amount(measure, tenant=self.tenant, has_rates=self.has_rates(measure))

    def other_than(self, measure: Measure) -> Measure | None:
        """The one that a measure is held against."""
        return self.live if measure is self.measure else self.measure if self.live else None


def counted(trial: Trial) -> Select[Any]:
    """(part, n, records, converted, no_rate, valued, only_here, value), a row for each window.

    `valued` are those that add anything; `only_here` are those that the other measure does not
    have in that window. Of records without an owner and of those without a day there is their
    number alone. A window without a record has no row.
    """
    parts = [_added_up(trial, trial.measure, Part.NEW)]
    if trial.live is not None:
        parts.append(_added_up(trial, trial.live, Part.LIVE))
    if trial.with_ownerless:
        parts.append(_ownerless(trial))
    return select(union_all(*parts, _undated(trial)).subquery("found"))


def differing(trial: Trial, parts: Collection[Part], *, most: int) -> Subquery:
    """The newest records that only the new or only the live measure has in a window."""
    measures = {Part.NEW: trial.measure, Part.LIVE: trial.live}
    found = [
        select(_newest(trial, measure, part, most))
        for part, measure in measures.items()
        if measure is not None and part in parts
    ]
    return union_all(*found).subquery("differing")


def total(aggregation: Aggregation, counted: ColumnElement[Any]) -> ColumnElement[Any]:
    """What records come to; NULL for an average or an extreme of none."""
    totals: dict[Aggregation, ColumnElement[Any]] = {
        Aggregation.SUM: func.coalesce(func.sum(counted), 0),
        Aggregation.COUNT: func.count(counted),
        Aggregation.AVG: func.round(func.avg(counted), 2),
        Aggregation.MIN: func.min(counted),
        Aggregation.MAX: func.max(counted),
    }
    return totals[aggregation]


def _added_up(trial: Trial, measure: Measure, part: Part) -> Select[Any]:
    table, nothing = measure.entity.table, literal(0, Integer)
    n = _number(trial, table.c[measure.date_field])
    adds = trial.amount(measure)
    also = _also(trial, measure)
    columns = {
        "records": func.count(),
        **_of_currencies(trial, measure, adds),
        "valued": func.count() if measure.field is None else func.count(adds),
        "only_here": nothing if also is None else func.count().filter(~also),
        "value": cast(total(measure.aggregation, adds), Numeric),
    }
    return _of_part(part, n, columns).where(_looked_at(trial, measure)).group_by(n)


def _of_currencies(
    trial: Trial, measure: Measure, adds: ColumnElement[Any]
) -> dict[str, ColumnElement[Any]]:
    """How many records are converted, and how many lack a rate; each is looked up only once."""
    nothing = literal(0, Integer)
    if measure.currency is None:
        return {"converted": nothing, "no_rate": nothing}
    foreign = measure.entity.table.c.currency != measure.currency
    if (measure.field or "").startswith(ATTRIBUTE):  # what adds nothing may be no number
        converted = func.count().filter(and_(foreign, adds.is_not(None)))
        has_rates = trial.has_rates(measure)
        no_rate = amounts.left_out(measure, tenant=trial.tenant, has_rates=has_rates)
        return {"converted": converted, "no_rate": no_rate}
    no_rate = func.count() - func.count(adds)
    return {"converted": func.count().filter(foreign) - no_rate, "no_rate": no_rate}


def _ownerless(trial: Trial) -> Select[Any]:
    """How many of each window are nobody's, whoever is looked at."""
    table = trial.measure.entity.table
    n = _number(trial, table.c[trial.measure.date_field])
    return (
        _of_part(Part.OWNERLESS, n, _number_alone())
        .where(_in_windows(trial, trial.measure), table.c.owner_id.is_(None))
        .group_by(n)
    )


def _undated(trial: Trial) -> Select[Any]:
    """How many have no day and so fall in no window."""
    table = trial.measure.entity.table
    return _of_part(Part.UNDATED, literal(None, Integer), _number_alone()).where(
        amounts.matching(trial.measure, tenant=trial.tenant),
        table.c[trial.measure.date_field].is_(None),
        trial.whose(table.c.owner_id, None),
    )


def _of_part(
    part: Part, n: ColumnElement[Any], columns: Mapping[str, ColumnElement[Any]]
) -> Select[Any]:
    named = [column.label(name) for name, column in columns.items()]
    return select(literal(part.value, String).label("part"), n.label("n"), *named)


def _number_alone() -> dict[str, ColumnElement[Any]]:
    nothing = dict.fromkeys(("converted", "no_rate", "valued", "only_here"), literal(0, Integer))
    return {"records": func.count(), **nothing, "value": cast(null(), Numeric)}


def _newest(trial: Trial, measure: Measure, part: Part, most: int) -> Subquery:
    table, also = measure.entity.table, _also(trial, measure)
    day = table.c[measure.date_field]
    newest = select(
        literal(part.value, String).label("part"),
        day.label("day"),
        table.c.external_id,
        table.c.name,
        table.c.owner_id,
        table.c[measure.entity.number].label("amount"),
        table.c.currency,
        trial.amount(measure).label("counted"),
    ).where(_looked_at(trial, measure), true() if also is None else ~also)
    by_day = newest.order_by(day.desc(), table.c.external_id.desc())
    return by_day.limit(most).subquery(f"{part}_only")


def _looked_at(trial: Trial, measure: Measure) -> ColumnElement[bool]:
    table = measure.entity.table
    whose = trial.whose(table.c.owner_id, table.c[measure.date_field])
    return and_(_in_windows(trial, measure), whose)


def _in_windows(trial: Trial, measure: Measure) -> ColumnElement[bool]:
    """Up to today."""
    day = measure.entity.table.c[measure.date_field]
    oldest_first = sorted(trial.windows)
    rules = [
        amounts.matching(measure, tenant=trial.tenant),
        day >= oldest_first[0].start,
        day <= min(oldest_first[-1].end, trial.tenant.today),
    ]
    if any(a.end + _DAY != b.start for a, b in pairwise(oldest_first)):  # one was cut
        rules.append(_number(trial, day).is_not(None))
    return and_(*rules)


def _also(trial: Trial, measure: Measure) -> ColumnElement[bool] | None:
    """Whether a record counts by the other measure too, in the same window; None: there is none."""
    other, table = trial.other_than(measure), measure.entity.table
    if other is None:
        return None
    if other.entity.table is not table:
        return false()
    counts = amounts.matching(other, tenant=trial.tenant)
    if other.date_field != measure.date_field:
        mine, theirs = table.c[measure.date_field], table.c[other.date_field]
        counts = and_(
            counts,
            _number(trial, mine) == _number(trial, theirs),
            theirs <= trial.tenant.today,
            trial.whose(table.c.owner_id, theirs),
        )
    return func.coalesce(counts, false())


def _number(trial: Trial, day: ColumnElement[Any]) -> ColumnElement[Any]:
    """The number of the window that a day falls in."""
    return case(
        *((day.between(w.start, w.end), literal(n, Integer)) for n, w in enumerate(trial.windows))
    )
