"""The migrated schema: what the models say, and what the specification says, to the letter."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from goals_core import schema
from goals_core.models.base import Base
from tests.conftest import Database, Server
from tests.db.catalogue import SCHEMAS

LATEST = max(path.name[:4] for path in Path("migrations/versions").glob("0*.py"))

# ET-SAAS-022, section 2.1
SPECIFIED = {
    "definitions": {
        "id": "uuid",
        "tenant_id": "uuid",
        "name": "character varying(200)",
        "description": "text",
        "category": "character varying(100)",
        "type": "goals.goal_type",
        "metric": "goals.metric_type",
        "target_value": "numeric(15,2)",
        "unit": "character varying(50)",
        "period": "goals.period_type",
        "starts_at": "date",
        "ends_at": "date",
        "source": "goals.data_source",
        "source_config": "jsonb",
        "milestones": "jsonb",
        "status": "goals.goal_status",
        "tags": "jsonb",
    },
    "assignments": {
        "id": "uuid",
        "tenant_id": "uuid",
        "definition_id": "uuid",
        "assignee_type": "goals.assignee_type",
        "user_id": "uuid",
        "team_id": "uuid",
        "custom_target": "numeric(15,2)",
        "current_value": "numeric(15,2)",
        "progress_percentage": "numeric(5,2)",
        "last_updated_at": "timestamp with time zone",
        "status": "goals.assignment_status",
        "achieved_at": "timestamp with time zone",
        "notes": "text",
    },
    "progress_log": {
        "id": "uuid",
        "tenant_id": "uuid",
        "assignment_id": "uuid",
        "previous_value": "numeric(15,2)",
        "new_value": "numeric(15,2)",
        "change_amount": "numeric(15,2)",
        "source": "goals.progress_source",
        "source_reference": "character varying(200)",
        "notes": "text",
        "logged_at": "timestamp with time zone",
        "logged_by": "uuid",
    },
    "milestone_notifications": {
        "id": "uuid",
        "tenant_id": "uuid",
        "assignment_id": "uuid",
        "milestone_percentage": "integer",
        "achieved_value": "numeric(15,2)",
        "notified_at": "timestamp with time zone",
    },
}
# section 2.2
ENUMS = {
    "goal_type": "target, limit, maintain",
    "metric_type": "number, currency, percentage, boolean, count",
    "period_type": "daily, weekly, monthly, quarterly, yearly, custom",
    "data_source": "manual, sales, billing, commissions, custom",
    "goal_status": "draft, active, paused, completed, cancelled",
    "assignee_type": "user, team, tenant",
    "assignment_status": "active, achieved, failed, cancelled",
    "progress_source": "manual, automatic, import, api",
}
_COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0
        AND NOT a.attisdropped
"""
_VALUES = """
    SELECT t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
    FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
    JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'goals' GROUP BY 1
"""


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.owner_url)
    yield engine
    engine.dispose()


def test_the_models_and_the_migrated_schema_agree(owner: Engine) -> None:
    with owner.connect() as connection:
        options = {
            "compare_type": True,
            "include_schemas": True,
            "include_name": lambda name, kind, _: kind != "schema" or name in SCHEMAS,
            "include_object": lambda _, name, *__: name != "alembic_version",
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("table", SPECIFIED)
def test_the_specifications_columns_are_there_to_the_letter(owner: Engine, table: str) -> None:
    with owner.connect() as connection:
        rows = connection.execute(text(_COLUMNS), {"name": f"goals.{table}"})
        columns = {row.attname: row.format_type for row in rows}
    assert {name: columns.get(name) for name in SPECIFIED[table]} == SPECIFIED[table]


def test_the_specifications_enums_have_its_values_in_its_order(owner: Engine) -> None:
    with owner.connect() as connection:
        rows = connection.execute(text(_VALUES))
        values = {row.typname: row.string_agg for row in rows}
    assert {name: values.get(name) for name in ENUMS} == ENUMS


def test_migrating_again_changes_nothing(server: Server) -> None:
    database = server.new_database()
    schema.migrate(database.owner_url, app_url=database.app_url)
    assert _revisions(database) == [LATEST]


def test_two_that_migrate_at_once_do_it_once(server: Server) -> None:
    database = server.empty_database()
    with ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(schema.migrate, database.owner_url, app_url=database.app_url)
            for _ in range(2)
        ]
        for run in runs:
            run.result()
    assert _revisions(database) == [LATEST]


def _revisions(database: Database) -> list[str]:
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        found = list(connection.scalars(text("SELECT version_num FROM core.alembic_version")))
    engine.dispose()
    return found
