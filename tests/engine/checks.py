"""What must hold after each step: the model and the real state say the same, and the log holds."""

from collections import Counter
from itertools import pairwise
from typing import Any
from uuid import UUID

from goals_core.kinds import AssigneeType, AssignmentStatus
from tests.engine.model import World
from tests.engine.state import State, canonical, local_day
from tests.engine.things import Goal, Share

_FROZEN_BUT = {"rolls_over"}  # passing a chain on is no change of what the window came to


class Differs(AssertionError):
    """The engine and the model do not agree."""


def expect(what: str, wanted: Any, found: Any) -> None:
    """Both are the same; of mappings what differs is told."""
    if wanted != found:
        if isinstance(wanted, dict) and isinstance(found, dict):
            names = sorted(wanted.keys() | found.keys(), key=str)
            wanted, found = (
                {n: side.get(n) for n in names if wanted.get(n) != found.get(n)}
                for side in (wanted, found)
            )
        raise Differs(f"{what}:\n   model  {wanted}\n   engine {found}")


def same(what: str, wanted: Any, found: Any) -> None:
    """Both have the same members; what only one of them has is told."""
    if not isinstance(wanted, Counter):
        wanted, found = Counter(wanted), Counter(found)
    if wanted != found:
        raise Differs(f"{what}:\n   only model  {wanted - found}\n   only engine {found - wanted}")


def bind(world: World, state: State) -> dict[Share, UUID]:
    """Which row is which assignment of the model: by goal, assignee and first day."""
    rows = {
        (row.definition_id, AssigneeType(row.assignee_type), row.user_id or row.team_id,
         row.period_start): id_
        for id_, row in state.assignments.items()
    }  # fmt: skip
    names = {share.key(): share for share in world.shares}
    same("assignments", names.keys(), rows.keys())
    return {share: rows[key] for key, share in names.items()}


def agree(world: World, state: State, ids: dict[Share, UUID], by: UUID | None) -> None:
    """Everything the model knows is in the database just so."""
    _definitions(world, state)
    for share, id_ in ids.items():
        what = f"{share.goal['name']} {share.kind} {share.start}..{share.end}"
        _assignment(what, share, state.assignments[id_])
        _log(what, share, state.log.get(id_, []))
        _continuous(what, state.assignments[id_], state.log.get(id_, []))
        expect(f"{what}: milestones", share.noted, state.milestones.get(id_, {}))
    told = Counter({(ids[k[0]], *k[1:3], *k[3]): n for k, n in world.told.items()})
    same("outbox", told, state.outbox)
    same("audit", _audit(world, ids, by), _lines(state))
    people = {id_: (person.hired, person.left) for id_, person in world.people.items()}
    expect("people", people, state.people)
    members = Counter((m.team, m.person, m.first, m.last) for m in world.members)
    expect("members", members, state.members)
    settings = {name: getattr(state.tenant, name) for name in world.settings}
    expect("settings", world.settings, settings)


def no_overlap(state: State) -> None:
    """No two windows of one goal and assignee share a day."""
    chains: dict[tuple[Any, ...], list[tuple[Any, Any]]] = {}
    for row in state.assignments.values():
        if row.status != AssignmentStatus.CANCELLED:
            key = (row.definition_id, row.assignee_type, row.user_id, row.team_id)
            chains.setdefault(key, []).append((row.period_start, row.period_end))
    for spans in chains.values():
        for before, after in pairwise(sorted(spans)):
            if after[0] <= before[1]:
                raise Differs(f"windows overlap: {before} and {after}")


def frozen(state: State) -> dict[UUID, tuple[Any, ...]]:
    """Closed rows, whole, as they must stay."""
    return {
        id_: (
            *(value for name, value in row._mapping.items() if name not in _FROZEN_BUT),
            len(state.log.get(id_, [])),
            sorted(state.milestones.get(id_, {}).items()),
        )
        for id_, row in state.assignments.items()
        if row.closed_at is not None
    }


def _definitions(world: World, state: State) -> None:
    same("definitions", world.goals.keys(), state.definitions.keys())
    for goal in world.goals.values():
        row = state.definitions[goal.id]
        names = ("name", "target_value", "unit", "ends_at", "prorate")
        wanted = {name: goal[name] for name in names} | {
            "status": goal.status.value,
            "version": goal.version,
            "milestones": [each.as_json() for each in goal["milestones"]],
            "sync_error": None,
        }
        expect(f"{goal['name']}", wanted, {name: getattr(row, name) for name in wanted})


def _assignment(what: str, share: Share, row: Any) -> None:
    wanted = {
        "period_end": share.end,
        "custom_target": share.own,
        "notes": share.notes,
        "full_target": share.full,
        "worked_days": share.worked and share.worked[0],
        "working_days": share.worked and share.worked[1],
        "target_value": share.target,
        "current_value": share.value,
        "progress_percentage": share.progress,
        "status": share.status.value,
        "closed": share.closed,
        "at_risk": share.at_risk,
        "achieved_on": share.achieved_on,
    }
    found = dict(row._mapping) | {
        "closed": row.closed_at is not None,
        "at_risk": row.at_risk_since is not None,
        "achieved_on": row.achieved_at and local_day(row.achieved_at),
    }
    expect(what, wanted, {name: found[name] for name in wanted})


def _log(what: str, share: Share, rows: list[Any]) -> None:
    places = {row.id: n for n, row in enumerate(rows)}
    found = [
        (
            row.kind, row.previous_value, row.new_value, row.change_amount, row.source,
            row.notes, local_day(row.occurred_at), row.logged_by,
            row.source_reference if row.source != "automatic" else None,
            places[row.voided_by] if row.voided_by else None,
        )
        for row in rows
    ]  # fmt: skip
    wanted = [
        (
            line.kind.value, line.previous, line.value, line.change, line.source,
            line.note, line.day, row.logged_by if line.source == "automatic" else line.by,
            line.reference, share.log.index(line.voided_by) if line.voided_by else None,
        )
        for line, row in zip(share.log, rows, strict=False)
    ]  # fmt: skip
    expect(f"{what}: lines", len(share.log), len(rows))
    expect(f"{what}: log", wanted, found)


def _continuous(what: str, row: Any, lines: list[Any]) -> None:
    """Without the model: it begins at 0, has no jump, rises in time and ends at the value."""
    value = 0
    for line in lines:
        expect(f"{what}: previous value", value, line.previous_value)
        value += line.change_amount
        expect(f"{what}: new value", value, line.new_value)
    expect(f"{what}: sum of the log", value, row.current_value)
    for before, after in pairwise(lines):
        expect(f"{what}: logged_at rises", True, before.logged_at < after.logged_at)


def _audit(world: World, ids: dict[Share, UUID], by: UUID | None) -> Counter[Any]:
    gone = "an assignment that was deleted"
    return Counter(
        (
            tag,
            ids.get(subject, gone)
            if isinstance(subject, Share)
            else subject.id
            if isinstance(subject, Goal)
            else subject,
            canonical(before),
            canonical(after),
            by,
        )
        for tag, subject, before, after in world.audit
    )


def _lines(state: State) -> Counter[Any]:
    gone = "an assignment that was deleted"
    return Counter(
        (
            row.tag,
            row.subject_id
            if not row.tag.startswith("assignment:") or row.subject_id in state.assignments
            else gone,
            canonical(row.before),
            canonical(row.after),
            row.actor_id,
        )
        for row in state.audit
    )
