"""A history of deals that come, change and go, by this system and past it."""

from dataclasses import replace
from random import Random
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, update

from goals_core.db import tenant_session
from goals_core.engine import ingest
from goals_core.engine.recompute import recompute
from goals_core.models.sources import Opportunity
from goals_core.sources.catalogue import OPPORTUNITIES as DEALS
from tests.conftest import new_cast
from tests.makers import add_deals, deal
from tests.sources.second_model import Record
from tests.sources.test_facts import put, some_record, some_world

STEPS = 6


class History:
    """Deals that come, change and go, written by this system and past it."""

    def __init__(self, rnd: Random) -> None:
        self.rnd, self.cast = rnd, new_cast()
        self.world, self.goals = some_world(rnd, self.cast)
        records, self.world.records = self.world.records, []
        self.ids = put(self.cast, self.world, self.goals)
        self.people = [each.user_id for each in (self.cast.rep, self.cast.second_rep)]
        self.deals: dict[str, Record] = {}
        self.by_ingest({uuid4().hex: record for record in records})

    def step(self) -> None:
        """Some records are new, some other than before, some gone."""
        rnd = self.rnd
        known = rnd.sample(list(self.deals), min(len(self.deals), rnd.randint(0, 4)))
        new = [uuid4().hex for _ in range(rnd.randint(0, 3))]
        wanted = {key: some_record(rnd, self.people) for key in (*known, *new)}
        for key in known:  # as often only its owner or its day is another
            part = rnd.choice([{}, {"owner": wanted[key].owner}, {"day": wanted[key].day}])
            wanted[key] = replace(self.deals[key], **part) if part else wanted[key]
        rnd.choice([self.by_ingest, self.by_another])(wanted)
        self.perhaps_a_deed()
        gone = rnd.sample(list(self.deals), min(len(self.deals), rnd.randint(0, 2)))
        rnd.choice([self.gone_by_ingest, self.gone_by_another])(gone)
        self.perhaps_a_deed()

    def perhaps_a_deed(self) -> None:
        """Somebody's change of a goal reads records of which the journal still waits."""
        if self.rnd.random() < 0.5:
            with tenant_session(self.cast.admin) as db:
                recompute(db, only=self.rnd.sample(self.ids, self.rnd.randint(1, len(self.ids))))

    def by_ingest(self, wanted: dict[str, Record]) -> None:
        with tenant_session(self.cast.system) as db:
            rows = [row(key, record) for key, record in wanted.items()]
            ingest.put(db, DEALS, [{k: r[k] for k in r if not k.endswith("_at")} for r in rows])
        self.deals |= wanted

    def by_another(self, wanted: dict[str, Record]) -> None:
        for key in wanted.keys() & self.deals.keys():
            change = {k: v for k, v in row(key, wanted[key]).items() if k != "created_at"}
            with tenant_session(self.cast.system) as db:
                this = Opportunity.external_id == key
                db.execute(update(Opportunity).where(this).values(**change))
        new = wanted.keys() - self.deals.keys()
        add_deals(self.cast.tenant, *(row(key, wanted[key]) for key in new))
        self.deals |= wanted

    def gone_by_ingest(self, keys: list[str]) -> None:
        with tenant_session(self.cast.system) as db:
            assert ingest.delete(db, DEALS, [("", key) for key in keys]).changed == len(keys)
        self.forget(keys)

    def gone_by_another(self, keys: list[str]) -> None:
        with tenant_session(self.cast.system) as db:
            db.execute(delete(Opportunity).where(Opportunity.external_id.in_(keys)))
        self.forget(keys)

    def forget(self, keys: list[str]) -> None:
        for key in keys:
            del self.deals[key]


def row(key: str, record: Record) -> dict[str, Any]:
    facts = {"currency": record.currency, "stage": record.stage, "external_id": key}
    return deal(record.owner, record.amount, record.day, **facts)
