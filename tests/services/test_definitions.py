"""Definitions: what is refused, what a list finds, what may change, and the steps of a life."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from goals_core import clock
from goals_core.db import tenant_session
from goals_core.engine.paging import PageRequest
from goals_core.errors import Invalid, Stale
from goals_core.kinds import AssignmentStatus, GoalStatus, GoalType, Metric, Period, Source
from goals_core.services import assignments, definitions, progress
from goals_core.services.definitions import Draft, Milestone
from tests import makers
from tests.makers import TODAY, WON, add_deals, by_hand, deal, from_sales, make_goal, standing

D = Decimal
MAINTAIN, LIMIT = {"type": GoalType.MAINTAIN}, {"type": GoalType.LIMIT}
COUNT, BOOLEAN = {"metric": Metric.COUNT}, {"metric": Metric.BOOLEAN}
NO_NUMBERS = [D("NaN"), D("Infinity"), "100", 1.5, True]
NOT_PRINTABLE = ["a\0b", "a\ud800b", "a\x1bb"]

REFUSED_BY_HAND: list[tuple[str, list[Any]]] = [
    ("name", ["", "  ", "x" * 201, 5, *NOT_PRINTABLE]),
    ("description", ["x" * 4001, *NOT_PRINTABLE]),
    ("category", ["x" * 101, *NOT_PRINTABLE]),
    ("type", ["goal"]),
    ("metric", ["metres"]),
    ("period", ["hourly"]),
    ("source", ["weather"]),
    ("unit", ["x" * 51, {"metric": Metric.PERCENTAGE, "unit": "calls"}]),
    ("unit", [{"metric": Metric.CURRENCY, "unit": unit} for unit in ["XQX", "usd", ""]]),
    ("target_value", [D(0), D(-1), D("0.001"), D("1e20"), D("10000000000000"), None, *NO_NUMBERS]),
    ("target_value", [LIMIT | {"target_value": D(-1)}, COUNT | {"target_value": D("1.5")}]),
    ("target_value", [BOOLEAN | {"target_value": value} for value in (D(2), True)]),
    ("target_value", [BOOLEAN | LIMIT | {"target_value": D(1)}]),
    ("range_min", [D(1), *(MAINTAIN | {"range_min": value} for value in NO_NUMBERS)]),
    ("range_max", [D(1), LIMIT | {"range_max": D(1)}, MAINTAIN | {"range_max": D("0.001")}]),
    ("range_max", [MAINTAIN | {"range_min": D(2), "range_max": D(1)}]),
    ("starts_at", [date(1969, 12, 31), date(2200, 1, 1), clock.now(), "2026"]),
    ("ends_at", [date(2025, 12, 31), date(2200, 1, 1), {"period": Period.CUSTOM}]),
    ("milestones", [tuple(Milestone(n) for n in range(1, 22))]),
    ("milestones", [(Milestone(n),) for n in [0, -1, 101, True, 2.5]]),
    ("tags", [("",), ("x" * 51,), tuple("abcdefghijklmnopqrstu"), *((t,) for t in NOT_PRINTABLE)]),
    ("source_config", [WON]),
]
REFUSED_SOURCES: list[tuple[str, list[Any]]] = [
    ("source_config", [None, {"colour": "red"}, {"module": "billing"}]),
    ("source_config", [{"aggregation": "count", "field": text} for text in NOT_PRINTABLE[:2]]),
    ("source_config", [{"filter": {"amount": {"gte": D(5)}}}, {"filter": {"closed_on": TODAY}}]),
    ("entity", [{"entity": "leads"}]),
    ("aggregation", [{"aggregation": "median"}, COUNT | {"aggregation": "avg"}]),
    ("field", [{"field": "stage"}]),
    ("date_field", [{"date_field": "paid_on"}]),
    ("filter", [{"filter": {"colour": "red"}}, {"filter": {"stage": {"like": "won"}}}]),
    ("filter", [{"filter": {"stage": 5}}, {"filter": {"amount": "much"}}]),
    ("filter", [{"filter": {"closed_on": "soon"}}, {"filter": {"attributes.region": "EMEA"}}]),
    ("source", [BOOLEAN]),
]
NEXT_PERIODS = """
daily 2026-05-20 2026-05-20 2026-05-21 2026-05-21
weekly 2026-05-18 2026-05-24 2026-05-25 2026-05-31
monthly 2026-02-01 2026-02-28 2026-03-01 2026-03-31
monthly 2026-01-01 2026-12-31 2027-01-01 2027-12-31
monthly 2026-05-10 2026-05-19 2026-05-20 2026-05-29
quarterly 2026-02-01 2026-04-30 2026-05-01 2026-07-31
yearly 2026-02-01 2027-01-31 2027-02-01 2028-01-31
custom 2026-05-10 2026-05-19 2026-05-20 2026-05-29
weekly 2026-01-01 None 2026-05-25 None
quarterly 2026-01-01 None 2026-08-01 None
monthly 2026-07-01 None 2026-08-01 None
"""
STEPS = {
    "draft": {"active", "cancelled"},
    "active": {"paused", "completed", "cancelled"},
    "paused": {"active", "completed", "cancelled"},
    "completed": set(),
    "cancelled": set(),
}


def made(cast: Any, draft: Draft | None = None, **more: Any) -> Any:
    """A definition of the administrator's."""
    with tenant_session(cast.admin) as db:
        return definitions.get(db, makers.make_definition(db, draft or by_hand(), **more))


def definition_of(cast: Any, goal: Any) -> Any:
    with tenant_session(cast.admin) as db:
        return definitions.get(db, makers.definition_of(cast.admin, goal))


def changed(actor: Any, definition: Any, **changes: Any) -> Any:
    draft = replace(definition.settings, **changes)
    with tenant_session(actor) as db:
        return definitions.update(db, definition.id, draft, version=definition.version)


def set_status(cast: Any, definition_id: Any, status: GoalStatus) -> Any:
    with tenant_session(cast.admin) as db:
        return definitions.set_status(db, definition_id, status)


def refused_fields(cast: Any, draft: Draft) -> list[str]:
    with tenant_session(cast.admin) as db, pytest.raises(Invalid) as refused:
        definitions.create(db, draft)
    assert str(refused.value)  # every fact of its sentences is there
    return makers.fields(refused)


def names(cast: Any, **wanted: Any) -> list[str]:
    with tenant_session(cast.admin) as db:
        return [found.name for found in definitions.list_(db, **wanted).items]


def test_a_new_definition_is_a_tidied_draft(cast):
    milestones = (Milestone(100), Milestone(50), Milestone(50, notify=False))
    draft = by_hand(name="  Calls ", tags=(" a ", "b", "a"), milestones=milestones)
    with tenant_session(cast.manager) as db:
        created = definitions.create(db, draft)
    assert (created.status, created.version, created.assignments) == (GoalStatus.DRAFT, 1, 0)
    assert (created.name, created.settings.tags) == ("Calls", ("a", "b"))
    assert created.settings.milestones == (Milestone(50, notify=False), Milestone(100))
    assert created.created_by == cast.manager.user_id
    with tenant_session(cast.manager) as db:
        assert definitions.get(db, created.id) == created


def test_a_bad_field_is_refused_by_its_name_and_nothing_is_written(cast):
    for field, bad in REFUSED_BY_HAND:
        for value in bad:
            changes = value if isinstance(value, dict) and value is not WON else {field: value}
            assert refused_fields(cast, by_hand(**changes)) == [field], changes
    assert names(cast) == []


def test_a_bad_source_is_refused_by_its_key_and_nothing_is_written(cast):
    for field, bad in REFUSED_SOURCES:
        for value in bad:
            config = None if value is None else WON | value
            metric = (config or {}).pop("metric", Metric.NUMBER)
            draft = replace(from_sales(metric=metric, target_value=D(1)), source_config=config)
            assert refused_fields(cast, draft) == [field], value
    assert names(cast) == []


def test_several_problems_are_told_at_once(cast):
    bad = {"name": "", "target_value": D(0), "ends_at": date(2025, 1, 1), "tags": ("",)}
    assert sorted(refused_fields(cast, by_hand(**bad))) == sorted(bad)
    draft = from_sales(config={"entity": "leads"}, name="", unit="?")
    assert refused_fields(cast, draft) == ["name", "unit", "entity"]


def test_an_attribute_can_be_filtered_once_a_record_has_it(cast):
    add_deals(cast.tenant, deal(cast.rep, 5, attributes={"region": "EMEA"}))
    draft = from_sales(config={"filter": {"attributes.region": "EMEA"}})
    assert made(cast, draft).settings.source_config == draft.source_config


def test_a_search_takes_every_sign_as_it_is(cast):
    made(cast, by_hand(name="50 % more", description="Ring a_b"))
    made(cast, by_hand(name="a\\b", category="Field work"))
    first, second = "50 % more", "a\\b"
    searches = {"MORE": [first], " ring\0 ": [first], "work": [second], "": [second, first]}
    searches |= {"%": [first], "_": [first], "a_b": [first], "\\": [second], "a%b": []}
    assert {words: names(cast, search=words) for words in searches} == searches


def test_a_list_keeps_what_meets_every_filter(cast):
    made(cast, by_hand(name="A", **LIMIT), status=GoalStatus.DRAFT)
    made(cast, by_hand(name="B", period=Period.YEARLY))
    made(cast, from_sales(name="C"), status=GoalStatus.PAUSED)
    assert names(cast, statuses=[GoalStatus.DRAFT, GoalStatus.PAUSED]) == ["C", "A"]
    assert names(cast, types=[GoalType.LIMIT]) == ["A"]
    assert names(cast, periods=[Period.YEARLY]) == ["B"]
    assert names(cast, sources=[Source.SALES]) == ["C"]
    assert names(cast, sources=[Source.SALES], types=[GoalType.LIMIT]) == []


def test_pages_cut_the_list_without_gaps(cast):
    numbers = ["1", "2", "3", "4", "5"]
    with tenant_session(cast.admin) as db:
        for number in numbers:
            definitions.create(db, by_hand(name=number))
        pages = [definitions.list_(db, page=PageRequest(n, 2)) for n in (1, 2, 3, 4)]
    assert [found.name for page in pages for found in page.items] == numbers[::-1]
    assert {(page.total, page.pages) for page in pages} == {(5, 3)}


def test_a_changed_target_moves_every_assignment_at_once(cast):
    goal = make_goal(cast, cast.rep)
    with tenant_session(cast.admin) as db:
        progress.record(db, assignment_id=goal, value=D(40), on=TODAY)
        definition = definition_of(cast, goal)
        other = makers.assign(db, definition.id, cast.second_rep, custom_target=D(80))
    after = changed(cast.manager, definition, target_value=D(40))
    assert (after.version, after.settings.target_value) == (definition.version + 1, D(40))
    assert standing(cast.rep, goal).status is AssignmentStatus.ACHIEVED
    assert standing(cast.second_rep, other).target == D(80)
    changed(cast.admin, after, target_value=D(160))
    assert standing(cast.rep, goal).status is AssignmentStatus.ACTIVE
    assert standing(cast.rep, goal).progress == D(25)


def test_a_changed_filter_is_computed_at_once(cast):
    add_deals(cast.tenant, deal(cast.rep, 100), deal(cast.rep, 30, stage="lost"))
    goal = make_goal(cast, cast.rep, from_sales())
    lost = WON | {"filter": {"stage": "lost"}}
    changed(cast.admin, definition_of(cast, goal), source_config=lost)
    assert standing(cast.rep, goal).value == D(30)


def test_whoever_saves_an_old_version_is_told(cast):
    definition = made(cast)
    changed(cast.admin, definition, name="Visits")
    with pytest.raises(Stale, match="Visits"):
        changed(cast.admin, definition, name="Mails")
    assert names(cast) == ["Visits"]


def test_progress_fixes_what_its_numbers_mean(cast):
    goal = make_goal(cast, cast.rep)
    definition = definition_of(cast, goal)
    fixed = COUNT | LIMIT | {"unit": "mails", "period": Period.WEEKLY, "starts_at": TODAY}
    fixed |= {"source": Source.SALES, "source_config": WON}
    for changes in (fixed, {name: getattr(by_hand(), name) for name in fixed}):
        definition = changed(cast.admin, definition, **changes)
    with tenant_session(cast.admin) as db:
        progress.record(db, assignment_id=goal, value=D(1), on=TODAY)
    for name in fixed.keys() - {"source", "source_config"}:
        with pytest.raises(definitions.FixedByProgress, match=name):
            changed(cast.admin, definition, **{name: fixed[name]})
    with pytest.raises(definitions.FixedByProgress, match="source"):
        changed(cast.admin, definition, source=Source.SALES, source_config=WON)
    assert changed(cast.admin, definition, name="Renamed", tags=("x",)).name == "Renamed"


@pytest.mark.parametrize("status", GoalStatus)
def test_a_life_takes_only_these_steps(cast, status):
    for wanted in GoalStatus:
        definition = made(cast, status=status)
        if wanted.value in STEPS[status.value]:
            after = set_status(cast, definition.id, wanted)
            assert (after.status, after.version) == (wanted, definition.version + 1)
            continue
        with pytest.raises(definitions.NoSuchStep, match=wanted.value):
            set_status(cast, definition.id, wanted)
        with tenant_session(cast.admin) as db:
            assert definitions.get(db, definition.id) == definition
    if not STEPS[status.value]:
        with pytest.raises(definitions.NotEditable, match=status.value):
            changed(cast.admin, made(cast, status=status), name="Renamed")


def test_pausing_stops_tracking_and_resuming_catches_up(cast):
    goal = make_goal(cast, cast.rep, from_sales())
    definition_id = makers.definition_of(cast.admin, goal)
    set_status(cast, definition_id, GoalStatus.PAUSED)
    add_deals(cast.tenant, deal(cast.rep, 100))
    with tenant_session(cast.admin) as db:
        paused = definitions.get(db, definition_id)
        assignments.update(db, goal, custom_target=D(200), notes="")
    changed(cast.admin, paused, target_value=D(500))
    assert standing(cast.rep, goal).value == 0
    set_status(cast, definition_id, GoalStatus.ACTIVE)
    assert (standing(cast.rep, goal).value, standing(cast.rep, goal).progress) == (100, 50)


def test_a_definition_is_deleted_with_its_assignments_while_there_is_no_progress(cast):
    kept, goal = (make_goal(cast, cast.rep, by_hand(name=name)) for name in ("Kept", "Gone"))
    with tenant_session(cast.admin) as db:
        progress.record(db, assignment_id=kept, value=D(1), on=TODAY)
        definitions.delete(db, makers.definition_of(cast.admin, goal))
        with pytest.raises(definitions.HasProgress, match="Kept has progress already; cancel it"):
            definitions.delete(db, makers.definition_of(cast.admin, kept))
    assert names(cast) == ["Kept"]
    with tenant_session(cast.admin) as db:
        assert [found.id for found in assignments.list_(db).items] == [kept]


def test_a_duplicate_is_a_draft_with_the_same_settings(cast):
    definition = made(cast, by_hand(name="x" * 200, tags=("a",), ends_at=TODAY))
    with tenant_session(cast.admin) as db:
        copy = definitions.duplicate(db, definition.id)
    assert (copy.status, copy.version, copy.assignments) == (GoalStatus.DRAFT, 1, 0)
    assert copy.settings == replace(definition.settings, name="x" * 190 + " (copy)")


def test_the_next_period_follows_the_old_one(cast):
    for line in NEXT_PERIODS.strip().splitlines():
        period, first, last, *expected = line.split()
        starts_at, ends_at = (None if d == "None" else date.fromisoformat(d) for d in (first, last))
        draft = by_hand(period=Period(period), starts_at=starts_at, ends_at=ends_at)
        with tenant_session(makers.with_settings(cast.admin, fiscal_year_start=2)) as db:
            copy = definitions.duplicate(db, definitions.create(db, draft).id, next_period=True)
        assert [str(copy.settings.starts_at), str(copy.settings.ends_at)] == expected
        assert (copy.name, copy.status) == (draft.name, GoalStatus.DRAFT)
