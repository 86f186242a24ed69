"""What days bring: once per tenant and day, by the tenant's own clock."""

from datetime import UTC, date, datetime, timedelta

import pytest

from goals_core.db import tenant_session
from goals_core.jobs.work import BEGIN_DAY, SYNC, begin_day, sync
from goals_core.kinds import AssignmentStatus, GoalStatus, Origin, SyncMode
from goals_core.models.goals import SyncRun
from goals_core.services import dashboard, definitions, tenants, tracking
from tests.jobs.working import sales_goal, sell
from tests.makers import add_deals, deal, definition_of, standing

MIDNIGHT = datetime(2026, 5, 21, 4, tzinfo=UTC)  # in New York


def runs(cast):
    with tenant_session(cast.system) as session:
        return [(run.mode, run.origin) for run in session.query(SyncRun).order_by(SyncRun.id)]


def test_a_day_begins_at_the_tenants_own_midnight_and_once(cast, at):
    assert cast.tenant.id in BEGIN_DAY.due()
    begin_day(cast.system)
    assert cast.tenant.id not in BEGIN_DAY.due()
    begin_day(cast.system)
    assert runs(cast) == [(SyncMode.FULL, Origin.SCHEDULE)]
    at(MIDNIGHT - timedelta(seconds=1))
    assert cast.tenant.id not in BEGIN_DAY.due()
    at(MIDNIGHT)
    assert cast.tenant.id in BEGIN_DAY.due()


def test_a_day_whose_sync_was_broken_off_has_not_begun(cast):
    with pytest.raises(KeyboardInterrupt):
        tracking.sync(cast.system, on_progress=break_off)
    assert cast.tenant.id in tenants.with_a_new_day()


def test_a_new_day_rolls_over_closes_and_sees_what_is_late(cast, at):
    goal = sales_goal(cast)
    assert standing(cast.rep, goal).window.end == date(2026, 5, 31)
    at(date(2026, 6, 10))
    add_deals(cast.tenant, deal(cast.rep, 10, on=date(2026, 5, 30)))
    begin_day(cast.system)
    closed = standing(cast.rep, goal)
    assert (closed.value, closed.status) == (10, AssignmentStatus.FAILED)
    with tenant_session(cast.rep) as session:
        windows = [each.window.start for each in dashboard.my(session)]
    assert date(2026, 6, 1) in windows


def test_a_woken_sync_takes_what_waits_and_does_nothing_where_nothing_does(cast, database):
    begin_day(cast.system)
    sync(cast.system)
    assert len(runs(cast)) == 1
    goal = sales_goal(cast)
    sell(database, cast, 30)
    assert cast.tenant.id in SYNC.due()
    sync(cast.system)
    assert standing(cast.rep, goal).value == 30
    assert cast.tenant.id not in SYNC.due()
    assert runs(cast)[-1] == (SyncMode.INCREMENTAL, Origin.WORKER)


def test_what_a_deed_has_read_is_looked_for_until_a_sync_has_settled_it(cast):
    begin_day(cast.system)
    goal = sales_goal(cast)  # the deed computes it
    assert cast.tenant.id in SYNC.due()
    sync(cast.system)
    assert cast.tenant.id not in SYNC.due()
    assert not tracking.has_changes(cast.system)
    assert len(runs(cast)) == 1  # it found nothing else
    for status in (GoalStatus.PAUSED, GoalStatus.ACTIVE):  # computed anew
        with tenant_session(cast.admin) as db:
            definitions.set_status(db, definition_of(cast.admin, goal), status)
        assert (cast.tenant.id in SYNC.due()) is (status is GoalStatus.ACTIVE)


def break_off(share, _text):
    if share == 0.3:
        raise KeyboardInterrupt
