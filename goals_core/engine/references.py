"""Rows of imports and programs count once: what was recorded under their references."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from goals_core.arrays import ids_of
from goals_core.checks import is_printable
from goals_core.db import TenantSession
from goals_core.errors import N_, Conflict
from goals_core.kinds import ProgressSource
from goals_core.models.goals import ProgressEntry

BY_PROGRAM = frozenset({ProgressSource.IMPORT, ProgressSource.API})


class OtherContent(Conflict):
    message = N_("The reference {reference} was used before with other content.")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded under a reference."""

    value: Decimal
    change: Decimal
    on: date

    def is_same(self, value: Decimal | None, change: Decimal | None, on: date) -> bool:
        """Whether a row says this again: the value or the change, and the day."""
        return (value, change, on) in ((self.value, None, self.on), (None, self.change, self.on))


References = dict[tuple[UUID, str], Recorded]


def find(
    db: TenantSession, assignments: Collection[UUID], references: Collection[str | None]
) -> References:
    """What the assignments' logs have under these references."""
    named = {name for name in references if name and is_printable(name)}
    if not named:
        return {}
    entries = db.scalars(
        select(ProgressEntry).where(
            ProgressEntry.assignment_id == func.any(ids_of(assignments)),
            ProgressEntry.source_reference == func.any(bindparam(None, list(named), ARRAY(Text))),
            ProgressEntry.source.in_(BY_PROGRAM),
        )
    )
    zone = ZoneInfo(db.actor.tenant.timezone)
    return {
        (entry.assignment_id, str(entry.source_reference)): Recorded(
            entry.new_value, entry.change_amount, entry.occurred_at.astimezone(zone).date()
        )
        for entry in entries
    }
