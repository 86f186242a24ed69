"""What time it is: the real time, or the one that GOALS_NOW fixes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from goals_core.config import settings


def now() -> datetime:
    """The current time in UTC."""
    return (settings().now or datetime.now(UTC)).astimezone(UTC)


def today(timezone: str) -> date:
    """The day it is in an IANA time zone."""
    return now().astimezone(ZoneInfo(timezone)).date()
