"""Deeds that are committed after a sync has taken what they have not seen: the next one sees it."""

from decimal import Decimal

import pytest

from goals_core.checks import LARGEST
from goals_core.db import tenant_session
from goals_core.kinds import GoalType, SyncMode
from goals_core.services import assignments, definitions, teams, tracking
from tests.makers import (
    YEAR_START,
    add_deals,
    assign,
    deal,
    from_sales,
    make_definition,
    standing,
)


@pytest.mark.parametrize(
    ("type_", "aggregation"),
    [(GoalType.TARGET, "sum"), (GoalType.TARGET, "max"), (GoalType.LIMIT, "sum")],
)
def test_what_was_assigned_meanwhile_counts_what_a_sync_has_taken(cast, type_, aggregation):
    draft = from_sales(type=type_, config={"aggregation": aggregation})
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, draft)
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as slow:
        assigned = assign(slow, goal, cast.rep)
        add_deals(cast.tenant, deal(cast.rep, 70))
        only_what_changed(cast)
    only_what_changed(cast)
    assert standing(cast.admin, assigned).value == 70


def test_who_joined_meanwhile_brings_what_a_sync_has_taken(cast):
    with tenant_session(cast.admin) as db:
        draft = from_sales(config={"aggregation": "max"})
        goal = assign(db, make_definition(db, draft), cast.south)
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as slow:
        rep = {"user_id": cast.rep.user_id, "member_from": YEAR_START}
        teams.add_member(slow, team_id=cast.south, **rep)
        add_deals(cast.tenant, deal(cast.rep, 70))
        only_what_changed(cast)
    only_what_changed(cast)
    assert standing(cast.admin, goal).value == 70


def test_a_deed_that_computes_another_of_its_assignments_takes_no_error_back(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, from_sales(type=GoalType.LIMIT))
        _, other = assign(db, goal, cast.rep), assign(db, goal, cast.second_rep)
    too_large = [deal(cast.rep, LARGEST), deal(cast.rep, 5)]
    add_deals(cast.tenant, *too_large)
    tracking.sync(cast.admin)
    with tenant_session(cast.admin) as db:
        assignments.update(db, other, custom_target=Decimal(5), notes="")
    with tenant_session(cast.admin) as db:
        assert definitions.get(db, goal).sync_error
        elsewhere = from_sales(type=GoalType.LIMIT, config={"filter": {"stage": "lost"}})
        view = definitions.get(db, goal)
        assert definitions.update(db, goal, elsewhere, version=view.version).sync_error is None


def only_what_changed(cast) -> None:
    assert tracking.sync(cast.admin, mode=SyncMode.INCREMENTAL).mode is SyncMode.INCREMENTAL
