"""Only what a team has stands in the index of teams."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("DROP INDEX goals.assignments_team")
    op.execute(
        "CREATE INDEX assignments_team ON goals.assignments (tenant_id, team_id, period_end)"
        " WHERE team_id IS NOT NULL"
    )
