"""Deeds that aim at where mistakes would hide, and chance alone hardly ever gets."""

from datetime import date
from decimal import Decimal
from random import Random
from uuid import UUID

from goals_core.db import tenant_session
from tests.proofs import chance
from tests.proofs.deeds import put
from tests.proofs.shares import Share
from tests.proofs.stage import Stage
from tests.proofs.things import DAY, TABLES, Goal, Record, Window


def around_a_membership(stage: Stage, rnd: Random) -> None:
    """Records of who joins or leaves a team that has a goal, of the days on which they do."""
    share = _some_share(stage, rnd, "team")
    members = [m for m in stage.world.members.values() if share and m.team == share.who]
    if share is None or not members:
        return
    goal, member = stage.world.goals[share.goal_id], rnd.choice(members)
    edges = [member.first - DAY, member.first]
    edges += [] if member.last is None else [member.last, member.last + DAY]
    days = [day for day in edges if share.window.first <= day <= share.window.last]
    records = [_fitting(stage, rnd, goal, member.person) | {goal.day: day} for day in days]
    if records:
        _put(stage, rnd, goal, records)


def a_step_further(stage: Stage, rnd: Random) -> None:
    """A part of somebody's target is reached, past a milestone or up to one."""
    share = _some_share(stage, rnd, "user")
    if share is None or share.who is None or not _has_begun(stage, share.window):
        return
    goal = stage.world.goals[share.goal_id]
    target = goal.target if share.own_target is None else share.own_target
    part = (target * rnd.choice((1, 5, 10, 24, 25, 26, 49)) / 100).quantize(Decimal("0.01"))
    record = _fitting(stage, rnd, goal, share.who) | {goal.day: stage.world.today}
    if goal.field in record:
        record[goal.field] = part
    _put(stage, rnd, goal, [record])


def another_amount(stage: Stage, rnd: Random) -> None:
    """A record that somebody's value counts has another number."""
    share = _some_share(stage, rnd, "user")
    if share is None:
        return
    goal = stage.world.goals[share.goal_id]
    theirs = [record for record in stage.world.records.values() if _counts(record, goal, share)]
    if theirs:
        number = TABLES[goal.module].number
        _put(stage, rnd, goal, [rnd.choice(theirs) | {number: chance.some_amount(rnd)}])


def _counts(record: Record, goal: Goal, share: Share) -> bool:
    is_its = (record["module"], record["entity"]) == (goal.module, goal.entity)
    window = share.window
    return (
        is_its
        and record["owner_id"] == share.who
        and window.first <= (record[goal.day] or date.min) <= window.last
    )


def _some_share(stage: Stage, rnd: Random, kind: str) -> Share | None:
    """Of those whose window is open, of a goal that asks for no certain records."""
    open_ = [
        share
        for share in stage.shares.all
        if share.kind == kind
        and not share.is_closed
        and stage.world.goals[share.goal_id].is_active
        and not stage.world.goals[share.goal_id].filter
    ]
    return rnd.choice(open_) if open_ else None


def _has_begun(stage: Stage, window: Window) -> bool:
    return window.first <= stage.world.today <= window.last


def _fitting(stage: Stage, rnd: Random, goal: Goal, owner: UUID) -> Record:
    """A new record that counts for the goal on whichever day it is."""
    key, today = f"A{rnd.getrandbits(60)}", stage.world.today
    record = chance.some_record(rnd, stage.owners, today, key)
    while (record["module"], record["entity"]) != (goal.module, goal.entity):
        record = chance.some_record(rnd, stage.owners, today, key)
    return record | {
        "owner_id": owner,
        "currency": goal.unit if goal.metric == "currency" else "USD",
    }


def _put(stage: Stage, rnd: Random, goal: Goal, records: list[Record]) -> None:
    with tenant_session(stage.system) as db:
        put(stage, rnd, db, goal.module, records)
