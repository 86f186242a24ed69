"""The specification's four tables with their enums, and the runs of the sync."""

from alembic import op

from migrations.tenancy import reference, tenant_table

revision = "0002"
down_revision = "0001"

ENUMS = {
    "goal_type": ("target", "limit", "maintain"),
    "metric_type": ("number", "currency", "percentage", "boolean", "count"),
    "period_type": ("daily", "weekly", "monthly", "quarterly", "yearly", "custom"),
    "data_source": ("manual", "sales", "billing", "commissions", "custom"),
    "goal_status": ("draft", "active", "paused", "completed", "cancelled"),
    "assignee_type": ("user", "team", "tenant"),
    "assignment_status": ("active", "achieved", "failed", "cancelled"),
    "progress_source": ("manual", "automatic", "import", "api"),
}


def upgrade() -> None:
    for name, values in ENUMS.items():
        quoted = ", ".join(f"'{value}'" for value in values)
        op.execute(f"CREATE TYPE goals.{name} AS ENUM ({quoted})")
    _definitions()
    _assignments()
    _progress_log()
    _milestone_notifications()
    _sync_runs()


def _definitions() -> None:
    tenant_table(
        "goals.definitions",
        f"""
        name varchar(200) NOT NULL,
        description text NOT NULL,
        category varchar(100) NOT NULL,
        type goals.goal_type NOT NULL,
        metric goals.metric_type NOT NULL,
        target_value numeric(15, 2) NOT NULL,
        unit varchar(50) NOT NULL,
        period goals.period_type NOT NULL,
        starts_at date NOT NULL,
        ends_at date,
        source goals.data_source NOT NULL,
        source_config jsonb,
        milestones jsonb NOT NULL,
        status goals.goal_status NOT NULL,
        tags jsonb NOT NULL,
        range_min numeric(15, 2),
        range_max numeric(15, 2),
        created_by uuid,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        version integer NOT NULL,
        sync_error text,
        CONSTRAINT definitions_days CHECK (ends_at >= starts_at),
        CONSTRAINT definitions_custom_end CHECK (period <> 'custom' OR ends_at IS NOT NULL),
        CONSTRAINT definitions_range CHECK (range_max >= range_min),
        {reference("created_by", "core.users")}
        """,
    )
    op.execute("CREATE INDEX definitions_created ON goals.definitions (tenant_id, created_at)")
    op.execute("CREATE INDEX definitions_status ON goals.definitions (tenant_id, status)")


def _assignments() -> None:
    tenant_table(
        "goals.assignments",
        f"""
        definition_id uuid NOT NULL,
        assignee_type goals.assignee_type NOT NULL,
        user_id uuid,
        team_id uuid,
        custom_target numeric(15, 2),
        current_value numeric(15, 2) NOT NULL,
        progress_percentage numeric(5, 2) NOT NULL,
        last_updated_at timestamptz,
        status goals.assignment_status NOT NULL,
        achieved_at timestamptz,
        notes text NOT NULL,
        period_start date NOT NULL,
        period_end date NOT NULL,
        closed_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT assignments_days CHECK (period_end >= period_start),
        CONSTRAINT assignments_assignee CHECK (
            (assignee_type = 'user') = (user_id IS NOT NULL)
            AND (assignee_type = 'team') = (team_id IS NOT NULL)
        ),
        CONSTRAINT assignments_window_key UNIQUE NULLS NOT DISTINCT
            (tenant_id, definition_id, period_start, assignee_type, user_id, team_id),
        {reference("definition_id", "goals.definitions")},
        {reference("user_id", "core.users")},
        {reference("team_id", "core.teams")}
        """,
    )
    for by, columns in {
        "user": "user_id, period_end",
        "team": "team_id, period_end",
        "end": "period_end",
    }.items():
        op.execute(f"CREATE INDEX assignments_{by} ON goals.assignments (tenant_id, {columns})")


def _progress_log() -> None:
    tenant_table(
        "goals.progress_log",
        f"""
        assignment_id uuid NOT NULL,
        previous_value numeric(15, 2) NOT NULL,
        new_value numeric(15, 2) NOT NULL,
        change_amount numeric(15, 2) NOT NULL,
        source goals.progress_source NOT NULL,
        source_reference varchar(200),
        notes text NOT NULL,
        logged_at timestamptz NOT NULL,
        logged_by uuid,
        occurred_at timestamptz NOT NULL,
        voided_by uuid,
        CONSTRAINT progress_log_adds_up CHECK (new_value = previous_value + change_amount),
        CONSTRAINT progress_log_order_key UNIQUE (tenant_id, assignment_id, logged_at),
        {reference("assignment_id", "goals.assignments")},
        {reference("logged_by", "core.users")},
        {reference("voided_by", "goals.progress_log")}
        """,
        # append-only: all that may change later is which entry took it back
        may="SELECT, INSERT, UPDATE (voided_by)",
    )
    op.execute(
        """
        CREATE UNIQUE INDEX progress_log_reference_key
        ON goals.progress_log (tenant_id, assignment_id, source_reference)
        WHERE source IN ('import', 'api')
        """
    )


def _milestone_notifications() -> None:
    tenant_table(
        "goals.milestone_notifications",
        f"""
        assignment_id uuid NOT NULL,
        milestone_percentage integer NOT NULL,
        achieved_value numeric(15, 2) NOT NULL,
        notified_at timestamptz,
        CONSTRAINT milestones_once_key UNIQUE (tenant_id, assignment_id, milestone_percentage),
        {reference("assignment_id", "goals.assignments")}
        """,
    )


def _sync_runs() -> None:
    tenant_table(
        "goals.sync_runs",
        f"""
        started_by uuid,
        started_at timestamptz NOT NULL,
        finished_at timestamptz,
        checked integer NOT NULL,
        updated integer NOT NULL,
        achieved integer NOT NULL,
        failed integer NOT NULL,
        errors jsonb NOT NULL,
        {reference("started_by", "core.users")}
        """,
    )
    op.execute("CREATE INDEX sync_runs_started ON goals.sync_runs (tenant_id, started_at)")
