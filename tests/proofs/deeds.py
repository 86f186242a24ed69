"""What people and other programs do in a history; all choices come from `rnd`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import delete, func, select, tuple_, update

from goals_core.db import TenantSession, tenant_session
from goals_core.engine.recompute import recompute
from goals_core.kinds import GoalStatus
from goals_core.models.core import ExchangeRate, TeamMember
from goals_core.models.goals import Assignment
from goals_core.services import definitions, events, teams
from goals_core.services.events import Event
from tests.proofs import chance, ways
from tests.proofs.stage import Stage
from tests.proofs.things import DAY, Membership, Record

Deed = Callable[[Stage, Random], None]


class Undone(Exception):
    """What a transaction raises to be rolled back."""


def write(stage: Stage, rnd: Random) -> None:
    with tenant_session(stage.system) as db:
        _write(stage, rnd, db)


def write_in_parts(stage: Stage, rnd: Random) -> None:
    """A transaction of several statements, of which a savepoint takes some back."""
    with tenant_session(stage.system) as db:
        _write(stage, rnd, db)
        before = dict(stage.world.records)
        try:
            with db.begin_nested():
                _write(stage, rnd, db)
                _undo()
        except Undone:
            stage.world.records = before
            stage.say("  … which the savepoint took back")
        _write(stage, rnd, db)


def write_in_vain(stage: Stage, rnd: Random) -> None:
    before = dict(stage.world.records)
    try:
        with tenant_session(stage.system) as db:
            _write(stage, rnd, db)
            _undo()
    except Undone:
        stage.world.records = before
        stage.say("  … which was rolled back")


def hand_over(stage: Stage, rnd: Random) -> None:
    """All that somebody has of one module is another's, or moves by some days, at once."""
    module, owner = rnd.choice(list(ways.TABLES)), rnd.choice(stage.owners)
    mine = [r for r in of(stage, module) if r["owner_id"] == owner]
    day, by = ways.TABLES[module].days[0], rnd.randint(-9, 9) * DAY
    other = rnd.choice([*stage.owners, None])
    if rnd.random() < 0.5:
        moved = [r | {"owner_id": other} for r in mine]
    else:
        moved = [r | {day: r[day] and r[day] + by} for r in mine]
    if moved:
        with tenant_session(stage.system) as db:
            put(stage, rnd, db, module, moved)


def forget(stage: Stage, rnd: Random) -> None:
    module = rnd.choice(list(ways.TABLES))
    known = of(stage, module)
    gone = rnd.sample(known, min(len(known), rnd.choice((1, 2, 3, 20))))
    way = rnd.choice((ways.delete, ways.delete_by_ingest))
    with tenant_session(stage.system) as db:
        way(db, module, gone)
    for record in gone:
        del stage.world.records[record["external_id"]]
        stage.say(f"{way.__name__} {record['external_id']}")


def win(stage: Stage, rnd: Random) -> None:
    """The event opportunity.won, which computes what it concerns."""
    known = [record["external_id"] for record in of(stage, "sales")]
    key = rnd.choice([*known, f"W{rnd.getrandbits(60)}"])
    some = chance.some_record(rnd, stage.owners, stage.world.today, key)
    was = stage.world.records.get(key, {"opened_on": None})
    facts = {
        "external_id": key,
        "name": "A deal",
        "owner_id": some["owner_id"],
        "account": "",
        "amount": chance.some_amount(rnd),
        "currency": some["currency"],
        "closed_on": chance.some_day(rnd, stage.world.today),
        "attributes": some["attributes"],
    }
    with tenant_session(stage.system) as db:
        event = Event(id=f"{rnd.getrandbits(60)}", name="opportunity.won", data=facts)
        events.receive(db, event)
    kind = {"module": "sales", "entity": "opportunities", "stage": "closed_won"}
    stage.add_record(was | facts | kind)
    stage.shares.compute(stage.shares.all)
    stage.say(f"won {facts}")


def rate(stage: Stage, rnd: Random) -> None:
    """A rate appears, is another, or is gone."""
    if not stage.world.rates or rnd.random() < 0.5:
        stage.set_rate(rnd)
        return
    pair = rnd.choice(sorted(stage.world.rates))
    this = (
        ExchangeRate.from_currency == pair[0],
        ExchangeRate.to_currency == pair[1],
        ExchangeRate.day == pair[2],
    )
    with tenant_session(stage.system) as db:
        if rnd.random() < 0.5:
            db.execute(delete(ExchangeRate).where(*this))
            del stage.world.rates[pair]
        else:
            stage.world.rates[pair] = chance.some_rate(rnd)
            new = {"rate": stage.world.rates[pair]}
            db.execute(update(ExchangeRate).where(*this).values(new))
    stage.rate_changes += 1
    stage.say(f"rate {pair}: {stage.world.rates.get(pair)}")


def join(stage: Stage, rnd: Random) -> None:
    """Somebody is in a team from a day on that overlaps no other time of theirs."""
    team, person = rnd.choice(list(stage.world.leaders)), rnd.choice(stage.owners)
    first, last = _some_span(rnd, stage.world.today)
    new = Membership(stage.cast.north, team, person, first, last)
    if _overlaps(stage, new):
        return
    with tenant_session(stage.actor) as db:
        facts = {"team_id": team, "user_id": person, "member_from": first}
        teams.add_member(db, **facts, member_to=last)
        mine = [getattr(TeamMember, name) == value for name, value in facts.items()]
        id_ = db.scalars(select(TeamMember.id).where(*mine)).one()
    stage.world.members[id_] = replace(new, id=id_)
    _team_follows(stage, team)
    stage.say(f"{person} is in {team} {first}..{last}")


def leave(stage: Stage, rnd: Random) -> None:
    """A membership begins or ends on another day; most of them end."""
    if not stage.world.members:
        return
    was = stage.world.members[rnd.choice(sorted(stage.world.members))]
    first, last = _some_span(rnd, stage.world.today)
    first = rnd.choice((was.first, first))
    if last is not None and last < first:
        first, last = last, first
    new = replace(was, first=first, last=last)
    if _overlaps(stage, new):
        return
    with tenant_session(stage.actor) as db:
        teams.change_membership(db, was.id, member_from=first, member_to=last)
    stage.world.members[was.id] = new
    _team_follows(stage, was.team)
    stage.say(f"{was.person} is in {was.team} {first}..{last}, no longer as {was}")


def read(stage: Stage, rnd: Random) -> None:
    """Somebody's deed computes some goals, of whose records the journal still waits."""
    some = [share for share in stage.shares.all if rnd.random() < 0.4]
    with tenant_session(stage.actor) as db:
        keys = tuple_(
            Assignment.definition_id,
            Assignment.period_start,
            func.coalesce(Assignment.user_id, Assignment.team_id, stage.cast.tenant.id),
        )
        wanted = [(s.goal_id, s.window.first, s.who or stage.cast.tenant.id) for s in some]
        ids = db.scalars(select(Assignment.id).where(keys.in_(wanted))).all() if some else []
        recompute(db, only=ids)
    stage.shares.compute(some)
    stage.say(f"computed {[(stage.world.goals[s.goal_id].name, s.kind) for s in some]}")


def new_goal(stage: Stage, rnd: Random) -> None:
    stage.make_goal(rnd.randrange(100, 10_000))


def assign(stage: Stage, rnd: Random) -> None:
    if goals := [g for g in stage.world.goals.values() if g.is_active]:
        stage.assign(rnd, rnd.choice(goals))


def edit(stage: Stage, rnd: Random) -> None:
    """Another target, filter or range."""
    if not stage.world.goals:
        return
    goal = rnd.choice(list(stage.world.goals.values()))
    target = chance.some_target(rnd, goal.type, is_whole=goal.metric == "count")
    part: dict[str, Any] = {"target": target}
    if rnd.random() < 0.5:
        part = {"filter": chance.some_filter(rnd, goal.module, stage.world.today)}
    elif goal.type == "maintain":
        part = {"low": None, "high": Decimal(rnd.randint(0, 300))}
    if stage.knows_all_of(replace(goal, **part)):
        stage.change_goal(goal, **part)


def pause(stage: Stage, rnd: Random) -> None:
    """A goal is paused, or goes on and catches up."""
    if not stage.world.goals:
        return
    goal = rnd.choice(list(stage.world.goals.values()))
    status = GoalStatus.PAUSED if goal.is_active else GoalStatus.ACTIVE
    with tenant_session(stage.actor) as db:
        definitions.set_status(db, goal.id, status)
    stage.world.goals[goal.id] = replace(goal, is_active=not goal.is_active)
    stage.shares.compute(stage.shares.of_goal(goal))
    stage.say(f"{goal.name} is {status}")


def wait(stage: Stage, rnd: Random) -> None:
    days = rnd.choice((0, 1, 1, 1, 2, 4, 9))
    stage.move_clock(timedelta(days=days, hours=rnd.randint(0, 12)))
    stage.say(f"it is {stage.world.today}")


def put(stage: Stage, rnd: Random, db: TenantSession, module: str, records: list[Record]) -> None:
    way = rnd.choice(ways.WRITES)
    way(db, module, records)
    for record in records:
        was = stage.world.records.get(record["external_id"], {})
        new = {name: value for name, value in record.items() if was.get(name) != value}
        stage.say(f"{way.__name__} {record['external_id']}: {new}")
        stage.add_record(record)


def of(stage: Stage, module: str) -> list[Record]:
    return [record for record in stage.world.records.values() if record["module"] == module]


def _undo() -> None:
    raise Undone


def _write(stage: Stage, rnd: Random, db: TenantSession) -> None:
    """Some records of one module are new, some other than before."""
    module = rnd.choice(list(ways.TABLES))
    known = of(stage, module)
    some = rnd.sample(known, min(len(known), rnd.randint(0, 4)))
    people, today = stage.owners, stage.world.today
    wanted = [chance.changed(rnd, record, people, today) for record in some]
    for _ in range(rnd.randint(0, 3)):
        record = chance.some_record(rnd, people, today, f"N{rnd.getrandbits(60)}")
        wanted += [record] if record["module"] == module else []
    if wanted:
        put(stage, rnd, db, module, wanted)


def _some_span(rnd: Random, today: date) -> tuple[date, date | None]:
    first, last = sorted(chance.some_day(rnd, today) for _ in range(2))
    return first, rnd.choice((last, last, None))


def _overlaps(stage: Stage, new: Membership) -> bool:
    return any(
        (m.team, m.person) == (new.team, new.person)
        and m.id != new.id
        and m.first <= (new.last or date.max)
        and new.first <= (m.last or date.max)
        for m in stage.world.members.values()
    )


def _team_follows(stage: Stage, team: Any) -> None:
    stage.shares.compute([s for s in stage.shares.all if (s.kind, s.who) == ("team", team)])
