"""Channels: what they are called, and how the last delivery went; never their address."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from goals_core.actor import Actor
from goals_core.kinds import DeliveryState, Event, Service


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the latest delivery to a place went."""

    at: datetime
    state: DeliveryState
    error: str | None


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel as its owner sees it."""

    id: UUID
    service: Service
    name: str
    events: tuple[Event, ...]  # of the company's
    last: Outcome | None


def owner_of(actor: Actor, channel_id: UUID) -> str:
    """What an address is sealed for: this channel of this company."""
    return f"{actor.tenant_id}/{channel_id}"
