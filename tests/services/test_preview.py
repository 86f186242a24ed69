"""What a definition would find, before anything is saved."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.drafts import Draft
from goals_core.errors import Invalid, NotAllowed
from goals_core.kinds import AssigneeType, GoalType, Period
from goals_core.models.goals import Assignment, Definition
from goals_core.models.windows import Window
from goals_core.services.preview import Preview, preview
from goals_core.services.receipts import Owner
from tests import makers
from tests.conftest import Cast


@pytest.fixture
def owners(cast: Cast) -> list[Owner]:
    return [
        Owner(AssigneeType.USER, cast.rep.user_id),
        Owner(AssigneeType.USER, cast.second_rep.user_id),
        Owner(AssigneeType.TEAM, cast.north),
        Owner(AssigneeType.TENANT),
    ]


def test_it_shows_the_values_that_the_assignments_then_get(cast: Cast, owners: list[Owner]):
    makers.add_deals(
        cast.tenant,
        makers.deal(cast.rep, "250.10", date(2026, 5, 4)),
        makers.deal(cast.rep, "1", date(2026, 4, 30)),
        makers.deal(cast.second_rep, "20"),
        makers.deal(cast.south_rep, "3000"),
    )
    draft = makers.from_sales()
    shown = _preview(cast.admin, draft, owners)
    whom = (cast.rep, cast.second_rep, cast.north, None)
    goals = [makers.make_goal(cast, who, draft) for who in whom]
    standings = [makers.standing(cast.admin, goal) for goal in goals]
    assert [e.value for e in shown.expected] == [standing.value for standing in standings]
    assert [e.attainment for e in shown.expected] == [s.attainment for s in standings]
    assert [e.assignee for e in shown.expected] == [s.assignee for s in standings]
    assert [e.value for e in shown.expected] == [
        Decimal("250.10"),
        Decimal(20),
        Decimal("270.10"),
        Decimal("3270.10"),
    ]


def test_a_manager_sees_the_records_of_their_people_alone(cast: Cast):
    makers.add_deals(
        cast.tenant, *(makers.deal(who, 5) for who in (cast.rep, cast.south_rep, None))
    )
    shown = _preview(cast.manager, makers.from_sales(), [])
    assert (shown.matching, [line.owner for line in shown.sample]) == (1, ["Rep"])


def test_an_administrator_sees_those_of_the_whole_company(cast: Cast):
    makers.add_deals(cast.tenant, *(makers.deal(cast.rep, n) for n in range(1, 31)))
    makers.add_deals(cast.tenant, makers.deal(None, 5, currency="GBP"))
    shown = _preview(cast.admin, makers.from_sales(), [])
    assert (shown.matching, shown.left_out, len(shown.sample)) == (31, 1, 20)
    assert shown.window == Window(date(2026, 5, 1), date(2026, 5, 31))


def test_an_own_target_decides_the_attainment(cast: Cast, owners: list[Owner]):
    makers.add_deals(cast.tenant, makers.deal(cast.rep, 500))
    with tenant_session(cast.admin) as db:
        shown = preview(
            db, makers.from_sales(), assignees=owners[:1], own_targets={owners[0]: Decimal(2000)}
        )
    assert shown is not None
    assert [(e.target, e.attainment) for e in shown.expected] == [(Decimal(2000), Decimal(25))]


def test_an_average_of_nothing_has_no_value_and_a_sum_of_nothing_is_zero(
    cast: Cast, owners: list[Owner]
):
    average = makers.from_sales(type=GoalType.MAINTAIN, config={"aggregation": "avg"})
    assert [e.value for e in _preview(cast.admin, average, owners[:1]).expected] == [None]
    total = _preview(cast.admin, makers.from_sales(), owners[:1])
    assert [(e.value, e.attainment) for e in total.expected] == [(Decimal(0), Decimal(0))]


def test_a_goal_that_starts_later_shows_its_first_window(cast: Cast):
    draft = makers.from_sales(period=Period.QUARTERLY, starts_at=date(2026, 7, 15))
    shown = _preview(cast.admin, draft, [])
    assert shown.window == Window(date(2026, 7, 15), date(2026, 9, 30))
    assert shown.matching == 0


@pytest.mark.parametrize(
    "draft",
    [makers.by_hand(), makers.from_sales(ends_at=date(2026, 4, 30))],
    ids=["tracked by hand", "over"],
)
def test_there_is_nothing_to_preview_of_a_goal_by_hand_or_one_that_is_over(
    cast: Cast, draft: Draft
):
    with tenant_session(cast.admin) as db:
        assert preview(db, draft, assignees=[]) is None


def test_what_cannot_be_saved_cannot_be_previewed(cast: Cast):
    draft = replace(makers.from_sales(config={"field": "colour"}), name="")
    with tenant_session(cast.admin) as db, pytest.raises(Invalid) as refused:
        preview(db, draft, assignees=[])
    assert set(makers.fields(refused)) == {"name", "field"}


def test_it_saves_nothing(cast: Cast, owners: list[Owner]):
    makers.add_deals(cast.tenant, makers.deal(cast.rep, 500))
    _preview(cast.admin, makers.from_sales(), owners)
    with tenant_session(cast.admin) as db:
        for table in (Definition, Assignment):
            assert db.scalar(select(func.count()).select_from(table)) == 0


def test_it_is_for_those_who_set_goals(cast: Cast):
    for actor in (cast.rep, cast.analyst):
        with tenant_session(actor) as db, pytest.raises(NotAllowed):
            preview(db, makers.from_sales(), assignees=[])


def _preview(actor: Actor, draft: Draft, owners: list[Owner]) -> Preview:
    with tenant_session(actor) as db:
        found = preview(db, draft, assignees=owners)
    assert found is not None
    return found
