"""People and their accounts: invited, changed, disabled and enabled; nothing of it is lost."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from goals_core.db import tenant_session
from goals_core.engine.accounts import LastAdministrator, OwnAccount
from goals_core.engine.assigning import NotActive
from goals_core.engine.paging import PageRequest
from goals_core.engine.people_views import PersonState
from goals_core.errors import Invalid, NotAllowed, NotFound, Stale
from goals_core.kinds import AssignmentStatus, Period
from goals_core.models.access import LoginRow
from goals_core.models.core import User
from goals_core.permissions import Role
from goals_core.services import (
    assignments,
    audit_reading,
    choices,
    identity,
    links,
    people,
    planning,
    signin,
    teams,
)
from goals_core.services.rollover import roll_over
from tests.conftest import PASSWORD
from tests.makers import (
    TODAY,
    assign,
    by_hand,
    definition_of,
    fields,
    make_definition,
    make_goal,
    standing,
    statements,
)

NEW = {"email": "Nora@Acme.example", "name": " Nora New ", "role": Role.REP}


def invite(cast, **more):
    with tenant_session(cast.admin) as db:
        return people.invite(db, **NEW | more)


def get(cast, user_id):
    with tenant_session(cast.admin) as db:
        return people.get(db, user_id)


def change(actor, who, **more):
    with tenant_session(actor) as db:
        found = people.get(db, who).person
        as_it_is = {f: getattr(found, f) for f in ("name", "title", "role", "manager_id")}
        people.change(db, who, **as_it_is | more)


def disable(actor, who):
    with tenant_session(actor) as db:
        people.disable(db, who.user_id)


def enable(actor, who):
    with tenant_session(actor) as db:
        people.enable(db, who.user_id)


def signed_in(who):
    login = signin.prove(who.email, PASSWORD)
    with tenant_session(login.actor) as db:
        return signin.open_session(db, login)


def lines(cast, tag):
    with tenant_session(cast.admin) as db:
        return audit_reading.list_(db, tags=[tag]).items


def facts(entry):
    return {change.field: (change.before, change.after) for change in entry.changes}


# Invited


def test_who_is_invited_has_no_password_and_no_place_in_the_directory(cast):
    nora = invite(cast, title="AE", manager_id=cast.manager.user_id, hired_on=TODAY)
    person = get(cast, nora).person
    assert (person.name, person.email, person.title) == ("Nora New", "nora@acme.example", "AE")
    assert (person.state, person.manager) == (PersonState.INVITED, "Manager")
    with tenant_session(cast.admin) as db:
        assert db.scalar(select(User.password_hash).where(User.id == nora)) is None
        assert db.scalar(select(LoginRow.user_id).where(LoginRow.user_id == nora)) is None
    told = facts(lines(cast, "user:created")[0])
    assert told["email"] == (None, "nora@acme.example")
    assert told["manager_id"] == (None, "Manager")


def test_an_address_of_another_company_is_invited_like_any_other(cast):
    invite(cast, email=cast.other_manager.email)


def test_an_address_of_this_company_is_taken_however_it_is_written(cast):
    with pytest.raises(identity.EmailTaken):
        invite(cast, email=cast.rep.email.upper())


def test_everything_that_is_wrong_is_told_at_its_field(cast):
    with pytest.raises(Invalid) as refused:
        invite(cast, email="nobody", name="", role="king", hired_on=date(1900, 1, 1))
    assert fields(refused) == ["email", "name", "role", "hired_on"]


@pytest.mark.parametrize("whose", ["other_manager", "nobody"])
def test_a_manager_is_someone_of_the_company(cast, whose):
    manager = cast.other_manager.user_id if whose == "other_manager" else cast.tenant.id
    with pytest.raises(NotFound):
        invite(cast, manager_id=manager)


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_only_who_manages_people_invites(cast, who):
    with pytest.raises(NotAllowed), tenant_session(getattr(cast, who)) as db:
        people.invite(db, **NEW)


def test_goals_are_assigned_to_who_is_invited(cast):
    nora = replace(cast.rep, user_id=invite(cast))
    assert standing(cast.admin, make_goal(cast, nora)).status is AssignmentStatus.ACTIVE


def test_who_takes_the_invitation_is_active_and_can_be_found_by_the_address(cast):
    nora = invite(cast)
    with tenant_session(cast.admin) as db:
        token = links.invite(db, user_id=nora)
    links.accept(token, PASSWORD)
    assert get(cast, nora).person.state is PersonState.ACTIVE
    assert signin.prove(NEW["email"], PASSWORD).actor.user_id == nora


def test_disabling_ends_the_link_and_enabling_does_not_bring_it_back(cast):
    nora = replace(cast.rep, user_id=invite(cast))
    with tenant_session(cast.admin) as db:
        token = links.invite(db, user_id=nora.user_id)
    disable(cast.admin, nora)
    enable(cast.admin, nora)
    assert links.find(token) is None
    assert get(cast, nora.user_id).person.state is PersonState.INVITED


# The list


def listed(cast, **more):
    with tenant_session(cast.admin) as db:
        return [person.name for person in people.list_(db, **more).items]


def test_the_list_is_everyone_by_name_with_teams_managers_and_last_sign_ins(cast):
    signed_in(cast.rep)
    with tenant_session(cast.admin) as db:
        page = people.list_(db)
    assert page.total == 7
    found = {person.name: person for person in page.items}
    assert list(found) == sorted(found)
    assert found["Rep"].teams == ("North",)
    assert found["Rep"].last_signed_in_at is not None
    assert found["South Rep"].last_signed_in_at is None


def test_it_is_narrowed_by_words_roles_and_states(cast):
    invite(cast)
    disable(cast.admin, cast.south_rep)
    assert listed(cast, search="south") == ["South Manager", "South Rep"]
    assert listed(cast, search="%") == []
    assert listed(cast, roles=[Role.ADMIN, Role.ANALYST]) == ["Admin", "Analyst"]
    assert listed(cast, states=[PersonState.INVITED]) == ["Nora New"]
    assert listed(cast, states=[PersonState.DISABLED]) == ["South Rep"]
    assert listed(cast, states=[PersonState.ACTIVE], search="rep") == ["Rep", "Second Rep"]
    assert listed(cast, page=PageRequest(2, 3)) == ["Nora New", "Rep", "Second Rep"]


def test_its_statements_do_not_depend_on_how_many_there_are(cast):
    def count():
        with statements() as sent, tenant_session(cast.admin) as db:
            people.list_(db)
        return len(sent)

    few = count()
    for number in range(20):
        invite(cast, email=f"n{number}@acme.example")
    assert count() == few


def test_another_companys_people_are_not_found(cast):
    assert "Other Manager" not in listed(cast)
    for deed in (people.get, people.disable, people.enable):
        with pytest.raises(NotFound), tenant_session(cast.admin) as db:
            deed(db, cast.other_manager.user_id)


def test_a_person_is_told_with_teams_over_time_and_who_counts_on_them(cast):
    with tenant_session(cast.admin) as db:
        people.leave_team(
            db, team_id=cast.north, user_id=cast.rep.user_id, last_day=date(2026, 3, 31)
        )
        april = date(2026, 4, 1)
        teams.add_member(db, team_id=cast.south, user_id=cast.rep.user_id, member_from=april)
    change(cast.admin, cast.rep.user_id, manager_id=cast.manager.user_id)
    rep, manager = get(cast, cast.rep.user_id), get(cast, cast.manager.user_id)
    assert [(m.team, m.member_to) for m in rep.memberships] == [
        ("South", None),
        ("North", date(2026, 3, 31)),
    ]
    assert rep.person.teams == ("South",)
    assert (manager.leads, manager.manages) == (("North",), 1)


# Changed


def test_what_is_changed_is_in_the_log_by_name(cast):
    change(cast.admin, cast.rep.user_id, name="Rita", title="AE", manager_id=cast.manager.user_id)
    (entry,) = lines(cast, "user:changed")
    assert entry.subject_name == "Rita"
    assert facts(entry) == {
        "name": ("Rep", "Rita"),
        "title": ("", "AE"),
        "manager_id": (None, "Manager"),
    }


def test_what_is_as_it_was_is_not_written(cast):
    before = get(cast, cast.rep.user_id)
    change(cast.admin, cast.rep.user_id)
    assert get(cast, cast.rep.user_id) == before
    assert lines(cast, "user:changed") == []


def test_another_role_ends_every_session_at_once_and_another_name_does_not(cast):
    token = signed_in(cast.rep)
    change(cast.admin, cast.rep.user_id, name="Rita")
    assert signin.check(token).name == "Rita"
    change(cast.admin, cast.rep.user_id, role=Role.MANAGER)
    assert signin.check(token) is None
    assert signin.check(signed_in(cast.rep)).role is Role.MANAGER


def test_nobody_changes_their_own_role_but_their_name(cast):
    with pytest.raises(OwnAccount):
        change(cast.admin, cast.admin.user_id, role=Role.REP)
    change(cast.admin, cast.admin.user_id, name="Ada")
    assert get(cast, cast.admin.user_id).person.name == "Ada"


def test_who_was_faster_is_not_overwritten(cast):
    seen_at = get(cast, cast.rep.user_id).person.updated_at - timedelta(seconds=1)
    with pytest.raises(Stale, match="Someone else changed Rep meanwhile"):
        change(cast.admin, cast.rep.user_id, name="Rita", seen_at=seen_at)


def test_managers_form_no_circle(cast):
    first, second, third = cast.rep.user_id, cast.second_rep.user_id, cast.south_rep.user_id
    change(cast.admin, first, manager_id=second)
    change(cast.admin, second, manager_id=third)
    for above in (first, second, third):
        with pytest.raises(Invalid, match="their own manager") as refused:
            change(cast.admin, third, manager_id=above)
        assert fields(refused) == ["manager_id"]


def test_who_is_disabled_becomes_nobodys_manager_but_stays_it(cast):
    change(cast.admin, cast.rep.user_id, manager_id=cast.manager.user_id)
    disable(cast.admin, cast.manager)
    change(cast.admin, cast.rep.user_id, title="AE")
    with pytest.raises(Invalid, match="The account of Manager is disabled"):
        change(cast.admin, cast.second_rep.user_id, manager_id=cast.manager.user_id)


# Disabled


def test_who_is_disabled_is_out_at_once_and_keeps_goals_and_teams(cast):
    goal, token = make_goal(cast, cast.rep), signed_in(cast.rep)
    disable(cast.admin, cast.rep)
    assert signin.check(token) is None
    assert signin.prove(cast.rep.email, PASSWORD) is None
    assert standing(cast.admin, goal).status is AssignmentStatus.ACTIVE
    found = get(cast, cast.rep.user_id)
    assert (found.person.state, found.person.teams) == (PersonState.DISABLED, ("North",))
    enable(cast.admin, cast.rep)
    assert signin.check(token) is None  # what was ended stays ended
    assert signin.check(signed_in(cast.rep)) is not None
    assert [facts(lines(cast, f"user:{deed}d")[0]) for deed in ("disable", "enable")] == [
        {"is_active": (True, False)},
        {"is_active": (False, True)},
    ]


def test_disabling_twice_is_doing_it_once(cast):
    for _ in range(2):
        disable(cast.admin, cast.rep)
    assert len(lines(cast, "user:disabled")) == 1
    for _ in range(2):
        enable(cast.admin, cast.rep)
    assert len(lines(cast, "user:enabled")) == 1


def test_nobody_disables_themselves(cast):
    with pytest.raises(OwnAccount):
        disable(cast.admin, cast.admin)


def test_the_last_administrator_stays_one(cast):
    with pytest.raises(LastAdministrator, match="Admin is the last administrator"):
        disable(cast.system, cast.admin)
    with pytest.raises(LastAdministrator):
        change(cast.system, cast.admin.user_id, role=Role.REP)
    invite(cast, role=Role.ADMIN)  # and may never come
    with pytest.raises(LastAdministrator):
        disable(cast.system, cast.admin)
    change(cast.admin, cast.analyst.user_id, role=Role.ADMIN)
    disable(cast.system, cast.admin)


def test_who_is_no_administrator_any_more_changes_nobody(cast):
    change(cast.admin, cast.analyst.user_id, role=Role.ADMIN)
    disable(replace(cast.analyst, role=Role.ADMIN), cast.admin)
    with pytest.raises(NotAllowed):
        disable(cast.admin, cast.analyst)


def test_nothing_new_is_assigned_to_who_is_disabled(cast):
    goal = definition_of(cast.admin, make_goal(cast, cast.rep))
    disable(cast.admin, cast.rep)
    disable(cast.admin, cast.second_rep)
    with tenant_session(cast.admin) as db:
        other = make_definition(db, by_hand(name="Visits"))
        assert cast.rep.user_id not in {who.owner.id for who in choices.assignees(db)}
        assert planning.assign_members(db, goal, cast.north).created == 0
        with pytest.raises(NotActive, match="The account of Rep is disabled"):
            assign(db, other, cast.rep)
        assert assignments.by_definition(db, planning.copy_to_next(db, goal).id).total == 0


def test_a_target_that_is_there_can_be_changed_but_no_further_one_set(cast):
    goal = definition_of(cast.admin, make_goal(cast, cast.rep))
    disable(cast.admin, cast.rep)

    def quota(on):
        rep = {"assignee_type": "user", "assignee_id": cast.rep.user_id}
        return planning.Quota(on=on, target=7, **rep)

    with tenant_session(cast.admin) as db:
        assert planning.set_targets(db, goal, [quota(TODAY)]).changed == 1
    with pytest.raises(Invalid) as refused, tenant_session(cast.admin) as db:
        planning.set_targets(db, goal, [quota(date(2026, 6, 1))])
    assert fields(refused) == ["1.assignee"]


def windows(cast, goal):
    with tenant_session(cast.admin) as db:
        found = assignments.by_definition(db, goal).items
    return sorted(standing.window.start for standing in found)


def test_repeated_goals_stop_while_someone_is_disabled_and_go_on_with_today(cast, at):
    goal = definition_of(cast.admin, make_goal(cast, cast.rep, custom_target=7))
    disable(cast.admin, cast.rep)
    at(date(2026, 8, 10))
    roll_over(cast.system)
    assert windows(cast, goal) == [date(2026, 5, 1)]
    enable(cast.admin, cast.rep)
    roll_over(cast.system)
    assert windows(cast, goal) == [date(2026, 5, 1), date(2026, 8, 1)]
    at(date(2026, 9, 1))
    roll_over(cast.system)
    assert windows(cast, goal)[2:] == [date(2026, 9, 1)]
    with tenant_session(cast.admin) as db:
        assert {each.target for each in assignments.by_definition(db, goal).items} == {7}


@pytest.mark.parametrize("ends_at", [date(2026, 6, 30), None])
def test_a_goal_that_is_over_or_does_not_repeat_does_not_go_on(cast, at, ends_at):
    draft = by_hand(ends_at=ends_at)
    if ends_at is None:
        draft = by_hand(period=Period.CUSTOM, ends_at=date(2026, 12, 31))
    goal = definition_of(cast.admin, make_goal(cast, cast.rep, draft))
    disable(cast.admin, cast.rep)
    at(date(2027, 1, 10))
    enable(cast.admin, cast.rep)
    assert len(windows(cast, goal)) == 1
