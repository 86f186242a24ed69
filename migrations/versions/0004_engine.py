"""What the goal engine keeps: targets as they count, roll-over, corrections, the outbox."""

from alembic import op

from migrations.tenancy import reference, tenant_table

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _settings()
    _targets()
    _rolling()
    _corrections()
    _outbox()


def _settings() -> None:
    op.execute(
        """
        ALTER TABLE core.tenants ADD COLUMN workweek varchar(7) NOT NULL DEFAULT '12345'
            CONSTRAINT tenants_workweek CHECK (workweek ~ '^1?2?3?4?5?6?7?$' AND workweek <> '')
        """
    )
    op.execute("ALTER TABLE goals.definitions ADD COLUMN prorate boolean NOT NULL DEFAULT false")


def _targets() -> None:
    """The target stands on the assignment, so that a closed one keeps what it was held against."""
    op.execute(
        """
        ALTER TABLE goals.assignments
            ADD COLUMN full_target numeric(15, 2),
            ADD COLUMN worked_days integer,
            ADD COLUMN working_days integer,
            ADD CONSTRAINT assignments_worked CHECK (
                (worked_days IS NULL) = (working_days IS NULL)
                AND worked_days BETWEEN 0 AND working_days AND working_days > 0
            )
        """
    )
    op.execute(
        """
        UPDATE goals.assignments a SET full_target = coalesce(a.custom_target, d.target_value)
        FROM goals.definitions d WHERE d.tenant_id = a.tenant_id AND d.id = a.definition_id
        """
    )
    op.execute("ALTER TABLE goals.assignments ALTER COLUMN full_target SET NOT NULL")
    # twenty decimals before it is rounded: a quotient must not be rounded twice
    op.execute(
        """
        ALTER TABLE goals.assignments ADD COLUMN target_value numeric(15, 2) NOT NULL
            GENERATED ALWAYS AS (
                CASE WHEN working_days IS NULL THEN full_target
                ELSE round(full_target * worked_days * 1.00000000000000000000 / working_days, 2) END
            ) STORED
        """
    )


def _rolling() -> None:
    op.execute(
        """
        ALTER TABLE goals.assignments
            ADD COLUMN rolls_over boolean NOT NULL DEFAULT true,
            ADD COLUMN rearm boolean NOT NULL DEFAULT false,
            ADD COLUMN at_risk_since timestamptz
        """
    )
    for name, condition in {"next": "rolls_over", "open": "closed_at IS NULL"}.items():
        op.execute(
            f"CREATE INDEX assignments_{name} ON goals.assignments (tenant_id, period_end)"
            f" WHERE {condition}"
        )


def _corrections() -> None:
    op.execute("CREATE TYPE goals.entry_kind AS ENUM ('value', 'change', 'correction')")
    op.execute(
        """
        ALTER TABLE goals.progress_log
            ADD COLUMN kind goals.entry_kind NOT NULL DEFAULT 'change'
        """
    )
    op.execute("ALTER TABLE goals.progress_log ALTER COLUMN kind DROP DEFAULT")


def _outbox() -> None:
    tenant_table(
        "goals.outbox",
        f"""
        event varchar(40) NOT NULL,
        assignment_id uuid NOT NULL,
        user_id uuid NOT NULL,
        data jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        {reference("assignment_id", "goals.assignments")},
        {reference("user_id", "core.users")}
        """,
        # what is told of an assignment is forgotten with it, while there is no progress
        may="SELECT, INSERT, DELETE",
    )
    op.execute("CREATE INDEX outbox_user ON goals.outbox (tenant_id, user_id, created_at)")
    op.execute("CREATE INDEX outbox_assignment ON goals.outbox (tenant_id, assignment_id)")
