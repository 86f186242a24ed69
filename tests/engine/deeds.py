"""What each deed with goals and assignments changes in the model, and when it is refused."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from tests.engine import day_by_day as days
from tests.engine.day_by_day import Span
from tests.engine.model import Refused, World, prorated
from tests.engine.things import Goal, Share

DRAFT, ACTIVE, PAUSED = GoalStatus.DRAFT, GoalStatus.ACTIVE, GoalStatus.PAUSED
COMPLETED, CANCELLED = GoalStatus.COMPLETED, GoalStatus.CANCELLED
LIFE = {
    DRAFT: {ACTIVE, CANCELLED},
    ACTIVE: {PAUSED, COMPLETED, CANCELLED},
    PAUSED: {ACTIVE, COMPLETED, CANCELLED},
    COMPLETED: set(),
    CANCELLED: set(),
}
WHOLE = {Metric.COUNT, Metric.BOOLEAN}
FIXED = ("type", "metric", "unit", "period", "starts_at", "source")
Who = tuple[AssigneeType, UUID | None]


def create(world: World, id_: UUID, settings: dict[str, Any]) -> Goal:
    refuse_settings(settings)
    goal = world.goals[id_] = Goal(id_, settings)
    world.note("definition:created", goal, after=_goal_facts(goal))
    return goal


def change(world: World, goal: Goal, settings: dict[str, Any], version: int) -> None:
    _refuse_change(world, goal, settings, version)
    before, old = _goal_facts(goal), goal.settings
    goal.settings = settings
    try:
        moves, surplus = _moves(world, goal)
    except Refused:
        goal.settings = old
        raise
    goal.version += 1
    world.note("definition:changed", goal, before, _goal_facts(goal))
    _reschedule(world, moves, surplus)
    follow(world, world.of(goal))
    for share in world.open_of(goal):
        share.rearm |= old["milestones"] != goal["milestones"]
    world.compute(world.of(goal))


def _refuse_change(world: World, goal: Goal, settings: dict[str, Any], version: int) -> None:
    if version != goal.version:
        raise Refused("Stale")
    if not LIFE[goal.status]:
        raise Refused("NotEditable")
    refuse_settings(settings)
    if has_progress(world, goal) and any(settings[n] != goal[n] for n in FIXED):
        raise Refused("FixedByProgress")


def _reschedule(
    world: World, moves: Sequence[tuple[Share, Span]], surplus: Sequence[Share]
) -> None:
    for share in surplus:
        _forget(world, share)
        _go_on_before(world, share)
    for share, span in moves:
        facts = _share_facts(share)
        (share.start, share.end), share.rearm = span, True
        world.note("assignment:changed", share, facts, _share_facts(share))


def set_status(world: World, goal: Goal, status: GoalStatus) -> None:
    if status not in LIFE[goal.status]:
        raise Refused("NoSuchStep")
    world.note("definition:status_changed", goal, {"status": goal.status}, {"status": status})
    goal.status, goal.version = status, goal.version + 1
    world.compute(world.of(goal))


def delete(world: World, goal: Goal) -> None:
    if has_progress(world, goal):
        raise Refused("HasProgress")
    world.note("definition:deleted", goal, before=_goal_facts(goal))
    for share in world.of(goal):
        _forget(world, share)
    del world.goals[goal.id]


def has_progress(world: World, goal: Goal) -> bool:
    return any(share.log for share in world.of(goal))


def refuse_settings(new: dict[str, Any]) -> None:
    """Every bad setting at once."""
    is_target, whole = new["type"] is GoalType.TARGET, new["metric"] in WHOLE
    ends, target = new["ends_at"], new["target_value"]
    is_odd = new["metric"] is Metric.BOOLEAN and target != 1
    problems = {
        "name": not new["name"].strip(),
        "target_value": is_odd or not _is_number(target, whole, above_0=is_target),
        "milestones": any(not 0 < each.percentage <= 100 for each in new["milestones"]),
        "ends_at": new["period"] is Period.CUSTOM if ends is None else ends < new["starts_at"],
        "prorate": new["prorate"] and not _adds_up(new),
    }
    if any(problems.values()):
        raise Refused("Invalid", *(name for name, is_bad in problems.items() if is_bad))


def _adds_up(new: dict[str, Any]) -> bool:
    by_hand = new["source"] is Source.MANUAL
    sums = by_hand or new["source_config"]["aggregation"] in {"sum", "count"}
    added = new["metric"] in {Metric.NUMBER, Metric.CURRENCY, Metric.COUNT}
    return sums and added and new["type"] is not GoalType.MAINTAIN


def _is_number(value: Decimal, whole: bool, *, above_0: bool = False) -> bool:
    if value != value.quantize(Decimal("0.01")) or (whole and value != int(value)):
        return False
    return value > 0 if above_0 else value >= 0


def _moves(world: World, goal: Goal) -> tuple[list[tuple[Share, Span]], list[Share]]:
    """Where open windows are moved, and those that have none any more."""
    moves, surplus = [], []
    for share in sorted(world.open_of(goal), key=lambda each: each.start):
        span = goal.window_on(max(share.start, goal["starts_at"]))
        if span is None:
            surplus.append(share)
            continue
        # what lies before it and stays where it is keeps its days
        before = [other.end + days.DAY for other in _fixed(world, share) if other.end < share.start]
        span = (max([span[0], *before]), span[1])
        if span != (share.start, share.end):
            moves.append((share, span))
            if goal.by_hand and any(line.day > span[1] for line in share.log if line.counts):
                raise Refused("Invalid", "ends_at")
    if any(share.log for share in surplus):
        raise Refused("Invalid", "ends_at")
    return moves, surplus


def _fixed(world: World, share: Share) -> list[Share]:
    chain = [s for s in world.of(share.goal) if (s.kind, s.who) == (share.kind, share.who)]
    return [each for each in chain if not each.is_open]


def assign(world: World, goal: Goal, who: Who, own: Decimal | None, on: date | None) -> None:
    refuse_ended(goal)
    refuse_own(goal, own, "custom_target")
    span = goal.window_on(max(world.day, goal["starts_at"]) if on is None else on)
    if span is None:
        raise Refused("Invalid", "on")
    if goal["prorate"] and not works_in(world, who, span):
        raise Refused("NobodyWorks")
    if find(world, goal, who, span[0]):
        raise Refused("AssignedAlready")
    share = new_share(world, goal, who, span, own, "")
    follow(world, [share])
    world.compute([share])


def change_own(world: World, share: Share, own: Decimal | None, notes: str) -> None:
    _refuse_fixed(share)
    refuse_own(share.goal, own, "custom_target")
    before = _share_facts(share)
    share.own, share.notes = own, notes
    world.note("assignment:changed", share, before, _share_facts(share))
    follow(world, [share])
    world.compute([share])


def cancel(world: World, share: Share) -> None:
    _refuse_fixed(share)
    cancel_share(world, share)


def remove(world: World, share: Share) -> None:
    _refuse_fixed(share)
    if share.log:
        raise Refused("AssignmentHasProgress")
    _forget(world, share)


def find(world: World, goal: Goal, who: Who, day: date) -> Share | None:
    """The assignment whose window a day falls in."""
    for share in world.of(goal):
        if (share.kind, share.who) == who and share.start <= day <= share.end:
            return share
    return None


def follow(world: World, shares: Collection[Share]) -> None:
    """Targets of open assignments follow; a raised one re-arms, nothing to work cancels.

    What was cancelled for want of a day is taken up again with the first one.
    """
    for share in [each for each in shares if each.is_open or each.is_idle]:
        goal, person = share.goal, world.people.get(share.who) if share.who else None
        full = goal["target_value"] if share.own is None else share.own
        worked = None
        if goal["prorate"] and person is not None:
            week = world.settings["workweek"]
            worked = days.worked((share.start, share.end), week, person.hired, person.left)
        target = prorated(full, worked)
        share.rearm |= target > share.target
        share.full, share.worked, share.target = full, worked, target
        is_idle = worked is not None and worked[0] == 0
        if is_idle != (share.status is AssignmentStatus.CANCELLED):
            turn_share(world, share, _STATE[is_idle])


def new_share(
    world: World, goal: Goal, who: Who, span: Span, own: Decimal | None, notes: str
) -> Share:
    full = goal["target_value"] if own is None else own
    share = Share(goal, *who, *span, own, notes, world.day, full, full)
    world.shares.append(share)
    world.note("assignment:created", share, after=_share_facts(share))
    return share


def cancel_share(world: World, share: Share) -> None:
    turn_share(world, share, AssignmentStatus.CANCELLED)


_STATE = {True: AssignmentStatus.CANCELLED, False: AssignmentStatus.ACTIVE}


def turn_share(world: World, share: Share, status: AssignmentStatus) -> None:
    world.note("assignment:changed", share, {"status": share.status}, {"status": status})
    share.status = status


def _forget(world: World, share: Share) -> None:
    world.note("assignment:deleted", share, before=_share_facts(share))
    world.shares.remove(share)
    for told in [each for each in world.told if each[0] is share]:
        del world.told[told]


def _go_on_before(world: World, share: Share) -> None:
    """Its window is gone, not its chain: when the goal goes on again, so does the chain."""
    chain = [s for s in world.of(share.goal) if (s.kind, s.who) == (share.kind, share.who)]
    earlier = [each for each in chain if each.start < share.start]
    if earlier:
        max(earlier, key=lambda each: each.start).goes_on = True


def works_in(world: World, who: Who, span: Span) -> bool:
    person = world.people.get(who[1]) if who[1] else None
    if person is None:
        return True
    worked = days.worked(span, world.settings["workweek"], person.hired, person.left)
    return worked is None or worked[0] > 0


def refuse_ended(goal: Goal) -> None:
    if goal.status in {COMPLETED, CANCELLED}:
        raise Refused("GoalIsOver")


def _refuse_fixed(share: Share) -> None:
    if share.closed:
        raise Refused("WindowClosed")
    if share.status is AssignmentStatus.CANCELLED:
        raise Refused("IsCancelled")


def refuse_own(goal: Goal, own: Decimal | None, name: str) -> None:
    if own is None:
        return
    is_target = goal["type"] is GoalType.TARGET
    if not _is_number(own, goal["metric"] in WHOLE, above_0=is_target):
        raise Refused("Invalid", name)
    if goal["metric"] is Metric.BOOLEAN and own != 1:
        raise Refused("Invalid", name)


def _goal_facts(goal: Goal) -> dict[str, Any]:
    return goal.settings | {"status": goal.status}


def _share_facts(share: Share) -> dict[str, Any]:
    return {
        "definition_id": share.goal.id,
        "assignee_type": share.kind,
        "user_id": share.who if share.kind is AssigneeType.USER else None,
        "team_id": share.who if share.kind is AssigneeType.TEAM else None,
        "custom_target": share.own,
        "notes": share.notes,
        "status": share.status,
        "period_start": share.start,
        "period_end": share.end,
    }
