"""The specification's enums: the kinds of goals, periods, sources and states."""

from enum import StrEnum


class GoalType(StrEnum):
    TARGET = "target"
    LIMIT = "limit"
    MAINTAIN = "maintain"


class Metric(StrEnum):
    NUMBER = "number"
    CURRENCY = "currency"
    PERCENTAGE = "percentage"
    BOOLEAN = "boolean"
    COUNT = "count"


class Period(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"
    CUSTOM = "custom"


class Source(StrEnum):
    MANUAL = "manual"
    SALES = "sales"
    BILLING = "billing"
    COMMISSIONS = "commissions"
    CUSTOM = "custom"


class GoalStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class AssigneeType(StrEnum):
    USER = "user"
    TEAM = "team"
    TENANT = "tenant"


class AssignmentStatus(StrEnum):
    ACTIVE = "active"
    ACHIEVED = "achieved"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ProgressSource(StrEnum):
    MANUAL = "manual"
    AUTOMATIC = "automatic"
    IMPORT = "import"
    API = "api"


class EntryKind(StrEnum):
    """How an entry of the log came: as the new value, as a change, or to take another back."""

    VALUE = "value"
    CHANGE = "change"
    CORRECTION = "correction"


class Event(StrEnum):
    """What people are told of (section 8.1 of the specification)."""

    MILESTONE_REACHED = "goal.milestone_reached"
    ACHIEVED = "goal.achieved"
    AT_RISK = "goal.at_risk"
    FAILED = "goal.failed"


class Mode(StrEnum):
    """When somebody is sent what happened."""

    INSTANT = "instant"
    DAILY = "daily"
    OFF = "off"


class Service(StrEnum):
    """Where news can be sent besides the mailbox."""

    SLACK = "slack"
    TEAMS = "teams"
    DISCORD = "discord"
    GOOGLE_CHAT = "google_chat"
    WEBEX = "webex"
    MATTERMOST = "mattermost"
    ROCKET_CHAT = "rocket_chat"
    ZULIP = "zulip"
    TELEGRAM = "telegram"
    PUSHOVER = "pushover"
    NTFY = "ntfy"
    GOTIFY = "gotify"
    WEBHOOK = "webhook"


class DeliveryState(StrEnum):
    WAITING = "waiting"  # to be tried, or to be tried again
    SENT = "sent"
    REFUSED = "refused"  # for good
    GIVEN_UP = "given_up"  # after a day
    DROPPED = "dropped"  # nobody is there any more, or there is nothing to tell


class SyncMode(StrEnum):
    """What a sync computes: everything, or what the journal says has changed."""

    FULL = "full"
    INCREMENTAL = "incremental"


class Reason(StrEnum):
    """Why a sync that was to compute what has changed computed everything."""

    NEW_DAY = "new_day"  # none that began today had ended: passing days change goals too
    RATES = "rates"  # an exchange rate has changed, which concerns whatever it converts
    MANY = "many"  # more has changed than is worth reading line by line


class Origin(StrEnum):
    """Who or what began a sync."""

    PERSON = "person"
    COMMAND = "command"  # the command line
    WORKER = "worker"  # woken by a change
    SCHEDULE = "schedule"  # the worker, by the clock
    SYSTEM = "system"


class Ending(StrEnum):
    """Why a sync ended without a result."""

    STOPPED = "stopped"
    UNREACHABLE = "unreachable"
    WAITED = "waited"
    UNEXPECTED = "unexpected"
    LOST = "lost"  # killed: found later, without an end
