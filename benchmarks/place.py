"""Where a benchmark runs: a fresh embedded server, and one company with as many people as asked."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import NullPool, create_engine, insert, make_url

from goals_core import clock, db, embedded, schema
from goals_core.actor import Actor, Tenant
from goals_core.embedded.server import Server
from goals_core.models.base import new_id
from goals_core.models.core import User
from goals_core.services import tenants


@dataclass(frozen=True)
class Place:
    """A migrated server that nobody else uses."""

    server: Server

    def analyze(self) -> None:
        """As autovacuum would have done long ago."""
        self.as_superuser("VACUUM ANALYZE")

    @contextmanager
    def without_indexes(self, table: str) -> Iterator[None]:
        """Meanwhile the table has but its keys; afterwards its indexes are built at once."""
        indexes = self._rows(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            f" WHERE i.indrelid = '{table}'::regclass AND NOT i.indisunique"
        )
        for name, _ in indexes:
            self.as_superuser(f"DROP INDEX {name}")
        yield
        for _, definition in indexes:
            self.as_superuser(definition)

    def url(self) -> str:
        """The application's address, for PostgreSQL's own programs."""
        return (
            make_url(self.server.app_url)
            .set(drivername="postgresql")
            .render_as_string(hide_password=False)
        )

    def as_superuser(self, statement: str) -> None:
        self._rows(statement)

    def _rows(self, statement: str) -> list[Any]:
        superuser = make_url(self.server.owner_url).set(username="postgres")
        engine = create_engine(superuser, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            result = connection.exec_driver_sql(statement)
            return list(result) if result.returns_rows else []


@contextmanager
def fresh_place() -> Iterator[Place]:
    """A server of its own, gone with its data when the block ends."""
    with tempfile.TemporaryDirectory(prefix="goals-benchmark-") as folder:
        Path(folder).chmod(0o755)  # as root the server runs under another account
        server = embedded.acquire(Path(folder) / "home")
        try:
            schema.migrate(server.owner_url, app_url=server.app_url)
            db.connect(server.app_url)
            yield Place(server)
        finally:
            db.disconnect()
            server.release()


def new_company(slug: str) -> Tenant:
    return tenants.create_tenant(
        slug=slug, name=slug, timezone="UTC", locale="en_US", currency="USD"
    )


def add_people(session: db.TenantSession, count: int) -> list[UUID]:
    """People who own things and never sign in."""
    now, tenant = clock.now(), session.actor.tenant
    rows: list[dict[str, Any]] = [
        {
            "tenant_id": session.tenant_id,
            "id": new_id(),
            "email": f"{n}@{tenant.slug}.example",
            "name": f"Rep {n}",
            "title": "",
            "role": "rep",
            "password_hash": "-",
            "is_active": True,
            "auth_epoch": 0,
            "created_at": now,
            "updated_at": now,
        }
        for n in range(count)
    ]
    session.execute(insert(User), rows)
    return [row["id"] for row in rows]


def system(tenant: Tenant) -> Actor:
    return Actor.system(tenant)
