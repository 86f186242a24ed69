"""A dry run: what a draft, or a change to a goal, would have counted in its last windows.

Nothing is written, and as many statements are sent however many records there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select

from goals_core.db import TenantSession
from goals_core.engine import definition_lookup, scopes, whose_records
from goals_core.engine.assigning import Assignee, Assignees
from goals_core.engine.drafts import Draft, check, measure_of
from goals_core.engine.locking import planned_anew
from goals_core.errors import Invalid
from goals_core.kinds import GoalStatus
from goals_core.models.core import User
from goals_core.models.windows import Window
from goals_core.permissions import Permission, needs
from goals_core.services.receipts import Line, Owner
from goals_core.sources import trials
from goals_core.sources.catalogue import Aggregation
from goals_core.sources.measures import Measure
from goals_core.sources.trials import Part, Trial

WINDOWS = 4
_MOST_SHOWN = 10  # records gained, and as many lost
_LIVE = {GoalStatus.ACTIVE, GoalStatus.PAUSED}


@dataclass(frozen=True, slots=True)
class Change:
    """What a window comes to by the live version, and which records differ."""

    value: Decimal | None
    records: int
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Try:
    """What was found in one window, up to today."""

    window: Window
    value: Decimal | None  # None: there is nothing to make an average or an extreme of
    records: int
    converted: int  # from another currency
    no_rate: int  # in another currency, left out for want of a rate
    no_number: int  # left out as their attribute is no number
    ownerless: int | None  # None: not theirs to know
    change: Change | None  # None: there is no live version that differs

    @property
    def left_out(self) -> int:
        return self.no_rate + self.no_number


@dataclass(frozen=True, slots=True)
class DryRun:
    """The last windows, newest first, and what falls in none."""

    windows: Sequence[Try]
    undated: int
    gained: Sequence[Line]  # the newest of them
    lost: Sequence[Line]

    @property
    def records(self) -> int:
        return sum(one.records for one in self.windows)

    @property
    def left_out(self) -> int:
        return sum(one.left_out for one in self.windows)

    @property
    def is_change(self) -> bool:
        """Whether it is held against a live version."""
        return any(one.change for one in self.windows)


@needs(Permission.WRITE)
def dry_run(
    db: TenantSession,
    draft: Draft,
    *,
    assignees: Sequence[Owner] = (),
    definition_id: UUID | None = None,
) -> DryRun | None:
    """Of the assignees' records together, each counted once; without any, of all that are theirs.

    Those are the company's for who manages goals, else those of the people whose goals they set.
    With the id of a goal that is tracked, the draft is held against it. None when it is recorded
    by hand; `Invalid` as on saving.
    """
    live = _live_measure(db, definition_id)
    draft = check(db, draft)
    people = Assignees(db)
    for owner in assignees:
        people.need(Assignee(owner.type, owner.id))
    measure = measure_of(draft)
    if measure is None:
        return None
    tenant = db.actor.tenant
    schedule = definition_lookup.schedule_of(db, draft)
    trial = Trial(
        measure=measure,
        live=None if live == measure else live,
        windows=schedule.recent(tenant.today, most=WINDOWS),
        whose=whose_records.of(db, [Assignee(owner.type, owner.id) for owner in assignees]),
        convertible=scopes.convertible(db, filter(None, (measure, live))),
        with_ownerless=db.actor.may(Permission.MANAGE),
        tenant=tenant,
    )
    with planned_anew(db):
        found = {(row.part, row.n): row for row in db.execute(trials.counted(trial))}
        windows = [_tried(trial, found, n) for n in range(len(trial.windows))]
        differing = _differing(db, trial, windows)
    return DryRun(
        windows=windows,
        undated=found[Part.UNDATED, None].records,
        gained=differing[Part.NEW],
        lost=differing[Part.LIVE],
    )


def _live_measure(db: TenantSession, definition_id: UUID | None) -> Measure | None:
    """What a tracked goal counts now; None where nothing does, or its source is not valid."""
    if definition_id is None:
        return None
    definition = definition_lookup.get(db, definition_id)
    if definition.status not in _LIVE:
        return None
    try:
        return measure_of(definition.settings)
    except Invalid:
        return None


def _differing(db: TenantSession, trial: Trial, windows: Sequence[Try]) -> dict[Part, list[Line]]:
    """The newest records that one side counts and the other does not."""
    lines: dict[Part, list[Line]] = {Part.NEW: [], Part.LIVE: []}
    changes = [one.change for one in windows if one.change]
    gained, lost = any(each.gained for each in changes), any(each.lost for each in changes)
    parts = {part for part, there in ((Part.NEW, gained), (Part.LIVE, lost)) if there}
    if not parts:
        return lines
    found, person = trials.differing(trial, parts, most=_MOST_SHOWN).c, User.__table__.c
    is_owner = and_(person.tenant_id == db.tenant_id, person.id == found.owner_id)
    query = (
        select(
            found.part,
            found.day,
            found.external_id,
            found.name,
            person.name,
            found.amount,
            found.currency,
            found.counted,
        )
        .outerjoin_from(found.day.table, User.__table__, is_owner)
        .order_by(found.day.desc(), found.external_id.desc())
    )
    for part, *line in db.execute(query):
        lines[Part(part)].append(Line(*line))
    return lines


def _tried(trial: Trial, found: Mapping[tuple[str, int | None], Row[Any]], n: int) -> Try:
    new, nobodys = found.get((Part.NEW, n)), found.get((Part.OWNERLESS, n))
    return Try(
        window=trial.windows[n],
        value=new.value if new else _of_nothing(trial.measure),
        records=new.records if new else 0,
        converted=new.converted if new else 0,
        no_rate=new.no_rate if new else 0,
        no_number=new.records - new.valued - new.no_rate if new else 0,
        ownerless=(nobodys.records if nobodys else 0) if trial.with_ownerless else None,
        change=_change(trial.live, found.get((Part.LIVE, n)), new) if trial.live else None,
    )


def _change(live: Measure, was: Row[Any] | None, new: Row[Any] | None) -> Change:
    return Change(
        value=was.value if was else _of_nothing(live),
        records=was.records if was else 0,
        gained=new.only_here if new else 0,
        lost=was.only_here if was else 0,
    )


def _of_nothing(measure: Measure) -> Decimal | None:
    """What no record comes to."""
    is_zero = measure.aggregation in {Aggregation.SUM, Aggregation.COUNT}
    return Decimal(0) if is_zero else None
