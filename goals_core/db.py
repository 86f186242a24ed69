"""The way to the database: a pool per process, a transaction per deed, a tenant per session."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, with_loader_criteria

from goals_core.actor import Actor
from goals_core.models.base import TenantOwned

# Rows come by the thousands and go without being collected; Python would look for cycles among them
# after every 700, which takes longer than reading them.
_COLLECTED_AFTER = (50_000, 20, 20)

_engine: Engine | None = None


class NotConnected(RuntimeError):
    """The process asked for the database before `connect` was called."""


class TenantSession(Session):
    """A transaction of one actor in one tenant; PostgreSQL's policies see to the wall."""

    actor: Actor

    @property
    def tenant_id(self) -> UUID:
        return self.actor.tenant_id


def connect(url: str, *, pool_size: int = 10) -> None:
    """Open the pool; until `disconnect`, every session of this process uses it."""
    global _engine  # noqa: PLW0603  (the one pool of the process)
    gc.set_threshold(*_COLLECTED_AFTER)
    disconnect()
    _engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,  # an error is logged, and what people typed is not
    )


def disconnect() -> None:
    """Close every connection of the pool."""
    global _engine  # noqa: PLW0603  (the one pool of the process)
    if _engine is not None:
        _engine.dispose()
        _engine = None


def is_connected() -> bool:
    return _engine is not None


def engine() -> Engine:
    if _engine is None:
        raise NotConnected("call db.connect() first")
    return _engine


@contextmanager
def tenant_session(actor: Actor) -> Iterator[TenantSession]:
    """One transaction as `actor`: committed when the block ends, undone when it raises."""
    with TenantSession(engine(), expire_on_commit=False) as db:
        db.actor = actor
        with db.begin():
            yield db


@contextmanager
def directory() -> Iterator[Connection]:
    """A transaction without a tenant: it sees no row, only the directory's functions."""
    with engine().begin() as connection:
        yield connection


@contextmanager
def at_once() -> Iterator[Connection]:
    """A connection on which each statement is a transaction of its own: one trip, and done."""
    with engine().connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@event.listens_for(TenantSession, "after_begin")
def _set_tenant(db: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    # It runs SET LOCAL: SET takes no parameters, and Citus does not forward set_config().
    tenant_id = cast(TenantSession, db).tenant_id
    connection.execute(text("SELECT core.set_tenant(:tenant_id)"), {"tenant_id": tenant_id})


@event.listens_for(TenantSession, "do_orm_execute")
def _bind_tenant(state: ORMExecuteState) -> None:
    # The policy is the wall; the bound value lets a distributed database find the shard.
    # Statements on plain tables bind it themselves.
    if not state.is_orm_statement:
        return
    tenant_id = cast(TenantSession, state.session).tenant_id
    state.statement = cast(Any, state.statement).options(
        with_loader_criteria(
            TenantOwned, lambda model: model.tenant_id == tenant_id, include_aliases=True
        )
    )


@event.listens_for(TenantSession, "transient_to_pending")
def _own(db: Session, row: object) -> None:
    if isinstance(row, TenantOwned):
        row.tenant_id = cast(TenantSession, db).tenant_id
