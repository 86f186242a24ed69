"""When something is sent: at once, after the quiet hours, or at the hour of the daily digest."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from goals_core.kinds import Mode

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """Somebody's hours on the clock of their tenant; the quiet ones may reach over midnight."""

    digest_hour: int = 8
    quiet_from: time | None = None
    quiet_until: time | None = None

    def due(self, at: datetime, mode: Mode, zone: ZoneInfo) -> datetime:
        """When what comes up at a moment is sent; a digest has its hour, quiet or not."""
        local = at.astimezone(zone)
        if mode is Mode.DAILY:
            return _next(local, time(self.digest_hour))
        return self._after_quiet(local)

    def _after_quiet(self, local: datetime) -> datetime:
        if self.quiet_from is None or self.quiet_until is None:
            return local.astimezone(UTC)
        since, until, now = self.quiet_from, self.quiet_until, local.time()
        over_midnight = since > until
        is_quiet = (now >= since or now < until) if over_midnight else since <= now < until
        return _next(local, until) if is_quiet else local.astimezone(UTC)


def _next(local: datetime, wanted: time) -> datetime:
    """The next time that the clock shows it, after this moment.

    An hour that is left out when the clock is set forward is the one that follows; one that comes
    twice is the first of the two.
    """
    zone, day = local.tzinfo, local.date()
    while True:
        found = datetime.combine(day, wanted, zone).astimezone(UTC)
        if found > local.astimezone(UTC):
            return found
        day += _DAY
