"""Deliveries: what is in the outbox is brought to mailboxes and channels, at least once.

1. What is new is planned: where it goes, and when, as its readers want it.
2. What is due is bundled: several pieces of news for one mailbox are one mail.
3. Each delivery is claimed, sent and noted, each step for itself: nothing is sent while a
   transaction is open. Who dies between sending and noting leaves it to be sent again, with the
   same id; the inbox has everything once.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Event as Flag
from time import monotonic

from sqlalchemy import select, text

from goals_core import chat, clock, logs, mail, sealed
from goals_core.actor import Actor
from goals_core.chat import NotTaken
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import delivery_plan, delivery_queue, messages, news
from goals_core.engine.channels import owner_of
from goals_core.engine.delivery_queue import Claimed
from goals_core.engine.messages import Message
from goals_core.engine.preferences import Preferences
from goals_core.errors import Invalid
from goals_core.kinds import DeliveryState
from goals_core.mail import MailNotSent
from goals_core.models.deliveries import DeliveryItem
from goals_core.models.goals import OutboxRow
from goals_core.permissions import Permission, needs

AT_ONCE = 4
KEPT, NEWS_KEPT = timedelta(days=30), timedelta(days=400)
_log = logs.get("goals.deliveries")

_DEFAULTS = json.dumps(
    {event.value: choice.mode.value for event, choice in Preferences().choices.items()}
)
# in the order of what refers to what
_TIDY = (
    """
    DELETE FROM goals.delivery_items i WHERE i.tenant_id = :tenant_id AND i.delivery_id IN (
        SELECT d.id FROM goals.deliveries d
        WHERE d.tenant_id = :tenant_id AND d.ended_at < :sent_before)
    """,
    "DELETE FROM goals.deliveries d WHERE d.tenant_id = :tenant_id AND d.ended_at < :sent_before",
    """
    DELETE FROM goals.delivery_items i WHERE i.tenant_id = :tenant_id AND i.outbox_id IN (
        SELECT o.id FROM goals.outbox o
        WHERE o.tenant_id = :tenant_id AND o.created_at < :told_before)
    """,
    "DELETE FROM goals.outbox o WHERE o.tenant_id = :tenant_id AND o.created_at < :told_before",
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many deliveries were sent, are to be tried again, and have ended without."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    is_cut_short: bool = False  # the time was over before all was sent


@needs(Permission.MANAGE)
def deliver(actor: Actor, *, seconds: float = 50.0) -> Delivered:
    """Send what is due, of one tenant; after so many seconds the rest is left to the next time."""
    system, until = Actor.system(actor.tenant), monotonic() + seconds
    _each(system, lambda db: delivery_plan.plan(db, defaults=_DEFAULTS))
    _each(system, delivery_plan.bundle)
    mail_is_away = Flag()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="goals-deliver") as threads:
        done = threads.map(lambda _: _send_all(system, until, mail_is_away), range(AT_ONCE))
        states = [state for each in done for state in each]
    sent, waiting = (states.count(s) for s in (DeliveryState.SENT, DeliveryState.WAITING))
    failed = sum(s in {DeliveryState.REFUSED, DeliveryState.GIVEN_UP} for s in states)
    return Delivered(sent, waiting, failed, is_cut_short=monotonic() >= until)


@needs(Permission.MANAGE)
def tidy(actor: Actor) -> None:
    """Delete what was sent a month ago, and news of which even last year's are older."""
    now = clock.now()
    bound = {"sent_before": now - KEPT, "told_before": now - NEWS_KEPT}
    with tenant_session(Actor.system(actor.tenant)) as db:
        for statement in _TIDY:
            db.execute(text(statement), {"tenant_id": db.tenant_id} | bound)


def _each(actor: Actor, step: Callable[[TenantSession], int]) -> None:
    """Take a step in transactions of its own until there is nothing left to do."""
    found = 1
    while found:
        with tenant_session(actor) as db:
            found = step(db)


def _send_all(actor: Actor, until: float, mail_is_away: Flag) -> list[DeliveryState]:
    states: list[DeliveryState] = []
    while monotonic() < until:
        with tenant_session(actor) as db:
            can_mail = mail.is_configured() and not mail_is_away.is_set()
            claimed = delivery_queue.claim(db, mail=can_mail)
        if claimed is None:
            break
        states.append(_send(actor, claimed, mail_is_away))
    return states


def _send(actor: Actor, claimed: Claimed, mail_is_away: Flag) -> DeliveryState:
    """Send one and note how it went; what is not foreseen is tried again like what is."""
    state, error = DeliveryState.SENT, ""
    try:
        state = _hand_over(claimed)
    except (MailNotSent, NotTaken) as refusal:
        state = DeliveryState.REFUSED if refusal.is_final else DeliveryState.WAITING
        error = str(refusal.facts["reason"])
        if isinstance(refusal, MailNotSent) and refusal.is_away:
            mail_is_away.set()
    except (sealed.CannotOpen, sealed.NoKey, Invalid) as refusal:
        state, error = DeliveryState.REFUSED, str(refusal)
    except Exception as unforeseen:  # noqa: BLE001  (one bad delivery does not stop the others)
        # its type alone: what a library says can have an address in it
        error, state = type(unforeseen).__name__, DeliveryState.WAITING
        _log.error("A delivery failed", delivery=claimed.id, error=error)
    with tenant_session(actor) as db:
        if state is DeliveryState.WAITING:
            return delivery_queue.note_failure(db, claimed, error)
        delivery_queue.note(db, claimed, state, error)
    return state


def _hand_over(claimed: Claimed) -> DeliveryState:
    if claimed.reader is None or (message := _message(claimed, claimed.reader)) is None:
        return DeliveryState.DROPPED
    if claimed.channel_id is None:
        mail.send(
            claimed.reader.email,
            message.subject,
            message.text,
            message.html,
            id_=claimed.id,
            unsubscribe=message.change_at,
        )
    else:
        owner = owner_of(claimed.reader, claimed.channel_id)
        address = sealed.open_(claimed.address or b"", of=owner)
        chat.parse(address).send(message.subject, message.lines, key=str(claimed.id))
    return DeliveryState.SENT


def _message(claimed: Claimed, reader: Actor) -> Message | None:
    """What its reader may still see of it; None when that is nothing."""
    with tenant_session(reader) as db:
        items = select(DeliveryItem.outbox_id).where(
            DeliveryItem.tenant_id == db.tenant_id, DeliveryItem.delivery_id == claimed.id
        )
        rows = news.query(db).where(OutboxRow.id.in_(items))
        told = news.all_of(db, rows.order_by(OutboxRow.created_at, OutboxRow.id))
    if not told:
        return None
    return messages.write(reader, told, is_digest=claimed.is_digest, language=claimed.language)
