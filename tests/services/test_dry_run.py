"""A dry run: random records counted by the database and by plain Python; who may know what."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select, text

from goals_core.db import tenant_session
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.kinds import AssigneeType, GoalStatus, GoalType, Metric, Period
from goals_core.models.core import ExchangeRate, TeamMember
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Window
from goals_core.services import teams
from goals_core.services.dry_run import Change, DryRun, Try, dry_run
from goals_core.services.receipts import Owner
from tests import makers
from tests.conftest import Cast
from tests.makers import TODAY, add, add_deals, deal, from_sales, make_definition

DAY = timedelta(days=1)
CENT = Decimal("0.01")
FIRST = date(2026, 4, 20)  # a Monday; 30 days later is today
WEEKS = [Window(date(2026, 5, 18) - n * 7 * DAY, date(2026, 5, 24) - n * 7 * DAY) for n in range(4)]
COMPANY = Owner(AssigneeType.TENANT)
AGGREGATIONS = ("sum", "count", "avg", "min", "max")
FILTERS: list[dict[str, Any]] = [
    {},
    {"stage": "closed_won"},
    {"stage": ["closed_won", "open"], "amount": {"gte": 20}},
    {"attributes.score": {"gt": 3}},
]


def person(actor) -> Owner:
    return Owner(AssigneeType.USER, actor.user_id)


def team(id_) -> Owner:
    return Owner(AssigneeType.TEAM, id_)


def weekly(config=None, **more) -> Any:
    return from_sales(period=Period.WEEKLY, config=config, type=GoalType.LIMIT, **more)


def run(actor, draft, *owners, **more) -> DryRun:
    with tenant_session(actor) as db:
        found = dry_run(db, draft, assignees=owners, **more)
    assert found is not None
    return found


class Model:
    """The same told a second time, record by record."""

    def __init__(self, records, rates, members, owners, *, sees_all):
        self.records, self.rates, self.members = records, rates, members
        self.owners, self.sees_all = owners, sees_all

    def tries(self, new, live) -> list[Try]:
        return [self._try(window, new, live) for window in WEEKS]

    def undated(self, new) -> int:
        return sum(
            r[new["date_field"]] is None and self._fits(r, new) and self._is_theirs(r, None)
            for r in self.records
        )

    def _try(self, window, new, live) -> Try:
        mine = [r for r in self.records if self._counts(r, new, window)]
        adds = [self._adds(r, new) for r in mine]
        is_foreign = [new["field"] is not None and r["currency"] != "USD" for r in mine]
        converted = sum(f and each is not None for f, each in zip(is_foreign, adds, strict=True))
        no_number = sum(self._number(r, new) is None for r in mine)
        nobodys = [
            r
            for r in self.records
            if r["owner_id"] is None and self._falls(r, new, window) and self._fits(r, new)
        ]
        return Try(
            window=window,
            value=self._value(new, adds),
            records=len(mine),
            converted=converted,
            no_rate=adds.count(None) - no_number,
            no_number=no_number,
            ownerless=len(nobodys) if self.sees_all else None,
            change=self._change(window, new, live, mine) if live and live != new else None,
        )

    def _change(self, window, new, live, mine) -> Change:
        was = [r for r in self.records if self._counts(r, live, window)]
        return Change(
            value=self._value(live, [self._adds(r, live) for r in was]),
            records=len(was),
            gained=sum(not self._counts(r, live, window) for r in mine),
            lost=sum(not self._counts(r, new, window) for r in was),
        )

    def _counts(self, r, config, window) -> bool:
        day = r[config["date_field"]]
        return self._falls(r, config, window) and self._fits(r, config) and self._is_theirs(r, day)

    def _falls(self, r, config, window) -> bool:
        day = r[config["date_field"]]
        return day is not None and window.start <= day <= min(window.end, TODAY)

    def _is_theirs(self, r, day) -> bool:
        if COMPANY in self.owners or not self.owners:
            return True
        return person_of(r) in self.owners or any(
            team(t) in self.owners
            and who == r["owner_id"]
            and (day is None or (first <= day and (last is None or day <= last)))
            for t, who, first, last in self.members
        )

    def _fits(self, r, config) -> bool:
        for column, wanted in config["filter"].items():
            if column == "stage" and r["stage"] not in (
                [wanted] if type(wanted) is str else wanted
            ):
                return False
            if column == "amount" and r["amount"] < wanted["gte"]:
                return False
            score = r["attributes"].get("score")
            if column == "attributes.score" and (type(score) is not int or score <= wanted["gt"]):
                return False
        return True

    def _number(self, r, config) -> Decimal | None:
        if config["aggregation"] == "count":
            return Decimal(1)
        if config["field"] == "amount":
            return r["amount"]
        score = r["attributes"].get("score")
        return Decimal(score) if type(score) is int else None

    def _adds(self, r, config) -> Decimal | None:
        number = self._number(r, config)
        if config["field"] is None or r["currency"] == "USD" or number is None:
            return number
        for days_ago in range(7):
            day = r[config["date_field"]] - days_ago * DAY
            if rate := self.rates.get((r["currency"], day)):
                return (number * rate).quantize(CENT, ROUND_HALF_UP)
        return None

    def _value(self, config, adds) -> Decimal | None:
        values = [each for each in adds if each is not None]
        how = config["aggregation"]
        if how in {"sum", "count"}:
            return sum(values, Decimal(0))
        if not values:
            return None
        if how == "avg":
            mean = Fraction(sum(values)) / len(values)
            exact = Decimal(mean.numerator) / mean.denominator
            return exact.quantize(CENT, ROUND_HALF_UP)
        return min(values) if how == "min" else max(values)


def person_of(r) -> Owner:
    return Owner(AssigneeType.USER, r["owner_id"])


def some_config(rnd: Random) -> dict[str, Any]:
    how = rnd.choice(AGGREGATIONS)
    field = None if how == "count" else rnd.choice(["amount", "amount", "attributes.score"])
    return {
        "filter": rnd.choice(FILTERS),
        "aggregation": how,
        "field": field,
        "date_field": rnd.choice(["closed_on", "closed_on", "opened_on"]),
    }


def some_record(rnd: Random, people) -> dict[str, Any]:
    def some_day():
        return rnd.choice([FIRST + rnd.randint(0, 36) * DAY] * 4 + [None])

    return deal(
        rnd.choice([*people, None]),
        Decimal(rnd.randint(-3000, 9000)) / 100,
        some_day(),
        opened_on=some_day(),
        stage=rnd.choice(["closed_won", "closed_won", "open"]),
        currency=rnd.choice(["USD", "USD", "EUR", "JPY"]),
        attributes=rnd.choice([{}, {"score": rnd.randint(1, 9)}, {"score": "high"}]),
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_it_counts_what_plain_python_counts(cast: Cast, seed: int):
    rnd, people = Random(seed), (cast.rep, cast.second_rep, cast.south_rep)
    records = [some_record(rnd, people) for _ in range(90)]
    with tenant_session(cast.admin) as db:
        new_team = teams.create_team(db, name="New", manager_id=None)
        goal = make_definition(db, weekly())
    members = [(new_team, p.user_id, FIRST, FIRST + rnd.randint(5, 30) * DAY) for p in people]
    rates = {("EUR", FIRST + n * DAY): Decimal(rnd.randint(1, 300)) / 100 for n in (3, 9, 27)}
    put(cast, records, members, rates)
    everyone = [
        (),
        (COMPANY,),
        (person(cast.rep),),
        (team(new_team),),
        (team(new_team), person(cast.rep)),
        (person(cast.rep), person(cast.south_rep), team(cast.south)),
    ]
    members += [(cast.south, cast.south_rep.user_id, date(2020, 1, 1), None)]
    changes = 0
    for owners in everyone * 2:
        live, new = some_config(rnd), some_config(rnd)
        model = Model(records, rates, members, owners, sees_all=True)
        with tenant_session(cast.admin) as db:
            kept = db.get_one(Definition, (db.tenant_id, goal))
            kept.source_config = weekly(live).source_config
        found = run(cast.admin, weekly(new), *owners, definition_id=goal)
        assert list(found.windows) == model.tries(new, live)
        assert found.undated == model.undated(new)
        if found.is_change:
            gained = sum(one.change.gained for one in found.windows)
            lost = sum(one.change.lost for one in found.windows)
            assert (len(found.gained), len(found.lost)) == (min(10, gained), min(10, lost))
            changes += gained + lost
    assert changes > 60


def put(cast: Cast, records, members, rates) -> None:
    add_deals(cast.tenant, *records)
    columns = ("team_id", "user_id", "member_from", "member_to")
    add(cast.tenant, TeamMember, *(dict(zip(columns, m, strict=True)) for m in members))
    for (currency, day), rate in rates.items():
        row = {"from_currency": currency, "to_currency": "USD", "day": day, "rate": rate}
        add(cast.tenant, ExchangeRate, row)


@pytest.fixture
def won(cast):
    """A deal of each person and of nobody this week, and a lost one and an undated one."""
    add_deals(
        cast.tenant,
        deal(cast.rep, 100, name="First"),
        deal(cast.rep, 40, TODAY - DAY, stage="closed_lost", name="Lost"),
        deal(cast.south_rep, 1000),
        deal(None, 5),
        deal(cast.rep, 7, None),
        deal(None, 9, None),
    )


def told(found: DryRun) -> tuple[object, ...]:
    now = found.windows[0]
    return now.value, now.records, now.ownerless, found.undated


def test_each_learns_of_the_records_of_the_people_whose_goals_they_set(cast, won):
    assert told(run(cast.admin, weekly())) == (1105, 3, 1, 2)
    assert told(run(cast.admin, weekly(), person(cast.rep))) == (100, 1, 1, 1)
    assert told(run(cast.manager, weekly())) == (100, 1, None, 1)
    assert told(run(cast.manager, weekly(), team(cast.north))) == (100, 1, None, 1)
    assert told(run(cast.south_manager, weekly(), person(cast.south_rep))) == (1000, 1, None, 0)


def test_whoever_is_not_theirs_to_assign_is_not_theirs_to_try(cast, won):
    refused = [
        (cast.manager, COMPANY, NotAllowed),
        (cast.manager, person(cast.south_rep), NotAllowed),
        (cast.manager, team(cast.south), NotAllowed),
        (cast.manager, person(cast.manager), NotAllowed),
        (cast.manager, person(cast.other_manager), NotFound),
        (cast.rep, person(cast.rep), NotAllowed),
        (cast.analyst, COMPANY, NotAllowed),
    ]
    for actor, owner, error in refused:
        with tenant_session(actor) as db, pytest.raises(error):
            dry_run(db, weekly(), assignees=[owner])


def test_a_goal_out_of_sight_is_not_found(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, weekly())
    with tenant_session(cast.manager) as db, pytest.raises(NotFound):
        dry_run(db, weekly(), definition_id=goal)


def test_a_change_says_what_it_gains_and_loses_against_the_live_version(cast, won):
    with tenant_session(cast.manager) as db:
        goal = make_definition(db, weekly())
    lost = weekly({"filter": {"stage": "closed_lost"}})
    found = run(cast.manager, lost, person(cast.rep), definition_id=goal)
    now = found.windows[0]
    assert (now.value, now.change) == (40, Change(Decimal(100), 1, gained=1, lost=1))
    assert [(r.name, r.owner, r.counted) for r in found.gained] == [("Lost", "Rep", 40)]
    assert [(r.name, r.owner, r.counted) for r in found.lost] == [("First", "Rep", 100)]


def test_another_kind_of_records_gains_all_and_loses_all(cast, won):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, weekly())
    bills = replace(
        weekly(),
        source="billing",
        source_config={"module": "billing", "entity": "invoices", "aggregation": "count"},
        metric=Metric.COUNT,
    )
    makers.add(cast.tenant, makers.Invoice, makers.invoice(cast.rep, 5, name="Bill"))
    found = run(cast.admin, bills, definition_id=goal)
    assert found.windows[0].change == Change(Decimal(1105), 3, gained=1, lost=3)
    assert [line.name for line in found.gained] == ["Bill"]


@pytest.mark.parametrize("status", list(GoalStatus))
def test_only_what_is_tracked_is_a_live_version(cast, won, status):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, weekly(), status=status)
    found = run(cast.admin, weekly({"filter": {}}), definition_id=goal)
    assert found.is_change is (status in {GoalStatus.ACTIVE, GoalStatus.PAUSED})


def test_the_same_source_and_one_that_is_not_valid_any_more_are_no_live_version(cast, won):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, weekly())
    assert not run(cast.admin, weekly(name="Other"), definition_id=goal).is_change
    with tenant_session(cast.admin) as db:
        db.get_one(Definition, (db.tenant_id, goal)).source_config = makers.WON | {"field": "hue"}
    assert not run(cast.admin, weekly({"filter": {}}), definition_id=goal).is_change


def test_the_windows_are_those_of_the_goal_and_before_it_whole_ones(cast):
    months = [
        one.window for one in run(cast.admin, from_sales(starts_at=date(2026, 4, 10))).windows
    ]
    assert months == [
        Window(date(2026, 5, 1), date(2026, 5, 31)),
        Window(date(2026, 4, 10), date(2026, 4, 30)),
        Window(date(2026, 3, 1), date(2026, 3, 31)),
        Window(date(2026, 2, 1), date(2026, 2, 28)),
    ]


def test_there_is_none_of_a_goal_by_hand_and_what_cannot_be_saved_cannot_be_tried(cast):
    with tenant_session(cast.admin) as db:
        assert dry_run(db, makers.by_hand()) is None
        with pytest.raises(Invalid):
            dry_run(db, weekly({"field": "hue"}))


def test_it_writes_nothing_and_sends_as_many_statements_for_many_records_as_for_few(cast, won):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, weekly())
    draft = weekly({"filter": {}})

    def sent() -> int:
        with tenant_session(cast.admin) as db:
            db.execute(text("SET TRANSACTION READ ONLY"))  # the database refuses whatever writes
            owners = (team(cast.north), person(cast.rep))
            with makers.statements() as statements:
                assert dry_run(db, draft, assignees=owners, definition_id=goal)
        return len(statements)

    before = sent()
    add_deals(cast.tenant, *(deal(cast.rep, n, name="Many") for n in range(40)))
    assert sent() == before < 12
    with tenant_session(cast.admin) as db:
        counts = [db.scalar(select(func.count()).select_from(t)) for t in (Definition, Assignment)]
        assert counts == [1, 0]
