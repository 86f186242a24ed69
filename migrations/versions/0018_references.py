"""The logs' lines are of the tenant of what they refer to.

They are written by the million, and each reference is looked up for each line: that to the tenant
follows from the one to the assignment, and to the batch.
"""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = ("goals.progress_log", "goals.journal")


def upgrade() -> None:
    for table in TABLES:
        name = table.split(".")[1]
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}_tenant_id_fkey")
