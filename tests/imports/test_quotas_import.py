"""Quotas from a file: a grid of people by windows against a goal's present targets."""

from datetime import date
from decimal import Decimal

import pytest

from goals_core.db import tenant_session
from goals_core.engine.assigning import GoalIsOver
from goals_core.engine.paging import PageRequest
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.imports import quotas_import
from goals_core.imports.preview import Imported, Outcome
from goals_core.kinds import GoalStatus, GoalType, Metric, Period
from goals_core.models.goals import Assignment
from goals_core.services import assignments, people, planning
from tests.imports.files import cell, csv_of, outcomes, told, wrong, xlsx_of
from tests.makers import assign, by_hand, from_sales, make_definition, statements, with_settings

MAY, JUNE, JULY = "2026-05-01", "2026-06-01", "2026-07-01"


@pytest.fixture
def goal(cast):
    """1,000 dollars a month, the manager's to assign."""
    with tenant_session(cast.manager) as db:
        return make_definition(db, from_sales(ends_at=date(2026, 12, 31)))


def read(actor, goal, data, name="quotas.csv"):
    with tenant_session(actor) as db:
        return quotas_import.read(db, data, name, definition_id=goal)


def bring(actor, goal, data, name="quotas.csv"):
    with tenant_session(actor) as db:
        preview = quotas_import.read(db, data, name, definition_id=goal)
        return quotas_import.commit(db, preview)


def targets(cast, goal):
    """What each person's windows are held against, by name and month."""
    with tenant_session(cast.admin) as db:
        page = assignments.by_definition(db, goal, page=PageRequest(size=500))
    return {(s.assignee, s.window.start.month): s.target for s in page.items}


def test_a_grid_sets_the_targets_of_people_and_windows(cast, goal):
    data = csv_of(
        ("email", "name", MAY, JUNE),
        (cast.rep.email, "Rep", "$ 12,500.00", "13000"),
        (cast.second_rep.email.upper(), "", "", "900.50"),
    )
    assert bring(cast.manager, goal, data) == Imported(new=3, changed=0, same=0)
    assert targets(cast, goal) == {
        ("Rep", 5): 12500,
        ("Rep", 6): 13000,
        ("Second Rep", 6): Decimal("900.50"),
    }


def test_the_preview_says_of_each_cell_what_would_happen(cast, goal):
    bring(cast.manager, goal, csv_of(("email", MAY, JUNE), (cast.rep.email, 500, 600)))
    data = csv_of(("email", "name", MAY, JUNE, JULY), (cast.rep.email, "R", 500, "700.00", 800))
    preview = read(cast.manager, goal, data)
    row = preview.rows[0]
    found = {c.column: (c.value, c.before, c.outcome) for c in row.cells}
    assert found == {
        "email": (cast.rep.email, None, None),
        "name": ("R", None, None),
        MAY: (500, 500, Outcome.SAME),
        JUNE: (700, 600, Outcome.CHANGED),
        JULY: (800, None, Outcome.NEW),
    }
    assert row.outcome is Outcome.CHANGED
    assert preview.counts == {"new": 1, "changed": 1, "same": 1, "refused": 0}
    assert preview.definition_id == goal
    with tenant_session(cast.manager) as db:
        assert quotas_import.commit(db, preview) == Imported(new=1, changed=1, same=1)


def test_empty_cells_leave_everything_as_it_is(cast, goal):
    bring(cast.manager, goal, csv_of(("email", MAY, JUNE), (cast.rep.email, 500, 600)))
    preview = read(cast.manager, goal, csv_of(("email", MAY, JUNE), (cast.rep.email, "", " ")))
    assert (preview.items, preview.problems, preview.is_ready) == ((), (), False)
    assert cell(preview.rows[0], MAY).before == 500


def test_the_goals_own_target_is_the_same_and_stays_the_goals(cast, goal):
    with tenant_session(cast.manager) as db:
        mine = assign(db, goal, cast.rep)
    data = csv_of(("email", MAY), (cast.rep.email, 1000))
    assert bring(cast.manager, goal, data) == Imported(new=0, changed=0, same=1)
    with tenant_session(cast.manager) as db:
        assert db.get_one(Assignment, (db.tenant_id, mine)).custom_target is None


def test_a_number_is_read_the_tenants_way(cast, goal):
    german = with_settings(cast.manager, locale="de_DE")
    data = csv_of(("email", "01.05.2026", "1. Juni 2026"), (cast.rep.email, "1.000", "1.234,50 $"))
    bring(german, goal, data)
    assert targets(cast, goal) == {("Rep", 5): 1000, ("Rep", 6): Decimal("1234.50")}


def test_a_workbook_brings_its_numbers_as_they_are(cast, goal):
    data = xlsx_of(("E-mail", date(2026, 5, 1)), (cast.rep.email, 12500.1))
    bring(cast.manager, goal, data, "quotas.xlsx")
    assert targets(cast, goal) == {("Rep", 5): Decimal("12500.1")}


def test_the_windows_names_below_the_headings_are_passed_over(cast, goal):
    head = ("email", "name", MAY)
    data = csv_of(head, ("", "", "May 2026"), (cast.rep.email, "", 5))
    assert [row.number for row in read(cast.manager, goal, data).rows] == [3]


@pytest.mark.parametrize("forgotten", ["5", "$ 5", "EUR 5", "five"])
def test_a_row_that_is_nobodys_is_not_passed_over(cast, goal, forgotten):
    data = csv_of(("email", MAY), ("", forgotten), (cast.rep.email, 6))
    preview = read(cast.manager, goal, data)
    assert wrong(preview)["2.email"] == "Please enter something here."
    assert cell(preview.rows[0], MAY).outcome is Outcome.REFUSED


def test_a_person_out_of_sight_is_told_like_one_that_does_not_exist(cast, goal):
    emails = ["nobody@acme.example", cast.south_rep.email, cast.other_manager.email]
    preview = read(cast.manager, goal, csv_of(("email", MAY), *((email, 5) for email in emails)))
    sentence = "There is no person {}, or it is not yours to see."
    assert wrong(preview) == {
        f"{row}.email": sentence.format(email) for row, email in enumerate(emails, start=2)
    }


def test_nobody_sets_their_own_target(cast, goal):
    data = csv_of(("email", MAY), (cast.manager.email, 5))
    assert wrong(read(cast.manager, goal, data)) == {
        "2.email": "Nobody changes their own target; ask someone who manages goals."
    }
    assert bring(cast.admin, goal, data).new == 1


def test_every_cell_is_held_against_the_goals_rules(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(metric=Metric.COUNT))
    data = csv_of(
        ("email", "2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01", "2026-09-01"),
        (cast.rep.email, "1.5", "0", "$5", "x", "1.234"),
        (cast.rep.email, "5"),
    )
    assert wrong(read(cast.admin, goal, data)) == {
        "2.2026-05-01": "This must be a whole number.",
        "2.2026-06-01": "This must be more than 0.",
        "2.2026-07-01": "$ does not fit this goal; it is measured in calls.",
        "2.2026-08-01": "Please enter a number such as 1234.5.",
        "2.2026-09-01": "At most two decimals.",
        "3.email": "Row 2 is this person's already.",
    }


def test_what_is_closed_or_cancelled_keeps_its_target(cast, goal):
    with tenant_session(cast.admin) as db:
        assign(db, goal, cast.rep, on=date(2026, 4, 1))
        assignments.cancel(db, assign(db, goal, cast.rep, on=date(2026, 5, 1)))
    data = csv_of(("email", "2026-04-01", MAY), (cast.rep.email, 7, 1000))
    assert wrong(read(cast.manager, goal, data)) == {
        "2.2026-04-01": "Sales closed on 2026-05-20; its window can no longer be changed.",
        "2.2026-05-01": "This assignment is cancelled.",
    }
    same = csv_of(("email", "2026-04-01", MAY), (cast.rep.email, 1000, ""))
    assert outcomes(read(cast.manager, goal, same)) == ["same"]


def test_who_works_on_no_day_of_a_prorated_window_gets_no_target(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(prorate=True))
        people.set_employment(db, cast.rep.user_id, hired_on=date(2026, 6, 1), left_on=None)
    data = csv_of(("email", MAY, JUNE), (cast.rep.email, 5, 5))
    assert wrong(read(cast.admin, goal, data)) == {
        "2.2026-05-01": "Nobody works a day of this window: there is nothing to reach."
    }


@pytest.mark.parametrize(
    ("head", "sentences"),
    [
        (("name", MAY), ["The column email is missing."]),
        (("email", "name"), ["The file has no column of a window."]),
        (("email", "2026-05-02"), ["2026-05-02 is no first day of a window of Sales.",
                                   "The file has no column of a window."]),
        (("email", "2027-01-01", MAY), ["2027-01-01 is no first day of a window of Sales."]),
        (("email", "May", MAY), ["May is no first day of a window of Sales."]),
        (("email", MAY, "May 1, 2026"), ["The column 2026-05-01 is there twice."]),
    ],
)  # fmt: skip
def test_a_column_must_be_a_persons_or_a_windows(cast, goal, head, sentences):
    with pytest.raises(Invalid) as refused:
        read(cast.manager, goal, csv_of(head, ["x"] * len(head)))
    assert told(refused) == sentences


def test_more_windows_or_people_than_a_grid_has_are_refused(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(period=Period.DAILY))
    days = [date(2026, 1, 1 + n).isoformat() for n in range(31)]
    days += [date(2026, 3, 1 + n).isoformat() for n in range(30)]
    with pytest.raises(Invalid) as refused:
        read(cast.admin, goal, csv_of(("email", *days), [""]))
    assert told(refused) == ["The file has more than 60 windows."]
    with pytest.raises(Invalid) as refused:
        read(cast.admin, goal, csv_of(("email", days[0]), *[("x", 1)] * 2002))
    assert told(refused) == ["The file has more than 2001 rows."]


def test_more_targets_than_are_set_at_once_are_told_in_the_preview(cast, goal, monkeypatch):
    monkeypatch.setattr(planning, "MOST_QUOTAS", 1)
    data = csv_of(("email", MAY, JUNE), (cast.rep.email, 5, 6))
    with pytest.raises(Invalid, match="At most 1 targets at a time"):
        read(cast.manager, goal, data)


def test_a_goal_that_is_over_or_out_of_sight_takes_no_quotas(cast, goal):
    data = csv_of(("email", MAY), (cast.rep.email, 5))
    with pytest.raises(NotFound):
        read(cast.south_manager, goal, data)
    with pytest.raises(NotFound):
        read(cast.other_manager, goal, data)
    with pytest.raises(NotAllowed, match="goals:assign"):
        read(cast.rep, goal, data)
    with tenant_session(cast.admin) as db:
        over = make_definition(db, by_hand(), status=GoalStatus.COMPLETED)
    with pytest.raises(GoalIsOver):
        read(cast.admin, over, data)


def test_all_cells_are_set_or_none(cast, goal):
    data = csv_of(("email", MAY, JUNE), (cast.rep.email, 5, "?"))
    with pytest.raises(Invalid) as refused:
        bring(cast.manager, goal, data)
    assert [p.field for p in refused.value.problems] == ["2.2026-06-01"]
    assert targets(cast, goal) == {}


def test_what_changed_since_the_preview_is_refused_by_cell(cast, goal):
    data = csv_of(("email", MAY, JUNE), ("", "May 2026", "June 2026"), (cast.rep.email, 5, 6))
    preview = read(cast.manager, goal, data)
    with tenant_session(cast.admin) as db:
        assignments.cancel(db, assign(db, goal, cast.rep, on=date(2026, 6, 1)))
    with pytest.raises(Invalid) as refused, tenant_session(cast.manager) as db:
        quotas_import.commit(db, preview)
    assert {p.field: str(p) for p in refused.value.problems} == {
        "3.2026-06-01": "This assignment is cancelled."
    }
    assert targets(cast, goal).keys() == {("Rep", 6)}


def test_who_left_the_team_since_the_preview_is_refused_by_row(cast, goal):
    preview = read(cast.manager, goal, csv_of(("email", MAY), (cast.rep.email, 5)))
    with tenant_session(cast.admin) as db:
        people.leave_team(
            db, team_id=cast.north, user_id=cast.rep.user_id, last_day=date(2026, 5, 19)
        )
    with pytest.raises(Invalid) as refused, tenant_session(cast.manager) as db:
        quotas_import.commit(db, preview)
    assert [p.field for p in refused.value.problems] == ["2.email"]


def test_what_was_the_same_is_set_when_it_no_longer_is(cast, goal):
    bring(cast.manager, goal, csv_of(("email", MAY), (cast.rep.email, 500)))
    preview = read(cast.manager, goal, csv_of(("email", MAY), (cast.rep.email, 500)))
    bring(cast.manager, goal, csv_of(("email", MAY), (cast.rep.email, 900)))
    with tenant_session(cast.manager) as db:
        assert quotas_import.commit(db, preview) == Imported(new=0, changed=1, same=0)
    assert targets(cast, goal) == {("Rep", 5): 500}


def test_a_limit_of_nothing_is_a_target(cast):
    with tenant_session(cast.admin) as db:
        goal = make_definition(db, by_hand(type=GoalType.LIMIT))
    bring(cast.admin, goal, csv_of(("email", MAY), (cast.rep.email, "0")))
    assert targets(cast, goal) == {("Rep", 5): 0}


def test_the_number_of_statements_does_not_depend_on_the_size_of_the_grid(cast, goal):
    def sent(number, *months):
        cells = [number] * len(months)
        rows = [(who.email, *cells) for who in (cast.rep, cast.second_rep)[: len(months)]]
        with statements() as found:
            bring(cast.manager, goal, csv_of(("email", *months), *rows))
        return len(found)

    sent(1, MAY)
    assert sent(2, JULY) == sent(3, "2026-08-01", "2026-09-01", "2026-10-01")
