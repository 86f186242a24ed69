"""Templates: what they offer, that they come back as they went, and that nothing in them runs."""

import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from goals_core.db import tenant_session
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.imports import definitions_import, progress_import, quotas_import, sheets
from goals_core.imports.columns import DEFINITIONS, PROGRESS
from goals_core.imports.quota_columns import offered
from goals_core.imports.templates import Kind, template
from goals_core.imports.writing import Format
from goals_core.kinds import AssigneeType, Metric, Period
from goals_core.models.windows import Schedule
from goals_core.services import assignments, identity, planning
from goals_core.services.planning import Quota
from tests.conftest import PASSWORD
from tests.imports.files import cell, outcomes
from tests.makers import (
    TODAY,
    assign,
    by_hand,
    from_sales,
    make_definition,
    random_rows,
    statements,
    with_settings,
)

BOTH = pytest.mark.parametrize("format_", Format)


def make(actor, kind, format_, **more):
    with tenant_session(actor) as db:
        return template(db, kind, format_, **more)


def lines(data, format_):
    sheet = sheets.read(data, f"a.{format_}", most_rows=10_000)
    return [line.cells for line in (sheet.header, *sheet.lines)]


@BOTH
def test_empty_templates_have_the_headings_that_imports_read(cast, format_):
    for kind, columns, read in (
        (Kind.PROGRESS, PROGRESS, progress_import.read),
        (Kind.DEFINITIONS, DEFINITIONS, definitions_import.read),
    ):
        data = make(cast.manager, kind, format_)
        assert lines(data, format_) == [tuple(column.key for column in columns)]
        with tenant_session(cast.manager) as db:
            assert read(db, data, f"a.{format_}").rows == ()


def test_a_workbook_offers_the_few_values_of_a_column_and_explains_each(cast):
    data = make(cast.manager, Kind.DEFINITIONS, Format.XLSX, translate=str.upper)
    book = load_workbook(io.BytesIO(data))
    sheet, about = book.worksheets
    assert sheet.freeze_panes == "B2"
    rules = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert rules["D2:D5001"] == '"target,limit,maintain"'
    assert rules["Q2:Q5001"] == '"yes,no"'
    assert len(rules) == 5
    assert [row[0].value for row in about.iter_rows(min_row=2)] == [c.key for c in DEFINITIONS]
    assert about["B2"].value == "WHAT THE GOAL IS CALLED."


@BOTH
def test_quotas_come_filled_with_people_windows_and_present_targets(cast, format_):
    with tenant_session(cast.manager) as db:
        goal = make_definition(db, from_sales(ends_at=date(2026, 3, 31)))
        for month, target in ((1, None), (2, Decimal("1500.50"))):
            on = date(2026, month, 1)
            assign(db, goal, cast.rep, on=on, custom_target=target)
    data = make(cast.manager, Kind.QUOTAS, format_, definition_id=goal)
    head, names, *people = lines(data, format_)
    assert head == ("email", "name", "2026-01-01", "2026-02-01", "2026-03-01")
    assert names == (None, None, "January 2026", "February 2026", "March 2026")
    assert [(row[0], row[1]) for row in people] == [
        (cast.rep.email, "Rep"),
        (cast.second_rep.email, "Second Rep"),
    ]
    assert [Decimal(v) for v in people[0][2:]] == [1000, Decimal("1500.5")]
    assert people[1][2:] == ()


def test_a_manager_gets_the_own_people_and_an_administrator_everyone(cast):
    with tenant_session(cast.manager) as db:
        goal = make_definition(db, by_hand())

    def emails(actor):
        data = make(actor, Kind.QUOTAS, Format.CSV, definition_id=goal)
        return {row[0] for row in lines(data, Format.CSV)[2:]}

    assert emails(cast.manager) == {cast.rep.email, cast.second_rep.email}
    assert len(emails(cast.admin)) == 7


def test_a_cancelled_assignment_leaves_its_cell_empty(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(ends_at=date(2026, 5, 31), starts_at=date(2026, 5, 1)))
        assignments.cancel(db, assign(db, goal, cast.rep))
    rows = lines(make(cast.admin, Kind.QUOTAS, Format.CSV, definition_id=goal), Format.CSV)
    assert all(len(row) == 2 for row in rows[2:])


def test_names_that_look_like_formulas_are_defused(cast):
    name = '=HYPERLINK("http://evil.example")'
    with tenant_session(cast.admin) as db:
        user = identity.create_user(
            db, email="+a@acme.example", name=name, role=cast.rep.role, password=PASSWORD
        )
        goal = make_definition(db, by_hand())
        assert user
    data = make(cast.admin, Kind.QUOTAS, Format.CSV, definition_id=goal)
    assert b"'=HYPERLINK" in data
    assert b"'+a@acme" in data
    workbook = make(cast.admin, Kind.QUOTAS, Format.XLSX, definition_id=goal)
    found = {
        c.value: c.data_type for r in load_workbook(io.BytesIO(workbook)).worksheets[0] for c in r
    }
    assert found[name] == "s"
    for content, format_ in ((data, "csv"), (workbook, "xlsx")):
        assert ("+a@acme.example", name) in [row[:2] for row in lines(content, format_)]


def test_who_may_not_do_it_gets_no_template(cast):
    with tenant_session(cast.manager) as db:
        goal = make_definition(db, by_hand())
    for kind in Kind:
        with pytest.raises(NotAllowed):
            make(cast.analyst, kind, Format.CSV, definition_id=goal)
    with pytest.raises(NotFound):
        make(cast.south_manager, Kind.QUOTAS, Format.CSV, definition_id=goal)
    with pytest.raises(Invalid, match="Choose a goal"):
        make(cast.manager, Kind.QUOTAS, Format.CSV)


@pytest.fixture(scope="module")
def grids():
    return st.lists(
        st.none() | st.decimals(Decimal("0.01"), Decimal("9999999999999.99"), places=2),
        min_size=8,
        max_size=8,
    )


@random_rows
@given(
    st.data(),
    st.sampled_from(Format),
    st.sampled_from(["en_US", "de_DE", "fr_FR", "de_CH", "es_MX", "en_IN", "ar_EG"]),
)
def test_any_grid_that_a_template_gives_out_comes_back_the_same(cast, grids, data, format_, locale):
    targets = data.draw(grids)
    admin = with_settings(cast.admin, locale=locale)
    months = [date(2026, month, 1) for month in (6, 7, 8, 9)]
    who = [cast.rep, cast.second_rep]
    cells = [(person, on) for person in who for on in months]
    with tenant_session(admin) as db:
        goal = make_definition(db, from_sales(ends_at=date(2026, 12, 31)))
        quotas = [
            Quota(assignee_type=AssigneeType.USER, assignee_id=person.user_id, on=on, target=target)
            for (person, on), target in zip(cells, targets, strict=True)
            if target is not None
        ]
        planning.set_targets(db, goal, quotas)
        content = template(db, Kind.QUOTAS, format_, definition_id=goal)
        preview = quotas_import.read(db, content, f"a.{format_}", definition_id=goal)
    assert preview.problems == ()
    assert set(outcomes(preview)) == {"same"}
    rows = {cell(row, "email").value: row for row in preview.rows}
    found = [cell(rows[p.email], on.isoformat()).value for p, on in cells]
    assert found == targets


def test_a_template_takes_as_many_statements_for_one_person_as_for_many(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand())

    def sent():
        with statements() as found:
            make(cast.admin, Kind.QUOTAS, Format.CSV, definition_id=goal)
        return len(found)

    before = sent()
    with tenant_session(cast.admin) as db:
        for n in range(5):
            email = f"{n}@{cast.tenant.slug}.example"
            role = cast.rep.role
            identity.create_user(db, email=email, name="N", role=role, password=PASSWORD)
        assign(db, goal, cast.rep)
    assert sent() == before


@pytest.mark.parametrize(
    ("period", "ends_at", "first", "last", "number"),
    [
        (Period.MONTHLY, date(2026, 12, 31), date(2026, 1, 1), date(2026, 12, 1), 12),
        (Period.MONTHLY, None, date(2026, 5, 1), date(2027, 5, 1), 13),
        (Period.WEEKLY, date(2026, 12, 31), date(2026, 1, 1), date(2026, 12, 28), 53),
        (Period.DAILY, date(2026, 12, 31), TODAY, date(2026, 7, 18), 60),
        (Period.DAILY, date(2026, 3, 31), date(2026, 3, 31), date(2026, 3, 31), 1),
        (Period.CUSTOM, date(2026, 12, 31), date(2026, 1, 1), date(2026, 1, 1), 1),
        (Period.YEARLY, None, date(2026, 1, 1), date(2027, 1, 1), 2),
    ],
)
def test_a_grid_offers_a_short_goals_windows_or_those_from_today_on(
    period, ends_at, first, last, number
):
    windows = offered(Schedule(period, date(2026, 1, 1), ends_at), TODAY)
    assert (windows[0].start, windows[-1].start, len(windows)) == (first, last, number)


def test_the_second_line_of_headings_is_known_in_every_language(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(metric=Metric.COUNT, period=Period.MONTHLY))
        for locale in ("en_US", "ja_JP", "ar_EG", "de_DE"):
            db.actor = with_settings(cast.admin, locale=locale)
            data = template(db, Kind.QUOTAS, Format.CSV, definition_id=goal)
            preview = quotas_import.read(db, data, "a.csv", definition_id=goal)
            assert preview.problems == ()
