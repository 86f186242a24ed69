"""What time, people and settings change in the model."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from goals_core.kinds import (
    AssignmentStatus,
    Period,
)
from tests.engine import day_by_day as days
from tests.engine.deeds import ACTIVE, LIFE, find, follow, new_share
from tests.engine.model import Refused, World
from tests.engine.things import Member, Share


def roll_over(world: World) -> tuple[int, int]:
    """(begun, closed)"""
    begun = begin_windows(world)
    due = [s for s in world.shares if world.is_tracked(s) and world.is_over(s, world.day)]
    world.compute(due)
    return begun, len(due)


def sync(world: World) -> None:
    begin_windows(world)
    world.compute(world.shares)


def begin_windows(world: World) -> int:
    """Each chain gets its next windows until today's, however many were missed."""
    begun = 0
    while due := [share for share in world.shares if _goes_on(world, share)]:
        for share in due:
            share.goes_on = False
            first = share.end + days.DAY
            span, who = share.goal.window_on(first), (share.kind, share.who)
            if span is None or find(world, share.goal, who, first):
                continue
            new = new_share(world, share.goal, who, (first, span[1]), share.own, share.notes)
            follow(world, [new])
            world.compute([new])
            begun += 1
    return begun


def _goes_on(world: World, share: Share) -> bool:
    goal, person = share.goal, world.people.get(share.who) if share.who else None
    return (
        share.goes_on
        and share.end < world.day
        and share.status is not AssignmentStatus.CANCELLED
        and goal.status is ACTIVE
        and goal["period"] is not Period.CUSTOM
        and (goal["ends_at"] is None or share.end < goal["ends_at"])
        and (person is None or person.left is None or person.left > share.end)
    )


def set_employment(world: World, id_: UUID, hired: date | None, left: date | None) -> None:
    if hired and left and left < hired:
        raise Refused("Invalid", "left_on")
    person = world.people[id_]
    before = {"hired_on": person.hired, "left_on": person.left}
    after = {"hired_on": hired, "left_on": left}
    if before != after:  # saying the same again is no deed
        world.note("user:employment_changed", id_, before, after)
    person.hired, person.left = hired, left
    mine = [s for s in world.shares if s.who == id_ and s.goal["prorate"]]
    mine = [s for s in mine if LIFE[s.goal.status]]
    follow(world, mine)
    world.compute(mine)


def join(world: World, team: UUID, person: UUID, first: date, last: date | None) -> None:
    if last is not None and last < first:
        raise Refused("Invalid", "member_to")
    for member in world.members:
        if (member.team, member.person) == (team, person) and any(
            member.on(day) for day in days.of(first, last or world.day + timedelta(days=400))
        ):
            raise Refused("MemberAlready")
    world.members.append(Member(team, person, first, last))
    facts = {"user_id": person, "member_from": first, "member_to": last}
    world.note("team:joined", team, after=facts)
    _compute_of(world, team)


def leave(world: World, team: UUID, person: UUID, last_day: date) -> None:
    for member in world.members:
        if (member.team, member.person) == (team, person) and member.on(last_day):
            before = {"member_to": member.last}
            member.last = last_day
            after = {"user_id": person, "member_to": last_day}
            world.note("team:left", team, before, after)
            _compute_of(world, team)
            return
    raise Refused("NotAMember")


def _compute_of(world: World, team: UUID) -> None:
    """What is counted of a team follows its members at once."""
    world.compute([s for s in world.shares if s.who == team and not s.goal.by_hand])


def change_settings(world: World, tenant: UUID, new: dict[str, Any]) -> None:
    bad = {n for n in ("risk_progress_below", "risk_time_left") if not 0 <= new[n] <= 100}
    bad |= set() if 0 <= new["grace_days"] <= 60 else {"grace_days"}
    bad |= set() if new["workweek"] else {"workweek"}
    if bad:
        raise Refused("Invalid", *bad)
    before, world.settings = world.settings, new
    world.note("tenant:changed", tenant, before, new)
    if before["workweek"] != new["workweek"]:
        prorate = [s for s in world.shares if s.goal["prorate"]]
        follow(world, [s for s in prorate if LIFE[s.goal.status]])
    if before != new:
        world.compute(world.shares)
