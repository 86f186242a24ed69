"""Definitions from a file: drafts by every rule of saving, nothing made twice."""

import json
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goals_core.db import tenant_session
from goals_core.engine.drafts import Draft, Milestone
from goals_core.errors import Invalid, NotAllowed
from goals_core.imports import definitions_import
from goals_core.imports.columns import DEFINITIONS
from goals_core.imports.preview import Imported
from goals_core.kinds import GoalStatus, GoalType, Metric, Period, Source
from goals_core.services import definitions
from tests.imports.files import cell, csv_of, outcomes, told, wrong, xlsx_of
from tests.makers import WON, by_hand, make_definition, random_rows, statements

HEAD = ("name", "type", "metric", "target_value", "unit", "period", "starts_at")
CALLS = ("Calls", "target", "count", "100", "calls", "monthly", "2026-01-01")


def read(actor, data, name="goals.csv"):
    with tenant_session(actor) as db:
        return definitions_import.read(db, data, name)


def bring(actor, data, name="goals.csv"):
    with tenant_session(actor) as db:
        return definitions_import.commit(db, definitions_import.read(db, data, name))


def made(actor):
    with tenant_session(actor) as db:
        return {view.name: view for view in definitions.list_(db).items}


def test_the_columns_are_the_fields_of_a_draft():
    assert [column.key for column in DEFINITIONS] == [field.name for field in fields(Draft)]


def test_a_row_becomes_a_draft_with_what_a_form_would_begin_with(cast):
    assert bring(cast.manager, csv_of(HEAD, CALLS)) == Imported(new=1, changed=0, same=0)
    view = made(cast.manager)["Calls"]
    assert view.status is GoalStatus.DRAFT
    assert view.settings == by_hand(metric=Metric.COUNT)
    assert view.created_by == cast.manager.user_id


def test_every_field_can_be_given(cast):
    every = {
        "name": "Bookings",
        "description": "Won deals,\nin dollars",
        "category": "Revenue",
        "type": "Target",
        "metric": "CURRENCY",
        "target_value": "$ 80,000.50",
        "unit": "USD",
        "period": "quarterly",
        "starts_at": "1/1/2026",
        "ends_at": "Dec 31, 2026",
        "source": "sales",
        "source_config": json.dumps(WON),
        "milestones": "50, 75% 100",
        "tags": "north; 2026, north",
        "range_min": "",
        "range_max": "",
        "prorate": "Yes",
    }
    bring(cast.admin, csv_of(every.keys(), every.values()))
    assert made(cast.admin)["Bookings"].settings == Draft(
        name="Bookings",
        description="Won deals,\nin dollars",
        category="Revenue",
        type=GoalType.TARGET,
        metric=Metric.CURRENCY,
        target_value=Decimal("80000.50"),
        unit="USD",
        period=Period.QUARTERLY,
        starts_at=date(2026, 1, 1),
        ends_at=date(2026, 12, 31),
        source=Source.SALES,
        source_config=WON,
        milestones=(Milestone(50), Milestone(75), Milestone(100)),
        tags=("north", "2026"),
        prorate=True,
    )


def test_a_workbook_brings_the_same(cast):
    head = (*HEAD, "range_min", "prorate", "milestones")
    row = ("Index", "maintain", "number", 7.5, "", "weekly", date(2026, 1, 1), 7, False, "none")
    bring(cast.admin, xlsx_of(head, row, formats={6: "yyyy-mm-dd"}), "a.xlsx")
    settings = made(cast.admin)["Index"].settings
    assert (settings.target_value, settings.range_min) == (Decimal("7.5"), 7)
    assert (settings.unit, settings.milestones, settings.prorate) == ("", (), False)


def test_the_preview_says_what_was_read(cast):
    preview = read(cast.manager, csv_of((*HEAD, "tags"), (*CALLS, "a, b")))
    row = preview.rows[0]
    assert cell(row, "target_value").value == 100
    assert cell(row, "tags").value == ("a", "b")
    assert cell(row, "starts_at").value == date(2026, 1, 1)
    assert outcomes(preview) == ["new"]
    assert made(cast.manager) == {}


def test_every_problem_is_told_at_its_cell(cast):
    head = (*HEAD, "ends_at", "source", "source_config", "milestones", "range_min", "prorate")
    data = csv_of(
        head,
        ("", *CALLS[1:]),
        ("A", "goal", *CALLS[2:]),
        ("B", "target", "count", "1.5", *CALLS[4:]),
        ("C", "target", "count", "many", *CALLS[4:6], "someday"),
        ("D", "target", "currency", "5", "Taler", *CALLS[5:]),
        ("E", *CALLS[1:], "2025-12-31"),
        ("F", *CALLS[1:], "", "sales"),
        ("G", *CALLS[1:], "", "sales", "[]"),
        ("H", *CALLS[1:], "", "sales", json.dumps(WON | {"aggregation": "most"})),
        ("I", *CALLS[1:], "", "sales", "[" * 100_000),
        ("J", *CALLS[1:], "", "", "", "25 200"),
        ("K", *CALLS[1:], "", "", "", "half"),
        ("L", *CALLS[1:], "", "", "", "", "3", "perhaps"),
        ("M", *CALLS[1:], "", "", "", "", "3"),
        ("N", "target", "count", "$100", *CALLS[4:]),
    )
    assert wrong(read(cast.admin, data)) == {
        "2.name": "Please enter something here.",
        "3.type": "This must be one of target, limit, maintain.",
        "4.target_value": "This must be a whole number.",
        "5.target_value": "Please enter a number such as 1234.5.",
        "5.starts_at": "Please enter a day such as 2026-05-20.",
        "6.unit": "Taler is no ISO 4217 currency code.",
        "7.ends_at": "This must not be before the first day.",
        "8.source_config": "Say what this goal is tracked from.",
        "9.source_config": "This must be a JSON object, such as {}.",
        "10.source_config": "One of sum, count, avg, min, max.",
        "11.source_config": "This must be a JSON object, such as {}.",
        "12.milestones": "Whole percents from 1 to 100.",
        "13.milestones": "Please enter percentages such as 25 50 75 100.",
        "14.prorate": "This must be yes or no.",
        "15.range_min": "Only a goal of the type maintain has a range.",
        "16.target_value": "$ does not fit this goal; it is measured in calls.",
    }


def test_what_is_there_already_is_not_made_again(cast):
    data = csv_of(HEAD, CALLS, ("Visits", *CALLS[1:]))
    bring(cast.manager, csv_of(HEAD, CALLS))
    assert outcomes(read(cast.manager, data)) == ["same", "new"]
    assert bring(cast.manager, data) == Imported(new=1, changed=0, same=1)
    assert bring(cast.manager, data) == Imported(new=0, changed=0, same=2)
    assert made(cast.manager).keys() == {"Calls", "Visits"}


def test_what_is_there_with_other_settings_is_a_problem(cast):
    bring(cast.manager, csv_of(HEAD, CALLS))
    other = csv_of((*HEAD, "tags"), (*CALLS[:3], "200", *CALLS[4:], "new"))
    assert wrong(read(cast.manager, other)) == {
        "2.name": "There is a goal of this name, first day and period; it differs:"
        " target_value, tags."
    }


def test_another_first_day_or_period_is_another_goal(cast):
    bring(cast.manager, csv_of(HEAD, CALLS))
    data = csv_of(HEAD, (*CALLS[:6], "2026-02-01"), (*CALLS[:5], "weekly", "2026-01-01"))
    assert outcomes(read(cast.manager, data)) == ["new", "new"]


def test_what_others_made_out_of_sight_is_not_known(cast):
    bring(cast.admin, csv_of(HEAD, CALLS))
    assert outcomes(read(cast.manager, csv_of(HEAD, CALLS))) == ["new"]


def test_a_goal_that_is_twice_in_the_file_is_a_problem(cast):
    assert wrong(read(cast.manager, csv_of(HEAD, CALLS, (), CALLS))) == {
        "4.name": "Row 2 has a goal of this name, first day and period already."
    }


def test_all_rows_are_made_or_none(cast):
    with pytest.raises(Invalid):
        bring(cast.manager, csv_of(HEAD, CALLS, ("Visits", "x", *CALLS[2:])))
    assert made(cast.manager) == {}


def test_what_was_made_since_the_preview_is_judged_again(cast):
    data = csv_of(HEAD, ("Visits", *CALLS[1:]), CALLS)
    preview = read(cast.manager, data)
    bring(cast.manager, csv_of(HEAD, CALLS))
    with tenant_session(cast.manager) as db:
        assert definitions_import.commit(db, preview) == Imported(new=1, changed=0, same=1)


def test_what_no_longer_fits_is_refused_by_row_and_nothing_is_written(cast):
    """Even by a caller who goes on after it."""
    preview = read(cast.manager, csv_of(HEAD, ("Visits", *CALLS[1:]), CALLS))
    with tenant_session(cast.manager) as db:
        make_definition(db, by_hand(), status=GoalStatus.DRAFT)
    with tenant_session(cast.manager) as db, pytest.raises(Invalid) as refused:
        definitions_import.commit(db, preview)
    assert [p.field for p in refused.value.problems] == ["3.name"]
    assert made(cast.manager).keys() == {"Calls"}


def test_a_preview_that_was_tampered_with_passes_no_rule(cast):
    preview = read(cast.manager, csv_of(HEAD, CALLS))
    bad = replace(preview.items[0].what, target_value=Decimal("1.5"))
    forged = replace(preview, items=(replace(preview.items[0], what=bad),))
    with tenant_session(cast.manager) as db, pytest.raises(Invalid) as refused:
        definitions_import.commit(db, forged)
    assert told(refused) == ["This must be a whole number."]
    assert refused.value.problems[0].field == "2.target_value"


@pytest.mark.parametrize("role", ["rep", "analyst"])
def test_who_may_not_write_goals_imports_none(cast, role):
    with pytest.raises(NotAllowed, match="goals:write"):
        read(getattr(cast, role), csv_of(HEAD, CALLS))
    preview = read(cast.manager, csv_of(HEAD, CALLS))
    with pytest.raises(NotAllowed, match="goals:write"), tenant_session(getattr(cast, role)) as db:
        definitions_import.commit(db, preview)


def test_missing_columns_are_named_together(cast):
    with pytest.raises(Invalid) as refused:
        read(cast.admin, csv_of(("name", "type", "metric"), CALLS[:3]))
    assert [p.field for p in refused.value.problems] == [
        "target_value", "unit", "period", "starts_at",
    ]  # fmt: skip


def test_reading_takes_as_many_statements_for_one_row_as_for_many(cast):
    def sent(rows):
        data = csv_of(HEAD, *((f"Calls {n}", *CALLS[1:]) for n in range(rows)))
        with statements() as found:
            read(cast.manager, data)
        return len(found)

    sent(1)
    assert sent(1) == sent(200)


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=("Cs",)), max_size=12
)


@random_rows
@given(st.lists(st.lists(cells, min_size=len(DEFINITIONS), max_size=len(DEFINITIONS)), max_size=3))
def test_any_cells_are_read_or_refused_in_words(cast, rows):
    data = csv_of([column.key for column in DEFINITIONS], *rows)
    if b"\0" in data:
        return
    preview = read(cast.admin, data)
    assert all(str(problem) for problem in preview.problems)
