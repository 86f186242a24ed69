"""The wall between tenants: in the catalogue, and as the application's role meets it."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, make_url, select, text
from sqlalchemy.exc import DataError, IntegrityError

from goals_core import clock, db
from goals_core.engine.preferences import Preferences
from goals_core.models.access import ApiToken, IdentityRow, Link, UserIdentity
from goals_core.models.base import Base, new_id
from goals_core.models.deliveries import Channel, Delivery, DeliveryItem
from goals_core.models.goals import OutboxRow
from goals_core.models.sources import CommissionEntry, CustomRecord, Invoice
from goals_core.services import events, notifications, progress, signin, tracking
from tests import makers
from tests.conftest import Cast, Database, new_cast
from tests.db import catalogue


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def app(database: Database) -> Iterator[psycopg.Connection]:
    """A plain connection as the application's role."""
    url = make_url(database.app_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        yield connection


@pytest.fixture
def both(cast: Cast, owner: Engine) -> tuple[Cast, Cast]:
    """Two companies, each with a row of its own in every table."""
    pair = (cast, new_cast())
    for company in pair:
        _fill(company)
    with owner.connect() as connection:
        for table in catalogue.tables(connection):
            column = _tenant_column(table)
            for company in pair:
                count = f"SELECT count(*) FROM {table} WHERE {column} = :id"
                assert connection.scalar(text(count), {"id": company.tenant.id}), table
    return pair


def test_every_table_of_tenants_is_protected(owner: Engine) -> None:
    with owner.connect() as connection:
        assert len(catalogue.tables(connection)) >= 18
        assert catalogue.findings(connection) == []


def test_every_table_of_the_models_is_one_that_the_catalogue_check_sees(owner: Engine) -> None:
    with owner.connect() as connection:
        seen = set(catalogue.tables(connection)) | catalogue.SEALED
        assert seen == set(Base.metadata.tables)


def test_what_belongs_to_no_tenant_is_sealed(owner: Engine, app: psycopg.Connection) -> None:
    with owner.connect() as connection:
        assert catalogue.open_seals(connection) == []
    for table in catalogue.SEALED:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(f"SELECT FROM {table}")
        app.rollback()


def test_the_check_itself_finds_a_seal_that_is_broken(owner: Engine) -> None:
    for deed in (
        "GRANT SELECT ON core.setup_links TO goals_rw",
        "GRANT UPDATE ON core.setup_links TO PUBLIC",
        "CREATE POLICY all_of_it ON core.setup_links USING (true)",
        "ALTER TABLE core.setup_links NO FORCE ROW LEVEL SECURITY",
    ):
        with owner.connect() as connection:  # never committed
            connection.execute(text(deed))
            assert catalogue.open_seals(connection) == ["core.setup_links"], deed


@pytest.mark.parametrize(
    ("table", "finding"),
    [
        ("tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id)", "row-level security disabled"),
        ("tenant_id uuid, id uuid PRIMARY KEY", "is unique without its tenant"),
        ("tenant_id uuid, id uuid, user_id uuid UNIQUE", "is unique without its tenant"),
        ("tenant_id uuid, id bigserial", "numbers its column id"),
        ("tenant_id uuid, id uuid", "may be without tenant_id"),
        ("tenant_id uuid, id uuid", "does not refer to its tenant"),
        (
            "tenant_id uuid NOT NULL, id uuid, user_id uuid,"
            " FOREIGN KEY (tenant_id, user_id) REFERENCES core.users (tenant_id, id)",
            "does not refer to its tenant",  # where there is no user, to nothing
        ),
    ],
)
def test_the_check_itself_finds_an_unprotected_table(
    owner: Engine, table: str, finding: str
) -> None:
    with owner.connect() as connection:  # never committed
        connection.execute(text(f"CREATE TABLE goals.open_door ({table})"))
        found = catalogue.findings(connection)
        assert any(f.startswith("goals.open_door") and finding in f for f in found), found


def test_the_check_itself_finds_a_reference_that_leaves_the_tenant(owner: Engine) -> None:
    with owner.connect() as connection:
        connection.execute(text("CREATE TABLE goals.target (tenant_id uuid, id uuid UNIQUE)"))
        connection.execute(
            text("CREATE TABLE goals.loose (tenant_id uuid, x uuid REFERENCES goals.target (id))")
        )
        assert any(
            finding.startswith("goals.loose refers out of its tenant")
            for finding in catalogue.findings(connection)
        )


def test_the_applications_role_is_neither_superuser_nor_owner(app: psycopg.Connection) -> None:
    role = "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert app.execute(role).fetchone() == (False, False, False)
    owned = "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user"
    assert app.execute(owned).fetchone() == (0,)


def test_without_a_tenant_there_is_no_row_in_any_table(
    both: tuple[Cast, Cast], app: psycopg.Connection, owner: Engine
) -> None:
    for table in _tables(owner):
        assert app.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_without_a_tenant_nothing_can_be_written(cast: Cast, app: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(_INSERT, (cast.tenant.id, new_id()))


def test_a_tenant_sees_no_row_of_another_in_any_table(
    both: tuple[Cast, Cast], app: psycopg.Connection, owner: Engine
) -> None:
    mine, other = both
    app.execute("SELECT core.set_tenant(%s)", (mine.tenant.id,))
    for table in _tables(owner):
        column = _tenant_column(table)
        seen = app.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()
        assert seen == [(mine.tenant.id,)], table
        of_other = app.execute(
            f"SELECT count(*) FROM {table} WHERE {column} = %s", (other.tenant.id,)
        )
        assert of_other.fetchone() == (0,), table


def test_a_tenant_cannot_write_a_row_for_another(
    both: tuple[Cast, Cast], app: psycopg.Connection
) -> None:
    mine, other = both
    app.execute("SELECT core.set_tenant(%s)", (mine.tenant.id,))
    app.execute(_INSERT, (mine.tenant.id, new_id()))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(_INSERT, (other.tenant.id, new_id()))


def test_a_tenant_cannot_hand_a_row_to_another(
    both: tuple[Cast, Cast], app: psycopg.Connection
) -> None:
    mine, other = both
    app.execute("SELECT core.set_tenant(%s)", (mine.tenant.id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("UPDATE core.teams SET tenant_id = %s", (other.tenant.id,))


def test_a_row_cannot_refer_to_another_tenants_row(both: tuple[Cast, Cast], owner: Engine) -> None:
    mine, other = both
    with (
        owner.connect() as connection,
        pytest.raises(IntegrityError, match="team_members_tenant_id_user_id_fkey"),
    ):
        connection.execute(
            text(
                "INSERT INTO core.team_members (tenant_id, id, team_id, user_id, member_from)"
                " VALUES (:tenant, :id, :team, :user, '2026-01-01')"
            ),
            {
                "tenant": mine.tenant.id,
                "id": new_id(),
                "team": mine.north,
                "user": other.rep.user_id,
            },
        )


@pytest.mark.parametrize(
    "deed", ["UPDATE core.audit_log SET tag = ''", "DELETE FROM core.audit_log"]
)
def test_the_audit_log_can_only_grow(cast: Cast, app: psycopg.Connection, deed: str) -> None:
    app.execute("SELECT core.set_tenant(%s)", (cast.tenant.id,))
    assert app.execute("SELECT count(*) FROM core.audit_log").fetchone() != (0,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(deed)


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE goals.progress_log SET new_value = 0",
        "UPDATE goals.progress_log SET notes = ''",
        "DELETE FROM goals.progress_log",
    ],
)
def test_a_line_of_the_progress_log_stays_as_it_is(
    cast: Cast, app: psycopg.Connection, deed: str
) -> None:
    app.execute("SELECT core.set_tenant(%s)", (cast.tenant.id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(deed)


@pytest.fixture
def only_connection(connected: Database) -> Iterator[None]:
    """A pool that has no other."""
    db.connect(connected.app_url, pool_size=1)
    yield
    db.disconnect()


def test_the_tenant_is_gone_with_its_transaction(cast: Cast, only_connection: None) -> None:
    with db.tenant_session(cast.manager) as session:
        process = session.scalar(text("SELECT pg_backend_pid()"))
    with db.directory() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) == process  # the same one, pooled
        assert connection.scalar(text("SELECT current_setting('app.tenant_id', true)")) == ""
        assert connection.scalar(text("SELECT count(*) FROM core.users")) == 0


def test_what_is_no_tenant_fails_closed(cast: Cast, connected: Database) -> None:
    with db.directory() as connection, pytest.raises(DataError):
        connection.execute(text("SELECT core.set_tenant('all')"))


_INSERT = "INSERT INTO core.teams (tenant_id, id, name, created_at) VALUES (%s, %s, 'New', now())"


def _tenant_column(table: str) -> str:
    return "id" if table == catalogue.TENANTS else "tenant_id"


def _tables(owner: Engine) -> list[str]:
    with owner.connect() as connection:
        return catalogue.tables(connection)


def _fill(company: Cast) -> None:
    """A row in every table, most of them by the services that write them."""
    makers.make_goal(company, company.rep, makers.from_sales(target_value=Decimal(100)))
    calls = makers.make_goal(company, company.rep)
    with db.tenant_session(company.system) as session:
        events.receive(session, makers.won_deal(company.rep, Decimal(99)))
        progress.record(session, assignment_id=calls, value=Decimal(60), on=makers.TODAY)
    tracking.sync(company.admin)
    makers.add(company.tenant, Invoice, makers.invoice(company.rep, 5))
    makers.add(company.tenant, CommissionEntry, makers.commission(company.rep, 5))
    makers.add(company.tenant, CustomRecord, makers.custom(company.rep, 5))
    makers.add_rate(company.tenant, "EUR", makers.TODAY, "1.1")
    makers.add(company.tenant, ApiToken, _api_token(company))
    makers.add(company.tenant, Link, _link(company))
    makers.add(company.tenant, UserIdentity, _identity(company))
    with db.tenant_session(company.system) as session:
        session.add(IdentityRow(tenant_id=company.tenant.id, **_identity_key(company)))
    with db.tenant_session(company.rep) as session:
        notifications.change(session, Preferences())
    _deliveries(company, calls)
    login = signin.find_login(company.rep.email)
    assert login is not None
    with db.tenant_session(login.actor) as session:
        signin.open_session(session, login)


def _deliveries(company: Cast, goal: UUID) -> None:
    """Something on its way to a channel."""
    whose = {"user_id": company.rep.user_id, "created_at": clock.now()}
    made = {"service": "slack", "name": "Chat", "address": b"sealed", "events": []}
    now = {"is_digest": False, "next_at": clock.now(), "state": "waiting", "attempts": 0}
    with db.tenant_session(company.system) as session:
        channel = Channel(id=new_id(), **whose, **made)
        delivery = Delivery(id=new_id(), **whose, **now)
        session.add_all([channel, delivery])
        session.flush()
        told = session.scalars(select(OutboxRow.id).where(OutboxRow.assignment_id == goal)).first()
        ids = {"outbox_id": told, "channel_id": channel.id, "delivery_id": delivery.id}
        item = DeliveryItem(id=new_id(), is_digest=False, due_at=clock.now(), **ids)
        session.add(item)


def _api_token(company: Cast) -> dict[str, object]:
    return {
        "user_id": company.rep.user_id,
        "name": "A program",
        "token_sha256": new_id().bytes,
        "created_at": clock.now(),
    }


def _link(company: Cast) -> dict[str, object]:
    return {
        "user_id": company.rep.user_id,
        "purpose": "reset",
        "token_sha256": new_id().bytes,
        "created_at": clock.now(),
        "expires_at": clock.now(),
    }


def _identity(company: Cast) -> dict[str, object]:
    return _identity_key(company) | {"linked_at": clock.now()}


def _identity_key(company: Cast) -> dict[str, object]:
    issuer = "https://id.example"
    return {"issuer": issuer, "subject": company.rep.email, "user_id": company.rep.user_id}
