"""Import: a file is looked at, its bad cells are marked, and all of it is written or none."""

import csv
import io
from datetime import date

import pytest
from openpyxl import load_workbook

from goals_core import mail
from goals_core.db import tenant_session
from goals_core.engine.paging import LARGEST_PAGE
from goals_core.imports import progress_import
from goals_core.kinds import GoalStatus
from goals_core.services import assignments, definitions, links, progress
from tests.imports.files import csv_of, xlsx_of
from tests.makers import assign, by_hand, definition_of, make_definition, make_goal
from tests.pages.forms import errors, fill, keys, open_page, press, problems, rows, said, widget
from tests.pages.shown import table, tiles, words

HEAD = ("goal", "assignee", "day", "value", "change", "note", "reference")
GOALS = ("name", "type", "metric", "target_value", "unit", "period", "starts_at")
VISITS = ("Visits", "target", "count", "20", "visits", "monthly", "2026-06-01")


@pytest.fixture
def goal(cast):
    return make_goal(cast, cast.rep, by_hand())


def opened(actor, kind="progress", **query):
    at = open_page(actor, "imports", **query)
    return at if kind == "progress" else fill(at, kind=kind)


def of_quotas(actor, goal="Calls"):
    return fill(opened(actor, "quotas"), goal=goal)


def given(at, data, *, name="file.csv", kind="progress"):
    number = at.session_state["goals_import_next"]
    at.file_uploader(key=f"file_{kind}_{number}").upload(name, data, "text/csv").run()
    assert not at.exception
    return at


def line(cast, change, day="2026-05-20", note=""):
    return ("Calls", cast.rep.email, day, "", change, note, "")


def calls(cast, *changes):
    return csv_of(HEAD, *(line(cast, change) for change in changes))


def value(actor, assignment):
    with tenant_session(actor) as db:
        return assignments.get(db, assignment).value


def column(at, name):
    return table(at, "Preview")[name].tolist()


def marked(at):
    """How many cells of the preview are red."""
    frame = next(each for each in at.dataframe if each.proto.alt == "Preview")
    return frame.proto.arrow_data.styler.styles.count("background-color: rgba(255, 75, 75")


# Progress


def test_a_good_file_is_looked_at_then_brought_in(cast, goal):
    before = rows(cast.rep)
    at = given(opened(cast.rep), calls(cast, 5, 7))
    assert (tiles(at)["New"], tiles(at)["Refused"]) == ("2", "0")
    assert column(at, "change") == ["5", "7"]
    assert rows(cast.rep) == before
    assert widget(at, "import").label == "Import 2 rows"
    press(at, "import")
    assert said(at) == ["Imported: 2 new, 0 changed, 0 unchanged."]
    assert value(cast.rep, goal) == 12
    assert "import" not in keys(at)


def test_one_bad_row_keeps_all_of_it_out_and_is_told_by_its_number(cast, goal):
    before = rows(cast.rep)
    data = csv_of(HEAD, line(cast, 5), line(cast, 7, "2026-05-21"), line(cast, "x"))
    at = given(opened(cast.rep), data)
    assert (tiles(at)["New"], tiles(at)["Refused"]) == ("1", "2")
    assert "Row 3 · day: This day has not come yet." in words(at)
    assert "Row 4 · change: Please enter a number such as 1,234.5." in words(at)
    assert (column(at, "Row"), column(at, "change")) == ([3, 4], ["7", "x"])
    assert marked(at) > 0
    assert widget(at, "import").disabled
    fill(at, only_bad=False)
    assert column(at, "What happens") == ["New", "Refused", "Refused"]
    assert rows(cast.rep) == before


def test_the_same_file_again_changes_nothing(cast, goal):
    for name in ("may.csv", "copy.csv"):
        at = press(given(opened(cast.rep), calls(cast, 5), name=name), "import")
    assert said(at) == ["Imported: 0 new, 0 changed, 1 unchanged."]
    with tenant_session(cast.rep) as db:
        assert progress.history(db, goal).total == 1


def test_a_workbook_is_a_file_too(cast, goal):
    data = xlsx_of(HEAD, ("Calls", cast.rep.email, "2026-05-20", None, 5.5))
    press(given(opened(cast.rep), data, name="May.XLSX"), "import")
    assert value(cast.rep, goal) == 5.5


def test_after_the_first_fifty_problems_the_rest_is_a_number(cast, goal):
    at = given(opened(cast.rep), calls(cast, *["x"] * 53))
    assert "53 problems; nothing is imported." in words(at)
    assert "and 3 more" in words(at)
    assert "Row 51 · change" in words(at)
    assert "Row 52 · change" not in words(at)


def test_what_a_file_says_is_shown_as_it_is_and_is_no_markdown(cast, goal):
    bad = "![x](https://evil.example/a.png) <b>"
    data = csv_of(HEAD, (bad, cast.rep.email, "2026-05-20", "", "5", "=1+1", ""))
    at = given(opened(cast.rep), data)
    assert column(at, "goal") == [bad]
    assert not any("![x]" in each.value or "<b>" in each.value for each in at.markdown)


# What is wrong with the whole file


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("empty.csv", b"", "The file is empty."),
        ("noise.csv", b"\0\1\2", "This is no text; please save it as CSV in UTF-8, or as XLSX."),
        ("broken.xlsx", b"PK\3\4", "This XLSX file is broken."),
        ("large.csv", b"x" * (5 * 2**20 + 1), "The file is larger than 5 MB."),
        (
            "short.csv",
            b"goal,goal,assignee\nCalls,,\n",
            "The column goal is there twice. The column day is missing.",
        ),
    ],
)
def test_what_is_no_such_file_is_said_once_below_the_field(cast, goal, name, data, expected):
    before = rows(cast.rep)
    at = given(opened(cast.rep), data, name=name)
    assert problems(at) == [expected]
    assert errors(at) == []
    assert "import" not in keys(at)
    assert rows(cast.rep) == before


def test_headings_alone_are_nothing_to_import(cast, goal):
    at = given(opened(cast.rep), csv_of(HEAD))
    assert "There is nothing in the file to import." in words(at)
    assert widget(at, "import").disabled


# Once read


@pytest.fixture
def readings(monkeypatch):
    """The names of the files that were read."""
    names, read = [], progress_import.read
    monkeypatch.setattr(
        progress_import, "read", lambda db, data, name: names.append(name) or read(db, data, name)
    )
    return names


def test_a_file_is_read_once_whatever_else_is_clicked(cast, goal, readings):
    at = given(opened(cast.rep), calls(cast, "x"))
    fill(fill(at, only_bad=False), only_bad=True)
    assert readings == ["file.csv"]
    given(at, calls(cast, 5), name="better.csv")
    assert readings == ["file.csv", "better.csv"]


def test_nothing_of_a_file_stays_when_its_page_is_left(cast, goal):
    at = given(opened(cast.rep), calls(cast, 5))
    assert "goals_import_read" in at.session_state
    at.switch_page("../pages/my_goals.py").run()
    assert "goals_import_read" not in at.session_state


def test_what_no_longer_fits_is_marked_and_the_file_is_kept(cast):
    data = csv_of(GOALS, VISITS, ("Calls", *VISITS[1:]))
    at = given(opened(cast.manager, "definitions"), data, kind="definitions")
    with tenant_session(cast.manager) as db:
        made = make_definition(db, by_hand(name="Visits", starts_at=date(2026, 6, 1)))
    before = rows(cast.manager)
    press(at, "import")
    assert rows(cast.manager) == before
    assert (tiles(at)["New"], tiles(at)["Refused"]) == ("1", "1")
    assert "Row 2 · name: There is a goal of this name, first day and period" in words(at)
    assert column(at, "name") == ["Visits"]
    assert widget(at, "import").disabled
    with tenant_session(cast.manager) as db:
        definitions.delete(db, made)
    press(at, "check_again")
    press(at, "import")
    assert said(at) == ["Imported: 2 new, 0 changed, 0 unchanged."]


def test_what_is_gone_at_the_commit_is_told_and_nothing_breaks(cast, goal):
    at = given(opened(cast.rep), calls(cast, 5))
    with tenant_session(cast.admin) as db:
        definitions.delete(db, definition_of(cast.admin, goal))
    press(at, "import")
    assert said(at) == []
    assert len(errors(at)) + int(tiles(at)["Refused"]) == 1


# Goals


def test_goals_become_drafts_all_or_none(cast):
    before = rows(cast.manager)
    data = csv_of(GOALS, VISITS, ("", *VISITS[1:]))
    at = given(opened(cast.manager, "definitions"), data, kind="definitions")
    assert (tiles(at)["New"], tiles(at)["Refused"]) == ("1", "1")
    assert "Row 3 · name: Please enter something here." in words(at)
    assert widget(at, "import").disabled
    assert rows(cast.manager) == before
    given(at, csv_of(GOALS, VISITS), kind="definitions", name="good.csv")
    press(at, "import")
    assert said(at) == ["Imported: 1 new, 0 changed, 0 unchanged."]
    with tenant_session(cast.manager) as db:
        (made,) = definitions.list_(db).items
    assert (made.name, made.status) == ("Visits", GoalStatus.DRAFT)


# Quotas


def test_quotas_are_a_grid_of_people_and_windows(cast, goal):
    data = csv_of(
        ("email", "name", "2026-05-01", "2026-06-01"),
        (cast.rep.email, "Rep", 120, ""),
        (cast.second_rep.email, "Second Rep", "", 40),
    )
    at = given(of_quotas(cast.manager), data, kind="quotas")
    assert (tiles(at)["New"], tiles(at)["Changed"]) == ("1", "1")
    assert column(at, "2026-05-01") == ["100 → 120", ""]
    assert widget(at, "import").label == "Import 2 targets"
    press(at, "import")
    assert said(at) == ["Imported: 1 new, 1 changed, 0 unchanged."]
    with tenant_session(cast.admin) as db:
        (made,) = assignments.list_(db, user_id=cast.second_rep.user_id).items
        assert (made.definition_id, made.target) == (definition_of(cast.admin, goal), 40)
        assert assignments.get(db, goal).target == 120


def test_a_bad_cell_of_a_grid_keeps_all_of_it_out(cast, goal):
    before = rows(cast.manager)
    data = csv_of(("email", "2026-06-01"), (cast.rep.email, 40), (cast.second_rep.email, "€ 5"))
    at = given(of_quotas(cast.manager), data, kind="quotas")
    assert (tiles(at)["New"], tiles(at)["Refused"]) == ("1", "1")
    assert "Row 3 · 2026-06-01: € does not fit this goal" in words(at)
    assert widget(at, "import").disabled
    assert rows(cast.manager) == before


def test_a_target_that_was_cancelled_meanwhile_is_marked_in_its_cell(cast, goal):
    data = csv_of(("email", "2026-06-01"), (cast.rep.email, 40), (cast.second_rep.email, 5))
    at = given(of_quotas(cast.manager), data, kind="quotas")
    with tenant_session(cast.admin) as db:
        june = assign(db, definition_of(cast.admin, goal), cast.rep, on=date(2026, 6, 1))
        assignments.cancel(db, june)
    press(at, "import")
    assert "Row 2 · 2026-06-01: This assignment is cancelled." in words(at)
    assert (tiles(at)["New"], tiles(at)["Refused"]) == ("1", "1")
    assert column(at, "Row") == [2]


def test_no_goal_is_taken_for_granted_and_those_of_one_name_are_told_apart(cast):
    with tenant_session(cast.manager) as db:
        for month in (1, 4, 4):
            make_definition(db, by_hand(starts_at=date(2026, month, 1)))
        make_definition(db, by_hand(name="Over"), status=GoalStatus.COMPLETED)
        make_definition(db, by_hand(name="Visits"))
    at = opened(cast.manager, "quotas")
    assert sorted(widget(at, "goal").options) == [
        "Calls · Monthly · Apr 1, 2026",
        "Calls · Monthly · Apr 1, 2026 (2)",
        "Calls · Monthly · Jan 1, 2026",
        "Visits",
    ]
    assert "file_quotas_0" not in keys(at)


def test_every_goal_can_be_chosen_however_many_there_are(cast, monkeypatch):
    monkeypatch.setattr("ui.import_files.LARGEST_PAGE", 2)
    assert LARGEST_PAGE > 5
    with tenant_session(cast.manager) as db:
        for number in range(5):
            make_definition(db, by_hand(name=f"Goal {number}"))
    assert len(widget(opened(cast.manager, "quotas"), "goal").options) == 5


def test_kind_and_goal_come_from_the_address(cast, goal):
    at = opened(cast.manager, **{"kind": "Quotas", "goal": "Calls"})
    assert "file_quotas_0" in keys(at)


# Who may


def test_each_is_offered_what_they_may_bring_in(cast, goal):
    assert len(widget(opened(cast.manager), "kind").options) == 3
    assert widget(opened(cast.rep), "kind").options == ["Progress"]
    at = open_page(cast.analyst, "imports")
    assert "This page is not yours to use" in words(at)
    assert not at.file_uploader


def test_an_address_gives_nobody_more_than_they_may(cast, goal):
    at = opened(cast.rep, **{"kind": "Quotas", "goal": "Calls"})
    assert "file_progress_0" in keys(at)
    assert "goal" not in keys(at)


def test_another_company_has_no_goals_and_no_people_here(cast, goal):
    assert "There is no goal yet" in words(opened(cast.other_manager, "quotas"))
    at = given(opened(cast.other_manager), calls(cast, 5))
    assert tiles(at)["Refused"] == "1"
    assert widget(at, "import").disabled
    assert value(cast.rep, goal) == 0


# Templates


def test_the_template_of_progress_has_its_headings_and_says_what_they_mean(cast, goal, files):
    opened(cast.rep)
    make, name = files["template_csv"]
    assert next(csv.reader(io.StringIO(make().decode("utf-8-sig"))))[0] == "goal"
    assert name.startswith(f"{cast.tenant.slug}-progress-template-")
    make, name = files["template_xlsx"]
    book = load_workbook(io.BytesIO(make()))
    assert book.sheetnames == ["progress", "columns"]
    assert name.endswith(".xlsx")


def test_the_template_of_quotas_comes_back_as_it_went(cast, goal, files):
    at = of_quotas(cast.manager)
    for key, name in (("template_csv", "back.csv"), ("template_xlsx", "back.xlsx")):
        given(at, files[key][0](), name=name, kind="quotas")
        found = tiles(at)
        assert (found["New"], found["Changed"], found["Refused"]) == ("0", "0", "0")
        assert cast.rep.email in column(at, "email")


# People


PEOPLE = ("email", "name", "role", "title")


def of_people(actor, *rows):
    return given(opened(actor, "people"), csv_of(PEOPLE, *rows), kind="people")


def test_people_are_brought_in_and_their_links_are_offered_once(cast, files):
    rows_ = (("nora@acme.example", "=Nora", "rep"), (cast.rep.email, "Rita", "rep", "AE"))
    at = of_people(cast.admin, *rows_)
    assert (tiles(at)["New"], tiles(at)["Changed"]) == ("1", "1")
    assert column(at, "name") == ["=Nora", "Rep → Rita"]
    press(at, "import")
    assert said(at) == ["Imported: 1 new, 1 changed, 0 unchanged."]
    assert "1 person is invited" in words(at)
    data, name = files["invitations"]
    assert name.endswith(".csv")
    (_head, (called, email, address)) = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert (called, email) == ("'=Nora", "nora@acme.example")
    assert links.find(address.partition("link=")[2]).name == "=Nora"
    files.clear()
    press(at, "invitations_done")
    assert "invitations" not in files


def test_links_are_gone_once_the_page_is_left(cast, files):
    at = press(of_people(cast.admin, ("nora@acme.example", "Nora", "rep")), "import")
    assert "invitations" in files
    files.clear()
    at.switch_page("../pages/my_goals.py").run()
    at.switch_page("../pages/imports.py").run()
    assert "invitations" not in files


def test_where_mails_can_be_sent_links_are_mailed_and_the_rest_is_offered(cast, files, monkeypatch):
    sent = []

    def send(to, _subject, text):
        if to.startswith("max"):
            raise mail.MailNotSent("refused with 550")
        sent.append((to, text))

    monkeypatch.setattr(mail, "is_configured", lambda: True)
    monkeypatch.setattr(mail, "send", send)
    names = ("Max", "Nora")
    at = of_people(cast.admin, *((f"{n.lower()}@acme.example", n, "rep") for n in names))
    press(at, "import")
    ((to, text),) = sent
    assert to == "nora@acme.example"
    assert links.find(text.partition("link=")[2].strip()).name == "Nora"
    assert "1 person is invited" in words(at)
    assert b"max@acme.example" in files["invitations"][0]
    assert b"nora" not in files["invitations"][0]


def test_only_who_manages_people_is_offered_them(cast):
    assert "People" in widget(opened(cast.admin), "kind").options
    assert "People" not in widget(opened(cast.manager), "kind").options
