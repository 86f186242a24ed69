"""Import: a file is looked at, its bad cells are marked, and all of it is written or none."""

import pytest

from goals_core.db import tenant_session
from goals_core.services import assignments, progress
from tests.makers import by_hand, definition_of, make_goal
from tests.pages.forms import errors, fill, open_page, press, problems, rows, said, widget
from tests.pages.shown import table, tiles, words

HEAD = "goal,assignee,day,value,change,note,reference\n"


@pytest.fixture
def goal(cast):
    return make_goal(cast, cast.rep, by_hand())


def opened(actor, kind="progress"):
    at = open_page(actor, "imports")
    return at if kind == "progress" else fill(at, kind=kind)


def given(at, text, *, name="file.csv", kind="progress"):
    number = at.session_state["goals_import_next"]
    at.file_uploader(key=f"file_{kind}_{number}").upload(name, text.encode(), "text/csv").run()
    assert not at.exception
    return at


def line(cast, change, day="2026-05-20"):
    return f"Calls,{cast.rep.email},{day},,{change},,\n"


def test_a_good_file_is_looked_at_then_brought_in(cast, goal):
    at = given(opened(cast.rep), HEAD + line(cast, 5) + line(cast, 7))
    assert (tiles(at)["New"], tiles(at)["Refused"]) == ("2", "0")
    assert list(table(at, "Preview")["change"]) == ["5", "7"]
    press(at, "import")
    assert said(at) == ["Imported: 2 new, 0 changed, 0 unchanged."]
    with tenant_session(cast.rep) as db:
        assert assignments.get(db, goal).value == 12


def test_one_bad_row_keeps_all_of_it_out_and_is_told_by_its_number(cast, goal):
    before = rows(cast.rep)
    at = given(opened(cast.rep), HEAD + line(cast, 5) + line(cast, 7, "2026-05-21"))
    assert tiles(at)["Refused"] == "1"
    assert "Row 3 · day: This day has not come yet." in words(at)
    assert list(table(at, "Preview")["day"]) == ["2026-05-21"]
    assert widget(at, "import").disabled
    fill(at, only_bad=False)
    assert len(table(at, "Preview")) == 2
    assert rows(cast.rep) == before


def test_the_same_file_again_changes_nothing(cast, goal):
    text = HEAD + line(cast, 5)
    for _ in range(2):
        at = press(given(opened(cast.rep), text), "import")
    assert said(at) == ["Imported: 0 new, 0 changed, 1 unchanged."]
    with tenant_session(cast.rep) as db:
        assert progress.history(db, goal).total == 1


def test_what_is_no_table_at_all_is_one_sentence_below_the_field(cast, goal):
    at = given(opened(cast.rep), "", name="empty.csv")
    assert len(problems(at) + errors(at)) == 1
    assert "preview" not in [frame.key for frame in at.dataframe]


def test_quotas_are_a_grid_of_people_and_windows(cast, goal):
    definition = definition_of(cast.admin, goal)
    at = opened(cast.manager, kind="quotas")
    text = f"email,name,2026-06-01\n{cast.second_rep.email},Second Rep,40\n"
    press(given(at, text, kind="quotas"), "import")
    assert said(at) == ["Imported: 1 new, 0 changed, 0 unchanged."]
    with tenant_session(cast.admin) as db:
        (made,) = assignments.list_(db, user_id=cast.second_rep.user_id).items
    assert (made.definition_id, made.target) == (definition, 40)


def test_each_is_offered_what_they_may_bring_in(cast, goal):
    assert len(widget(opened(cast.manager), "kind").options) == 3
    assert len(widget(opened(cast.rep), "kind").options) == 1
    assert "Nothing to import" in words(open_page(cast.analyst, "imports"))
