"""The demo, loaded once for each of two days into a database of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest

from goals_core import clock, db, demo
from goals_core.actor import Actor
from goals_core.demo.calendar import Calendar
from goals_core.demo.loading import COMPANIES
from goals_core.services import tenants

# The first falls into a fiscal year's last quarter; the second into its first, of which the
# records hold only half the year's quotas, and is the 29th of February.
DAYS = [datetime(2026, 11, 20, 20, tzinfo=UTC), datetime(2028, 2, 29, 20, tzinfo=UTC)]


@dataclass(frozen=True)
class Demo:
    """A database with the demo in it, and what loading it said."""

    app_url: str
    now: datetime
    progress: list[str]

    def calendar(self, slug: str) -> Calendar:
        company = next(company for company in COMPANIES if company.slug == slug)
        return company.calendar

    def actor(self, slug: str) -> Actor:
        return Actor.system(tenants.get_tenant(slug))

    @property
    def today(self) -> date:
        return self.now.date()


@pytest.fixture(scope="session")
def _demo_of(server: Any) -> Callable[[datetime], Demo]:
    """Loads the demo of a day, once for all that ask for it."""

    @cache
    def load(now: datetime) -> Demo:
        database, progress = server.new_database(), []
        db.connect(database.app_url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", lambda: now)
            assert demo.load(progress.append)
        db.disconnect()
        return Demo(database.app_url, now, progress)

    return load


@pytest.fixture(params=DAYS, ids=lambda day: f"{day:%Y-%m-%d}")
def loaded(
    request: pytest.FixtureRequest, _demo_of: Callable[[datetime], Demo], at: Any
) -> Iterator[Demo]:
    """The demo on its day, connected."""
    found = _demo_of(request.param)
    at(found.now)
    db.connect(found.app_url)
    yield found
    db.disconnect()
