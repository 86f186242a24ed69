"""A company whose records change: each deed is done to the engine and told to the other side."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.drafts import Draft, Milestone
from goals_core.kinds import AssigneeType, GoalStatus, GoalType, Metric, Period, Source
from goals_core.models.core import ExchangeRate, TeamMember, User
from goals_core.services import assignments, definitions, teams
from goals_core.sources.filters import ATTRIBUTE
from tests.conftest import NOW, Cast, new_cast
from tests.makers import add, with_settings
from tests.proofs import chance, ways
from tests.proofs.shares import Shares
from tests.proofs.things import Goal, Membership, Record, World, window_on

SetClock = Callable[[datetime], None]
RECORDS, GOALS = 40, 7
Piece = tuple[str, int]


class Stage:
    """The cast, the world that is known of them, and what became of their goals."""

    def __init__(
        self,
        seed: str,
        set_clock: SetClock,
        trace: list[str],
        without: Collection[Piece] = (),
        *,
        rules: chance.Company | None = None,
    ) -> None:
        self.seed, self.without = seed, set(without)
        self.trace = trace
        self._set_clock = set_clock
        self.moment, self.rate_changes = NOW, 0
        set_clock(NOW)
        rnd = self.luck("company")
        hours = range(24) if rules is None else (0,)  # other processes have a clock of their own
        rules = rules or chance.some_company(rnd)
        self.cast = new_cast()
        self.actor = self._under(self.cast.admin, rules)
        self.system = self._under(self.cast.system, rules)
        self.world = self._world(rnd, rules)
        self.shares = Shares(self.world)
        self.move_clock(timedelta(hours=rnd.choice(hours)))
        self._names = _names(self.cast)
        self.people = [self.cast.rep, self.cast.second_rep, self.cast.south_rep]
        self.say(f"{rules}, {self.world.today}")
        self._fill()

    def luck(self, *what: object) -> Random:
        """Of its own for each piece, so that it stays the same when another one is left out."""
        return Random(f"{self.seed} {what}")

    def say(self, line: str) -> None:
        for id_, name in self._names.items():
            line = line.replace(repr(id_), name).replace(str(id_), name)
        self.trace.append(line)

    def has(self, *piece: Any) -> bool:
        return piece not in self.without

    def move_clock(self, by: timedelta) -> None:
        self.moment += by
        self._set_clock(self.moment)
        self.world.today = self.moment.astimezone(ZoneInfo(self.world.zone)).date()

    @property
    def owners(self) -> list[UUID]:
        return [who.user_id for who in self.people if who.user_id]

    def add_record(self, record: Record) -> None:
        self.world.records[record["external_id"]] = record

    def make_goal(self, number: int) -> None:
        """An active goal of a few assignees."""
        rnd = self.luck("goal", number)
        facts = chance.some_goal(rnd, self.world.today)
        facts["filter"] = self._known(facts, facts["filter"])
        if facts["field"] and not self._known(facts, {facts["field"]: 0}):
            return
        with tenant_session(self.actor) as db:
            id_ = definitions.create(db, draft_of(f"goal {number}", facts)).id
            definitions.set_status(db, id_, GoalStatus.ACTIVE)
        goal = Goal(id=id_, name=f"goal {number}", **facts)
        self.world.goals[id_] = goal
        self.say(f"new {goal}")
        for _ in range(rnd.choice((1, 2, 2, 3))):
            self.assign(rnd, goal)

    def assign(self, rnd: Random, goal: Goal) -> None:
        kind = rnd.choice(("user", "user", "team", "team", "tenant"))
        places = {"user": self.owners, "team": list(self.world.leaders), "tenant": [None]}
        who = rnd.choice(places[kind])
        own = None
        if rnd.random() < 0.3:
            own = chance.some_target(rnd, goal.type, is_whole=goal.metric == "count")
        if any((s.kind, s.who) == (kind, who) for s in self.shares.of_goal(goal)):
            return
        day = max(self.world.today, goal.starts)
        day = day if goal.ends is None else min(day, goal.ends)
        window = window_on(goal, day, self.world.fiscal_month)
        assert window is not None
        with tenant_session(self.actor) as db:
            assignments.create(
                db,
                definition_id=goal.id,
                assignee_type=AssigneeType(kind),
                user_id=who if kind == "user" else None,
                team_id=who if kind == "team" else None,
                custom_target=own,
                on=day,
            )
        self.shares.assign(goal, kind, who, window, own)
        self.say(f"assigned {goal.name} to {kind} {who} for {window}, own target {own}")

    def _known(self, facts: dict[str, Any], filter_: dict[str, Any]) -> dict[str, Any]:
        """What the records have: attributes of which there is none are refused."""
        where = (facts["module"], facts["entity"])
        names = {
            ATTRIBUTE + name
            for record in self.world.records.values()
            if (record["module"], record["entity"]) == where
            for name in record["attributes"]
        }
        return {c: w for c, w in filter_.items() if not c.startswith(ATTRIBUTE) or c in names}

    def knows_all_of(self, goal: Goal) -> bool:
        facts = {"module": goal.module, "entity": goal.entity}
        wanted = goal.filter | ({goal.field: 0} if goal.field else {})
        return self._known(facts, wanted) == wanted

    def _under(self, actor: Actor, rules: chance.Company) -> Actor:
        return with_settings(
            actor,
            timezone=rules.zone,
            fiscal_year_start=rules.fiscal_month,
            grace_days=rules.grace_days,
            risk_progress_below=rules.risk_below,
            risk_time_left=rules.risk_time,
        )

    def _world(self, rnd: Random, rules: chance.Company) -> World:
        cast = self.cast
        bosses = {
            _id(cast.second_rep): rnd.choice((None, _id(cast.admin))),
            _id(cast.rep): rnd.choice((None, None, _id(cast.second_rep))),
        }
        with tenant_session(self.system) as db:
            for person, boss in bosses.items():
                db.execute(update(User).where(User.id == person).values(manager_id=boss))
            loose = teams.create_team(db, name="Loose", manager_id=None)
            rows = db.scalars(select(TeamMember)).all()
            members = {
                row.id: Membership(row.id, row.team_id, row.user_id, row.member_from, row.member_to)
                for row in rows
            }
        leaders: dict[UUID, UUID | None] = {
            cast.north: cast.manager.user_id,
            cast.south: cast.south_manager.user_id,
            loose: None,
        }
        return World(
            **vars(rules),
            today=date.min,
            admins=(_id(cast.admin),),
            managers={_id(who): None for who in _people(cast)} | bosses,
            leaders=leaders,
            members=members,
        )

    def _fill(self) -> None:
        """Records, rates and memberships, and then the goals."""
        records = [
            chance.some_record(self.luck("record", n), self.owners, self.world.today, f"R{n}")
            for n in range(RECORDS)
            if self.has("record", n)
        ]
        with tenant_session(self.system) as db:
            for module in ("sales", "billing", "commissions", "custom"):
                mine = [record for record in records if record["module"] == module]
                if mine:
                    ways.at_once(db, module, mine)
        for record in records:
            self.add_record(record)
            self.say(f"record {record}")
        rnd = self.luck("rates")
        for _ in range(rnd.randint(0, 12)):
            self.set_rate(rnd)
        for number in range(GOALS):
            if self.has("goal", number):
                self.make_goal(number)

    def set_rate(self, rnd: Random) -> None:
        """A rate that is new; where there is one it stays."""
        pair = rnd.choice((("EUR", "USD"), ("EUR", "USD"), ("USD", "EUR"), ("JPY", "USD")))
        day = chance.some_day(rnd, self.world.today)
        rate = chance.some_rate(rnd)
        if (*pair, day) not in self.world.rates:
            row = {"from_currency": pair[0], "to_currency": pair[1], "day": day, "rate": rate}
            add(self.cast.tenant, ExchangeRate, row)
            self.world.rates[*pair, day] = rate
            self.rate_changes += 1
            self.say(f"rate {pair} {day}: {rate}")

    def change_goal(self, goal: Goal, **parts: Any) -> None:
        """Other settings; every open assignment follows at once."""
        after = replace(goal, **parts)
        with tenant_session(self.actor) as db:
            version = definitions.get(db, goal.id).version
            definitions.update(db, goal.id, draft_of(after.name, vars(after)), version=version)
        self.world.goals[goal.id] = after
        shares = self.shares.of_goal(goal)
        for share in shares:
            is_raised = share.own_target is None and after.target > goal.target
            share.is_raised |= is_raised and not share.is_closed
        self.shares.compute(shares)
        self.say(f"{goal.name}: {parts}")


def draft_of(name: str, facts: dict[str, Any]) -> Draft:
    """What a form would give the engine."""
    config = {
        "module": facts["module"],
        "entity": facts["entity"],
        "filter": facts["filter"],
        "aggregation": facts["aggregation"],
    }
    config |= {k: facts[k] for k in ("field", "date_field") if facts[k] is not None}
    return Draft(
        name=name,
        type=GoalType(facts["type"]),
        metric=Metric(facts["metric"]),
        target_value=facts["target"],
        unit=facts["unit"],
        period=Period(facts["period"]),
        starts_at=facts["starts"],
        ends_at=facts["ends"],
        source=Source(facts["module"]),
        source_config=config,
        milestones=tuple(Milestone(p, notify=n) for p, n in facts["milestones"].items()),
        range_min=facts["low"],
        range_max=facts["high"],
    )


def _people(cast: Cast) -> list[Actor]:
    return [cast.admin, cast.analyst, cast.manager, cast.rep, cast.second_rep, cast.south_manager,
            cast.south_rep]  # fmt: skip


def _names(cast: Cast) -> dict[UUID, str]:
    """What people and teams are called in a trace."""
    names = ("admin", "manager", "rep", "second_rep", "south_rep")
    people = {_id(getattr(cast, name)): name for name in names}
    return people | {cast.north: "North", cast.south: "South"}


def _id(actor: Actor) -> UUID:
    assert actor.user_id is not None
    return actor.user_id
