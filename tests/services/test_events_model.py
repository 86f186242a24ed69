"""Random events against a model of a few lines: doubled, out of order, in conflict, incomplete."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.engine.event_log import Received
from goals_core.errors import Invalid
from goals_core.kinds import Metric, Source
from goals_core.models.sources import CustomRecord, Opportunity
from goals_core.services import events, tracking
from goals_core.services.events import Event, EventConflict
from tests.conftest import NOW, new_cast
from tests.makers import from_sales, make_goal, random_rows, standing

DELIVERIES = 10
DAYS = [date(2026, 4, 30), date(2026, 5, 1), date(2026, 5, 20), None]
MAY = (date(2026, 5, 1), date(2026, 5, 20))
SALES = {"module": "sales", "entity": "opportunities"}
CALLS = {"module": "custom", "entity": "calls"}
DEFAULTS: dict[str, Any] = {"owner_id": None, "name": "", "currency": "USD"}
Key = tuple[str, str]


class Refused(Exception):
    """The model says that a delivery is not taken."""


@dataclass
class Model:
    """Each record's columns with when they were last spoken of, and when it was last deleted."""

    columns: dict[Key, dict[str, Any]] = field(default_factory=dict)
    said: dict[Key, dict[str, datetime]] = field(default_factory=dict)
    gone: dict[Key, datetime] = field(default_factory=dict)
    answers: dict[str, tuple[Event, str]] = field(default_factory=dict)

    def deliver(self, batch: list[Event]) -> list[str]:
        new = {each.id: each for each in reversed(batch) if each.id not in self.answers}
        for each in batch:
            first = self.answers[each.id][0] if each.id in self.answers else new[each.id]
            if (first.name, first.data, first.occurred_at) != (
                each.name,
                each.data,
                each.occurred_at,
            ):
                raise EventConflict(event=each.id)
        in_order = [each for each in batch if new.pop(each.id, None)]
        for each in sorted(in_order, key=lambda e: e.occurred_at or NOW):
            self.answers[each.id] = each, self.hear(each, each.occurred_at or NOW)
        return [self.answers[each.id][1] for each in batch]

    def hear(self, event: Event, at: datetime) -> str:
        key = (event.data.get("entity", "opportunities"), event.data["external_id"])
        said = self.said.setdefault(key, {})
        latest = max([*said.values(), *([self.gone[key]] if key in self.gone else [])], default=at)
        if event.name == "record.deleted":
            self.gone[key] = max(at, self.gone.get(key, at))
            if latest > at:
                return "late"
            self.columns.pop(key, None)
            return "deleted"
        if self.gone.get(key, at) > at:
            return "late"
        columns = {
            k: v for k, v in event.data.items() if k not in {"module", "entity", "external_id"}
        }
        if event.name == "opportunity.won":
            columns["stage"] = "closed_won"
        if key not in self.columns:
            self._make(key, columns)
        fresh = {k: v for k, v in columns.items() if said.get(k, at) <= at}
        self.columns[key] |= fresh
        said |= dict.fromkeys(fresh, at)
        return "stored" if fresh or not columns else "late"

    def _make(self, key: Key, named: dict[str, Any]) -> None:
        if key[0] == "opportunities":
            if not {"amount", "currency"} <= named.keys():
                raise Refused
            empty = {"stage": "", "closed_on": None}
        else:
            if "value" not in named:
                raise Refused
            empty = {"status": "", "occurred_on": None}
        self.columns[key] = DEFAULTS | empty

    def value(self, entity: str, number: str, day: str, owner: UUID | None) -> Decimal:
        counted = [
            row[number]
            for (name, _), row in self.columns.items()
            if name == entity
            and row.get("stage", "closed_won") == "closed_won"
            and row[day] is not None
            and MAY[0] <= row[day] <= MAY[1]
            and owner in (None, row["owner_id"])
        ]
        return sum(counted, Decimal(0))


class Talk:
    """A company that is told of its deals and calls, and what the model makes of it."""

    def __init__(self, rnd: Random) -> None:
        self.rnd, self.cast, self.model = rnd, new_cast(), Model()
        self.sent: list[Event] = []
        self.answers: dict[str, Received] = {}
        config = CALLS | {"aggregation": "sum", "field": "value"}
        how = {"metric": Metric.NUMBER, "unit": "calls", "source": Source.CUSTOM}
        calls = from_sales(**how, source_config=config)
        who = (self.cast.rep, None)
        self.sales = [make_goal(self.cast, one, from_sales()) for one in who]
        self.calls = [make_goal(self.cast, one, calls) for one in who]

    def delivery(self) -> list[Event]:
        return [self.event() for _ in range(self.rnd.choice([1, 1, 2, 5]))]

    def event(self) -> Event:
        """A new one, one again, or another content under an id that was used."""
        chance = self.rnd.random()
        if self.sent and chance < 0.25:
            return self.rnd.choice(self.sent)
        one = self.some()
        if self.sent and chance < 0.3:
            one = replace(one, id=self.rnd.choice(self.sent).id)
        self.sent.append(one)
        return one

    def some(self) -> Event:
        rnd = self.rnd
        at = rnd.choice([None, *(datetime(2026, 5, 20, hour, tzinfo=UTC) for hour in range(8))])
        is_sale = rnd.random() < 0.5
        data = (SALES if is_sale else CALLS) | {"external_id": rnd.choice("ab")}
        name = rnd.choices(["record.upserted", "record.deleted"], [4, 1])[0]
        if name == "record.upserted":
            offered = self.offered(is_sale)
            data |= {
                k: offered[k] for k in rnd.sample(sorted(offered), rnd.randint(1, len(offered)))
            }
            if is_sale and rnd.random() < 0.5:
                name, kept = "opportunity.won", {"closed_on": rnd.choice(DAYS[:3])}
                data = {k: v for k, v in data.items() if k not in {*SALES, "stage"}} | kept
        return Event(id=uuid4().hex, name=name, data=data, occurred_at=at)

    def offered(self, is_sale: bool) -> dict[str, Any]:
        rnd, people = self.rnd, (self.cast.rep.user_id, self.cast.second_rep.user_id, None)
        shared = {"owner_id": rnd.choice(people), "name": rnd.choice("xy"), "currency": "USD"}
        amount, day = Decimal(rnd.randint(-500, 5000)) / 100, rnd.choice(DAYS)
        if is_sale:
            stage = rnd.choice(["closed_won", "open"])
            return shared | {"amount": amount, "closed_on": day, "stage": stage}
        return shared | {"value": amount, "occurred_on": day, "status": rnd.choice("pq")}

    def check(self) -> None:
        """Rows and values are as the model says."""
        with tenant_session(self.cast.system) as db:
            found = {
                ("opportunities", row.external_id): row for row in db.scalars(select(Opportunity))
            }
            found |= {
                (row.entity, row.external_id): row for row in db.scalars(select(CustomRecord))
            }
        assert found.keys() == self.model.columns.keys()
        for key, columns in self.model.columns.items():
            assert {name: getattr(found[key], name) for name in columns} == columns
        for goals, *what in ((self.sales, "opportunities", "amount", "closed_on"),
                             (self.calls, "calls", "value", "occurred_on")):  # fmt: skip
            for goal, owner in zip(goals, (self.cast.rep.user_id, None), strict=True):
                assert standing(self.cast.admin, goal).value == self.model.value(*what, owner)


@settings(random_rows, max_examples=8)
@given(st.randoms(use_true_random=True))
def test_records_and_values_are_as_the_model_says(cast, rnd):
    talk = Talk(rnd)
    for _ in range(DELIVERIES):
        batch = talk.delivery()
        deliver(talk, batch)
    talk.check()
    assert tracking.sync(talk.cast.admin).updated == 0


def deliver(talk: Talk, batch: list[Event]) -> None:
    """Both take it and answer the same, an event again as the first time, or both refuse."""
    before = Model(
        {key: dict(row) for key, row in talk.model.columns.items()},
        {key: dict(said) for key, said in talk.model.said.items()},
        dict(talk.model.gone),
        dict(talk.model.answers),
    )
    try:
        expected = talk.model.deliver(batch)
    except (EventConflict, Refused) as refusal:
        talk.model = before
        error = EventConflict if isinstance(refusal, EventConflict) else Invalid
        with tenant_session(talk.cast.system) as db, pytest.raises(error):
            events.receive_many(db, batch)
        return
    with tenant_session(talk.cast.system) as db:
        answers = events.receive_many(db, batch)
    assert [answer.effect for answer in answers] == expected
    for answer in answers:
        assert talk.answers.setdefault(answer.event_id, answer) == answer
