"""Writing the people of a file: one statement per table and kind of deed, for many as for one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from goals_core import clock
from goals_core.arrays import array, texts
from goals_core.db import TenantSession
from goals_core.engine import audit
from goals_core.engine.audit import Deed, Line
from goals_core.errors import Invalid, Problem
from goals_core.imports import people_rows
from goals_core.imports.people_rows import Account
from goals_core.models.base import new_id
from goals_core.services.identity import EmailTaken

_ARRAYS = """
    CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:titles AS text[]),
    CAST(:roles AS core.user_role[]), CAST(:managers AS uuid[]), CAST(:hired AS date[]),
    CAST(:left AS date[])
"""
_COLUMNS = "id, name, title, role, manager_id, hired_on, left_on"
_ADD = text(
    f"""
    INSERT INTO core.users (tenant_id, {_COLUMNS}, email, is_active, auth_epoch, created_at,
        updated_at)
    SELECT :tenant_id, n.*, true, 0, :now, :now
    FROM unnest({_ARRAYS}, CAST(:emails AS text[])) AS n ({_COLUMNS}, email)
    ON CONFLICT (tenant_id, email) DO NOTHING
    RETURNING email
    """  # noqa: S608  (the text is ours)
)
_CHANGE = text(
    f"""
    UPDATE core.users u
    SET name = n.name, title = n.title, role = n.role, manager_id = n.manager_id,
        hired_on = n.hired_on, left_on = n.left_on, updated_at = :now,
        auth_epoch = u.auth_epoch + CAST(u.role <> n.role AS integer)
    FROM unnest({_ARRAYS}) AS n ({_COLUMNS})
    WHERE u.tenant_id = :tenant_id AND u.id = n.id
    """  # noqa: S608  (the text is ours)
)
_JOIN = text(
    """
    INSERT INTO core.team_members (tenant_id, id, team_id, user_id, member_from)
    SELECT :tenant_id, n.* FROM unnest(
        CAST(:ids AS uuid[]), CAST(:teams AS uuid[]), CAST(:people AS uuid[]),
        CAST(:days AS date[])
    ) AS n (id, team_id, user_id, member_from)
    """
)
_MOVE = text(
    """
    UPDATE core.team_members m SET member_from = n.day
    FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) AS n (id, day)
    WHERE m.tenant_id = :tenant_id AND m.id = n.id
    """
)
_ACCOUNT = ("name", "title", "role", "manager_id")
_EMPLOYMENT = ("hired_on", "left_on")
_NOTED = {Deed.USER_CHANGED: _ACCOUNT, Deed.USER_EMPLOYMENT_CHANGED: _EMPLOYMENT}


def write(db: TenantSession, deeds: Sequence[people_rows.Deed]) -> None:
    """All of it, people before the teams that they join."""
    _add(db, [deed for deed in deeds if deed.before is None])
    _change(db, [deed for deed in deeds if deed.before and deed.after != deed.before])
    _join(db, [deed for deed in deeds if deed.joins])
    _move(db, [deed for deed in deeds if deed.moves])


def _add(db: TenantSession, deeds: Sequence[people_rows.Deed]) -> None:
    if not deeds:
        return
    emails = {"emails": texts(deed.after.email for deed in deeds)}
    added = set(db.scalars(_ADD, _bound(db, deeds) | emails))
    taken = [deed.wanted for deed in deeds if deed.after.email not in added]
    if taken:  # invited by someone else in this very moment
        problems = (
            Problem(f"{row.row}.email", EmailTaken.message, {"email": row.email}) for row in taken
        )
        raise Invalid(*problems)
    _note(db, Deed.USER_CREATED, deeds, lambda deed: (None, _told(deed.after)))


def _change(db: TenantSession, deeds: Sequence[people_rows.Deed]) -> None:
    if not deeds:
        return
    db.execute(_CHANGE, _bound(db, deeds))
    for deed_, fields in (
        (Deed.USER_CHANGED, _ACCOUNT),
        (Deed.USER_EMPLOYMENT_CHANGED, _EMPLOYMENT),
    ):
        concerned = [deed for deed in deeds if deed.changed & set(fields)]
        _note(db, deed_, concerned, _before_and_after(fields))


def _before_and_after(fields: Iterable[str]) -> Callable[[people_rows.Deed], Any]:
    def facts(deed: people_rows.Deed) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return (
            {field: getattr(deed.before, field) for field in fields},
            {field: getattr(deed.after, field) for field in fields},
        )

    return facts


def _join(db: TenantSession, deeds: Sequence[people_rows.Deed]) -> None:
    joins = [(deed.after.id, *deed.joins) for deed in deeds if deed.joins]
    if not joins:
        return
    rows = {
        "ids": array(new_id() for _ in joins),
        "teams": array(team for _, team, _ in joins),
        "people": array(user for user, _, _ in joins),
        "days": array(day for _, _, day in joins),
    }
    db.execute(_JOIN, {"tenant_id": db.tenant_id} | rows)
    lines = [
        Line(team, after={"user_id": user, "member_from": day, "member_to": None})
        for user, team, day in joins
    ]
    audit.note_all(db, Deed.TEAM_JOINED, lines)


def _move(db: TenantSession, deeds: Sequence[people_rows.Deed]) -> None:
    moves = [deed.moves for deed in deeds if deed.moves]
    if not moves:
        return
    rows = {"ids": array(days.id for days, _ in moves), "days": array(day for _, day in moves)}
    db.execute(_MOVE, {"tenant_id": db.tenant_id} | rows)
    lines = [
        Line(
            days.team_id,
            before={"member_from": days.member_from},
            after={"member_from": day, "user_id": days.user_id},
        )
        for days, day in moves
    ]
    audit.note_all(db, Deed.TEAM_MEMBERSHIP_CHANGED, lines)


def _note(
    db: TenantSession,
    tag: Deed,
    deeds: Sequence[people_rows.Deed],
    facts: Callable[[people_rows.Deed], Any],
) -> None:
    audit.note_all(db, tag, [Line(deed.after.id, *facts(deed)) for deed in deeds])


def _told(account: Account) -> dict[str, Any]:
    fields = ("email", *_ACCOUNT, *_EMPLOYMENT)
    return {field: value for field in fields if (value := getattr(account, field))}


def _bound(db: TenantSession, deeds: Sequence[people_rows.Deed]) -> dict[str, Any]:
    people = [deed.after for deed in deeds]
    return {
        "tenant_id": db.tenant_id,
        "now": clock.now(),
        "ids": array(person.id for person in people),
        "names": texts(person.name for person in people),
        "titles": texts(person.title for person in people),
        "roles": array(person.role for person in people),
        "managers": array(person.manager_id for person in people),
        "hired": array(person.hired_on for person in people),
        "left": array(person.left_on for person in people),
    }


def new_people(deeds: Iterable[people_rows.Deed]) -> tuple[UUID, ...]:
    """Who is to be invited."""
    return tuple(deed.after.id for deed in deeds if deed.before is None)
