"""Progress from a file: what a row means, what is refused and where, and that it counts once."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from goals_core.db import tenant_session
from goals_core.engine.paging import PageRequest
from goals_core.errors import Invalid, NotAllowed
from goals_core.imports import progress_import
from goals_core.imports.preview import Imported, Outcome
from goals_core.kinds import Metric, ProgressSource
from goals_core.services import progress
from tests.imports.files import cell, csv_of, outcomes, told, wrong, xlsx_of
from tests.makers import (
    TODAY,
    by_hand,
    from_sales,
    make_goal,
    standing,
    statements,
)

HEAD = ("goal", "assignee", "day", "value", "change", "note", "reference")
DAY = "2026-05-18"


def read(actor, data, name="calls.csv"):
    with tenant_session(actor) as db:
        return progress_import.read(db, data, name)


def bring(actor, data, name="calls.csv"):
    with tenant_session(actor) as db:
        return progress_import.commit(db, progress_import.read(db, data, name))


def log(actor, goal):
    with tenant_session(actor) as db:
        return progress.history(db, goal, page=PageRequest(size=500)).items


def test_a_row_becomes_a_line_of_the_log(cast):
    goal = make_goal(cast, cast.rep)
    data = csv_of(HEAD, ("Calls", cast.rep.email.upper(), DAY, "40", "", " at the fair ", "CRM-1"))
    assert bring(cast.manager, data) == Imported(new=1, changed=0, same=0)
    line = log(cast.rep, goal)[0]
    assert (line.value, line.note, line.reference) == (40, "at the fair", "CRM-1")
    assert line.source is ProgressSource.IMPORT
    assert line.happened_at.date() == date(2026, 5, 18)
    assert standing(cast.rep, goal).value == 40


def test_the_preview_says_what_was_read_and_writes_nothing(cast):
    goal = make_goal(cast, cast.rep)
    preview = read(cast.rep, csv_of(HEAD, ("Calls", cast.rep.email, "5/18/26", "1,000.5")))
    row = preview.rows[0]
    assert (row.number, row.outcome) == (2, Outcome.NEW)
    assert cell(row, "day").value == date(2026, 5, 18)
    assert (cell(row, "value").text, cell(row, "value").value) == ("1,000.5", Decimal("1000.5"))
    assert (cell(row, "note").text, cell(row, "note").value) == ("", None)
    assert preview.is_ready
    assert preview.counts[Outcome.NEW] == 1
    assert log(cast.rep, goal) == []


def test_a_workbook_brings_its_numbers_and_days_as_they_are(cast):
    goal = make_goal(cast, cast.rep)
    rows = (
        ("goal", "assignee", "day", "change"),
        ("Calls", cast.rep.email, date(2026, 5, 18), 10.1),
    )
    data = xlsx_of(*rows, formats={2: "dd/mm/yyyy"})
    bring(cast.rep, data, "calls.xlsx")
    assert standing(cast.rep, goal).value == Decimal("10.1")


def test_more_than_two_decimals_of_a_workbook_are_refused(cast):
    make_goal(cast, cast.rep)
    data = xlsx_of(("goal", "assignee", "day", "value"), ("Calls", cast.rep.email, DAY, 0.125))
    assert wrong(read(cast.rep, data, "a.xlsx")) == {"2.value": "At most two decimals."}


def test_an_analyst_imports_nothing(cast):
    with pytest.raises(NotAllowed, match="goals:progress"):
        read(cast.analyst, csv_of(HEAD, ("Calls", "", DAY, 1)))


def test_every_rule_of_recording_is_checked_and_told_at_its_cell(cast):
    make_goal(cast, cast.rep, by_hand(metric=Metric.COUNT))
    make_goal(cast, cast.rep, from_sales())
    mail = cast.rep.email
    data = csv_of(
        HEAD,
        ("Calls", mail, DAY, "1.5"),
        ("Calls", mail, DAY, "x", "", "", ""),
        ("Calls", mail, DAY, "1", "2"),
        ("Calls", mail, DAY),
        ("Calls", mail, "soon", "1"),
        ("Calls", mail, "", "1"),
        ("Calls", mail, DAY, "", "-9"),
        ("Calls", mail, DAY, "1", "", "n" * 2001),
        ("Calls", mail, DAY, "1", "", "", "r" * 201),
        ("Sales", mail, DAY, "1"),
        ("", mail, DAY, "1"),
        ("Calls", mail, DAY, "50%"),
        ("Calls", mail, "2026-05-17", "3"),
    )
    preview = read(cast.rep, data)
    assert wrong(preview) == {
        "2.value": "This must be a whole number.",
        "3.value": "Please enter a number such as 1234.5.",
        "4.value": "Give either the new value or the change.",
        "5.value": "Give either the new value or the change.",
        "6.day": "Please enter a day such as 2026-05-20.",
        "7.day": "Please enter something here.",
        "8.change": "A count cannot fall below 0.",
        "9.note": "At most 2000 characters; this has 2001.",
        "10.reference": "At most 200 characters; this has 201.",
        "11": "Sales is tracked from records; it takes no progress by hand.",
        "12.goal": "Please enter something here.",
        "13.value": "% does not fit this goal; it is measured in calls.",
    }
    assert outcomes(preview) == ["refused"] * 12 + ["new"]
    assert not preview.is_ready


def test_a_day_outside_of_the_window_or_to_come_is_refused(cast):
    goal = make_goal(cast, cast.rep)
    data = csv_of(("assignment", "day", "value"), (goal, "2026-04-30", 1), (goal, "2026-05-21", 1))
    assert wrong(read(cast.rep, data)) == {
        "2.day": "This goal runs from 2026-05-01 to 2026-05-31.",
        "3.day": "This day has not come yet.",
    }


def test_rows_are_taken_in_the_order_of_their_days(cast):
    goal = make_goal(cast, cast.rep)
    head = ("assignment", "day", "value")
    bring(cast.rep, csv_of(head, (goal, "2026-05-12", 20), (goal, "2026-05-11", 10)))
    assert [line.value for line in log(cast.rep, goal)] == [20, 10]


def test_all_rows_count_or_none(cast):
    goal = make_goal(cast, cast.rep)
    data = csv_of(("assignment", "day", "value"), (goal, DAY, 1), (goal, DAY, "?"))
    with pytest.raises(Invalid) as refused:
        bring(cast.rep, data)
    assert [problem.field for problem in refused.value.problems] == ["3.value"]
    assert log(cast.rep, goal) == []


def test_the_same_file_twice_counts_once(cast):
    goal = make_goal(cast, cast.rep)
    rows = [("Calls", cast.rep.email, DAY, "", "5", "fair")] * 3
    data = csv_of(HEAD, *rows, ("Calls", cast.rep.email, "2026-05-19", "", "1"))
    assert bring(cast.rep, data) == Imported(new=4, changed=0, same=0)
    assert outcomes(read(cast.rep, data)) == ["same"] * 4
    assert bring(cast.rep, data) == Imported(new=0, changed=0, same=4)
    assert standing(cast.rep, goal).value == 16


def test_the_same_rows_in_another_order_form_and_file_count_once(cast):
    goal = make_goal(cast, cast.rep)
    mail = cast.rep.email
    bring(
        cast.rep,
        csv_of(HEAD, ("Calls", mail, DAY, "", "5.00"), ("Calls", mail, "5/19/26", "", "1")),
    )
    other = xlsx_of(
        ("note", "change", "day", "assignment"),
        (None, 1, datetime(2026, 5, 19), str(goal)),  # noqa: DTZ001  (a spreadsheet's day)
        (None, 5, datetime(2026, 5, 18), str(goal)),  # noqa: DTZ001
        (None, 5, datetime(2026, 5, 18), str(goal)),  # noqa: DTZ001
        formats={2: "yyyy-mm-dd"},
    )
    assert outcomes(read(cast.rep, other, "b.xlsx")) == ["same", "same", "new"]
    assert bring(cast.rep, other, "b.xlsx") == Imported(new=1, changed=0, same=2)
    assert standing(cast.rep, goal).value == 11


def test_another_content_under_a_reference_is_refused(cast):
    make_goal(cast, cast.rep)
    bring(cast.rep, csv_of(HEAD, ("Calls", cast.rep.email, DAY, "", 5, "", "A")))
    preview = read(cast.rep, csv_of(HEAD, ("Calls", cast.rep.email, DAY, "", 6, "", "A")))
    assert wrong(preview) == {"2": "The reference A was used before with other content."}


def test_what_changed_since_the_preview_is_refused_by_row_and_nothing_is_written(cast):
    first, second = make_goal(cast, cast.rep), make_goal(cast, cast.second_rep)
    head = ("assignment", "day", "value")
    data = csv_of(head, (first, DAY, 1), (), (second, DAY, 2))
    preview = read(cast.manager, data)
    assert preview.is_ready
    with tenant_session(cast.manager) as db:
        progress.record(db, assignment_id=second, value=Decimal(9), on=TODAY)
    with pytest.raises(Invalid) as refused, tenant_session(cast.manager) as db:
        progress_import.commit(db, preview)
    assert {p.field: str(p) for p in refused.value.problems} == {
        "4.day": "There is a value of 2026-05-20 already; for an earlier day give the change."
    }
    assert log(cast.rep, first) == []


def test_what_is_out_of_reach_since_the_preview_is_refused_by_row(cast):
    goal = make_goal(cast, cast.rep)
    preview = read(cast.manager, csv_of(("assignment", "day", "value"), (goal, DAY, 1)))
    with pytest.raises(Invalid) as refused, tenant_session(cast.south_manager) as db:
        progress_import.commit(db, preview)
    assert [problem.field for problem in refused.value.problems] == ["2"]
    with pytest.raises(NotAllowed), tenant_session(cast.analyst) as db:
        progress_import.commit(db, preview)


def test_an_import_leaves_one_line_in_the_audit_log(cast):
    goal = make_goal(cast, cast.rep)
    bring(
        cast.rep, csv_of(("assignment", "day", "change"), (goal, DAY, 1), (goal, DAY, 2)), "a\0.csv"
    )
    with tenant_session(cast.admin) as db:
        lines = db.execute(
            text("SELECT after FROM core.audit_log WHERE tenant_id = :t AND tag = :tag"),
            {"t": db.tenant_id, "tag": "progress:imported"},
        ).scalars()
        assert list(lines) == [{"file": "a.csv", "rows": 2, "new": 2}]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (("day", "value"), {"goal": "The column goal is missing."}),
        (("goal", "value"), {"day": "The column day is missing."}),
        (("goal", "day"), {"value": "The column value is missing."}),
        (("goal", "day", "value", "Value"), {"value": "The column value is there twice."}),
    ],
)
def test_columns_that_are_missing_or_doubled_are_named(cast, head, expected):
    with pytest.raises(Invalid) as refused:
        read(cast.rep, csv_of(head, [1] * len(head)))
    assert {p.field: str(p) for p in refused.value.problems} == expected


def test_a_column_that_means_nothing_is_named_with_those_that_do(cast):
    with pytest.raises(Invalid) as refused:
        read(cast.rep, csv_of(("goal", "day", "value", "notes"), (1, 1, 1, 1)))
    assert told(refused) == [
        "There is no column notes; there is goal, assignment, assignee, day, value, change, note,"
        " reference."
    ]


def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(cast):
    people = [cast.rep, cast.second_rep, cast.manager]
    goals = [make_goal(cast, who) for who in people]

    def sent(rows, note):
        lines = [("Calls", people[n % 3].email, DAY, "", "0.01", note) for n in range(rows)]
        with statements() as found:
            assert bring(cast.manager, csv_of(HEAD, *lines)).new == rows
        return len(found)

    sent(1, "first")
    assert sent(1, "second") == sent(90, "third")
    assert [standing(cast.manager, goal).value > 0 for goal in goals] == [True, True, True]


def test_a_large_file_is_read_and_written_in_a_few_statements(cast):
    goal = make_goal(cast, cast.rep)
    rows = [(goal, DAY, 1, f"CRM-{n}") for n in range(20_000)]
    with statements() as sent:
        result = bring(cast.rep, csv_of(("assignment", "day", "change", "reference"), *rows))
    assert result.new == 20_000
    assert len(sent) < 40
    assert standing(cast.rep, goal).value == 20_000
