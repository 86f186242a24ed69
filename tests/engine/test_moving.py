"""A value that only moves is written as if it had been fetched and judged."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from goals_core.db import tenant_session
from goals_core.engine import effects, journal, locking, moving, recompute
from goals_core.engine.drafts import Milestone
from goals_core.engine.effects import Effects, Moves
from goals_core.engine.moving import Written
from goals_core.kinds import SyncMode
from goals_core.models.goals import Assignment, MilestoneNotification, OutboxRow, ProgressEntry
from goals_core.models.sources import Opportunity
from goals_core.services import tracking
from tests.makers import TODAY, add_deals, deal, from_sales, make_goal

TARGETS = ("0.01", "1", "99.99", "333.33", "500", "1000", "1234.56", "3000", "9999999999999.99")
MILESTONES = ((), (Milestone(10), Milestone(50, notify=False), Milestone(100)))
NEITHER = {"id", "at", "created_at"}  # of a line that is made anew each time


class Undone(Exception):
    """So that the same can be done in another way."""


@pytest.mark.parametrize("mode", SyncMode)
def test_all_ways_write_the_same(cast, at, monkeypatch, mode):
    chance = random.Random(mode.value)
    for target in TARGETS:
        goal = from_sales(target_value=Decimal(target), milestones=chance.choice(MILESTONES))
        make_goal(cast, chance.choice([cast.rep, cast.north, None]), goal)
    add_deals(cast.tenant, deal(cast.rep, 0))
    tracking.sync(cast.admin)
    written = {"by the database": 0, "one by one": 0}
    for step in range(10):
        if step == 7:
            at(TODAY + timedelta(days=7))  # little time is left
            tracking.sync(cast.admin)
        _change(cast, chance)
        by_database, alone = _in_one_way(cast, mode)
        with monkeypatch.context() as without:
            without.setattr(moving, "write", _leave_all)
            assert _in_one_way(cast, mode) == (by_database, 0)
            without.setattr(recompute, "_moved_to", lambda *_args: {})  # all is read
            assert _in_one_way(cast, mode) == (by_database, 0)
        tracking.sync(cast.admin, mode=mode)
        written["by the database"] += alone
        written["one by one"] += len(TARGETS) - alone
    assert min(written.values()) > len(TARGETS)


def _change(cast: Any, chance: random.Random) -> None:
    amount = Decimal(chance.choice((1, 7, 30, 250, 800))) + Decimal(chance.randrange(100)) / 100
    if chance.random() < 0.5:
        add_deals(cast.tenant, deal(cast.rep, amount, TODAY - timedelta(chance.randrange(19))))
        return
    with tenant_session(cast.system) as db:
        one = select(Opportunity.id).order_by(func.random()).limit(1).scalar_subquery()
        which = Opportunity.id == one
        if chance.random() < 0.5:
            db.execute(delete(Opportunity).where(which))
        else:
            db.execute(update(Opportunity).where(which).values(amount=amount))


def _leave_all(db: Any, _plan: Any, moves: Any, **_more: Any) -> Written:
    """Nothing is moved by the database."""
    found = effects.found(db, Effects(moves, set())) if isinstance(moves, Moves) else moves
    return Written(0, found)


def _in_one_way(cast: Any, mode: SyncMode) -> tuple[dict[str, list[Any]], int]:
    """What a sync would write, and how much of it without judging each."""
    alone: list[int] = []
    found: dict[str, list[Any]] = {}
    write: Callable[..., Written] = moving.write

    def noted(*args: Any, **more: Any) -> Written:
        written = write(*args, **more)
        alone.append(written.number)
        return written

    with suppress(Undone), tenant_session(cast.admin) as db, pytest.MonkeyPatch.context() as m:
        m.setattr(moving, "write", noted)
        taken = journal.take(db, run_id=None)
        which: dict[str, Any] = {}
        if mode is SyncMode.INCREMENTAL:
            plan = locking.definitions_of(db, None)
            concerned = effects.of(db, plan, taken, settled=True)
            which = {"only": concerned.to_read, "plan": plan, "moves": concerned.moves}
        recompute.recompute(db, **which, settles=True, reference="a sync")
        for model in (Assignment, ProgressEntry, MilestoneNotification, OutboxRow):
            names = [c.name for c in model.__table__.c if c.name not in NEITHER]
            rows = db.execute(select(*(getattr(model, name) for name in names)))
            found[model.__name__] = sorted(map(str, rows))
        raise Undone
    return found, sum(alone)
