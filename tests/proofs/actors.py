"""The processes of the proofs by contention and by kill: loaders, syncs, events, and their nursery.

The nursery forks an actor for each line that it is given, so that each is there at once, as a
process and with a pool of its own. What an actor does it says in a file: before a commit what it
intends, after it that it was done. So whoever kills it knows what must be there.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from time import sleep
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from goals_core import db
from goals_core.actor import Actor
from goals_core.errors import Busy
from goals_core.kinds import SyncMode
from goals_core.services import events, rollover, tenants, tracking
from goals_core.services.events import Event
from tests.proofs import chance, ways
from tests.proofs.things import TABLES, Record

SHARED = ("S1", "S2", "S3")
"""Deals that every loader writes, through the one way in."""
Intent = dict[str, Record | None]
"""What is to become of records, by their external ids; None: they go."""


class Undone(Exception):
    """What a transaction raises to be rolled back."""


@dataclass
class Diary:
    """What an actor says of itself; a line is whole or was never said."""

    path: Path

    def say(self, **facts: Any) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(facts, default=str) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        *whole, _begun = self.path.read_text().split("\n")
        return [json.loads(line) for line in whole]


@dataclass
class Loader:
    """Another program, or this one, that brings and changes records without end."""

    number: int
    rnd: Random
    actor: Actor
    people: list[UUID]
    diary: Diary
    mine: dict[str, Record] = field(default_factory=dict)

    def step(self, number: int) -> None:
        """A transaction; whether it was committed is only in doubt for the last one."""
        module = self.rnd.choice(list(TABLES))
        records, gone = self._some(module, number)
        undone = self.rnd.random() < 0.1
        intent: Intent = {record["external_id"]: record for record in records}
        intent |= {record["external_id"]: None for record in gone}
        self.diary.say(number=number, intent=intent, undone=undone)
        with suppress(Undone), db.tenant_session(self.actor) as session:
            if gone:
                self.rnd.choice((ways.delete, ways.delete_by_ingest))(session, module, gone)
            if records:
                shared = any(record["external_id"] in SHARED for record in records)
                way = ways.by_ingest if shared else self.rnd.choice(ways.WRITES)
                way(session, module, records)
            if undone:
                raise Undone
        self.diary.say(number=number, done=True)
        if not undone:
            self._remember(intent)

    def _some(self, module: str, number: int) -> tuple[list[Record], list[Record]]:
        known = [r for r in self.mine.values() if r["module"] == module]
        some = self.rnd.sample(known, min(len(known), self.rnd.randint(0, 3)))
        records = [chance.changed(self.rnd, r, self.people, TODAY) for r in some]
        for n in range(self.rnd.randint(0, 3)):
            key = f"L{self.number}.{number}.{n}"
            records.append(_of_module(self.rnd, module, self.people, key))
        if module == "sales" and self.rnd.random() < 0.3:
            key = self.rnd.choice(SHARED)
            records.append(_of_module(self.rnd, module, self.people, key))
        rest = [r for r in known if r not in some]
        gone = self.rnd.sample(rest, min(len(rest), self.rnd.choice((0, 0, 1))))
        return [_modest(record) for record in records], gone

    def _remember(self, intent: Intent) -> None:
        for key, record in intent.items():
            if record is None:
                self.mine.pop(key, None)
            elif key not in SHARED:
                self.mine[key] = record


TODAY = date(2026, 5, 20)


def load(spec: dict[str, Any], diary: Diary) -> None:
    loader = Loader(spec["number"], Random(spec["seed"]), _actor(spec), _people(spec), diary)
    for number in range(sys.maxsize):
        loader.step(number)


def sync(spec: dict[str, Any], diary: Diary) -> None:
    """Incremental syncs without end; one that finds another running tries again."""
    rnd, actor = Random(spec["seed"]), _actor(spec)
    while True:
        try:
            done = tracking.sync(actor, mode=SyncMode.INCREMENTAL)
            diary.say(synced=done.mode, updated=done.updated, errors=len(done.errors))
        except Busy:
            diary.say(busy=True)
        sleep(rnd.random() / 50)


def tell(spec: dict[str, Any], diary: Diary) -> None:
    """Deals that are won, which compute their goals at once; the roll-over, beside the syncs."""
    rnd, actor, people = Random(spec["seed"]), _actor(spec), _people(spec)
    for number in range(sys.maxsize):
        key = f"E{spec['number']}.{number // 3}"
        record = _modest(_of_module(rnd, "sales", people, key))
        names = ("external_id", "name", "owner_id", "amount", "currency", "account", "attributes")
        facts = {name: record[name] for name in names} | {"closed_on": TODAY}
        won = record | {"stage": "closed_won", "opened_on": None, "closed_on": TODAY}
        diary.say(number=number, intent={key: won}, undone=False)
        with db.tenant_session(actor) as session:
            said = Event(id=f"{key}.{number}", name="opportunity.won", data=facts)
            events.receive(session, said)
        diary.say(number=number, done=True)
        if rnd.random() < 0.2:
            rollover.roll_over(actor)


def work(spec: dict[str, Any], diary: Diary) -> None:
    """The worker itself, as an operator starts it."""
    diary.say(begun=True)
    environment = os.environ | {"GOALS_DATABASE_URL": spec["url"]}
    command = [sys.executable, "-m", "goals_core", "worker"]
    os.execve(sys.executable, command, environment)  # noqa: S606  (our own program)


ACTORS: dict[str, Callable[[dict[str, Any], Diary], None]] = {
    "load": load,
    "sync": sync,
    "tell": tell,
    "work": work,
}


def parsed(record: dict[str, Any]) -> Record:
    """A record as it was before it was written down."""
    table = TABLES[record["module"]]
    days = {day: record[day] and date.fromisoformat(record[day]) for day in table.days}
    owner = record["owner_id"] and UUID(record["owner_id"])
    return record | days | {"owner_id": owner, table.number: Decimal(record[table.number])}


def main() -> None:
    """The nursery: a line of JSON in, the number of the process out."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            _act(json.loads(line))
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()


def _act(spec: dict[str, Any]) -> None:
    diary = Diary(Path(spec["diary"]))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # the nursery's, which says only numbers there
        os.dup2(nowhere, stream)
    db.connect(spec["url"])
    try:
        ACTORS[spec["actor"]](spec, diary)
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        is_lost = error.connection_invalidated or state is None or state.startswith("57P")
        diary.say(failed=str(error)[:2000], state=state, lost=is_lost)
    except BaseException as error:  # noqa: BLE001  (whatever it is, it is told)
        diary.say(failed=repr(error)[:2000], state=None, lost=False)
    finally:
        os._exit(0)


def _actor(spec: dict[str, Any]) -> Actor:
    return Actor.system(tenants.get_tenant(spec["tenant"]))


def _people(spec: dict[str, Any]) -> list[UUID]:
    return [UUID(each) for each in spec["people"]]


def _of_module(rnd: Random, module: str, people: list[UUID], key: str) -> Record:
    record = chance.some_record(rnd, people, TODAY, key)
    while record["module"] != module:
        record = chance.some_record(rnd, people, TODAY, key)
    return record


def _modest(record: Record) -> Record:
    """Without amounts that make a goal impossible to compute."""
    number = TABLES[record["module"]].number
    return record | {number: min(record[number], Decimal(1_000))}


if __name__ == "__main__":
    main()
