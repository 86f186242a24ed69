"""What must hold after a crash or a crowd: told by the records, the log, and no history of syncs.

How many syncs there were, and what each of them saw, nobody knows. But values follow from the
records; and of a target everything that was noted and told follows from the values in its log.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from goals_core.actor import Actor
from goals_core.db import TenantSession, tenant_session
from tests.proofs import state
from tests.proofs.actors import SHARED, Intent
from tests.proofs.crowd import Process, intents
from tests.proofs.expected import Computed, Found
from tests.proofs.shares import Share, Shares
from tests.proofs.things import TABLES, Record, World


def records_of(actor: Actor) -> dict[str, Record]:
    """Every record that is there."""
    found = {}
    with tenant_session(actor) as db:
        for module, table in TABLES.items():
            columns = ", ".join(table.columns)
            query = text(f"SELECT {columns} FROM {table.name} WHERE tenant_id = :t")
            for row in db.execute(query, {"t": db.tenant_id}).mappings():
                entity = {"entity": table.entity} if table.entity else {}
                found[row["external_id"]] = {"module": module, **entity, **row}
    return found


def account_for(world: World, gone: list[Process], there: dict[str, Record]) -> Counter[str]:
    """The records are those that were committed, and of each last transaction all or nothing."""
    counted: Counter[str] = Counter()
    wanted = dict(world.records)
    for process in gone:
        sure, doubtful = intents(process)
        for intent in sure:
            _apply(wanted, intent)
        counted["acknowledged"] += len(sure)
        if doubtful and _own(doubtful) and _is_there(doubtful, there):
            counted["committed, and nobody was told"] += 1
            _apply(wanted, doubtful)
    shared = {key: there[key] for key in SHARED if key in there}
    wanted = {key: record for key, record in wanted.items() if key not in SHARED} | shared
    state.same("records", _differing(there, wanted), _differing(wanted, there))
    world.records = there
    return counted


def check(shares: Shares, actor: Actor, starts: dict[Any, list[int]]) -> None:
    """Every value, log, mark and word; `starts` are the values that each log began with."""
    with tenant_session(actor) as db:
        state.check_journal(db, waiting=0)
        _check_runs(db)
        rows = {
            state.key_of(row): row for row in state.rows_of(db, "SELECT * FROM goals.assignments")
        }
        logs, noted = state.logs_of(db), state.noted_of(db)
        told = state.told_of(db, {row.id: key for key, row in rows.items()})
    computed = Computed(shares.world)
    for share in shares.all:
        row, lines = rows[share.key], logs[rows[share.key].id]
        goal = shares.world.goals[share.goal_id]
        what = f"{goal.name} of {share.kind} {share.window}"
        state.check_log(what, row, lines)
        values = [state.cents(line.new_value) for line in lines]
        mine = Counter({key: n for key, n in told.items() if key[0] == share.key})
        begun = share.window.first <= shares.world.today
        if not begun:
            continue
        found = computed.found(goal, share.kind, share.who, share.window)
        _check_value(what, shares, replace(share, has_value=bool(lines)), row, found)
        if goal.type == "target" and not found.left_out:
            _check_told(what, shares, share, values, starts[share.key], noted[row.id], mine)
        _check_marks(what, shares, share, noted[row.id], mine)


def _check_value(what: str, shares: Shares, share: Share, row: Any, found: Found) -> None:
    names = ("value", "progress", "status", "closed", "at risk", "left out")
    stands = state.stands(row, shares.world.zone)
    if share.is_closed:  # nothing that came later moves it
        should = state.should_stand(share)
        state.same(what, {n: stands[n] for n in names}, {n: should[n] for n in names})
        return
    goal, window, today = shares.world.goals[share.goal_id], share.window, shares.world.today
    if stands["closed"] and shares.is_over(window, today):
        # as soon as nothing was left out of it: its log says what it came to then
        found = Found([(window.first, state.cents(row.current_value))], 0)
        if goal.type != "target":  # which is judged by all its days
            names = ("value", "closed", "left out")
    if not found.day_ends:  # an average of nothing: what was there has stayed
        found = Found([], found.left_out)
        start = replace(share, value=state.cents(row.current_value), noted={})
    else:
        start = replace(share, value=0, noted={})
    scratch = Shares(shares.world)
    start = replace(start, status="active", is_at_risk=row.at_risk_since is not None, values=[])
    scratch.settle(start, goal, found)
    should = state.should_stand(start)
    state.same(what, {n: stands[n] for n in names}, {n: should[n] for n in names})


def _check_told(
    what: str,
    shares: Shares,
    share: Share,
    values: list[int],
    start: list[int],
    noted: dict[int, tuple[int, bool]],
    told: Counter[Any],
) -> None:
    """Each value of the log was judged once: what was noted and told of a target follows."""
    scratch = Shares(shares.world)
    again = replace(
        share, value=0, progress=0, status="active", is_at_risk=False, noted={}, values=[],
        has_value=False, is_untold=False, reached_on=None, left_out=0,
    )  # fmt: skip
    goal = shares.world.goals[share.goal_id]
    for value in values if start else [0, *values]:
        scratch.settle(again, goal, Found([(share.window.first, value)], 0))
    state.same(f"{what}: milestones", noted, again.noted)
    state.same(f"{what}: told", told, scratch.told)


def _check_marks(
    what: str,
    shares: Shares,
    share: Share,
    noted: dict[int, tuple[int, bool]],
    told: Counter[Any],
) -> None:
    """A mark that was noted to be told is told to each of its people, once."""
    marks = {p for p, (_, is_told) in noted.items() if is_told}
    people = shares.assignees(share)
    wanted = Counter({(person, mark): 1 for person in people for mark in marks})
    event = "goal.milestone_reached"
    found = Counter({key[2:]: n for key, n in told.items() if key[1] == event})
    state.same(f"{what}: marks", found, wanted)
    for name in ("goal.failed", "goal.at_risk"):
        managers = shares.managers(share)
        times = {person: told[share.key, name, person, None] for person in managers}
        state.same(f"{what}: {name} for all alike", len(set(times.values())) <= 1, True)


def _check_runs(db: TenantSession) -> None:
    query = "SELECT id FROM goals.sync_runs WHERE finished_at IS NULL AND ending IS NULL"
    state.same("runs that look as if they ran", state.rows_of(db, query), [])


def _apply(records: dict[str, Record], intent: Intent) -> None:
    for key, record in intent.items():
        if record is None:
            records.pop(key, None)
        else:
            records[key] = record


def _own(intent: Intent) -> Intent:
    return {key: record for key, record in intent.items() if key not in SHARED}


def _is_there(intent: Intent, there: dict[str, Record]) -> bool:
    """Whether all of a transaction is there; a part of one would differ from nothing and all."""
    return all(there.get(key) == record for key, record in _own(intent).items())


def _differing(some: dict[str, Record], others: dict[str, Record]) -> dict[str, Record]:
    return {key: record for key, record in some.items() if others.get(key) != record}
