"""What moved a number: which record, what happened to it, by whom, what it added or took."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, select, update

from goals_core.db import tenant_session
from goals_core.engine import ingest
from goals_core.engine.paging import PageRequest
from goals_core.errors import NotFound
from goals_core.kinds import Metric, Source
from goals_core.models.goals import ProgressEntry
from goals_core.models.sources import Opportunity
from goals_core.services import movements, teams, tracking
from goals_core.services.movements import Deed
from goals_core.sources.catalogue import entities_of
from tests import makers
from tests.makers import TODAY, add_deals, add_rate, deal, from_sales, make_goal, statements

(DEALS,) = entities_of(Source.SALES)
DAY = timedelta(days=1)


def moved(actor, goal, **more):
    with tenant_session(actor) as db:
        found = movements.of_assignment(db, goal, **more)
        return found and found.changes


def put(actor, *rows):
    facts = [{k: v for k, v in row.items() if not k.endswith("_at")} for row in rows]
    with tenant_session(actor) as db:
        ingest.put(db, DEALS, facts)


def one_deal(cast, **more):
    return deal(cast.rep, 100, external_id="D-1", name="A deal", **more)


def change(cast, **columns):
    """Another program changes the deal."""
    with tenant_session(cast.system) as db:
        db.execute(update(Opportunity).where(Opportunity.external_id == "D-1").values(**columns))


def said(movement):
    before, after = movement.before, movement.after
    return (
        movement.deed,
        [(d.column, d.old, d.new) for d in movement.differences],
        before.added if before.counts else None,
        after.added if after.counts else None,
    )


@pytest.fixture
def goal(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    put(cast.manager, one_deal(cast))
    return goal


def latest(cast, goal, actor=None):
    """The newest by the journal, in which the database's clock is ahead of the tests' own."""
    return moved(actor or cast.rep, goal).items[0]


def test_what_is_added_names_the_record_and_who_did_it(cast, goal):
    (one,) = moved(cast.rep, goal).items
    assert said(one) == (Deed.ADDED, [], None, 100)
    assert (one.external_id, one.name, one.by) == ("D-1", "A deal", cast.manager.name)


@pytest.mark.parametrize(
    ("columns", "differences", "after"),
    [
        ({"amount": 150}, [("amount", 100, 150)], 150),
        ({"stage": "open"}, [("stage", "closed_won", "open")], None),
        ({"closed_on": TODAY - DAY}, [("closed_on", "2026-05-20", "2026-05-19")], "same"),
        ({"closed_on": date(2026, 6, 1)}, [("closed_on", "2026-05-20", "2026-06-01")], None),
        ({"closed_on": None}, [("closed_on", "2026-05-20", None)], None),
        ({"currency": "CHF"}, [("currency", "USD", "CHF")], "left out"),
    ],
)
def test_what_changed_is_told_with_what_it_added_before_and_after(
    cast, goal, columns, differences, after
):
    change(cast, **columns)
    one = latest(cast, goal)
    if after == "same":  # it made no difference to the number
        assert said(one) == (Deed.ADDED, [], None, 100)
        return
    assert one.by is None
    assert said(one)[:3] == (Deed.CHANGED, differences, 100)
    assert (one.after.counts, one.after.added) == (
        after is not None,
        after if isinstance(after, int) else None,
    )


def test_what_made_no_difference_is_not_told(cast, goal):
    change(cast, name="Another", account="Some", attributes={"a": 1})
    assert moved(cast.rep, goal).total == 1


def test_an_owner_is_told_by_name_to_both_and_to_no_third(cast, goal):
    theirs = make_goal(cast, cast.second_rep, from_sales())
    change(cast, owner_id=cast.second_rep.user_id)
    who = [("owner_id", "Rep", "Second Rep")]
    assert said(latest(cast, goal)) == (Deed.CHANGED, who, 100, None)
    assert said(latest(cast, theirs, cast.second_rep)) == (Deed.CHANGED, who, None, 100)
    team = make_goal(cast, cast.north, from_sales())
    assert moved(cast.rep, team).total == 1  # it stayed with the team


def test_what_is_deleted_took_its_part_with_it(cast, goal):
    with tenant_session(cast.system) as db:
        db.execute(delete(Opportunity))
    assert said(latest(cast, goal)) == (Deed.DELETED, [], 100, None)
    assert latest(cast, goal).change == -100


def test_of_attributes_that_which_counts_is_told(cast):
    settings = {"metric": Metric.NUMBER, "unit": "", "config": {"field": "attributes.seats"}}
    add_deals(cast.tenant, deal(cast.rep, 1, external_id="D-1", attributes={"seats": 2, "x": 1}))
    goal = make_goal(cast, cast.rep, from_sales(**settings))
    change(cast, attributes={"seats": 5, "y": 1})
    assert said(latest(cast, goal)) == (Deed.CHANGED, [("attributes.seats", 2, 5)], 2, 5)


def test_an_amount_in_another_currency_is_converted_as_tracking_does(cast, goal):
    add_rate(cast.tenant, "EUR", TODAY - DAY, "1.5")
    change(cast, currency="EUR")
    assert said(latest(cast, goal))[2:] == (100, 150)


def test_of_a_team_membership_on_the_day_decides(cast):
    with tenant_session(cast.admin) as db:
        west = teams.create_team(db, name="West", manager_id=None)
        member = {"team_id": west, "user_id": cast.rep.user_id}
        teams.add_member(db, **member, member_from=TODAY - 3 * DAY, member_to=TODAY - DAY)
    goal = make_goal(cast, west, from_sales())
    add_deals(cast.tenant, one_deal(cast))
    assert moved(cast.admin, goal).total == 0
    change(cast, closed_on=TODAY - 2 * DAY)
    assert said(latest(cast, goal, cast.admin))[2:] == (None, 100)


def test_of_the_company_everybodys_and_nobodys_are_told(cast):
    goal = make_goal(cast, None, from_sales())
    add_deals(cast.tenant, deal(None, 5), deal(cast.south_rep, 7), deal(cast.rep, 9, stage="open"))
    assert sorted(one.change for one in moved(cast.admin, goal).items) == [5, 7]


def test_the_same_record_of_another_kind_is_another(cast):
    draft = from_sales(
        metric=Metric.NUMBER,
        unit="",
        source=Source.CUSTOM,
        source_config={
            "module": "custom",
            "entity": "calls",
            "aggregation": "count",
        },
    )
    goal = make_goal(cast, cast.rep, draft)
    rows = [makers.custom(cast.rep, 1), makers.custom(cast.rep, 1, entity="visits")]
    makers.add(cast.tenant, makers.CustomRecord, *rows)
    assert [one.change for one in moved(cast.rep, goal).items] == [1]


def test_they_come_in_pages_newest_first_by_as_many_statements_whatever_their_number(cast, goal):
    counts = []
    for n in (1, 30):
        add_deals(cast.tenant, *(deal(cast.rep, 1) for _ in range(n)))
        with statements() as sent:
            page = moved(cast.rep, goal, page=PageRequest(1, 10))
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 5
    assert (len(page.items), page.total, page.pages) == (10, 32, 4)
    assert [one.change for one in moved(cast.rep, goal, page=PageRequest(4, 10)).items] == [1, 100]


def test_what_no_sync_has_taken_says_so(cast, goal):
    assert not latest(cast, goal).is_counted
    tracking.sync(cast.admin)
    assert latest(cast, goal).is_counted


def test_a_line_of_the_log_says_which_records_moved_it(cast, goal, at):
    seen = []
    for minute, amount in enumerate((None, 130, 110), start=1):
        at(makers.clock.now() + timedelta(minutes=minute))
        if amount:
            change(cast, amount=Decimal(amount))
            add_deals(cast.tenant, deal(cast.rep, 1))
        tracking.sync(cast.admin)
    with tenant_session(cast.admin) as db:
        lines = db.scalars(select(ProgressEntry).order_by(ProgressEntry.logged_at)).all()
    for line in lines:
        came = moved(cast.rep, goal, entry_id=line.id).items
        seen.append(sorted(one.change for one in came))
        assert sum(one.change for one in came) == line.change_amount
    assert seen == [[100], [1, 30], [-20, 1]]


def test_of_a_goal_by_hand_there_is_nothing_to_tell(cast):
    assert moved(cast.rep, make_goal(cast, cast.rep)) is None


@pytest.mark.parametrize("stranger", ["second_rep", "south_manager", "other_manager"])
def test_who_may_not_see_the_goal_sees_no_change_of_its_records(cast, goal, stranger):
    with pytest.raises(NotFound):
        moved(getattr(cast, stranger), goal)
