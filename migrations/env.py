"""How Alembic reaches the database: by the connection that goals_core.schema hands over."""

from alembic import context

from goals_core.models import access, core, goals, journal, sources  # noqa: F401  (they fill the metadata)
from goals_core.models.base import Base

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
