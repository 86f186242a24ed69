"""Progress in the model: readings by hand, imports, corrections, and won deals."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from goals_core.kinds import AssigneeType, AssignmentStatus, EntryKind, GoalStatus, Metric
from tests.engine.deeds import WHOLE
from tests.engine.model import Refused, World
from tests.engine.things import NOTHING, Line, Record, Share

BY_PROGRAM = {"import", "api"}


@dataclass(frozen=True)
class Given:
    """A reading as it is given: a value or a change."""

    share: Share
    on: date
    value: Decimal | None = None
    change: Decimal | None = None
    note: str = ""
    source: str = "manual"
    reference: str | None = None


def record(world: World, given: Given, by: UUID | None) -> None:
    given.share.log.append(_checked(world, given, given.share.log, by))
    _bring_up_to_date(world, [given.share])


def bulk(world: World, rows: Sequence[Given], by: UUID | None) -> int:
    """All rows or none."""
    logs = {row.share: list(row.share.log) for row in rows}
    bad: list[str] = []
    for n, row in enumerate(rows, start=1):
        try:
            if not _is_known(row, logs[row.share]):
                logs[row.share].append(_checked(world, row, logs[row.share], by))
        except Refused as refused:
            bad += [f"{n}.{name}" for name in refused.fields] or [str(n)]
    if bad:
        raise Refused("Invalid", *bad)
    new = sum(len(log) - len(share.log) for share, log in logs.items())
    for share, log in logs.items():
        share.log = log
    if new:
        _bring_up_to_date(world, list(logs))
    return new


def void(world: World, share: Share, line: Line, note: str, by: UUID | None) -> None:
    """The log without the line, played again; corrections bring each day to that."""
    refuse(share)
    if line.kind is EntryKind.CORRECTION:
        raise Refused("IsCorrection")
    if line.voided_by is not None:
        raise Refused("VoidedAlready")
    wanted, actual = defaultdict[date, Decimal](Decimal), defaultdict[date, Decimal](Decimal)
    value = NOTHING
    for each in share.log:
        actual[each.day] += each.change
        if each.counts and each is not line:
            change = each.value - value if each.kind is EntryKind.VALUE else each.change
            value, wanted[each.day] = value + change, wanted[each.day] + change
            if not _is_possible(share, value):
                raise Refused("NeedsIt")
    others = sorted(day for day in {*wanted, *actual} - {line.day} if wanted[day] != actual[day])
    for day in [line.day, *others]:
        last = share.log[-1].value
        new = last + wanted[day] - actual[day]
        kind = EntryKind.CORRECTION
        share.log.append(Line(kind, last, new, "manual", None, note, day, by))
        line.voided_by = line.voided_by or share.log[-1]
    before = {"change": line.change, "day": line.day, "note": line.note}
    after = {"change": NOTHING, "day": line.day, "note": note}
    world.note("progress:voided", share, before, after)
    _bring_up_to_date(world, [share])


def won(world: World, key: str, record: Record) -> None:
    """The event opportunity.won: goals that the deal is or was in are brought up to date."""
    before = world.records.get(key)
    world.records[key] = record
    owners = {record.owner, before.owner if before else None} - {None}
    on = {record.day, before.day if before else None} - {None}
    teams = {member.team for member in world.members if member.person in owners}
    concerned = [
        share
        for share in world.shares
        if not share.goal.by_hand
        and (share.kind is AssigneeType.TENANT or share.who in owners | teams)
        and any(share.start <= day <= share.end for day in on)
    ]
    world.compute(concerned)


def refuse(share: Share) -> None:
    """Why a goal takes no progress by hand at all."""
    if not share.goal.by_hand:
        raise Refused("TrackedAutomatically")
    if share.goal.status is not GoalStatus.ACTIVE:
        raise Refused("NotRunning")
    if share.status is AssignmentStatus.CANCELLED:
        raise Refused("NotRunning")
    if share.closed:
        raise Refused("WindowClosed")


def _checked(world: World, given: Given, log: Sequence[Line], by: UUID | None) -> Line:
    share, bad = given.share, set()
    refuse(share)
    last = log[-1].value if log else NOTHING
    if (given.value is None) == (given.change is None):
        bad.add("value")
        value = last
    else:
        name = "change" if given.value is None else "value"
        number = given.change if given.value is None else given.value
        value = last + number if given.value is None else number
        whole = share.goal["metric"] in WHOLE
        if (
            number != number.quantize(Decimal("0.01"))
            or (whole and number != int(number))
            or not _is_possible(share, value)
        ):
            bad.add(name)
    if not share.start <= given.on <= share.end or given.on > world.day:
        bad.add("on")
    if given.value is not None and any(line.counts and line.day > given.on for line in log):
        bad.add("on")
    if bad:
        raise Refused("Invalid", *bad)
    kind = EntryKind.CHANGE if given.value is None else EntryKind.VALUE
    what = (given.source, given.reference, given.note, given.on, by)
    return Line(kind, last, value, *what)


def _is_possible(share: Share, value: Decimal) -> bool:
    metric = share.goal["metric"]
    if metric is Metric.BOOLEAN:
        return value in (0, 1)
    return metric is not Metric.COUNT or value >= 0


def _is_known(row: Given, log: Sequence[Line]) -> bool:
    for line in log:
        by_program = {row.source, line.source} <= BY_PROGRAM
        if by_program and row.reference is not None and line.reference == row.reference:
            said = {(line.value, None, line.day), (None, line.change, line.day)}
            if (row.value, row.change, row.on) not in said:
                raise Refused("OtherContent")
            return True
    return False


def _bring_up_to_date(world: World, shares: Sequence[Share]) -> None:
    for share in shares:
        share.value = share.log[-1].value if share.log else NOTHING
    world.compute(shares)
