"""The browsers that a person is signed in with, and their end."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update

from goals_core import clock
from goals_core.db import TenantSession
from goals_core.engine import audit, visibility
from goals_core.engine.audit import Deed
from goals_core.errors import N_, NotFound
from goals_core.models.access import SignIn
from goals_core.models.core import User
from goals_core.permissions import Open, Permission, open_to
from goals_core.services import signin


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser that is signed in."""

    id: UUID
    begun_at: datetime
    seen_at: datetime  # within a few minutes
    ends_at: datetime  # whatever it does
    user_agent: str
    address: str
    is_this: bool  # the one that asks


@open_to(Open.SIGNED_IN)
def list_(db: TenantSession) -> list[SignedIn]:
    """One's own, this one first, then by when they were last seen."""
    query = (
        select(
            SignIn.id,
            SignIn.created_at,
            SignIn.last_seen_at,
            SignIn.expires_at,
            SignIn.user_agent,
            SignIn.address,
        )
        .where(_live(db, db.actor.user_id))
        .order_by(SignIn.last_seen_at.desc(), SignIn.id)
    )
    mine = db.actor.session_id
    found = [SignedIn(*row, is_this=row.id == mine) for row in db.execute(query)]
    return sorted(found, key=lambda one: not one.is_this)


@open_to(Open.SIGNED_IN)
def end(db: TenantSession, session_id: UUID) -> None:
    """Sign one of one's own browsers out."""
    if not _end(db, and_(_live(db, db.actor.user_id), SignIn.id == session_id)):
        raise NotFound(N_("session"))


@open_to(Open.SIGNED_IN)
def end_others(db: TenantSession) -> int:
    """Sign all of one's own browsers out but the one that asks; how many there were."""
    return _end(db, and_(_live(db, db.actor.user_id), SignIn.id != db.actor.session_id))


@open_to(Open.SIGNED_IN)
def end_all(db: TenantSession, *, user_id: UUID) -> int:
    """Sign a person out everywhere: oneself, or anyone for those who manage people."""
    if user_id != db.actor.user_id:
        db.actor.need(Permission.MANAGE)
        visibility.need_person(db, user_id)
    return _end(db, _live(db, user_id), of=user_id)


def _live(db: TenantSession, user_id: UUID | None) -> ColumnElement[bool]:
    """The sessions of a person that open something: an older password's do not."""
    now = clock.now()
    mine = (User.tenant_id == db.tenant_id, User.id == user_id)
    epoch = select(User.auth_epoch).where(*mine).scalar_subquery()
    return and_(
        SignIn.tenant_id == db.tenant_id,
        SignIn.user_id == user_id,
        SignIn.auth_epoch == epoch,
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > now,
        SignIn.last_seen_at > now - signin.idle(),
    )


def _end(db: TenantSession, which: ColumnElement[bool], *, of: UUID | None = None) -> int:
    """Revoke them; a line of the audit log says how many, if any."""
    ended = db.scalars(
        update(SignIn).where(which).values(revoked_at=clock.now()).returning(SignIn.id),
        execution_options={"synchronize_session": False},
    ).all()
    subject = of or db.actor.user_id
    if ended and subject is not None:
        audit.note(db, Deed.USER_SESSIONS_ENDED, subject, after={"sessions": len(ended)})
    return len(ended)
