"""One-time links by which a person chooses a password: those invited, and those who forgot it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from goals_core import clock, logs, mail
from goals_core.actor import Actor
from goals_core.checks import Checks
from goals_core.config import settings
from goals_core.db import TenantSession, directory, tenant_session
from goals_core.engine import attempts, audit, errands, logins, passwords, tokens
from goals_core.engine.audit import Deed
from goals_core.engine.logins import Login
from goals_core.errors import N_, Conflict, NotFound
from goals_core.models.access import Link, LoginRow
from goals_core.models.core import User
from goals_core.permissions import Open, Permission, needs, open_to
from goals_core.services import signin


class Purpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


LIFE = {Purpose.INVITATION: timedelta(days=7), Purpose.RESET: timedelta(hours=1)}
MOST_FORGOTTEN = 3  # links that a person has asked for and that work, wherever one asks from

Send = Callable[[Actor, str], None]

log = logs.get("goals.security")

_OFFERED = {
    Purpose.INVITATION: Deed.USER_INVITED,
    Purpose.RESET: Deed.USER_RESET_OFFERED,
}
_ACCEPTED = {
    Purpose.INVITATION: Deed.USER_INVITATION_ACCEPTED,
    Purpose.RESET: Deed.USER_PASSWORD_RESET,
}


class Inactive(Conflict):
    message = N_("{name} is inactive and cannot sign in.")


class LinkOver(Conflict):
    message = N_("This link has been used or has run out; ask for a new one.")


class AddressTaken(Conflict):
    message = N_("{email} cannot be used here; ask your administrator for another address.")


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a link is for, as its page greets them."""

    name: str
    email: str
    company: str
    purpose: Purpose
    locale: str


@needs(Permission.MANAGE)
def invite(db: TenantSession, *, user_id: UUID) -> str:
    """The token of a link by which a new person chooses a password; older links end."""
    return _offer(db, user_id, Purpose.INVITATION)


@needs(Permission.MANAGE)
def reset(db: TenantSession, *, user_id: UUID) -> str:
    """The token of a link by which a person chooses another password; older links end."""
    return _offer(db, user_id, Purpose.RESET)


@open_to(Open.VISITOR)
def forgot(email: str, *, address: str, send: Send) -> None:
    """Let `send` mail a link to whose e-mail that is, if anybody's, after this has returned.

    Nothing here depends on whether the account exists: one statement, no answer. Links that
    others made for the person go on working, or a stranger could end an invitation.
    """
    if attempts.take(f"reset:{email.strip().casefold()}", address):
        errands.send(lambda: _send_forgotten(email, send))


@open_to(Open.VISITOR)
def address_of(token: str) -> str:
    """The whole address that a person follows."""
    return f"{settings().url or 'http://localhost:8501'}/?link={token}"


@open_to(Open.VISITOR)
def find(token: str) -> Invited | None:
    """Whom the link is for; None alike for unknown, used, run out and inactive people."""
    opened = _open(token)
    if opened is None:
        return None
    login, purpose = opened
    actor = login.actor
    return Invited(actor.name, actor.email, actor.tenant.name, purpose, actor.tenant.locale)


@open_to(Open.VISITOR)
def accept(token: str, password: str, *, address: str = "") -> Login:
    """Set the password and use the link up: every session and other link of the person ends.

    Their misses at the sign-in from `address` count no more.
    """
    opened = _open(token)
    if opened is None:
        raise LinkOver
    login, purpose = opened
    with tenant_session(login.actor) as db:
        user = _locked(db, login)
        if not _use(db, token):
            raise LinkOver
        _check(password, login)
        user.password_hash = passwords.digest(password)
        user.auth_epoch += 1
        user.updated_at = clock.now()
        _enter_in_directory(db, user)
        _end_others(db, user.id)
        audit.note(db, _ACCEPTED[purpose], user.id)
        accepted = Login(login.actor, user.password_hash, user.auth_epoch)
    attempts.forget(login.actor.email, address)
    return accepted


def _send_forgotten(email: str, send: Send) -> None:
    login = signin.find_login(email)
    # who has no password signs in by a provider: a mailbox must not become a way around it
    if login is None or login.password_hash is None:
        return
    actor = login.actor
    ids = {"tenant_id": actor.tenant_id, "user_id": actor.user_id}
    token = _forgotten(login)
    if token is None:
        log.warning("Another link was asked for than a person may have", **ids)
        return
    try:
        send(actor, token)
    except mail.MailNotSent as error:
        log.warning("A link was not mailed", reason=str(error), **ids)
    else:
        log.info("A link was mailed to whoever forgot their password", **ids)


def _forgotten(login: Login) -> str | None:
    """A link in the name of nobody, as nobody has proved to be the person; None: enough of them."""
    asked, now = login.actor.user_id, clock.now()
    with tenant_session(Actor.system(login.actor.tenant)) as db:
        user = db.scalar(
            select(User).where(User.id == asked, User.is_active).with_for_update(key_share=True)
        )
        working = (Link.created_by.is_(None), Link.used_at.is_(None), Link.expires_at > now)
        made = db.scalar(select(func.count()).where(Link.user_id == asked, *working)) or 0
        if user is None or made >= MOST_FORGOTTEN:
            return None
        token = _add(db, user.id, Purpose.RESET, created_by=None)
        audit.note(db, Deed.USER_RESET_OFFERED, user.id)
    return token


def _offer(db: TenantSession, user_id: UUID, purpose: Purpose) -> str:
    user = db.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))
    if user is None:
        raise NotFound(N_("person"))
    if not user.is_active:
        raise Inactive(name=user.name)
    _end_others(db, user_id)
    token = _add(db, user_id, purpose, created_by=db.actor.user_id)
    audit.note(db, _OFFERED[purpose], user_id)
    return token


def _add(db: TenantSession, user_id: UUID, purpose: Purpose, *, created_by: UUID | None) -> str:
    token, now = tokens.make(db.tenant_id), clock.now()
    link = Link(
        user_id=user_id,
        purpose=purpose.value,
        token_sha256=tokens.digest(token),
        created_by=created_by,
        created_at=now,
        expires_at=now + LIFE[purpose],
    )
    db.add(link)
    db.flush()
    return token


def _open(token: str) -> tuple[Login, Purpose] | None:
    """Whose link that is and what it is for, as long as it works."""
    tenant_id = tokens.tenant_of(token)
    if tenant_id is None:
        return None
    with directory() as connection:
        logins.enter(connection, tenant_id)
        row = connection.execute(_working(tenant_id, token)).one_or_none()
        login = row and logins.find(connection, tenant_id, row.user_id)
    return (login, Purpose(row.purpose)) if row and login else None


def _working(tenant_id: UUID, token: str) -> Select[UUID, str]:
    return select(Link.user_id, Link.purpose).where(
        Link.tenant_id == tenant_id,
        Link.token_sha256 == tokens.digest(token),
        Link.used_at.is_(None),
        Link.expires_at > clock.now(),
    )


def _locked(db: TenantSession, login: Login) -> User:
    """The person, before their links: whoever makes one locks in the same order."""
    query = select(User).where(User.id == login.actor.user_id, User.is_active)
    user = db.scalar(query.with_for_update(key_share=True))
    if user is None:
        raise LinkOver
    return user


def _use(db: TenantSession, token: str) -> bool:
    """Of two at once the second one waits for the person, and then finds the link used."""
    now = clock.now()
    used = db.execute(
        update(Link)
        .where(
            Link.token_sha256 == tokens.digest(token), Link.used_at.is_(None), Link.expires_at > now
        )
        .values(used_at=now)
        .returning(Link.id)
    )
    return used.one_or_none() is not None


def _check(password: str, login: Login) -> None:
    checks, actor = Checks(), login.actor
    passwords.check(checks, password, about=(actor.name, actor.email, actor.tenant.name))
    checks.done()


def _enter_in_directory(db: TenantSession, user: User) -> None:
    """From now on the address is this person's in the installation, if nobody else has it."""
    mine = (LoginRow.tenant_id == db.tenant_id, LoginRow.user_id == user.id)
    if db.scalar(select(LoginRow.email).where(*mine)) is not None:
        return
    row = {"email": user.email, "tenant_id": db.tenant_id, "user_id": user.id}
    entered = db.execute(
        insert(LoginRow).values(row).on_conflict_do_nothing().returning(LoginRow.email)
    )
    if entered.one_or_none() is None:
        raise AddressTaken(email=user.email)


def _end_others(db: TenantSession, user_id: UUID) -> None:
    now = clock.now()
    db.execute(
        update(Link)
        .where(Link.user_id == user_id, Link.used_at.is_(None), Link.expires_at > now)
        .values(expires_at=now)
    )
