"""Plans in the model: targets of people by windows, a team, the next period."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
)
from tests.engine import day_by_day as days
from tests.engine.day_by_day import Span
from tests.engine.deeds import (
    Who,
    create,
    find,
    follow,
    new_share,
    refuse_ended,
    refuse_own,
    works_in,
)
from tests.engine.model import Refused, World
from tests.engine.things import Goal, Share

Quota = tuple[Who, date, Decimal | None]


def set_targets(world: World, goal: Goal, quotas: Sequence[Quota]) -> Counter[str]:
    refuse_ended(goal)
    cells = _cells(world, goal, quotas)
    made, changed = [], []
    for (who, span), (found, own) in cells.items():
        if found is None:
            made.append(new_share(world, goal, who, span, own, ""))
        elif found.own != own:
            before, after = {"custom_target": found.own}, {"custom_target": own}
            world.note("assignment:changed", found, before, after)
            found.own = own
            changed.append(found)
    follow(world, [*made, *changed])
    for share in made:  # between windows planned together none is rolled over
        for other in made:
            same = (other.kind, other.who) == (share.kind, share.who)
            other.goes_on &= not (same and other.start < share.start)
    world.compute([*made, *changed])
    same = len(cells) - len(made) - len(changed)
    return Counter(created=len(made), changed=len(changed), same=same)


def _cells(
    world: World, goal: Goal, quotas: Sequence[Quota]
) -> dict[tuple[Who, Span], tuple[Share | None, Decimal | None]]:
    bad: set[str] = set()
    cells: dict[tuple[Who, Span], tuple[Share | None, Decimal | None]] = {}
    for n, (who, on, own) in enumerate(quotas, start=1):
        span = goal.window_on(on)
        if span is None or (goal["prorate"] and not works_in(world, who, span)):
            bad.add(f"{n}.on")
        try:
            refuse_own(goal, own, f"{n}.target")
        except Refused as refused:
            bad |= refused.fields
        if span is not None and (who, span) in cells and not bad & {f"{n}.on", f"{n}.target"}:
            bad.add(f"{n}.on")
        if span is not None and not bad & {f"{n}.on", f"{n}.target"}:
            cells[who, span] = (find(world, goal, who, on), own)
    if not bad:
        bad = {
            f"{n}.on"
            for n, (found, own) in enumerate(cells.values(), start=1)
            if found and not found.is_open and found.own != own
        }
    if bad:
        raise Refused("Invalid", *bad)
    return cells


def assign_members(world: World, goal: Goal, team: UUID, own: Decimal | None) -> Counter[str]:
    refuse_ended(goal)
    span = goal.window_on(max(world.day, goal["starts_at"]))
    if span is None:
        raise Refused("Invalid", "on")
    day = max(span[0], min(world.day, span[1]))
    members = sorted({m.person for m in world.members if m.team == team and m.on(day)})
    users = [(AssigneeType.USER, person) for person in members]
    missing = [who for who in users if not find(world, goal, who, span[0])]
    planned = set_targets(world, goal, [(who, span[0], own) for who in missing])
    return planned | Counter(same=len(users) - len(missing))


def copy_to_next(world: World, goal: Goal, id_: UUID) -> None:
    settings = goal.settings | _moved_on(world, goal)
    running = [s for s in world.of(goal) if s.status is not AssignmentStatus.CANCELLED]
    last = max((share.start for share in running), default=None)
    copy = create(world, id_, settings)
    first = settings["starts_at"]
    quotas: list[Quota] = [
        ((s.kind, s.who), first, s.own)
        for s in running
        if s.start == last and _is_there(world, copy, s, first)
    ]
    try:
        set_targets(world, copy, quotas)
    except Refused:  # then nothing was copied either
        del world.goals[id_]
        world.audit.pop()
        raise


def _is_there(world: World, copy: Goal, share: Share, first: date) -> bool:
    person = world.people.get(share.who) if share.who else None
    if person is not None and person.left is not None and person.left < first:
        return False
    span = copy.window_on(first)
    return not copy["prorate"] or span is None or works_in(world, (share.kind, share.who), span)


def _moved_on(world: World, goal: Goal) -> dict[str, Any]:
    starts, ends = goal["starts_at"], goal["ends_at"]
    if ends is None:
        span = goal.window_on(max(world.day, starts))
        assert span is not None
        return {"starts_at": span[1] + days.DAY}
    first, last = days.next_span(goal["period"], starts, ends)
    return {"starts_at": first, "ends_at": last}
