"""The audit log's page: lines in words, filters in the address, details, files."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from goals_core.db import tenant_session
from goals_core.permissions import Role
from goals_core.services import (
    assignments,
    audit_reading,
    company,
    definitions,
    identity,
    people,
    signin,
)
from tests.conftest import PASSWORD
from tests.makers import assign, by_hand, definition_of, from_sales, make_definition, make_goal
from tests.pages.forms import fill, keys, open_page, press
from tests.pages.shown import table, words

TABLE = "log_table"
LATER = datetime(2026, 5, 21, 9, tzinfo=UTC)


def open_log(actor, **query):
    return open_page(actor, "audit", **query)


def shown(at, *columns):
    frame = table(at, TABLE)
    return [tuple(row) for row in frame[list(columns)].values.tolist()]


def about(at):
    return table(at, TABLE)["about"].tolist()


def change(actor, definition, **settings):
    with tenant_session(actor) as db:
        view = definitions.get(db, definition)
        draft = replace(view.settings, **settings)
        definitions.update(db, definition, draft, version=view.version)


def line_of(actor, tag):
    """The newest line of that deed."""
    with tenant_session(actor) as db:
        return audit_reading.list_(db, tags=[tag]).items[0]


def new_rep(cast, *, name):
    email = f"namesake@{cast.tenant.slug}.example"
    facts = {"email": email, "name": name, "role": Role.REP, "password": PASSWORD}
    with tenant_session(cast.admin) as db:
        return replace(cast.rep, user_id=identity.create_user(db, **facts), email=email)


def sign_in(actor):
    login = signin.prove(actor.email, PASSWORD)
    with tenant_session(login.actor) as db:
        signin.open_session(db, login)


@pytest.fixture
def goal(cast, at):
    """A rep's goal, made by the administrator after everything else."""
    at(LATER)
    return make_goal(cast, cast.rep)


@pytest.fixture
def definition(cast, goal):
    return definition_of(cast.admin, goal)


# Who may


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_who_does_not_manage_is_told_so_and_sees_nothing(cast, who):
    at = open_log(getattr(cast, who))
    assert "This page is not yours to use" in words(at)
    assert "You need the permission goals:manage for this." in words(at)
    assert not at.dataframe
    assert "log_search" not in keys(at)


def test_another_company_is_not_in_it(cast, goal):
    make_other = by_hand(name="Secret")
    with tenant_session(cast.other_manager) as db:
        make_definition(db, make_other)
    at = open_log(cast.admin, log_search="secret")
    assert "Nothing like that was done" in words(at)


# Lines in words


def test_a_line_says_when_who_what_about_and_from_what_to_what(cast, definition):
    change(cast.admin, definition, target_value=Decimal("1250.5"), name="Visits")
    columns = ("when", "who", "what", "about", "changes")
    first = shown(open_log(cast.admin, log_what="Goal changed"), *columns)[0]
    assert first == (
        "May 21, 2026, 5:00 AM",
        "Admin",
        ["Goal changed"],
        "Visits",
        "Name: Calls → Visits · Target: 100 → 1,250.5",
    )


def test_what_was_made_is_told_as_it_was_made(cast, goal):
    at = open_log(cast.admin, log_what=["Goal created", "Goal assigned"])
    assert shown(at, "about", "changes") == [
        ("Calls · Rep", "First day: May 1, 2026 · Last day: May 31, 2026 · State: In progress"),
        (
            "Calls",
            "Type: Target · Target: 100 calls · Metric: Number · Period: Monthly"
            " · First day: Jan 1, 2026 · State: Draft · Tracked from: By hand"
            " · Milestones: 25%, 50%, 75%, 100%",
        ),
    ]


def test_every_kind_of_change_is_told_in_words(cast, definition, goal):
    at_work = {"hired_on": date(2024, 3, 1), "left_on": None}
    with tenant_session(cast.admin) as db:
        assignments.update(db, goal, custom_target=Decimal(7), notes="New territory")
        people.set_employment(db, cast.rep.user_id, **at_work)
        settings = company.settings(db)
        company.change_settings(db, replace(settings, workweek="1234", risk_time_left=30))
        people.leave_team(
            db, team_id=cast.north, user_id=cast.rep.user_id, last_day=date(2026, 5, 31)
        )
    newest = shown(open_log(cast.admin), "what", "about", "changes")[1:5]
    assert {what: (about, told) for (what,), about, told in newest} == {
        "Left a team": ("North", "Person: Rep · Last day: — → May 31, 2026"),
        "Settings changed": (
            "Acme",
            "Working days: Mon, Tue, Wed, Thu, Fri → Mon, Tue, Wed, Thu"
            " · At risk with time left: 25% → 30%",
        ),
        "Employment changed": ("Rep", "First day: — → Mar 1, 2024"),
        "Assignment changed": ("Calls · Rep", "Own target: — → 7 · Notes: — → New territory"),
    }


def test_a_source_is_told_in_words(cast):
    with tenant_session(cast.admin) as db:
        made = make_definition(db, from_sales())
    config = {"module": "sales", "entity": "opportunities", "aggregation": "count"}
    change(cast.admin, made, source_config=config)
    ((told,),) = shown(open_log(cast.admin, log_what="Goal changed"), "changes")
    assert told == (
        "Counts: Sum of amount of won opportunities, by close date"
        " → Number of opportunities, by close date"
    )


def test_a_source_in_place_of_recording_by_hand_is_told_as_two_sentences(cast):
    with tenant_session(cast.admin) as db:
        made = make_definition(db, by_hand())
    tracked = from_sales()
    change(cast.admin, made, source=tracked.source, source_config=tracked.source_config)
    ((told,),) = shown(open_log(cast.admin, log_what="Goal changed"), "changes")
    assert told == (
        "Tracked from: By hand → Sales"
        " · Counts: Recorded by hand → Sum of amount of won opportunities, by close date"
    )


def test_what_was_deleted_is_still_called_by_its_name(cast, definition):
    with tenant_session(cast.admin) as db:
        definitions.delete(db, definition)
    at = open_log(cast.admin)
    newest = [(what, about) for (what,), about in shown(at, "what", "about")[1:3]]
    assert newest == [("Assignment deleted", "Calls · Rep"), ("Goal deleted", "Calls")]


def test_what_the_system_did_is_said_to_be_the_systems(cast):
    assert {who for (who,) in shown(open_log(cast.admin, log_about="Company"), "who")} == {
        "The system"
    }


# Filters


def test_filters_come_from_the_address(cast, goal):
    for query, expected in (
        ({"log_who": "Admin", "log_what": "Goal created"}, ["Calls"]),
        ({"log_who": "The system", "log_about": "Goals"}, None),
        ({"log_about": "Company"}, ["Acme"]),
        ({"log_search": "second rep"}, ["North", "Second Rep"]),
        ({"log_since": "2026-05-22"}, None),
        ({"log_until": "2026-05-20", "log_about": "Company"}, ["Acme"]),
        ({"log_until": "2026-05-19"}, None),
    ):
        at = open_log(cast.admin, **query)
        if expected is None:
            assert "Nothing like that was done" in words(at)
            assert "log_csv" not in keys(at)
        else:
            assert about(at) == expected


def test_filters_narrow_together_and_are_cleared_together(cast, goal):
    at = open_log(cast.admin)
    every = len(about(at))
    assert "clear" not in keys(at)
    fill(at, log_who="Admin", log_about="definition", log_what=["definition:created"])
    fill(at, log_since=date(2026, 5, 21), log_until=date(2026, 5, 21), log_search="calls")
    assert about(at) == ["Calls"]
    press(at, "clear")
    assert len(about(at)) == every


@pytest.mark.parametrize(
    "query",
    [
        {"log_who": "Nobody"},
        {"log_what": "nonsense"},
        {"log_since": "yesterday"},
        {"log_about": "x"},
        {"line": "nonsense"},
        {"log_page": "99"},
    ],
)
def test_an_address_that_makes_no_sense_narrows_nothing(cast, query):
    assert len(about(open_log(cast.admin, **query))) == 14


@pytest.mark.parametrize("search", ["%", "_", "\\", "' OR 1=1 --", "a\0b", "x" * 500, "<b>"])
def test_a_search_for_anything_is_just_that(cast, search):
    at = fill(open_log(cast.admin), log_search=search)
    assert "Nothing like that was done" in words(at)


@pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_what_does_not_exist_has_no_lines(cast, wanted):
    assert "Nothing like that was done" in words(open_log(cast.admin, of=wanted))


def test_two_people_of_one_name_are_told_apart(cast):
    namesake = new_rep(cast, name="Rep")
    for who in (cast.rep, namesake):
        sign_in(who)
    at = open_log(cast.admin)
    assert {"Rep", "Rep (2)"} <= set(at.selectbox(key="log_who").options)
    first = set(about(fill(at, log_who="Rep", log_what=["user:signed_in"])))
    assert first == {"Rep"}
    assert len(about(fill(at, log_who="Rep (2)"))) == 1


# One line, one thing


def test_a_click_shows_all_of_a_line(cast, definition):
    change(cast.admin, definition, description="Long and *starry*", tags=("a", "b"))
    at = open_log(cast.admin)
    at.query_params["line"] = str(line_of(cast.admin, "definition:changed").id)
    seen = words(at.run())
    assert "May 21, 2026, 5:00 AM · Admin" in seen
    assert "— → Long and *starry*" in seen
    assert "— → a, b" in seen


def test_it_leads_to_everything_about_that_thing(cast, goal, definition):
    change(cast.admin, definition, name="Visits")
    line = str(line_of(cast.admin, "definition:changed").id)
    at = open_log(cast.admin, line=line, log_search="visits")
    press(at, "log_all")
    assert "Everything about Visits" in words(at)
    assert about(at) == ["Visits"] * 3
    press(at, "clear")
    assert len(about(at)) > 3


# Pages and files


def test_it_comes_a_page_at_a_time(cast):
    with tenant_session(cast.admin) as db:
        for number in range(12):
            make_definition(db, by_hand(name=f"Goal {number:02}"))
    at = open_log(cast.admin, log_search="Goal")
    assert len(about(at)) == 20
    fill(at, log_page=2)
    assert about(at) == ["Goal 01", "Goal 01", "Goal 00", "Goal 00"]
    fill(at, log_search="Goal 07")
    assert about(at) == ["Goal 07"] * 2


def test_the_csv_has_every_line_that_fits_and_no_formula(cast, at, files):
    at(LATER)
    with tenant_session(cast.admin) as db:
        for _ in range(12):
            assign(db, make_definition(db, by_hand(name="=1+1")), cast.rep, notes="@SUM(A1)")
    open_log(cast.admin, log_search="1+1")
    make, name = files["log_csv"]
    rows = list(csv.DictReader(io.StringIO(make().decode("utf-8-sig"))))
    assert name.startswith(f"{cast.tenant.slug}-audit-log-2026-05-21-")
    assert len({row["ID"] for row in rows}) == 24
    assert {row["About"] for row in rows} == {"'=1+1", "'=1+1 · Rep"}
    told = {(row["What"], row["Fact"]): row["After"] for row in rows}
    assert told["Goal created", "Name"] == "'=1+1"
    assert told["Goal created", "Target"] == "100"
    assert told["Goal created", "First day"] == "2026-01-01"
    assert told["Goal assigned", "Notes"] == "'@SUM(A1)"
    assert rows[0]["When"] == "2026-05-21 05:00:00-04:00"


def test_the_workbook_has_texts_days_and_numbers_and_no_formula(cast, goal, files):
    with tenant_session(cast.admin) as db:
        make_definition(db, by_hand(name="=1+1", target_value=Decimal("12.50")))
    open_log(cast.admin, log_what="Goal created")
    make, name = files["log_xlsx"]
    assert name.endswith(".xlsx")
    sheet = load_workbook(io.BytesIO(make())).active
    rows = {row[4].value: row for row in sheet.iter_rows(min_row=2) if row[3].value == "=1+1"}
    assert rows["Name"][6].value == "=1+1"
    assert (rows["Name"][6].data_type, rows["Name"][6].quotePrefix) == ("s", True)
    assert rows["Target"][6].value == 12.5
    assert rows["First day"][6].value.date() == date(2026, 1, 1)
    assert str(rows["Name"][0].value) == "2026-05-21 05:00:00"
    assert sheet.freeze_panes == "A2"


def test_a_line_without_facts_is_a_row_too(cast, files):
    open_log(cast.admin, log_what="Signed in")
    make, _name = files["log_csv"]
    (row,) = csv.DictReader(io.StringIO(make().decode("utf-8-sig")))
    assert (row["Who"], row["What"], row["Fact"], row["Tag"]) == (
        "Admin",
        "Signed in",
        "",
        "user:signed_in",
    )
