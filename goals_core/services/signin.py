"""Signing in: who proved who they are, the browsers that are signed in, and their end."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import bcrypt
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    or_,
    select,
    text,
    update,
)

from goals_core import clock
from goals_core.actor import Actor, Tenant
from goals_core.checks import Checks
from goals_core.db import TenantSession, directory
from goals_core.engine import audit, passwords
from goals_core.engine.audit import Deed
from goals_core.errors import N_
from goals_core.models.core import SignIn, TenantRow, User
from goals_core.permissions import Open, Permission, open_to

LIFE = timedelta(days=30)
IDLE = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)  # a click writes when it was at most this often
MISSES, LOCK = 5, timedelta(minutes=15)

_TOKEN = re.compile(r"([0-9a-f]{32})\.[A-Za-z0-9_-]{43}")
# The hash of a password that nobody knows: an unknown address takes as long as a known one.
_NOBODY = "$2b$12$DTP57NjXCLh.qJJUyflZ7.piDZAF2VRGk1ir0HJHoyjaaRM3dMgHS"


@dataclass(frozen=True, slots=True)
class Login:
    """Someone who may sign in, and what their password is compared with."""

    actor: Actor
    password_hash: str
    auth_epoch: int


@open_to(Open.VISITOR)
def find_login(email: str) -> Login | None:
    """Whose address that is, however it is written; inactive people have no login."""
    address = email.strip().casefold()
    if not address.isprintable():
        return None
    with directory() as connection:
        found = connection.execute(
            text("SELECT tenant_id, user_id FROM core.find_login(:login)"), {"login": address}
        ).one_or_none()
        if found is None:
            return None
        _enter(connection, found.tenant_id)
        row = connection.execute(_user(found.tenant_id, found.user_id)).one_or_none()
    return None if row is None else Login(_actor(row), row.password_hash, row.auth_epoch)


@open_to(Open.VISITOR)
def prove(email: str, password: str) -> Login | None:
    """The login that the password opens; None alike for unknown, wrong, locked and inactive."""
    login = find_login(email)
    may_try = login is not None and _take_attempt(login.actor)
    matches = _matches(password, login.password_hash if login and may_try else _NOBODY)
    if login is None or not may_try or not matches:
        return None
    _forget_misses(login.actor)
    return login


@open_to(Open.SIGNED_IN)
def open_session(db: TenantSession, login: Login) -> str:
    """Sign a browser in; the token goes into its cookie and is stored as a hash only."""
    token = f"{db.tenant_id.hex}.{secrets.token_urlsafe(32)}"
    now = clock.now()
    db.execute(delete(SignIn).where(SignIn.user_id == login.actor.user_id, SignIn.expires_at < now))
    db.add(
        SignIn(
            user_id=login.actor.user_id,
            token_sha256=_sha256(token),
            auth_epoch=login.auth_epoch,
            created_at=now,
            last_seen_at=now,
            expires_at=now + LIFE,
        )
    )
    audit.note(db, Deed.USER_SIGNED_IN, _own_id(db))
    return token


@open_to(Open.VISITOR)
def check(token: str) -> Actor | None:
    """Who is signed in with that token right now, in one statement; otherwise None."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    tenant_id = UUID(hex=found[1])
    with directory() as connection:
        _enter(connection, tenant_id)
        row = connection.execute(_session(tenant_id, _sha256(token))).one_or_none()
        if row is None:
            return None
        if clock.now() - row.last_seen_at > SEEN_EVERY:
            _note_seen(connection, tenant_id, row.session_id)
    return _actor(row, session_id=row.session_id)


@open_to(Open.SIGNED_IN)
def revoke(db: TenantSession) -> None:
    """Sign out: the session that the actor came with ends."""
    _end(db, SignIn.id == db.actor.session_id)


@open_to(Open.SIGNED_IN)
def revoke_all(db: TenantSession, *, user_id: UUID) -> None:
    """Sign a person out everywhere: oneself, or anyone for those who manage people."""
    if user_id != db.actor.user_id:
        db.actor.need(Permission.MANAGE)
    _end(db, SignIn.user_id == user_id)


@open_to(Open.SIGNED_IN)
def change_password(db: TenantSession, *, old: str, new: str) -> None:
    """Set a new password; every other session of the person ends, this one goes on."""
    _check_new(old, new)
    # Before this transaction writes: a miss is counted in one of its own, and stays counted.
    if prove(db.actor.email, old) is None:
        checks = Checks()
        checks.problem("old", N_("This is not your current password."))
        checks.done()
    user_id = _own_id(db)
    epoch = db.scalar(
        update(User)
        .where(User.id == user_id)
        .values(
            password_hash=passwords.digest(new),
            auth_epoch=User.auth_epoch + 1,
            updated_at=clock.now(),
        )
        .returning(User.auth_epoch)
    )
    db.execute(update(SignIn).where(SignIn.id == db.actor.session_id).values(auth_epoch=epoch))
    audit.note(db, Deed.USER_PASSWORD_CHANGED, user_id)


def _own_id(db: TenantSession) -> UUID:
    if db.actor.user_id is None:
        raise ValueError("the system does not sign in")
    return db.actor.user_id


def _end(db: TenantSession, which: ColumnElement[bool]) -> None:
    db.execute(
        update(SignIn).where(which, SignIn.revoked_at.is_(None)).values(revoked_at=clock.now())
    )


def _check_new(old: str, new: str) -> None:
    checks, password = Checks(), Checks()
    passwords.check(password, new)
    for problem in password.problems:
        checks.problem("new", problem.message, **problem.facts)
    if new == old:
        checks.problem("new", N_("This is the password that you have now."))
    checks.done()


def _matches(password: str, password_hash: str) -> bool:
    secret = password.encode(errors="surrogatepass")  # what cannot be a password fits none
    # bcrypt refuses more than 72 bytes, and no stored password has more
    known = len(secret) <= passwords.LONGEST
    return bcrypt.checkpw(secret if known else b"", password_hash.encode()) and known


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _enter(connection: Connection, tenant_id: UUID) -> None:
    """Step into a tenant before anybody is known to be asking."""
    connection.execute(text("SELECT core.set_tenant(:tenant_id)"), {"tenant_id": tenant_id})


def _people() -> Select[Any]:
    """Active people with what makes an actor of them."""
    return (
        select(
            User.id.label("user_id"),
            User.role,
            User.name,
            User.email,
            User.password_hash,
            User.auth_epoch,
            *(getattr(TenantRow, field).label(f"of_{field}") for field in Tenant.__slots__),
        )
        .join(TenantRow, TenantRow.id == User.tenant_id)
        .where(User.is_active)
    )


def _user(tenant_id: UUID, user_id: UUID) -> Select[Any]:
    return _people().where(User.tenant_id == tenant_id, User.id == user_id)


def _session(tenant_id: UUID, token_sha256: bytes) -> Select[Any]:
    """The session of a token with its person: not revoked, run out, idle or outdated."""
    now = clock.now()
    same_user = and_(SignIn.tenant_id == User.tenant_id, SignIn.user_id == User.id)
    return (
        _people()
        .add_columns(SignIn.id.label("session_id"), SignIn.last_seen_at)
        .join(SignIn, same_user)
        .where(
            SignIn.tenant_id == tenant_id,
            SignIn.token_sha256 == token_sha256,
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > now,
            SignIn.last_seen_at > now - IDLE,
            SignIn.auth_epoch == User.auth_epoch,
        )
    )


def _actor(row: Row[Any], *, session_id: UUID | None = None) -> Actor:
    tenant = Tenant(**{field: getattr(row, f"of_{field}") for field in Tenant.__slots__})
    return Actor(tenant, row.user_id, row.role, row.name, row.email, session_id)


def _note_seen(connection: Connection, tenant_id: UUID, session_id: UUID) -> None:
    connection.execute(
        update(SignIn)
        .where(SignIn.tenant_id == tenant_id, SignIn.id == session_id)
        .values(last_seen_at=clock.now())
    )


def _take_attempt(actor: Actor) -> bool:
    """Count a try before it is judged, so that many at once are at most five; False: locked."""
    now = clock.now()
    was_locked = User.locked_until.is_not(None)  # and is no more, or this row would not be met
    misses = case((was_locked, 1), else_=User.failed_logins + 1)
    return _write_user(
        actor,
        or_(User.locked_until.is_(None), User.locked_until <= now),
        failed_logins=misses,
        locked_until=case((misses >= MISSES, now + LOCK), else_=None),
    )


def _forget_misses(actor: Actor) -> None:
    _write_user(actor, User.failed_logins > 0, failed_logins=0, locked_until=None)


def _write_user(actor: Actor, condition: ColumnElement[bool], **values: object) -> bool:
    with directory() as connection:
        _enter(connection, actor.tenant_id)
        mine = and_(User.tenant_id == actor.tenant_id, User.id == actor.user_id)
        done = connection.execute(update(User).where(mine, condition).values(**values))
        return done.rowcount == 1
