"""Signing in by a provider: whose word a company takes, who is whom there, and coming in by it.

A person is known by issuer and subject. An e-mail is believed once, to link the two, and only if
the provider has verified it and the company of its account trusts that issuer with its domain:
so a provider that one company trusts can never vouch for another one's people.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select, true, update
from sqlalchemy.exc import IntegrityError

from goals_core import addresses, clock, logs
from goals_core.actor import Actor
from goals_core.checks import Checks
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import audit, logins, provider_words
from goals_core.engine.audit import Deed
from goals_core.engine.logins import Login
from goals_core.engine.provider_words import NotWelcome, Provider, Why, Word
from goals_core.errors import N_, Conflict, NotFound
from goals_core.models.access import IdentityRow, SignIn, UserIdentity
from goals_core.models.core import TenantRow
from goals_core.permissions import Open, Permission, needs, open_to
from goals_core.services import signin

MOST_DOMAINS = 30

log = logs.get("goals_core.sso")

_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_LINKED_MEANWHILE = (
    "identity_directory_pkey",
    "user_identities_subject_key",
    "user_identities_user_key",
)


class LastWayIn(Conflict):
    message = N_("You have no password: without this sign-in you could not come back.")


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose word a company takes; no issuer: nobody's."""

    issuer: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as a provider knows them."""

    id: UUID
    issuer: str
    subject: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """Who came in, and the token of the session that is open now."""

    actor: Actor
    token: str


@needs(Permission.MANAGE)
def rules(db: TenantSession) -> Rules:
    """The rules as they are now."""
    return _rules(_company(db))


@needs(Permission.MANAGE)
def change_rules(db: TenantSession, *, issuer: str, domains: Iterable[str]) -> Rules:
    """Trust an issuer, to the letter, with the e-mails of these domains; "" trusts nobody.

    What another issuer's word has opened before ends, except for the actor's own session.
    """
    new = _checked(issuer.strip(), domains)
    row = _company(db, lock=True)
    before = {"sso_issuer": row.sso_issuer, "sso_domains": row.sso_domains}
    after = {"sso_issuer": new.issuer or None, "sso_domains": " ".join(new.domains)}
    row.sso_issuer, row.sso_domains = new.issuer or None, " ".join(new.domains)
    if before["sso_issuer"] != after["sso_issuer"]:
        _end_sessions(db)
    if before != after:
        audit.note(db, Deed.TENANT_CHANGED, db.tenant_id, before=before, after=after)
    return new


@open_to(Open.SIGNED_IN)
def identities(db: TenantSession, *, user_id: UUID) -> list[Identity]:
    """How providers know a person: oneself, or anyone for those who manage people."""
    if user_id != db.actor.user_id:
        db.actor.need(Permission.MANAGE)
    query = select(UserIdentity).where(UserIdentity.user_id == user_id)
    return [
        Identity(row.id, row.issuer, row.subject, row.linked_at)
        for row in db.scalars(query.order_by(UserIdentity.linked_at, UserIdentity.id))
    ]


@open_to(Open.SIGNED_IN)
def unlink(db: TenantSession, *, identity_id: UUID) -> None:
    """Forget how a provider knows a person; what its word has opened for them ends.

    The session that one does this in goes on. A verified e-mail may link again.
    """
    row = _own_or_managed(db, identity_id)
    if row.user_id == db.actor.user_id and not signin.has_password(db):
        raise LastWayIn
    db.execute(delete(UserIdentity).where(UserIdentity.id == row.id))
    db.execute(
        delete(IdentityRow).where(
            IdentityRow.tenant_id == db.tenant_id,
            IdentityRow.issuer == row.issuer,
            IdentityRow.subject == row.subject,
        )
    )
    _end_sessions(db, of=row.user_id)
    audit.note(db, Deed.USER_IDENTITY_UNLINKED, row.user_id, before=_told(row))


@open_to(Open.VISITOR)
def enter(
    claims: Mapping[str, object], *, provider: Provider, user_agent: str = "", address: str = ""
) -> Entry:
    """Open the session of whom a provider's claims name; one for each sign-in there.

    `NotWelcome` whatever the reason, which the log tells; `WordOver` and `UsedAlready` when the
    claims are those of a sign-in that is past.
    """
    try:
        return _enter(provider_words.read(claims, provider, now=clock.now()), user_agent, address)
    except NotWelcome as refused:
        log.warning("A provider's sign-in opens no account", why=refused.why.value, **refused.ids)
        raise


def _enter(word: Word, user_agent: str, address: str) -> Entry:
    try:
        return _come_in(word, user_agent, address)
    except IntegrityError as error:
        if not any(name in str(error.orig) for name in _LINKED_MEANWHILE):
            raise
    return _come_in(word, user_agent, address)  # linked meanwhile: it is found now


def _come_in(word: Word, user_agent: str, address: str) -> Entry:
    is_linked, login = logins.find_by_identity(word.issuer, word.subject)
    if not is_linked:
        login = _by_email(word)
    if login is None:
        raise NotWelcome(Why.INACTIVE)
    with tenant_session(login.actor) as db:
        trusted = _trusted(db, word)
        if is_linked:
            _need_link(db, word)
        else:
            _link(db, word, trusted)
        token = signin.open_session(
            db, login, user_agent=user_agent, address=address, assertion=word.sha256
        )
    return Entry(login.actor, token)


def _by_email(word: Word) -> Login:
    if word.email is None:
        raise NotWelcome(Why.UNVERIFIED)
    login = signin.find_login(word.email)
    if login is None:
        raise NotWelcome(Why.UNKNOWN)
    return login


def _trusted(db: TenantSession, word: Word) -> Rules:
    """The company's rules, if it takes this issuer's word; they stand until the commit."""
    query = select(TenantRow).where(TenantRow.id == db.tenant_id).with_for_update(read=True)
    trusted = _rules(db.scalars(query).one())
    if trusted.issuer != word.issuer:
        raise NotWelcome(Why.UNTRUSTED, **_ids(db))
    return trusted


def _need_link(db: TenantSession, word: Word) -> None:
    """Whoever unlinks it just now waits for the commit, and then ends this session too."""
    link = and_(
        UserIdentity.issuer == word.issuer,
        UserIdentity.subject == word.subject,
        UserIdentity.user_id == db.actor.user_id,
    )
    if db.scalar(select(UserIdentity.id).where(link).with_for_update(read=True)) is None:
        raise NotWelcome(Why.UNLINKED, **_ids(db))


def _link(db: TenantSession, word: Word, trusted: Rules) -> None:
    user_id = db.actor.user_id
    assert user_id is not None  # noqa: S101  (accounts have an id; only the system has none)
    if word.domain not in trusted.domains:
        raise NotWelcome(Why.DOMAIN, **_ids(db))
    known = {one.issuer: one.subject for one in identities(db, user_id=user_id)}
    if known.get(word.issuer) == word.subject:
        return  # another browser has linked it just now
    if word.issuer in known:
        raise NotWelcome(Why.ANOTHER, **_ids(db))
    named = {"user_id": user_id, "issuer": word.issuer, "subject": word.subject}
    db.add(IdentityRow(tenant_id=db.tenant_id, **named))
    db.add(UserIdentity(linked_at=clock.now(), **named))
    db.flush()  # so that a link made meanwhile is told here
    audit.note(db, Deed.USER_IDENTITY_LINKED, user_id, after=_told(word))


def _ids(db: TenantSession) -> dict[str, object]:
    return {"tenant_id": db.tenant_id, "user_id": db.actor.user_id}


def _told(known: UserIdentity | Word) -> dict[str, str]:
    return {"issuer": known.issuer, "subject": known.subject}


def _company(db: TenantSession, *, lock: bool = False) -> TenantRow:
    query = select(TenantRow).where(TenantRow.id == db.tenant_id)
    return db.scalars(query.with_for_update(key_share=True) if lock else query).one()


def _rules(row: TenantRow) -> Rules:
    return Rules(row.sso_issuer or "", tuple(row.sso_domains.split()))


def _own_or_managed(db: TenantSession, identity_id: UUID) -> UserIdentity:
    mine = UserIdentity.user_id == db.actor.user_id
    within = true() if db.actor.may(Permission.MANAGE) else mine
    query = select(UserIdentity).where(UserIdentity.id == identity_id, within)
    row = db.scalar(query.with_for_update())
    if row is None:
        raise NotFound(N_("linked sign-in"))
    return row


def _end_sessions(db: TenantSession, *, of: UUID | None = None) -> None:
    """End those that a provider's word has opened, of one person or all, but not this one."""
    opened: list[ColumnElement[bool]] = [
        SignIn.assertion_sha256.is_not(None),
        SignIn.revoked_at.is_(None),
    ]
    if db.actor.session_id is not None:
        opened.append(SignIn.id != db.actor.session_id)
    if of is not None:
        opened.append(SignIn.user_id == of)
    db.execute(update(SignIn).where(*opened).values(revoked_at=clock.now()))


def _checked(issuer: str, domains: Iterable[str]) -> Rules:
    checks = Checks()
    named = {domain.strip().lower().removeprefix("@") for domain in domains} - {""}
    checks.text("issuer", issuer, longest=provider_words.LONGEST_ISSUER, required=bool(named))
    _check_issuer(checks, issuer)
    for domain in sorted(named):
        if not _DOMAIN.fullmatch(domain):
            checks.problem("domains", N_("{domain} is no domain of e-mails."), domain=domain)
    if len(named) > MOST_DOMAINS or len(" ".join(named)) > 1000:
        checks.problem("domains", N_("At most {most} of them."), most=MOST_DOMAINS)
    checks.done()
    return Rules(issuer, tuple(sorted(named)))


def _check_issuer(checks: Checks, issuer: str) -> None:
    try:
        if issuer:
            addresses.issuer(issuer)
    except ValueError:
        checks.problem("issuer", N_("This must be an address such as https://login.example.com."))
