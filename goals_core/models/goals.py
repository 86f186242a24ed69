"""The specification's four tables, the runs of the sync, and what is to be told."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    Index,
    Numeric,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    EntryKind,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    ProgressSource,
    Source,
)
from goals_core.models.base import Base, TenantOwned, belongs_to, enum_column, of_tenant

SCHEMA = "goals"
_TARGET = (
    "CASE WHEN working_days IS NULL THEN full_target"
    " ELSE round(full_target * worked_days * 1.00000000000000000000 / working_days, 2) END"
)


class Definition(TenantOwned, Base):
    """What is to be reached, how it is measured and when."""

    __tablename__ = "definitions"
    __table_args__ = (
        of_tenant(),
        belongs_to("created_by", "core.users"),
        CheckConstraint("ends_at >= starts_at", name="definitions_days"),
        CheckConstraint("period <> 'custom' OR ends_at IS NOT NULL", name="definitions_custom_end"),
        CheckConstraint("range_max >= range_min", name="definitions_range"),
        # the list, newest first, and what a sync looks at
        Index("definitions_created", "tenant_id", "created_at"),
        Index("definitions_status", "tenant_id", "status"),
        {"schema": SCHEMA},
    )

    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str]
    category: Mapped[str] = mapped_column(String(100))
    type: Mapped[GoalType] = mapped_column(enum_column(GoalType, "goal_type", SCHEMA))
    metric: Mapped[Metric] = mapped_column(enum_column(Metric, "metric_type", SCHEMA))
    target_value: Mapped[Decimal]
    unit: Mapped[str] = mapped_column(String(50))
    period: Mapped[Period] = mapped_column(enum_column(Period, "period_type", SCHEMA))
    starts_at: Mapped[date]
    ends_at: Mapped[date | None]
    source: Mapped[Source] = mapped_column(enum_column(Source, "data_source", SCHEMA))
    source_config: Mapped[dict[str, Any] | None]
    milestones: Mapped[list[Any]]
    status: Mapped[GoalStatus] = mapped_column(enum_column(GoalStatus, "goal_status", SCHEMA))
    tags: Mapped[list[Any]]
    range_min: Mapped[Decimal | None]  # maintain: the lowest value that is in range
    range_max: Mapped[Decimal | None]
    prorate: Mapped[bool] = mapped_column(server_default=false())  # by the days someone works
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int]  # raised by each change; who saves an old one is told
    sync_error: Mapped[str | None]  # why the last sync could not compute it


class Assignment(TenantOwned, Base):
    """One definition, one assignee, one window, and where it stands."""

    __tablename__ = "assignments"
    __table_args__ = (
        of_tenant(),
        belongs_to("definition_id", "goals.definitions"),
        belongs_to("user_id", "core.users"),
        belongs_to("team_id", "core.teams"),
        CheckConstraint("period_end >= period_start", name="assignments_days"),
        CheckConstraint(
            "(assignee_type = 'user') = (user_id IS NOT NULL)"
            " AND (assignee_type = 'team') = (team_id IS NOT NULL)",
            name="assignments_assignee",
        ),
        UniqueConstraint(
            "tenant_id",
            "definition_id",
            "period_start",
            "assignee_type",
            "user_id",
            "team_id",
            name="assignments_window_key",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(
            "(worked_days IS NULL) = (working_days IS NULL)"
            " AND worked_days BETWEEN 0 AND working_days AND working_days > 0",
            name="assignments_worked",
        ),
        # a person's and a team's goals, newest window first; what is running today
        Index("assignments_user", "tenant_id", "user_id", "period_end"),
        Index(
            "assignments_team",
            "tenant_id",
            "team_id",
            "period_end",
            postgresql_where=text("team_id IS NOT NULL"),
        ),
        Index("assignments_end", "tenant_id", "period_end"),
        # what the roll-over looks for: a next window to be made, a window to be closed
        Index("assignments_next", "tenant_id", "period_end", postgresql_where=text("rolls_over")),
        Index(
            "assignments_open",
            "tenant_id",
            "period_end",
            postgresql_where=text("closed_at IS NULL"),
        ),
        # what the next sync has to read
        Index(
            "assignments_unsettled",
            "tenant_id",
            postgresql_where=text("unsettled AND closed_at IS NULL"),
        ),
        {"schema": SCHEMA},
    )

    definition_id: Mapped[UUID]
    assignee_type: Mapped[AssigneeType] = mapped_column(
        enum_column(AssigneeType, "assignee_type", SCHEMA)
    )
    user_id: Mapped[UUID | None]
    team_id: Mapped[UUID | None]
    custom_target: Mapped[Decimal | None]
    full_target: Mapped[Decimal]  # the own target, else the definition's; frozen with the row
    worked_days: Mapped[int | None]  # of the window's working days, where it is prorated
    working_days: Mapped[int | None]
    target_value: Mapped[Decimal] = mapped_column(Computed(_TARGET, persisted=True))  # what counts
    current_value: Mapped[Decimal]
    progress_percentage: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    last_updated_at: Mapped[datetime | None]
    status: Mapped[AssignmentStatus] = mapped_column(
        enum_column(AssignmentStatus, "assignment_status", SCHEMA)
    )
    achieved_at: Mapped[datetime | None]
    notes: Mapped[str]
    period_start: Mapped[date]
    period_end: Mapped[date]
    closed_at: Mapped[datetime | None]  # when the window was closed; the row is frozen from then
    rolls_over: Mapped[bool] = mapped_column(server_default=true())  # the next one is to be made
    rearm: Mapped[bool] = mapped_column(server_default=false())  # target or window was changed
    at_risk_since: Mapped[datetime | None]  # when it was told; none: it is not, or has recovered
    left_out: Mapped[int] = mapped_column(server_default=text("0"))  # records without a rate
    untold: Mapped[bool] = mapped_column(server_default=false())  # its status waits to be told
    # its records were read past the journal: what waits there may be counted already
    unsettled: Mapped[bool] = mapped_column(server_default=false())
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ProgressEntry(TenantOwned, Base):
    """One step of the append-only, continuous log of an assignment's value."""

    __tablename__ = "progress_log"
    __table_args__ = (
        belongs_to("assignment_id", "goals.assignments"),  # and so to its tenant
        belongs_to("logged_by", "core.users"),
        belongs_to("voided_by", "goals.progress_log"),
        CheckConstraint("new_value = previous_value + change_amount", name="progress_log_adds_up"),
        # the log in its order; logged_at rises strictly within an assignment
        UniqueConstraint("tenant_id", "assignment_id", "logged_at", name="progress_log_order_key"),
        # what was recorded by hand in the last days
        Index(
            "progress_log_lately",
            "tenant_id",
            "occurred_at",
            postgresql_where=text("source <> 'automatic'"),
        ),
        # an imported row counts once
        Index(
            "progress_log_reference_key",
            "tenant_id",
            "assignment_id",
            "source_reference",
            unique=True,
            postgresql_where=text("source IN ('import', 'api')"),
        ),
        {"schema": SCHEMA},
    )

    assignment_id: Mapped[UUID]
    previous_value: Mapped[Decimal]
    new_value: Mapped[Decimal]
    change_amount: Mapped[Decimal]
    source: Mapped[ProgressSource] = mapped_column(
        enum_column(ProgressSource, "progress_source", SCHEMA)
    )
    source_reference: Mapped[str | None] = mapped_column(String(200))
    notes: Mapped[str]
    logged_at: Mapped[datetime]
    logged_by: Mapped[UUID | None]
    occurred_at: Mapped[datetime]  # when it happened; logged_at is when it was written
    kind: Mapped[EntryKind] = mapped_column(enum_column(EntryKind, "entry_kind", SCHEMA))
    voided_by: Mapped[UUID | None]  # the entry that takes this one back


class MilestoneNotification(TenantOwned, Base):
    """A milestone that was passed; each counts once per assignment."""

    __tablename__ = "milestone_notifications"
    __table_args__ = (
        of_tenant(),
        belongs_to("assignment_id", "goals.assignments"),
        UniqueConstraint(
            "tenant_id", "assignment_id", "milestone_percentage", name="milestones_once_key"
        ),
        {"schema": SCHEMA},
    )

    assignment_id: Mapped[UUID]
    milestone_percentage: Mapped[int]
    achieved_value: Mapped[Decimal]
    notified_at: Mapped[datetime | None]  # none: the milestone asks for no notification


class SyncRun(TenantOwned, Base):
    """One run of the sync: what began it, what it looked at and what it changed."""

    __tablename__ = "sync_runs"
    __table_args__ = (
        of_tenant(),
        belongs_to("started_by", "core.users"),
        Index("sync_runs_started", "tenant_id", "started_at"),
        {"schema": SCHEMA},
    )

    started_by: Mapped[UUID | None]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    checked: Mapped[int]
    updated: Mapped[int]
    achieved: Mapped[int]
    failed: Mapped[int]
    errors: Mapped[list[Any]]
    mode: Mapped[str] = mapped_column(String(20), default="full")  # one of `kinds.SyncMode`
    changes: Mapped[int] = mapped_column(default=0)  # lines of the journal that it took
    origin: Mapped[str] = mapped_column(String(20), default="system")  # one of `kinds.Origin`
    ending: Mapped[str | None] = mapped_column(String(20))  # of `kinds.Ending`; none: has a result
    took_ms: Mapped[int | None]
    # of `kinds.Reason`; none: what was asked for was computed
    reason: Mapped[str | None] = mapped_column(String(20))
    begun: Mapped[int] = mapped_column(default=0)  # windows
    closed: Mapped[int] = mapped_column(default=0)


class OutboxRow(TenantOwned, Base):
    """What one person is to be told, written in the transaction that caused it."""

    __tablename__ = "outbox"
    __table_args__ = (
        of_tenant(),
        belongs_to("assignment_id", "goals.assignments"),
        belongs_to("user_id", "core.users"),
        # someone's inbox, newest first; what was told of an assignment
        Index("outbox_user", "tenant_id", "user_id", "created_at"),
        Index("outbox_assignment", "tenant_id", "assignment_id"),
        # how many are unread, at every run of every page
        Index(
            "outbox_unread",
            "tenant_id",
            "user_id",
            postgresql_where=text("in_inbox AND read_at IS NULL"),
        ),
        Index("outbox_unplanned", "tenant_id", postgresql_where=text("planned_at IS NULL")),
        {"schema": SCHEMA},
    )

    event: Mapped[str] = mapped_column(String(40))  # one of `kinds.Event`
    assignment_id: Mapped[UUID]
    user_id: Mapped[UUID | None]  # none: the company, for its channels
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    in_inbox: Mapped[bool] = mapped_column(server_default=true())  # as they wanted it then
    read_at: Mapped[datetime | None]
    planned_at: Mapped[datetime | None]  # when it was seen to that it is sent, wherever it is
