"""People from a file: all or none, the same file again changes nothing, nobody goes by absence."""

from datetime import date
from time import perf_counter

import pytest

from goals_core.db import tenant_session
from goals_core.engine.people_views import PersonState
from goals_core.errors import Invalid, NotAllowed
from goals_core.imports import people_import
from goals_core.imports.templates import Kind, template
from goals_core.imports.writing import Format
from goals_core.permissions import Role
from goals_core.services import audit_reading, people, signin, teams
from tests.conftest import PASSWORD
from tests.imports.files import cell, csv_of, outcomes, wrong, xlsx_of
from tests.makers import (
    TODAY,
    add_deals,
    by_hand,
    deal,
    from_sales,
    make_goal,
    standing,
    statements,
)

HEAD = ("email", "name", "role", "title", "manager", "team", "member_from", "hired_on", "left_on")


def file_of(*rows, head=HEAD):
    return csv_of(head, *rows)


def looked_at(actor, data, name="people.csv"):
    with tenant_session(actor) as db:
        return people_import.read(db, data, name)


def brought_in(actor, data, name="people.csv"):
    with tenant_session(actor) as db:
        return people_import.commit(db, people_import.read(db, data, name))


def found(cast, email):
    with tenant_session(cast.admin) as db:
        shown = people.list_(db, search=email).items
        return people.get(db, next(p.id for p in shown if p.email.startswith(email)))


def tags(cast):
    with tenant_session(cast.admin) as db:
        return [entry.tag for entry in audit_reading.list_(db).items]


def test_new_people_are_there_with_managers_of_the_same_file_and_their_teams(cast):
    data = file_of(
        ("nora@acme.example", "Nora", "rep", "AE", "eva@acme.example", "North", "2026-05-04"),
        ("Eva@acme.example", "Eva", "Manager", "", cast.admin.email.upper(), "", "", "2026-06-01"),
    )
    assert outcomes(looked_at(cast.admin, data)) == ["new", "new"]
    done = brought_in(cast.admin, data)
    assert (done.new, done.changed, done.same) == (2, 0, 0)
    nora, eva = found(cast, "nora@"), found(cast, "eva@")
    assert done.made == (nora.person.id, eva.person.id)
    assert (nora.person.manager, eva.person.manager) == ("Eva", "Admin")
    assert (nora.person.state, nora.person.role) == (PersonState.INVITED, Role.REP)
    assert [(m.team, m.member_from) for m in nora.memberships] == [("North", date(2026, 5, 4))]
    assert eva.person.hired_on == date(2026, 6, 1)
    assert sorted(tags(cast)[:3]) == ["team:joined", "user:created", "user:created"]


def test_who_is_there_is_changed_where_the_file_says_something(cast):
    data = file_of(
        (cast.rep.email, "Rita", "manager", "AE", cast.manager.email, "North", "2026-01-01"),
        (cast.second_rep.email, "", "", "", "", "", "", "", "2026-06-30"),
        (cast.south_rep.email, "South Rep", "rep", "", "", "South"),
    )
    preview = looked_at(cast.admin, data)
    assert outcomes(preview) == ["changed", "changed", "same"]
    first, second = preview.rows[:2]
    assert [cell(first, key).before for key in ("name", "role", "manager", "member_from")] == [
        "Rep",
        "rep",
        "",
        "2020-01-01",
    ]
    assert (cell(second, "left_on").before, cell(second, "name").before) == ("", None)
    done = brought_in(cast.admin, data)
    assert (done.new, done.changed, done.same, done.made) == (0, 2, 1, ())
    rita, second_rep = found(cast, cast.rep.email), found(cast, cast.second_rep.email)
    assert (rita.person.name, rita.person.role) == ("Rita", Role.MANAGER)
    assert rita.memberships[0].member_from == date(2026, 1, 1)
    assert (second_rep.person.name, second_rep.person.left_on) == ("Second Rep", date(2026, 6, 30))
    assert sorted(tags(cast)[:3]) == [
        "team:membership_changed",
        "user:changed",
        "user:employment_changed",
    ]


def test_another_role_ends_sessions_and_the_same_one_does_not(cast):
    tokens = {}
    for who in (cast.rep, cast.second_rep):
        login = signin.prove(who.email, PASSWORD)
        with tenant_session(login.actor) as db:
            tokens[who] = signin.open_session(db, login)
    brought_in(
        cast.admin,
        csv_of(
            ("email", "role", "title"),
            (cast.rep.email, "analyst", "X"),
            (cast.second_rep.email, "rep", "X"),
        ),
    )
    assert signin.check(tokens[cast.rep]) is None
    assert signin.check(tokens[cast.second_rep]) is not None


def test_the_same_file_again_changes_nothing_and_no_line_is_written(cast, at):
    data = file_of(
        ("nora@acme.example", "Nora", "rep", "AE", cast.manager.email, "North", "", "2026-05-04"),
        (cast.rep.email, "Rita", "manager", "AE", cast.manager.email, "South", "2026-05-01"),
    )
    brought_in(cast.admin, data)
    before = tags(cast)
    at(date(2026, 5, 25))  # an empty first day is not meant anew each day
    assert outcomes(looked_at(cast.admin, data)) == ["same", "same"]
    done = brought_in(cast.admin, data)
    assert (done.new, done.changed, done.same) == (0, 0, 2)
    assert tags(cast) == before


def test_nobody_is_disabled_or_leaves_by_absence(cast):
    brought_in(cast.admin, csv_of(("email", "title"), (cast.rep.email, "AE")))
    with tenant_session(cast.admin) as db:
        assert {person.state for person in people.list_(db).items} == {PersonState.ACTIVE}
        assert {team.members for team in teams.list_(db).items} == {1, 2}


def test_what_is_wrong_is_told_by_row_and_column_and_keeps_all_of_it_out(cast):
    with tenant_session(cast.admin) as db:
        people.disable(db, cast.south_manager.user_id)
    nobody = "nobody@acme.example"
    data = file_of(
        ("nora@acme.example",),
        ("nora@acme.example", "Nora", "king"),
        ("nora@acme.example", "Nora", "rep"),
        ("no address", "X" * 201, "rep", "", nobody, "East", "2026-05-32"),
        (cast.rep.email, "", "", "", nobody, "East", "", "2026-05-02", "2026-05-01"),
        (cast.second_rep.email, "", "", "", cast.south_manager.email, "", "2026-05-01"),
        (cast.admin.email, "", "rep"),
        ("", "Nobody", "rep"),
        ("eva@acme.example", "Eva", "rep", "", "", "", "", "1900-01-01"),
    )
    preview = looked_at(cast.admin, data)
    assert set(outcomes(preview)) == {"refused"}
    told = wrong(preview)
    assert told == {
        "2.name": "Please enter something here.",
        "2.role": "Please enter something here.",
        "3.role": "This must be one of admin, manager, rep, analyst.",
        "4.email": "Row 2 is this person's already.",
        "5.email": "This is no e-mail address.",
        "5.name": "At most 200 characters; this has 201.",
        "5.member_from": "Please enter a day such as 2026-05-20.",
        "6.manager": f"There is no person {nobody}, neither here nor in this file.",
        "6.team": "There is no team East; make it first.",
        "6.left_on": "The last day must not be before the first one.",
        "7.manager": "The account of South Manager is disabled.",
        "7.member_from": "Which team is meant?",
        "8.role": "Nobody changes their own role or disables themselves; ask someone else who may.",
        "9.email": "Please enter something here.",
        "10.hired_on": "This must be a day from 1970-01-01 to 2199-12-31.",
    }
    with pytest.raises(Invalid), tenant_session(cast.admin) as db:
        people_import.commit(db, preview)


def test_managers_form_no_circle_of_the_file_and_of_what_is_there(cast):
    with tenant_session(cast.admin) as db:
        people.change(
            db,
            cast.manager.user_id,
            name="Manager",
            title="",
            role=Role.MANAGER,
            manager_id=cast.rep.user_id,
        )
    head = ("email", "name", "role", "manager")
    data = csv_of(
        head,
        (cast.rep.email, "", "", "nora@acme.example"),
        ("nora@acme.example", "Nora", "rep", cast.manager.email),
        ("max@acme.example", "Max", "rep", "max@acme.example"),
        (cast.second_rep.email, "", "", cast.rep.email),  # below the circle, not in it
    )
    assert list(wrong(looked_at(cast.admin, data))) == ["2.manager", "3.manager", "4.manager"]


def test_the_last_administrator_stays_one(cast):
    data = csv_of(("email", "role"), (cast.admin.email, "rep"))
    preview = looked_at(cast.system, data)
    assert wrong(preview) == {
        "2.role": "Admin is the last administrator; make somebody else one first."
    }


def test_what_changed_between_the_look_and_the_deed_is_told_and_nothing_written(cast):
    preview = looked_at(
        cast.admin,
        csv_of(
            ("email", "name", "role", "manager"),
            ("nora@acme.example", "Nora", "rep", cast.manager.email),
        ),
    )
    with tenant_session(cast.admin) as db:
        people.disable(db, cast.manager.user_id)
    with pytest.raises(Invalid) as refused, tenant_session(cast.admin) as db:
        people_import.commit(db, preview)
    assert [problem.field for problem in refused.value.problems] == ["2.manager"]
    with tenant_session(cast.admin) as db:
        assert people.list_(db, search="nora").total == 0


def test_days_that_only_the_teams_page_can_say_are_refused(cast):
    with tenant_session(cast.admin) as db:
        people.leave_team(db, team_id=cast.north, user_id=cast.rep.user_id, last_day=TODAY)
        again = date(2026, 7, 1)
        teams.add_member(db, team_id=cast.north, user_id=cast.rep.user_id, member_from=again)
    head = ("email", "team", "member_from")
    of = {
        "2026-05-01": "refused",
        "2020-01-01": "same",
        "2026-07-01": "same",
        "2026-06-01": "changed",
    }
    for day, expected in of.items():
        data = csv_of(head, (cast.rep.email, "North", day))
        assert outcomes(looked_at(cast.admin, data)) == [expected], day


def test_values_of_teams_and_prorated_targets_follow_at_once(cast):
    add_deals(cast.tenant, deal(cast.south_rep, 5, date(2026, 5, 18)))
    team = make_goal(cast, cast.north, from_sales())
    own = make_goal(cast, cast.second_rep, by_hand(prorate=True, target_value=2100))
    brought_in(
        cast.admin,
        csv_of(
            ("email", "team", "member_from", "hired_on"),
            (cast.south_rep.email, "North", "2026-05-18", ""),
            (cast.second_rep.email, "", "", "2026-05-18"),
        ),
    )
    assert standing(cast.admin, team).value == 5
    assert standing(cast.admin, own).target == 1000


def test_the_template_has_everyone_and_brought_back_it_changes_nothing(cast):
    with tenant_session(cast.admin) as db:
        people.invite(db, email="nora@acme.example", name="=1+1", role=Role.REP, title="-AE")
        files = {
            "people.csv": template(db, Kind.PEOPLE, Format.CSV),
            "people.xlsx": template(db, Kind.PEOPLE, Format.XLSX),
        }
    assert b"'=1+1" in files["people.csv"]
    for name, data in files.items():
        preview = looked_at(cast.admin, data, name)
        assert outcomes(preview) == ["same"] * 8


def test_a_workbook_is_a_file_too(cast):
    data = xlsx_of(("E-mail", "Hired on"), (cast.rep.email, date(2026, 5, 1)))
    assert brought_in(cast.admin, data, "people.xlsx").changed == 1


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_only_who_manages_people_brings_them_in(cast, who):
    actor = getattr(cast, who)
    with pytest.raises(NotAllowed):
        looked_at(actor, file_of())
    with pytest.raises(NotAllowed), tenant_session(actor) as db:
        template(db, Kind.PEOPLE, Format.CSV)


def test_another_companys_people_and_teams_are_nobody_here(cast):
    data = csv_of(("email", "manager"), (cast.rep.email, cast.other_manager.email))
    assert list(wrong(looked_at(cast.admin, data))) == ["2.manager"]


def test_thousands_take_seconds_and_as_many_statements_as_few(cast):
    def of(count):
        rows = [
            (
                f"p{n}@acme.example",
                f"Person {n}",
                "rep",
                "",
                f"p{n // 10}@acme.example" if n else "",
                "North",
            )
            for n in range(count)
        ]
        return file_of(*rows)

    counts = []
    for count in (5, 5_000):
        started = perf_counter()
        with statements() as sent:
            brought_in(cast.admin, of(count))
        counts.append(len(sent))
    assert perf_counter() - started < 30
    assert counts[1] <= counts[0] + 3  # of those that are there already nobody is added again
    assert looked_at(cast.admin, of(5_000)).counts["same"] == 5_000
