"""The audit log as administrators read it: told by names, narrowed, never of another company."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.paging import PageRequest
from goals_core.errors import NotAllowed
from goals_core.kinds import GoalStatus
from goals_core.models.core import AuditLine
from goals_core.permissions import Role
from goals_core.services import assignments, audit_reading, definitions, identity, signin
from goals_core.services.audit_reading import SUBJECTS, SYSTEM, TAGS, Change
from tests import makers
from tests.conftest import NOW, PASSWORD
from tests.db.statements import loose_tables
from tests.makers import TODAY, assign, by_hand, definition_of, make_definition, make_goal

LATER = datetime(2026, 5, 21, 9, tzinfo=UTC)


def read(actor, **wanted):
    """Every line that fits, the newest first."""
    with tenant_session(actor) as db:
        return list(audit_reading.list_(db, page=PageRequest(size=500), **wanted).items)


def told(entries):
    return [(entry.tag, entry.subject_name) for entry in entries]


def facts(entry):
    return {change.field: (change.before, change.after) for change in entry.changes}


def rename(actor, definition, name):
    with tenant_session(actor) as db:
        view = definitions.get(db, definition)
        draft = replace(view.settings, name=name)
        definitions.update(db, definition, draft, version=view.version)


@pytest.fixture
def goal(cast, at):
    """A rep's goal, made after everything else."""
    at(LATER)
    return make_goal(cast, cast.rep)


# Who may


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
@pytest.mark.parametrize("deed", [audit_reading.list_, audit_reading.export, audit_reading.people])
def test_only_who_manages_may_read_it(cast, who, deed):
    with tenant_session(getattr(cast, who)) as db, pytest.raises(NotAllowed):
        deed(db)


def test_it_never_tells_of_another_company(cast, goal):
    others = Actor.system(cast.other_manager.tenant)
    assert told(read(others)) == [
        ("user:created", "Other Manager"),
        ("tenant:created", "Other"),
    ]
    assert read(others, search="Calls") == []
    assert read(others, subject_id=goal) == []
    assert read(others, who=cast.admin.user_id) == []


def test_a_name_of_another_company_is_not_told(cast):
    stranger = cast.other_manager.user_id
    line = {"before": None, "after": {"user_id": str(stranger)}, "actor_id": None, "at": LATER}
    add_line(cast, tag="user:greeted", subject_id=stranger, **line)
    (entry,) = read(cast.admin, subject_id=stranger)
    assert (entry.subject_name, facts(entry)) == (None, {"user_id": (None, str(stranger))})


def add_line(cast, **line):
    makers.add(cast.tenant, AuditLine, line)


# What a line says


def test_a_change_says_who_when_about_what_and_from_what_to_what(cast, goal, at):
    definition = definition_of(cast.admin, goal)
    at(LATER + timedelta(hours=1))
    rename(cast.admin, definition, "Visits")
    entry = read(cast.admin)[0]
    assert (entry.at, entry.who, entry.tag) == (
        LATER + timedelta(hours=1),
        "Admin",
        "definition:changed",
    )
    assert (entry.subject_id, entry.subject_name) == (definition, "Visits")
    assert entry.is_change
    assert entry.changes == (Change("name", "Calls", "Visits"),)


def test_what_the_system_did_is_done_by_nobody(cast):
    assert {entry.who for entry in read(cast.admin)} == {None}


def test_an_assignment_is_called_by_its_goal_and_who_has_it(cast, goal):
    for who, name in ((cast.north, "North"), (None, "Acme")):
        make_goal(cast, who, by_hand(name=f"Goal of {name}"))
    made = read(cast.admin, tags=["assignment:created"])
    assert [entry.subject_name for entry in made] == [
        "Goal of Acme · Acme",
        "Goal of North · North",
        "Calls · Rep",
    ]
    assert not made[0].is_change


def test_ids_among_the_facts_are_told_by_name(cast, goal):
    (made,) = read(cast.admin, subject_id=goal)
    assert facts(made)["definition_id"] == (None, "Calls")
    assert facts(made)["user_id"] == (None, "Rep")
    assert "team_id" not in facts(made)
    (created, *joined) = read(cast.admin, subject_id=cast.north)[::-1]
    assert facts(created) == {"name": (None, "North"), "manager_id": (None, "Manager")}
    assert [facts(entry)["user_id"][1] for entry in joined] == ["Rep", "Second Rep"]


def test_people_and_the_company_are_called_by_name(cast):
    names = dict(told(read(cast.admin)))
    assert names["tenant:created"] == "Acme"
    assert {entry.subject_name for entry in read(cast.admin, subject="user")} >= {"Rep", "Admin"}


def test_what_was_deleted_keeps_its_last_name(cast, goal):
    definition = definition_of(cast.admin, goal)
    rename(cast.admin, definition, "Visits")
    with tenant_session(cast.admin) as db:
        definitions.delete(db, definition)
    about = told(read(cast.admin, since=LATER.date()))
    assert about == [
        ("assignment:deleted", "Visits · Rep"),
        ("definition:deleted", "Visits"),
        ("definition:changed", "Visits"),
        ("assignment:created", "Visits · Rep"),
        ("definition:status_changed", "Visits"),
        ("definition:created", "Visits"),
    ]
    (deleted,) = read(cast.admin, tags=["assignment:deleted"])
    assert facts(deleted)["definition_id"] == ("Visits", None)


@pytest.mark.parametrize("facts", [None, {}, {"name": None}, {"definition_id": "no id"}])
def test_what_was_never_named_has_no_name(cast, facts):
    unknown = uuid4()
    line = {"before": None, "after": facts, "actor_id": None, "at": LATER}
    add_line(cast, tag="rate:loaded", subject_id=unknown, **line)
    (entry,) = read(cast.admin, subject_id=unknown)
    assert (entry.subject_name, entry.tag) == (None, "rate:loaded")


def test_a_line_without_facts_has_no_changes(cast):
    login = signin.prove(cast.rep.email, PASSWORD)
    with tenant_session(login.actor) as db:
        signin.open_session(db, login)
    (entry,) = read(cast.admin, tags=["user:signed_in"])
    assert (entry.who, entry.subject_name, entry.changes) == ("Rep", "Rep", ())


# Filters


def test_newest_lines_come_first_also_of_one_moment(cast, goal):
    lines = read(cast.admin)
    assert [entry.id for entry in lines] == sorted((e.id for e in lines), reverse=True)
    assert [entry.tag for entry in lines[:3]] == [
        "assignment:created",
        "definition:status_changed",
        "definition:created",
    ]


def test_it_is_narrowed_to_who_did_it(cast, goal):
    assert {entry.who for entry in read(cast.admin, who=cast.admin.user_id)} == {"Admin"}
    assert {entry.who for entry in read(cast.admin, who=SYSTEM)} == {None}
    assert read(cast.admin, who=cast.rep.user_id) == []


def test_it_is_narrowed_to_a_kind_of_subject(cast, goal):
    assert {e.tag for e in read(cast.admin, subject="team")} == {"team:created", "team:joined"}
    assert read(cast.admin, subject="tea") == []
    assert read(cast.admin, subject="%") == []


def test_it_is_narrowed_to_deeds(cast, goal):
    wanted = ["team:created", "definition:created"]
    assert [entry.tag for entry in read(cast.admin, tags=wanted)] == [
        "definition:created",
        "team:created",
        "team:created",
    ]


def test_it_is_narrowed_to_one_thing(cast, goal):
    definition = definition_of(cast.admin, goal)
    assert {entry.subject_id for entry in read(cast.admin, subject_id=definition)} == {definition}


def test_filters_narrow_together(cast, goal):
    assert read(cast.admin, who=SYSTEM, subject="definition") == []
    both = read(cast.admin, who=cast.admin.user_id, subject="definition", search="calls")
    assert len(both) == 2


def test_days_are_the_companys(cast, at):
    """New York is four hours behind: its 20 May ends at 04:00 in UTC."""
    for moment in (
        datetime(2026, 5, 21, 3, 59, 59, tzinfo=UTC),
        datetime(2026, 5, 21, 4, tzinfo=UTC),
    ):
        at(moment)
        with tenant_session(cast.admin) as db:
            make_definition(db, by_hand(name=f"{moment:%H:%M}"), status=GoalStatus.DRAFT)
    made = {"tags": ["definition:created"]}
    assert told(read(cast.admin, since=date(2026, 5, 21), **made)) == [
        ("definition:created", "04:00")
    ]
    assert told(read(cast.admin, until=date(2026, 5, 20), **made)) == [
        ("definition:created", "03:59")
    ]
    assert read(cast.admin, since=TODAY, until=TODAY, who=SYSTEM)[0].at == NOW


def test_a_day_can_have_fewer_hours(cast, at):
    """The clocks of New York went forward on 8 March: its 9 March begins at 04:00 in UTC."""
    at(datetime(2026, 3, 9, 3, 59, tzinfo=UTC))
    with tenant_session(cast.admin) as db:
        make_definition(db, by_hand(), status=GoalStatus.DRAFT)
    assert len(read(cast.admin, until=date(2026, 3, 8))) == 1
    assert read(cast.admin, since=date(2026, 3, 9), until=date(2026, 3, 9)) == []


@pytest.mark.parametrize("day", [date.min, date.max])
def test_any_day_can_be_asked_for(cast, day):
    assert read(cast.admin, since=day, until=day) == []


# Search


def test_a_search_finds_a_goal_its_assignments_and_its_past_names(cast, goal):
    make_goal(cast, cast.south_rep, by_hand(name="Letters"))
    rename(cast.admin, definition_of(cast.admin, goal), "Visits")
    for words in ("visits", "CALLS", " all"):
        assert {name for _, name in told(read(cast.admin, search=words))} == {
            "Visits",
            "Visits · Rep",
        }


def test_a_search_finds_a_person_their_goals_and_teams_they_joined(cast, goal):
    found = told(read(cast.admin, search="second"))
    assert found == [("team:joined", "North"), ("user:created", "Second Rep")]
    assert ("assignment:created", "Calls · Rep") in told(read(cast.admin, search="rep"))


def test_a_search_finds_changes_of_an_assignment_that_do_not_name_it(cast, goal):
    with tenant_session(cast.admin) as db:
        assignments.update(db, goal, custom_target=Decimal(7), notes="")
    (changed,) = read(cast.admin, search="calls", tags=["assignment:changed"])
    assert facts(changed) == {"custom_target": (None, "7")}


def test_a_search_finds_what_was_deleted(cast, goal):
    with tenant_session(cast.admin) as db:
        assignments.update(db, goal, custom_target=Decimal(7), notes="")
        definitions.delete(db, definition_of(cast.admin, goal))
    assert {entry.tag for entry in read(cast.admin, search="calls")} == {
        "definition:created",
        "definition:status_changed",
        "definition:deleted",
        "assignment:created",
        "assignment:changed",
        "assignment:deleted",
    }


def test_a_search_finds_the_company_and_its_goals(cast):
    make_goal(cast, None)
    assert told(read(cast.admin, search="acme")) == [
        ("assignment:created", "Calls · Acme"),
        ("tenant:created", "Acme"),
    ]


@pytest.mark.parametrize("words", ["%", "_", "\\", "' OR 1=1 --", "a\0b", "x" * 500, '"}'])
def test_a_search_for_anything_is_just_that(cast, goal, words):
    assert read(cast.admin, search=words) == []


@pytest.mark.parametrize("words", ["", "  ", "\0"])
def test_a_search_for_nothing_narrows_nothing(cast, words):
    assert len(read(cast.admin, search=words)) == len(read(cast.admin))


# Pages, files, choices


def test_it_comes_a_page_at_a_time(cast, goal):
    with tenant_session(cast.admin) as db:
        first = audit_reading.list_(db, page=PageRequest(1, 6))
        last = audit_reading.list_(db, page=PageRequest(3, 6))
    assert (first.total, first.pages) == (16, 3)
    assert [len(first.items), len(last.items)] == [6, 4]
    assert last.items[-1].tag == "tenant:created"


def test_an_export_has_the_same_lines_at_once(cast, goal):
    with tenant_session(cast.admin) as db:
        assert audit_reading.export(db) == read(cast.admin)
        assert audit_reading.export(db, most=3) == read(cast.admin)[:3]
        wanted = {"subject": "team", "search": "north"}
        assert audit_reading.export(db, **wanted) == read(cast.admin, **wanted)


def test_the_people_are_those_who_did_something(cast, goal):
    with tenant_session(cast.admin) as db:
        doers = [(doer.id, doer.name) for doer in audit_reading.people(db)]
    assert doers == [(SYSTEM, None), (cast.admin.user_id, "Admin")]


def test_every_deed_has_a_subject():
    assert {tag.partition(":")[0] for tag in TAGS} == set(SUBJECTS)


def test_the_number_of_statements_does_not_grow_with_the_lines(cast, goal):
    def count(deed):
        with tenant_session(cast.admin) as db, makers.statements() as sent:
            deed(db)
        return len(sent)

    def page(db):
        audit_reading.list_(db, page=PageRequest(size=500), search="a")

    few = count(page), count(audit_reading.export), count(audit_reading.people)
    with tenant_session(cast.admin) as db:
        for number in range(20):
            made = make_definition(db, by_hand(name=f"A {number}"))
            assign(db, made, cast.rep)
            identity.create_user(
                db, email=f"{number}@a.example", name="Ann", role=Role.REP, password=PASSWORD
            )
            if number % 2:
                definitions.delete(db, made)
    assert (count(page), count(audit_reading.export), count(audit_reading.people)) == few
    assert max(few) <= 7


def test_every_table_of_a_statement_is_held_to_the_company(cast, goal):
    with tenant_session(cast.admin) as db, makers.statements() as sent:
        audit_reading.list_(db, search="a", who=cast.admin.user_id)
        audit_reading.people(db)
    loose = [loose_tables(text, bound, cast.tenant.id) for text, bound in sent[1:]]
    assert loose == [set()] * len(loose)
