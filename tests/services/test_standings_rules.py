"""The rules as SQL say of random rows what the rules in Python say."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from goals_core import clock
from goals_core.db import TenantSession, tenant_session
from goals_core.engine import standing_rules, standings
from goals_core.models.base import new_id
from goals_core.models.goals import (
    AssigneeType,
    Assignment,
    AssignmentStatus,
    Definition,
    GoalStatus,
    GoalType,
    Metric,
    Period,
    Source,
)
from goals_core.models.windows import Window
from tests.conftest import new_cast
from tests.makers import TODAY, random_rows, with_settings

DAY = timedelta(days=1)
HIGHEST = 10**11  # cents


def some_definition(rnd: Random, db: TenantSession) -> dict:
    return {
        "tenant_id": db.tenant_id,
        "id": new_id(),
        "name": "A goal",
        "description": "",
        "category": "",
        "type": rnd.choice(list(GoalType)),
        "metric": Metric.NUMBER,
        "target_value": some_target(rnd),
        "unit": "",
        "period": Period.MONTHLY,
        "starts_at": TODAY,
        "source": Source.MANUAL,
        "milestones": [],
        "status": rnd.choice([GoalStatus.ACTIVE, *GoalStatus]),
        "tags": [],
        "created_at": clock.now(),
        "updated_at": clock.now(),
        "version": 1,
    }


def some_assignment(rnd: Random, definition: dict) -> dict:
    start, end = some_days(rnd)
    elapsed = max(Window(start, end).elapsed(TODAY), 0)
    on_pace = Decimal(elapsed * 10000 // ((end - start).days + 1)) / 100
    near = [on_pace, on_pace + Decimal("0.01"), max(on_pace - Decimal("0.01"), Decimal(0))]
    progress = rnd.choice(
        [*near, Decimal("49.99"), Decimal(50), Decimal(rnd.randint(0, 9999)) / 100]
    )
    own = rnd.choice([None, some_target(rnd)])
    return {
        "tenant_id": definition["tenant_id"],
        "id": new_id(),
        "definition_id": definition["id"],
        "assignee_type": AssigneeType.TENANT,
        "custom_target": own,
        "full_target": definition["target_value"] if own is None else own,
        "current_value": Decimal(rnd.randint(-HIGHEST, HIGHEST)) / 100,
        "progress_percentage": min(progress, Decimal(100)),
        "status": rnd.choice([AssignmentStatus.ACTIVE, *AssignmentStatus]),
        "notes": "",
        "period_start": start,
        "period_end": end,
        "closed_at": rnd.choice([None, None, clock.now()]),
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }


def some_days(rnd: Random) -> tuple[date, date]:
    start = TODAY + rnd.randint(-40, 3) * DAY
    at_the_threshold = (TODAY - 2 * DAY, TODAY + DAY)  # one of four days is left
    return rnd.choice([at_the_threshold, (start, start + rnd.randint(0, 60) * DAY)])


def some_target(rnd: Random) -> Decimal:
    return rnd.choice([Decimal(0), Decimal(1), Decimal(rnd.randint(1, HIGHEST)) / 100])


@random_rows
@given(st.randoms(use_true_random=True))
def test_the_rules_in_sql_agree_with_the_rules_in_python(cast, rnd):
    settings = {"risk_progress_below": rnd.randint(0, 100), "risk_time_left": rnd.randint(0, 100)}
    admin = with_settings(new_cast().admin, **rnd.choice([{}, settings]))
    with tenant_session(admin) as db:
        definitions = [some_definition(rnd, db) for _ in range(40)]
        db.execute(insert(Definition), definitions)
        db.execute(insert(Assignment), [some_assignment(rnd, one) for one in definitions])
        tenant = admin.tenant
        said = standings.query(db).with_only_columns(
            Assignment.id,
            standing_rules.at_risk(tenant).label("at_risk"),
            standing_rules.slow(tenant).label("slow"),
            standing_rules.expected(tenant).label("expected"),
            standing_rules.attained().label("attained"),
            maintain_column_froms=True,
        )
        by_id = {row.id: row for row in db.execute(said)}
        assert len(by_id) == 40
        for standing in standings.all_of(db, standings.query(db)):
            check(standing, by_id[standing.id])


def check(standing: standings.Standing, said) -> None:
    assert said.at_risk is standing.at_risk
    if standing.window.start <= TODAY:  # who is asked has always begun
        assert Decimal(said.expected) / 100 == standing.pace.expected_percent
    is_target = standing.type is GoalType.TARGET
    if standing.is_running and standing.window.start <= TODAY and is_target:
        assert said.slow is standing.is_behind
    if standing.type is not GoalType.MAINTAIN:
        assert said.attained == standing.attainment
