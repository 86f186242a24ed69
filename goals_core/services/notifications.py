"""What one is told and where: preferences, one's own channels, and those of the company."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from goals_core import chat, clock, mail, sealed
from goals_core.actor import Actor
from goals_core.checks import Checks
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import audit, messages, preferences
from goals_core.engine.audit import Deed
from goals_core.engine.channels import ChannelView, Outcome, owner_of
from goals_core.engine.preferences import LANGUAGES, Preferences
from goals_core.errors import N_, NotFound
from goals_core.kinds import DeliveryState, Event, Service
from goals_core.models.base import new_id
from goals_core.models.core import User
from goals_core.models.deliveries import Channel, Delivery, DeliveryItem, PreferencesRow
from goals_core.permissions import Open, Permission, needs, open_to

MOST_CHANNELS = 10


@open_to(Open.SIGNED_IN)
def own(db: TenantSession) -> Preferences:
    """One's own preferences, or the defaults."""
    mine = PreferencesRow.user_id == db.actor.user_id
    return preferences.of(db.scalars(select(PreferencesRow).where(mine)).one_or_none())


@open_to(Open.SIGNED_IN)
def change(db: TenantSession, wanted: Preferences) -> None:
    """Save one's own preferences; they hold for what happens from now on."""
    _check(wanted)
    at = clock.now()
    values = preferences.columns_of(wanted) | {"updated_at": at}
    key = {"tenant_id": db.tenant_id, "user_id": db.actor.user_id}
    row = insert(PreferencesRow).values(id=new_id(), **key, **values)
    db.execute(row.on_conflict_do_update(index_elements=["tenant_id", "user_id"], set_=values))


@open_to(Open.SIGNED_IN)
def mailbox(db: TenantSession) -> Outcome | None:
    """How the last mail to oneself went."""
    return _latest(db, Delivery.user_id == db.actor.user_id).get(None)


@open_to(Open.SIGNED_IN)
def channels(db: TenantSession) -> Sequence[ChannelView]:
    """One's own channels, the oldest first."""
    return _listed(db, _mine(db), Delivery.user_id == db.actor.user_id)


@needs(Permission.MANAGE)
def company_channels(db: TenantSession) -> Sequence[ChannelView]:
    """The channels of the whole company, the oldest first."""
    return _listed(db, Channel.user_id.is_(None), Delivery.user_id.is_(None))


@open_to(Open.SIGNED_IN)
def add_channel(db: TenantSession, *, name: str, address: str) -> UUID:
    """Add one of one's own; what happens from now on is sent there as one's preferences say."""
    return _add(db, name, address, user_id=db.actor.user_id, events=())


@needs(Permission.MANAGE)
def add_company_channel(
    db: TenantSession, *, name: str, address: str, events: Collection[Event]
) -> UUID:
    """Add one of the company, which is told of these events of all goals."""
    id_ = _add(db, name, address, user_id=None, events=events)
    channel = _find(db, id_, Channel.user_id.is_(None))
    audit.note(db, Deed.CHANNEL_ADDED, id_, after=_facts(channel))
    return id_


@open_to(Open.SIGNED_IN)
def remove_channel(db: TenantSession, channel_id: UUID) -> None:
    """Remove one of one's own, and what waits to be sent there."""
    _remove(db, _find(db, channel_id, _mine(db), lock=True))


@needs(Permission.MANAGE)
def remove_company_channel(db: TenantSession, channel_id: UUID) -> None:
    """Remove one of the company's, and what waits to be sent there."""
    channel = _find(db, channel_id, Channel.user_id.is_(None), lock=True)
    audit.note(db, Deed.CHANNEL_REMOVED, channel_id, before=_facts(channel))
    _remove(db, channel)


@open_to(Open.SIGNED_IN)
def try_channel(actor: Actor, channel_id: UUID) -> None:
    """Send a test to one of one's own channels or, for who manages, of the company's."""
    with tenant_session(actor) as db:
        allowed = _mine(db)
        if actor.may(Permission.MANAGE):
            allowed |= Channel.user_id.is_(None)
        sealed_address = _find(db, channel_id, allowed).address
        language = own(db).language
    address = sealed.open_(sealed_address, of=owner_of(actor, channel_id))
    subject, text = messages.trial(actor, language)
    chat.parse(address).send(subject, text, key=str(new_id()))


@open_to(Open.SIGNED_IN)
def try_mailbox(actor: Actor) -> None:
    """Send a test to one's own address."""
    with tenant_session(actor) as db:
        language = own(db).language
        to = db.scalar(select(User.email).where(User.id == actor.user_id))
    if to is not None:
        mail.send(to, *messages.trial(actor, language))


def _check(wanted: Preferences) -> None:
    checks, hours = Checks(), wanted.hours
    if set(wanted.choices) != set(Event):
        checks.problem("choices", N_("Choose for every event."))
    if (hours.quiet_from is None) != (hours.quiet_until is None):
        checks.problem("quiet_until", N_("Quiet hours have a beginning and an end."))
    elif hours.quiet_from is not None and hours.quiet_from == hours.quiet_until:
        checks.problem("quiet_until", N_("Quiet hours end at another time than they begin."))
    if type(hours.digest_hour) is not int or not 0 <= hours.digest_hour <= 23:
        checks.problem("digest_hour", N_("A whole number from 0 to {most}."), most=23)
    if wanted.language is not None and wanted.language not in LANGUAGES:
        checks.problem("language", N_("Choose one of the languages."))
    checks.done()


def _add(
    db: TenantSession, name: str, address: str, *, user_id: UUID | None, events: Collection[Event]
) -> UUID:
    if not sealed.is_possible():
        raise sealed.NoKey
    checks = Checks()
    called = checks.text("name", name, longest=100, required=True)
    if user_id is None and not events:
        checks.problem("events", N_("Choose at least one event."))
    if _count(db, user_id) >= MOST_CHANNELS:
        checks.problem(
            "name", N_("There are {most} channels; remove one first."), most=MOST_CHANNELS
        )
    checks.done()
    target, id_ = chat.parse(address.strip()), new_id()
    db.add(
        Channel(
            id=id_,
            user_id=user_id,
            service=target.service.value,
            name=called,
            address=sealed.seal(address.strip(), of=owner_of(db.actor, id_)),
            events=[event.value for event in Event if event in events],
            created_by=db.actor.user_id,
            created_at=clock.now(),
        )
    )
    db.flush()  # before its line of the audit reads it
    return id_


def _count(db: TenantSession, user_id: UUID | None) -> int:
    same = Channel.user_id == user_id if user_id else Channel.user_id.is_(None)
    return len(db.scalars(select(Channel.id).where(same)).all())


def _mine(db: TenantSession) -> ColumnElement[bool]:
    return (Channel.user_id == db.actor.user_id) & Channel.user_id.is_not(None)


def _find(
    db: TenantSession, channel_id: UUID, allowed: ColumnElement[bool], *, lock: bool = False
) -> Channel:
    query = select(Channel).where(Channel.id == channel_id, allowed)
    found = db.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFound(N_("channel"))
    return found


def _remove(db: TenantSession, channel: Channel) -> None:
    for table in (DeliveryItem, Delivery):
        there = (table.tenant_id == db.tenant_id) & (table.channel_id == channel.id)
        db.execute(delete(table).where(there).execution_options(synchronize_session=False))
    db.delete(channel)


def _listed(
    db: TenantSession, which: ColumnElement[bool], whose: ColumnElement[bool]
) -> Sequence[ChannelView]:
    rows = db.scalars(select(Channel).where(which).order_by(Channel.created_at, Channel.id)).all()
    latest = _latest(db, whose) if rows else {}
    return [
        ChannelView(
            row.id,
            Service(row.service),
            row.name,
            tuple(map(Event, row.events)),
            latest.get(row.id),
        )
        for row in rows
    ]


def _latest(db: TenantSession, whose: ColumnElement[bool]) -> dict[UUID | None, Outcome]:
    """How it went last, by channel; None is the mailbox."""
    tried = (
        select(Delivery)
        .where(whose, Delivery.attempts > 0, Delivery.state != DeliveryState.DROPPED.value)
        .ext(distinct_on(Delivery.channel_id))
        .order_by(Delivery.channel_id, Delivery.created_at.desc())
    )
    return {
        row.channel_id: Outcome(row.ended_at or row.next_at, DeliveryState(row.state), row.error)
        for row in db.scalars(tried)
    }


def _facts(channel: Channel) -> dict[str, object]:
    """What the audit log has of it: never its address."""
    return {"name": channel.name, "service": channel.service, "events": channel.events}
