"""Signing in: who proved who they are, the browsers that are signed in, and their end."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from uuid import UUID

import bcrypt
from sqlalchemy import ColumnElement, Connection, and_, delete, select, text, update
from sqlalchemy.exc import IntegrityError

from goals_core import clock, logs
from goals_core.actor import Actor, Tenant
from goals_core.checks import Checks
from goals_core.config import settings
from goals_core.db import TenantSession, at_once, directory
from goals_core.engine import attempts, audit, logins, passwords, tokens
from goals_core.engine.audit import Deed
from goals_core.engine.logins import Login
from goals_core.errors import N_, Conflict
from goals_core.models.access import SignIn
from goals_core.models.core import User
from goals_core.permissions import Open, Role, open_to

SEEN_EVERY = timedelta(minutes=5)  # a click writes when it was at most this often

log = logs.get("goals.security")

_NOBODY = UUID(int=0)
_CHECK = text(
    "SELECT session_id, last_seen_at, user_id, role, name, email, tenant"
    " FROM core.check_session(:tenant, :token, :at, :idle)"
)


class UsedAlready(Conflict):
    message = N_("This sign-in has been used already; please sign in again.")


@open_to(Open.VISITOR)
def life() -> timedelta:
    """The longest that a session lasts."""
    return timedelta(days=settings().session_days)


@open_to(Open.VISITOR)
def idle() -> timedelta:
    """How long a session lasts without use."""
    return timedelta(hours=settings().session_idle_hours)


@open_to(Open.VISITOR)
def find_login(email: str) -> Login | None:
    """Whose address that is, however it is written; inactive people have no login."""
    with directory() as connection:
        found = _whose(connection, email)
        return logins.find(connection, *found) if found else None


@open_to(Open.VISITOR)
def prove(email: str, password: str, *, address: str = "") -> Login | None:
    """The login that the password opens; None alike for unknown, wrong, locked and inactive.

    `address` is the visitor's: tries are counted by it and the e-mail together. The log is told
    which of them it was.
    """
    name, nobodys = email.strip().casefold(), _nobodys()
    may_try = attempts.take(name, address)
    with directory() as connection:
        found = _whose(connection, email)
        # as many statements for nobody as for somebody: how long it takes tells neither
        known = logins.find_password_hash(connection, *(found or (_NOBODY, _NOBODY)))
    is_right = _matches(password, (known if may_try else None) or nobodys)
    ids = dict(zip(("tenant_id", "user_id"), found or (), strict=False))
    login = find_login(email) if is_right and may_try and known else None
    if login is None or login.password_hash != known:  # another one meanwhile
        log.warning("A password was refused", reason=_why_not(ids, known, may_try=may_try), **ids)
        return None
    log.info("A password was right", **ids)
    attempts.forget(name, address)
    return login


@open_to(Open.SIGNED_IN)
def open_session(
    db: TenantSession,
    login: Login,
    *,
    user_agent: str = "",
    address: str = "",
    assertion: bytes | None = None,
) -> str:
    """Sign a browser in; the token goes into its cookie and is stored as a hash only.

    `assertion` is the digest of a provider's word: `UsedAlready` when it has opened one before.
    """
    token = tokens.make(db.tenant_id)
    now = clock.now()
    db.execute(delete(SignIn).where(SignIn.user_id == login.actor.user_id, SignIn.expires_at < now))
    db.add(
        SignIn(
            user_id=login.actor.user_id,
            token_sha256=tokens.digest(token),
            auth_epoch=login.auth_epoch,
            created_at=now,
            last_seen_at=now,
            expires_at=now + life(),
            user_agent=user_agent[:400],
            address=address[:45],
            assertion_sha256=assertion,
        )
    )
    try:
        db.flush()  # so that a word that was used is told here
    except IntegrityError as error:
        if "sessions_assertion_key" in str(error.orig):
            raise UsedAlready from None
        raise
    audit.note(db, Deed.USER_SIGNED_IN, _own_id(db))
    return token


@open_to(Open.VISITOR)
def check(token: str) -> Actor | None:
    """Who is signed in with that token right now, in one statement; otherwise None."""
    tenant_id, now = tokens.tenant_of(token), clock.now()
    if tenant_id is None:
        return None
    asked = {"tenant": tenant_id, "token": tokens.digest(token), "at": now, "idle": idle()}
    with at_once() as connection:
        row = connection.execute(_CHECK, asked).one_or_none()
        if row is not None and now - row.last_seen_at > SEEN_EVERY:
            _note_seen(tenant_id, row.session_id)
    if row is None:
        return None
    tenant = Tenant(**{f: row.tenant[f] for f in Tenant.__slots__} | {"id": tenant_id})
    return Actor(tenant, row.user_id, Role(row.role), row.name, row.email, row.session_id)


@open_to(Open.SIGNED_IN)
def revoke(db: TenantSession) -> None:
    """Sign out: the session that the actor came with ends."""
    _end(db, SignIn.id == db.actor.session_id)


@open_to(Open.SIGNED_IN)
def has_password(db: TenantSession) -> bool:
    """Whether the actor can sign in by a password; otherwise only a provider knows them."""
    return db.scalar(select(User.password_hash).where(User.id == _own_id(db))) is not None


@open_to(Open.SIGNED_IN)
def change_password(db: TenantSession, *, old: str, new: str, address: str = "") -> None:
    """Set a new password; every other session of the person ends, this one goes on."""
    actor = db.actor
    _check_new(old, new, about=(actor.name, actor.email, actor.tenant.name))
    # Before this transaction writes: a miss is counted in one of its own, and stays counted.
    if prove(actor.email, old, address=address) is None:
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


def _whose(connection: Connection, email: str) -> tuple[UUID, UUID] | None:
    """The tenant and the person of an address."""
    address = email.strip().casefold()
    query = text("SELECT tenant_id, user_id FROM core.find_login(:login)")
    asked = {"login": address if address.isprintable() else ""}
    found = connection.execute(query, asked).one_or_none()
    return None if found is None else (found.tenant_id, found.user_id)


def _why_not(ids: dict[str, UUID], known: str | None, *, may_try: bool) -> str:
    if not may_try:
        return "locked"
    if known is None:
        return "inactive" if ids else "unknown"
    return "wrong"


def _own_id(db: TenantSession) -> UUID:
    if db.actor.user_id is None:
        raise ValueError("the system does not sign in")
    return db.actor.user_id


def _end(db: TenantSession, which: ColumnElement[bool]) -> None:
    db.execute(
        update(SignIn).where(which, SignIn.revoked_at.is_(None)).values(revoked_at=clock.now())
    )


def _check_new(old: str, new: str, *, about: Iterable[str]) -> None:
    checks, password = Checks(), Checks()
    passwords.check(password, new, about=about)
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


@cache
def _nobodys() -> str:
    """The hash of a password that nobody knows: an unknown e-mail takes as long as a known one."""
    return passwords.digest(secrets.token_urlsafe(32))


def _note_seen(tenant_id: UUID, session_id: UUID) -> None:
    mine = and_(SignIn.tenant_id == tenant_id, SignIn.id == session_id)
    with directory() as connection:
        logins.enter(connection, tenant_id)
        connection.execute(update(SignIn).where(mine).values(last_seen_at=clock.now()))
