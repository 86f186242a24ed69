"""What people call the values of the enums, in English; `wording.name` translates them."""

from collections.abc import Mapping
from enum import StrEnum

from goals_core.errors import N_
from goals_core.kinds import (
    AssigneeType,
    AssignmentStatus,
    EntryKind,
    Event,
    GoalStatus,
    GoalType,
    Metric,
    Mode,
    Origin,
    Period,
    ProgressSource,
    Reason,
    Service,
    Source,
    SyncMode,
)
from goals_core.permissions import Role

NAMES: Mapping[type[StrEnum], Mapping[str, str]] = {
    GoalType: {"target": N_("Target"), "limit": N_("Limit"), "maintain": N_("Maintain")},
    Metric: {
        "number": N_("Number"),
        "currency": N_("Currency"),
        "percentage": N_("Percentage"),
        "boolean": N_("Yes or no"),
        "count": N_("Count"),
    },
    Period: {
        "daily": N_("Daily"),
        "weekly": N_("Weekly"),
        "monthly": N_("Monthly"),
        "quarterly": N_("Quarterly"),
        "yearly": N_("Yearly"),
        "custom": N_("Custom"),
    },
    Source: {
        "manual": N_("By hand"),
        "sales": N_("Sales"),
        "billing": N_("Billing"),
        "commissions": N_("Commissions"),
        "custom": N_("Custom records"),
    },
    GoalStatus: {
        "draft": N_("Draft"),
        "active": N_("Active"),
        "paused": N_("Paused"),
        "completed": N_("Completed"),
        "cancelled": N_("Cancelled"),
    },
    AssigneeType: {"user": N_("Person"), "team": N_("Team"), "tenant": N_("Company")},
    AssignmentStatus: {
        "active": N_("In progress"),
        "achieved": N_("Achieved"),
        "failed": N_("Failed"),
        "cancelled": N_("Cancelled"),
    },
    ProgressSource: {
        "manual": N_("By hand"),
        "automatic": N_("Automatic"),
        "import": N_("Import"),
        "api": N_("API"),
    },
    EntryKind: {
        "value": N_("New value"),
        "change": N_("Change"),
        "correction": N_("Correction"),
    },
    SyncMode: {"full": N_("Everything"), "incremental": N_("What changed")},
    Reason: {
        "new_day": N_("First sync of its day: passing days change goals too"),
        "rates": N_("An exchange rate was another one"),
        "many": N_("For so many changes that is faster"),
    },
    Origin: {
        "person": N_("Somebody"),
        "command": N_("Command line"),
        "worker": N_("After a change"),
        "schedule": N_("By schedule"),
        "system": N_("The system"),
    },
    Role: {
        "admin": N_("Administrator"),
        "manager": N_("Manager"),
        "rep": N_("Sales rep"),
        "analyst": N_("Analyst"),
    },
    Event: {
        "goal.milestone_reached": N_("Milestone reached"),
        "goal.achieved": N_("Achieved"),
        "goal.at_risk": N_("At risk"),
        "goal.failed": N_("Failed"),
    },
    Mode: {"instant": N_("At once"), "daily": N_("Each day"), "off": N_("Never")},
    Service: {
        "slack": "Slack",
        "teams": "Microsoft Teams",
        "discord": "Discord",
        "google_chat": "Google Chat",
        "webex": "Webex",
        "mattermost": "Mattermost",
        "rocket_chat": "Rocket.Chat",
        "zulip": "Zulip",
        "telegram": "Telegram",
        "pushover": "Pushover",
        "ntfy": "Ntfy",
        "gotify": "Gotify",
        "webhook": N_("Webhook"),
    },
}
