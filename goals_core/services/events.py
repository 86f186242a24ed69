"""What other systems tell of: each event is stored once and wakes the goals that it concerns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from goals_core import clock
from goals_core.checks import Checks
from goals_core.db import TenantSession
from goals_core.engine import effects, event_log, event_records, journal, locking, runs
from goals_core.engine.event_content import Content, Event, check
from goals_core.engine.event_log import Known, Received, record_of
from goals_core.engine.event_records import Missing, State
from goals_core.engine.recompute import Outcome, recompute
from goals_core.errors import N_, Conflict, Invalid, Problem
from goals_core.models.base import new_id
from goals_core.permissions import Permission, needs

__all__ = ["Event", "EventConflict", "Received", "receive", "receive_many"]

MOST_EVENTS = 5000
Numbered = dict[int, Content]


class EventConflict(Conflict):
    message = N_("The event {event} was received before with other content.")


@needs(Permission.MANAGE)
def receive(db: TenantSession, event: Event) -> Received:
    """Store an event's record and bring the goals that it concerns up to date, in one transaction.

    The same event again is answered with what came of it first, and changes nothing; with other
    content it is an `EventConflict`. Of events that come late only what no newer one has said of
    the record counts.
    """
    try:
        return _receive(db, [event])[0]
    except Invalid as error:
        raise Invalid(
            *(replace(p, field=p.field.partition(".")[2]) for p in error.problems)
        ) from None


@needs(Permission.MANAGE)
def receive_many(db: TenantSession, events: Sequence[Event]) -> list[Received]:
    """The same for all of them or none, by as many statements whatever their number.

    `Invalid` names each problem's field after its event's number, from 1: `3.amount`.
    """
    if len(events) > MOST_EVENTS:
        facts = {"most": MOST_EVENTS}
        raise Invalid(Problem("events", N_("At most {most} events at a time."), facts))
    return _receive(db, events) if events else []


def _receive(db: TenantSession, events: Sequence[Event]) -> list[Received]:
    contents, problems = _checked(events)
    known = event_log.find(db, [each.id for each in contents.values()])
    owners = event_records.owners(db, contents.values())
    problems += _unknown_owners(contents, owners, known)
    if problems:
        raise Invalid(*problems)
    _refuse_others(contents, known)
    new = {each.id: each for each in contents.values() if each.id not in known}
    received = {id_: each.received for id_, each in known.items()}
    if new:
        with db.begin_nested():  # whoever goes on after an error has claimed nothing
            received |= _take_in(db, contents, new, owners)
    return [received[contents[number].id] for number in sorted(contents)]


def _take_in(
    db: TenantSession,
    contents: Numbered,
    new: Mapping[str, Content],
    owners: Mapping[UUID | str, UUID],
) -> dict[str, Received]:
    """Claim the events that are new, apply them in the order in which they happened, compute."""
    delivery_id, now = new_id(), clock.now()
    mine = event_log.claim(db, list(new.values()), delivery_id=delivery_id, now=now)
    others = event_log.find(db, new.keys() - mine) if len(mine) < len(new) else {}
    _refuse_others(contents, others)
    received = {id_: each.received for id_, each in others.items()}
    if not mine:
        return received
    records = {record_of(new[id_]) for id_ in mine}
    event_log.take_turns(db, records)
    said = event_log.last_words(db, records, delivery_id=delivery_id)
    states = event_records.states(db, [new[id_] for id_ in mine], said)
    numbered = {
        n: each for n, each in contents.items() if new.get(each.id) is each and each.id in mine
    }
    applied = _apply(db, numbered, states, owners, now=now)
    batches = event_records.write(db, states.values())
    ids = event_records.ids(db, states.values())
    cause = next(iter(ids.values()), delivery_id) if len(records) == 1 else delivery_id
    outcome = _compute(db, batches, reference=str(cause))
    results = [
        _received(id_, effect, ids.get(record_of(new[id_])), outcome)
        for id_, effect in applied.items()
    ]
    event_log.finish(db, results)
    return received | {each.event_id: each for each in results}


def _checked(events: Sequence[Event]) -> tuple[Numbered, list[Problem]]:
    """What each says, by its number, and every problem under it."""
    contents: Numbered = {}
    problems: list[Problem] = []
    for number, event in enumerate(events, start=1):
        checks = Checks()
        content = check(checks, event)
        if content is not None:
            contents[number] = content
        problems += _at(number, checks.problems)
    return contents, problems


def _unknown_owners(
    contents: Numbered, owners: Mapping[UUID | str, UUID], known: Mapping[str, Known]
) -> list[Problem]:
    """Who names nobody; of what was received before it is not asked again."""
    return [
        Problem(
            f"{number}.{'owner_id' if isinstance(each.owner, UUID) else 'owner_email'}",
            N_("There is nobody like this here."),
        )
        for number, each in contents.items()
        if each.owner is not None and each.owner not in owners and each.id not in known
    ]


def _refuse_others(contents: Numbered, known: Mapping[str, Known]) -> None:
    """An id stands for one content, here and in what was received before."""
    digests = {id_: each.digest for id_, each in known.items()}
    for each in contents.values():
        if digests.setdefault(each.id, each.digest) != each.digest:
            raise EventConflict(event=each.id)


def _apply(
    db: TenantSession,
    contents: Numbered,
    states: Mapping[tuple[str, str, str], State],
    owners: Mapping[UUID | str, UUID],
    *,
    now: datetime,
) -> dict[str, str]:
    """Apply the events to their records; what came of each by its id."""
    tenant = db.actor.tenant
    applied: dict[str, str] = {}
    problems: list[Problem] = []
    for number, each in sorted(contents.items(), key=lambda c: (c[1].occurred_at or now, c[0])):
        if each.owner is not None:
            each.columns["owner_id"] = owners[each.owner]
        try:
            applied[each.id] = states[record_of(each)].apply(each, each.occurred_at or now, tenant)
        except Missing as missing:
            needed = N_("This record is not known yet, so this is needed.")
            problems += _at(number, (Problem(column, needed) for column in missing.columns))
    if problems:
        raise Invalid(*problems)
    return applied


def _compute(db: TenantSession, batches: Sequence[UUID], *, reference: str) -> Outcome:
    """Bring up to date what the changed records concern."""
    taken = journal.take(db, run_id=None, only=batches)
    plan, settled = effects.plan(db, taken), runs.had_a_full_one_today(db)
    found = effects.of(db, plan, taken, settled=settled)
    moves = effects.found(db, found)
    with locking.planned_anew(db):
        plan = locking.definitions_of(db, found.to_read | moves.keys())
    return recompute(db, only=found.to_read, plan=plan, moves=moves, reference=reference)


def _received(id_: str, effect: str, record_id: UUID | None, outcome: Outcome) -> Received:
    return Received(
        event_id=id_,
        effect=effect,
        record_id=record_id,
        checked=outcome.checked,
        updated=outcome.updated,
        achieved=outcome.achieved,
        failed=outcome.failed,
        not_computed=len(outcome.errors),
    )


def _at(number: int, problems: Iterable[Problem]) -> list[Problem]:
    return [replace(problem, field=f"{number}.{problem.field}") for problem in problems]
