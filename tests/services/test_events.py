"""Events of other systems: checked, counted once by their id, all or none, in their order."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.engine import event_log
from goals_core.errors import Invalid, NotAllowed
from goals_core.kinds import Metric, Source
from goals_core.models.events import EventRow
from goals_core.models.goals import ProgressEntry
from goals_core.models.journal import JournalLine
from goals_core.models.sources import CommissionEntry, CustomRecord, Invoice
from goals_core.services import events, tracking
from goals_core.services.events import Event, EventConflict
from tests.conftest import NOW
from tests.makers import (
    TODAY,
    as_owner,
    fields,
    from_sales,
    make_goal,
    next_of,
    standing,
    statements,
    won_deal,
)

CALLS = {"module": "custom", "entity": "calls"}


def hour(number: int) -> datetime:
    """An hour of the day before."""
    return datetime(2026, 5, 19, number, tzinfo=UTC)


def event(name: str, /, *, at: datetime | None = None, id_: str = "", **data: Any) -> Event:
    return Event(id=id_ or uuid4().hex, name=name, data=data, occurred_at=at)


def call(external_id: str, /, **data: Any) -> Event:
    at = data.pop("at", None)
    return event("record.upserted", at=at, **CALLS | {"external_id": external_id} | data)


def happens(cast, one: Event):
    with tenant_session(cast.system) as db:
        return events.receive(db, one)


def all_happen(cast, many: list[Event]):
    with tenant_session(cast.system) as db:
        return events.receive_many(db, many)


def rows(cast, model):
    with tenant_session(cast.system) as db:
        return list(db.scalars(select(model)))


def refused(cast, one: Event) -> list[str]:
    with pytest.raises(Invalid) as error:
        happens(cast, one)
    return fields(error)


def calls_of(cast, who) -> Any:
    config = {"module": "custom", "entity": "calls", "aggregation": "sum", "field": "value"}
    how = {"metric": Metric.NUMBER, "unit": "calls", "source": Source.CUSTOM}
    return make_goal(cast, who, from_sales(**how | {"source_config": config}))


# Each kind of event.


def test_a_paid_invoice_counts_for_whoever_is_named_by_their_e_mail(cast):
    config = {"module": "billing", "entity": "invoices", "date_field": "paid_on", "filter": {}}
    goal = make_goal(cast, cast.rep, from_sales(source=Source.BILLING, config=config))
    said = {"owner_email": cast.rep.email.upper(), "amount": "120.50", "currency": "USD"}
    happens(cast, event("invoice.paid", external_id="I-1", paid_on="2026-05-20", **said))
    (kept,) = rows(cast, Invoice)
    assert (kept.status, kept.paid_on, kept.amount) == ("paid", TODAY, Decimal("120.50"))
    assert standing(cast.rep, goal).value == Decimal("120.50")


def test_an_invoice_that_is_known_is_paid_by_its_number_and_day_alone(cast):
    told = {"module": "billing", "entity": "invoices", "external_id": "I-1", "customer": "Acme"}
    more = {"amount": 90, "currency": "USD", "attributes": {"lines": 3}}
    happens(cast, event("record.upserted", **told, **more, owner_id=cast.rep.user_id))
    happens(cast, event("invoice.paid", external_id="I-1", paid_on=TODAY))
    (kept,) = rows(cast, Invoice)
    assert (kept.status, kept.customer, kept.amount) == ("paid", "Acme", 90)
    assert (kept.owner_id, kept.attributes) == (cast.rep.user_id, {"lines": 3})


def test_an_earned_commission_is_stored_with_its_day(cast):
    said = {"amount": Decimal("10.10"), "currency": "EUR", "owner_id": str(cast.rep.user_id)}
    happens(cast, event("commission.earned", external_id="C-1", earned_on=TODAY, **said))
    (kept,) = rows(cast, CommissionEntry)
    assert (kept.status, kept.earned_on, kept.owner_id) == ("earned", TODAY, cast.rep.user_id)


def test_a_record_of_any_name_comes_changes_and_goes(cast):
    goal = calls_of(cast, cast.rep)
    mine = {"owner_id": cast.rep.user_id, "occurred_on": TODAY}
    first = happens(cast, call("1", value=3, **mine))
    assert (first.effect, standing(cast.rep, goal).value) == ("stored", 3)
    assert happens(cast, call("1", value=5)).record_id == first.record_id
    assert standing(cast.rep, goal).value == 5
    gone = happens(cast, event("record.deleted", **CALLS, external_id="1"))
    assert (gone.effect, gone.record_id) == ("deleted", first.record_id)
    assert (rows(cast, CustomRecord), standing(cast.rep, goal).value) == ([], 0)


def test_a_record_of_another_name_stays_when_one_of_the_same_id_goes(cast):
    happens(cast, call("1", value=3))
    happens(
        cast, event("record.upserted", module="custom", entity="mails", external_id="1", value=1)
    )
    happens(cast, event("record.deleted", **CALLS, external_id="1"))
    assert [kept.entity for kept in rows(cast, CustomRecord)] == ["mails"]


def test_deleting_what_was_never_there_is_no_error(cast):
    gone = happens(cast, event("record.deleted", **CALLS, external_id="1"))
    assert (gone.effect, gone.record_id, gone.checked) == ("deleted", None, 0)


def test_an_event_that_says_nothing_new_leaves_no_line(cast):
    happens(cast, call("1", value=3))
    happens(cast, call("1", value=3))
    assert len(rows(cast, JournalLine)) == 1


def test_a_record_may_be_nobodys_and_become_so(cast):
    happens(cast, call("1", value=3))
    assert rows(cast, CustomRecord)[0].owner_id is None
    happens(cast, call("1", owner_id=cast.rep.user_id))
    assert rows(cast, CustomRecord)[0].owner_id == cast.rep.user_id
    happens(cast, call("1", owner_email=None))
    assert rows(cast, CustomRecord)[0].owner_id is None


# What is wrong is told at its field, all of it at once.


def test_every_problem_is_told_at_once(cast):
    wrong = event("invoice.paid", id_="", external_id="", paid_on="soon", amount=1.5, color="red")
    told = refused(cast, replace(wrong, id=" ", occurred_at=datetime(2026, 5, 1)))  # noqa: DTZ001
    assert sorted(told) == ["amount", "color", "external_id", "id", "occurred_at", "paid_on"]


def test_a_new_record_needs_its_number_and_its_currency(cast):
    assert refused(cast, event("invoice.paid", external_id="I-1", paid_on=TODAY)) == [
        "currency",
        "amount",
    ]
    assert refused(cast, call("1")) == ["value"]
    assert rows(cast, EventRow) == []


def test_what_is_no_event_or_no_entity_is_refused(cast):
    assert refused(cast, event("deal.lost", external_id="1")) == ["name"]
    assert refused(cast, event("record.upserted", external_id="1", module="hr")) == ["module"]
    assert refused(cast, event("record.upserted", external_id="1", module=["x"])) == ["module"]
    sales = {"module": "sales", "external_id": "1"}
    assert refused(cast, event("record.upserted", **sales, entity="leads")) == ["entity"]
    assert refused(cast, event("record.upserted", **sales)) == ["entity"]
    assert refused(cast, Event(id="1", name="invoice.paid", data=[1])) == ["data"]  # type: ignore[arg-type]


def test_what_its_name_says_cannot_be_said_otherwise(cast):
    assert refused(cast, next_of(won_deal(cast.rep, 5), stage="open")) == ["stage"]
    assert refused(cast, event("record.deleted", **CALLS, external_id="1", value=3)) == ["value"]


def test_whose_it_is_is_said_once_and_somebody_of_this_company(cast):
    both = {"owner_id": cast.rep.user_id, "owner_email": cast.rep.email}
    assert refused(cast, call("1", value=3, **both)) == ["owner_email"]
    assert refused(cast, call("1", value=3, owner_email=cast.other_manager.email)) == [
        "owner_email"
    ]
    assert refused(cast, call("1", value=3, owner_id="somebody")) == ["owner_id"]


def test_nothing_happens_later_than_now(cast):
    assert refused(cast, call("1", value=3, at=NOW + timedelta(hours=1))) == ["occurred_at"]
    assert happens(cast, call("1", value=3, at=NOW + timedelta(minutes=1))).effect == "stored"


def test_who_does_not_manage_goals_tells_nothing(cast):
    for actor in (cast.manager, cast.rep, cast.analyst):
        with tenant_session(actor) as db, pytest.raises(NotAllowed):
            events.receive_many(db, [])


# By its id each event counts once.


def test_the_same_event_is_answered_with_the_first_result_whatever_has_become_of_it(cast, database):
    goal = calls_of(cast, cast.rep)
    one = call("1", value=3, owner_email=cast.rep.email, occurred_on=TODAY)
    first = happens(cast, one)
    happens(cast, call("1", value=9))
    new_address = "UPDATE core.users SET email = :new WHERE id = :id"
    as_owner(database.owner_url, new_address, new=f"{uuid4().hex}@x.example", id=cast.rep.user_id)
    before = len(rows(cast, JournalLine))
    assert happens(cast, one) == first
    assert standing(cast.rep, goal).value == 9
    assert len(rows(cast, JournalLine)) == before


def test_the_same_amount_written_otherwise_is_the_same_content(cast):
    first = happens(cast, call("1", value=Decimal("3.00"), occurred_on=TODAY))
    with tenant_session(cast.system) as db:
        id_ = db.scalars(select(EventRow.event_id)).one()
    again = call("1", value="3", occurred_on="2026-05-20")
    assert happens(cast, replace(again, id=id_)) == first


@pytest.mark.parametrize(
    "other",
    [{"value": 4}, {"external_id": "2"}, {"entity": "mails"}, {"name": "x"}, {"owner_id": None}],
)
def test_another_content_under_the_same_id_is_a_conflict(cast, other):
    one = call("1", value=3)
    happens(cast, one)
    with pytest.raises(EventConflict, match=one.id):
        happens(cast, replace(one, data={**one.data, **other}))
    with pytest.raises(EventConflict):
        happens(cast, replace(one, occurred_at=hour(1)))
    assert [kept.value for kept in rows(cast, CustomRecord)] == [3]


def test_one_event_that_is_delivered_twice_at_once_is_answered_twice_the_same(cast, monkeypatch):
    goal = calls_of(cast, cast.rep)
    one = call("1", value=3, owner_id=cast.rep.user_id, occurred_on=TODAY)
    neither_is_known = Barrier(4, timeout=20)
    claim = event_log.claim
    with monkeypatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setattr(
            event_log, "claim", lambda *a, **k: (neither_is_known.wait(), claim(*a, **k))[1]
        )
        answers = list(pool.map(lambda _: happens(cast, one), range(4)))
    assert answers == [answers[0]] * 4
    assert answers[0].updated == 1
    assert (standing(cast.rep, goal).value, len(rows(cast, JournalLine))) == (3, 1)


def test_another_content_at_the_same_time_is_a_conflict_for_who_comes_second(cast, monkeypatch):
    one = call("1", value=3)
    two = replace(one, data={**one.data, "value": 4})
    neither_is_known = Barrier(2, timeout=20)
    claim = event_log.claim

    def said(each: Event) -> str:
        try:
            return happens(cast, each).effect
        except EventConflict:
            return "conflict"

    with monkeypatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(
            event_log, "claim", lambda *a, **k: (neither_is_known.wait(), claim(*a, **k))[1]
        )
        assert sorted(pool.map(said, [one, two])) == ["conflict", "stored"]


def test_events_of_one_record_at_once_leave_what_happened_last(cast, monkeypatch):
    many = [call("1", value=n, at=hour(n)) for n in (4, 2, 3, 1)]
    all_have_begun = Barrier(4, timeout=20)
    claim = event_log.claim
    with monkeypatch.context() as patch, ThreadPoolExecutor(4) as pool:
        patch.setattr(
            event_log, "claim", lambda *a, **k: (all_have_begun.wait(), claim(*a, **k))[1]
        )
        list(pool.map(lambda each: happens(cast, each), many))
    assert [kept.value for kept in rows(cast, CustomRecord)] == [4]


def test_an_id_is_its_companys_own(cast):
    one = call("1", value=3)
    happens(cast, one)
    with tenant_session(replace(cast.system, tenant=cast.other_manager.tenant)) as db:
        assert events.receive(db, replace(one, data={**one.data, "value": 4})).effect == "stored"


# What comes late does not undo what is newer.


def test_a_late_event_changes_nothing_that_a_newer_one_has_said(cast):
    happens(cast, call("1", value=5, at=hour(5)))
    late = happens(cast, call("1", value=3, at=hour(3)))
    assert (late.effect, rows(cast, CustomRecord)[0].value) == ("late", 5)
    assert happens(cast, call("1", value=6, at=hour(5))).effect == "stored"  # came after, then
    assert rows(cast, CustomRecord)[0].value == 6


def test_a_late_event_still_says_what_no_newer_one_has_said(cast):
    told = {"module": "billing", "entity": "invoices", "external_id": "I-1"}
    first = {"amount": 90, "currency": "USD"}
    happens(cast, event("record.upserted", at=hour(1), **told, **first))
    happens(cast, event("invoice.paid", at=hour(4), external_id="I-1", paid_on=TODAY))
    more = {"amount": 95, "status": "open", "customer": "Acme"}
    assert happens(cast, event("record.upserted", at=hour(3), **told, **more)).effect == "stored"
    (kept,) = rows(cast, Invoice)
    assert (kept.amount, kept.customer, kept.status) == (95, "Acme", "paid")


def test_what_was_deleted_comes_back_only_by_something_newer(cast):
    happens(cast, call("1", value=5, at=hour(1)))
    happens(cast, event("record.deleted", at=hour(4), **CALLS, external_id="1"))
    assert happens(cast, call("1", value=6, at=hour(3))).effect == "late"
    assert rows(cast, CustomRecord) == []
    assert happens(cast, call("1", value=7, at=hour(5))).effect == "stored"
    assert rows(cast, CustomRecord)[0].value == 7


def test_a_late_deletion_spares_what_has_happened_since(cast):
    happens(cast, call("1", value=5, at=hour(5)))
    gone = happens(cast, event("record.deleted", at=hour(4), **CALLS, external_id="1"))
    assert (gone.effect, len(rows(cast, CustomRecord))) == ("late", 1)


def test_an_event_without_a_time_happens_when_it_is_received(cast, at):
    happens(cast, call("1", value=5))
    at(NOW + timedelta(hours=2))
    assert happens(cast, call("1", value=3, at=NOW - timedelta(hours=1))).effect == "late"
    assert happens(cast, call("1", value=4, at=NOW + timedelta(hours=1))).effect == "stored"


# Many at once.


def test_many_are_taken_in_the_order_in_which_they_happened(cast):
    many = [
        call("1", value=3, at=hour(3)),
        event("record.deleted", at=hour(2), **CALLS, external_id="1"),
        call("1", value=1, name="first", at=hour(1)),
        call("2", value=8),
    ]
    answers = all_happen(cast, many)
    assert [answer.event_id for answer in answers] == [each.id for each in many]
    assert [answer.effect for answer in answers] == ["stored", "deleted", "stored", "stored"]
    kept = {row.external_id: (row.value, row.name) for row in rows(cast, CustomRecord)}
    assert kept == {"1": (3, ""), "2": (8, "")}


def test_a_list_is_taken_in_as_a_whole_or_not_at_all(cast):
    many = [
        call("1", value=3),
        call("2", value=0.5),
        event("invoice.paid", external_id="I-1", owner_id=uuid4()),
    ]
    with pytest.raises(Invalid) as error:
        all_happen(cast, many)
    assert sorted(fields(error)) == ["2.value", "3.paid_on"]
    assert rows(cast, CustomRecord) == rows(cast, EventRow) == []
    with pytest.raises(Invalid) as error:
        all_happen(cast, [many[0], call("2"), call("3", value=1, owner_id=uuid4())])
    assert fields(error) == ["3.owner_id"]
    with pytest.raises(Invalid) as error:
        all_happen(cast, [many[0], call("2")])
    assert fields(error) == ["2.value"]
    assert rows(cast, CustomRecord) == rows(cast, EventRow) == []


def test_an_event_that_a_list_names_twice_counts_once(cast):
    one = call("1", value=3)
    first, second = all_happen(cast, [one, one])
    assert first == second
    with pytest.raises(EventConflict):
        all_happen(cast, [call("2", value=1), one, replace(one, data={**one.data, "value": 4})])
    assert len(rows(cast, CustomRecord)) == 1


def test_known_events_among_new_ones_are_answered_as_before(cast):
    one = call("1", value=3)
    first = happens(cast, one)
    answers = all_happen(cast, [call("2", value=1), one])
    assert answers[1] == first
    assert len(rows(cast, JournalLine)) == 2


def test_a_line_of_the_log_names_the_record_or_the_delivery_of_several(cast):
    goal = calls_of(cast, cast.rep)
    mine = {"owner_id": cast.rep.user_id, "occurred_on": TODAY}
    all_happen(cast, [call(str(n), value=n, **mine) for n in (1, 2)])
    one = happens(cast, call("3", value=3, **mine))
    several = {row.delivery_id for row in rows(cast, EventRow) if row.external_id != "3"}
    lines = sorted(rows(cast, ProgressEntry), key=lambda line: line.new_value)
    assert [line.source_reference for line in lines] == [str(*several), str(one.record_id)]
    assert standing(cast.rep, goal).value == 6


def test_a_thousand_events_cost_as_many_statements_as_ten(cast):
    make_goal(cast, cast.rep, from_sales())
    calls_of(cast, None)
    counts = []
    for size in (2, 10, 1000):  # the first passes all milestones
        with statements() as sent:
            all_happen(cast, [each for n in range(size // 2) for each in pair(cast, size, n)])
        counts.append(len(sent))
    assert counts[1] == counts[2] <= counts[0]
    assert tracking.sync(cast.admin).updated == 0


def pair(cast, size: int, n: int) -> list[Event]:
    who = {"owner_email": cast.rep.email}
    deal = next_of(won_deal(None, 2000, TODAY, external_id=f"{size}-{n}"))
    said = {key: value for key, value in deal.data.items() if key != "owner_id"}
    return [
        replace(deal, data=said | who),
        call(f"{size}-{n}", value=2000, occurred_on=TODAY, **who),
    ]


def test_too_many_at_once_are_refused(cast, monkeypatch):
    monkeypatch.setattr(events, "MOST_EVENTS", 2)
    with pytest.raises(Invalid) as error:
        all_happen(cast, [call(str(n), value=1) for n in range(3)])
    assert fields(error) == ["events"]


def test_old_events_are_cleared_by_those_that_come(cast, at):
    all_happen(cast, [call(str(n), value=1) for n in range(3)])
    at(NOW + event_log.KEPT + timedelta(days=1))
    happens(cast, call("a", value=1))
    assert len(rows(cast, EventRow)) == 2
    happens(cast, call("b", value=1))
    assert sorted(row.external_id for row in rows(cast, EventRow)) == ["a", "b"]
