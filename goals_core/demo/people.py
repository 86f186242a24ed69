"""The demo's people: one account each, one password for all, hashed once."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from uuid import UUID

from sqlalchemy import insert

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.engine import audit, passwords
from goals_core.engine.audit import Deed
from goals_core.models.access import LoginRow
from goals_core.models.base import new_id
from goals_core.models.core import User
from goals_core.permissions import Role
from goals_core.services import teams

PASSWORD = "goals-demo-2026"  # noqa: S105  (meant to be known)


@dataclass(frozen=True, slots=True)
class Account:
    """A person of the records, or one who only looks after the demo."""

    key: str  # in the records
    name: str
    email: str
    role: Role
    title: str = ""
    manager: str | None = None  # the key of another account


@dataclass(frozen=True, slots=True)
class Crew:
    """A team by name, who leads it and who belongs to it, by key."""

    name: str
    manager: str
    members: tuple[str, ...]


def address(first: str, last: str, domain: str) -> str:
    """The e-mail of a name, without accents or spaces."""
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
    return f"{plain.lower().replace(' ', '-')}@{domain}"


def add_people(db: TenantSession, accounts: Iterable[Account]) -> dict[str, UUID]:
    """Insert accounts in one statement, so that managers may come in any order; ids by key."""
    accounts = list(accounts)
    ids = {account.key: new_id() for account in accounts}
    db.execute(insert(User).values([_user(db, account, ids) for account in accounts]))
    logins = [
        {"email": a.email, "tenant_id": db.tenant_id, "user_id": ids[a.key]} for a in accounts
    ]
    db.execute(insert(LoginRow).values(logins))
    for account in accounts:
        facts = {"email": account.email, "name": account.name, "role": account.role}
        audit.note(db, Deed.USER_CREATED, ids[account.key], after=facts)
    return ids


def add_teams(
    db: TenantSession, crews: Iterable[Crew], people: Mapping[str, UUID], *, member_from: date
) -> dict[str, UUID]:
    """Make teams whose members were there from the first day; ids by name."""
    ids = {}
    for crew in crews:
        ids[crew.name] = teams.create_team(db, name=crew.name, manager_id=people[crew.manager])
        for key in crew.members:
            teams.add_member(
                db, team_id=ids[crew.name], user_id=people[key], member_from=member_from
            )
    return ids


def _user(db: TenantSession, account: Account, ids: Mapping[str, UUID]) -> dict[str, object]:
    now = clock.now()
    return {
        "tenant_id": db.tenant_id,
        "id": ids[account.key],
        "email": account.email,
        "name": account.name,
        "title": account.title,
        "role": account.role,
        "manager_id": None if account.manager is None else ids[account.manager],
        "password_hash": _password_hash(),
        "is_active": True,
        "auth_epoch": 0,
        "created_at": now,
        "updated_at": now,
    }


@cache
def _password_hash() -> str:
    """A hash costs a quarter of a second, and here all are the same."""
    return passwords.digest(PASSWORD)
