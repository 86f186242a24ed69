"""How Alembic reaches the database: by the connection that goals_core.schema hands over."""

from alembic import context

# they fill the metadata, the catalogue with the tables of this installation's own
from goals_core.models import access, core, events, goals, journal  # noqa: F401
from goals_core.models.base import Base
from goals_core.sources import catalogue  # noqa: F401

SCHEMAS = {"core", "goals", "sales", "billing", "commissions", "custom"}

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_schemas=True,
    include_name=lambda name, kind, _: kind != "schema" or name in SCHEMAS,
    version_table_schema="core",
)
with context.begin_transaction():
    context.run_migrations()
