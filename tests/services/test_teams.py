"""Teams and their members over time, and what their goals make of it at once."""

from datetime import date, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from goals_core.db import tenant_session
from goals_core.engine.memberships import MemberAlready, MembershipCounted
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.models.core import TeamMember
from goals_core.services import audit_reading, people, teams, tracking
from goals_core.services.rollover import roll_over
from tests.makers import (
    TODAY,
    add_deals,
    deal,
    fields,
    from_sales,
    make_goal,
    random_rows,
    standing,
    statements,
)

DAY = timedelta(days=1)


def details(cast, team_id):
    with tenant_session(cast.admin) as db:
        return teams.get(db, team_id)


def membership(cast, team_id, who):
    return next(m for m in details(cast, team_id).members if m.user_id == who.user_id)


def lines(cast, tag):
    with tenant_session(cast.admin) as db:
        return audit_reading.list_(db, tags=[tag]).items


def facts(entry):
    return {change.field: (change.before, change.after) for change in entry.changes}


@pytest.fixture
def sales(cast):
    """The team's goal of 1,000 dollars this month, and its value."""
    add_deals(
        cast.tenant,
        deal(cast.rep, 100, date(2026, 5, 4)),
        deal(cast.rep, 20, date(2026, 5, 18)),
        deal(cast.south_rep, 3, date(2026, 5, 18)),
    )
    goal = make_goal(cast, cast.north, from_sales())

    def value():
        return standing(cast.admin, goal).value

    assert value() == 120
    return value


def join(cast, who, member_from, member_to=None, team=None):
    with tenant_session(cast.admin) as db:
        teams.add_member(
            db,
            team_id=team or cast.north,
            user_id=who.user_id,
            member_from=member_from,
            member_to=member_to,
        )


def move(cast, who, member_from, member_to=None):
    id_ = membership(cast, cast.north, who).id
    with tenant_session(cast.admin) as db:
        teams.change_membership(db, id_, member_from=member_from, member_to=member_to)


# The list and one of it


def test_the_list_says_who_leads_and_how_many_are_in_today(cast):
    join(cast, cast.south_rep, TODAY + DAY)
    with tenant_session(cast.admin) as db:
        people.leave_team(db, team_id=cast.north, user_id=cast.rep.user_id, last_day=TODAY - DAY)
        found = {team.name: (team.manager, team.members) for team in teams.list_(db).items}
        assert found == {"North": ("Manager", 1), "South": ("South Manager", 1)}
        assert [team.name for team in teams.list_(db, search="south man").items] == ["South"]
        assert teams.list_(db, search="_").total == 0


def test_the_lists_statements_do_not_depend_on_how_many_there_are(cast):
    def count():
        with statements() as sent, tenant_session(cast.admin) as db:
            teams.list_(db)
        return len(sent)

    few = count()
    with tenant_session(cast.admin) as db:
        for number in range(10):
            teams.create_team(db, name=f"Team {number}", manager_id=None)
    assert count() == few


def test_a_team_is_told_with_its_members_over_time(cast):
    with tenant_session(cast.admin) as db:
        people.leave_team(db, team_id=cast.north, user_id=cast.rep.user_id, last_day=TODAY)
    join(cast, cast.rep, date(2026, 7, 1))
    found = details(cast, cast.north)
    assert [(m.name, m.member_from, m.member_to) for m in found.members] == [
        ("Rep", date(2020, 1, 1), TODAY),
        ("Rep", date(2026, 7, 1), None),
        ("Second Rep", date(2020, 1, 1), None),
    ]
    assert [m.is_in(TODAY + DAY) for m in found.members] == [False, False, True]


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
def test_only_who_manages_people_sees_and_changes_them(cast, who):
    for deed in (teams.list_, teams.get, teams.rename, teams.set_manager):
        with pytest.raises(NotAllowed), tenant_session(getattr(cast, who)) as db:
            deed(db)


def test_another_companys_team_is_not_found(cast):
    with tenant_session(cast.other_manager) as db:
        theirs = teams.list_teams(db)
    assert theirs == []
    for team_id in (cast.tenant.id, cast.rep.user_id):
        with pytest.raises(NotFound), tenant_session(cast.admin) as db:
            teams.rename(db, team_id, name="Ours")
        with pytest.raises(NotFound), tenant_session(cast.admin) as db:
            teams.get(db, team_id)


# Its name and its manager


def test_a_team_gets_another_name_unless_it_is_taken(cast):
    with tenant_session(cast.admin) as db:
        teams.rename(db, cast.north, name=" Nord ")
        teams.rename(db, cast.north, name="Nord")
    (entry,) = lines(cast, "team:changed")
    assert facts(entry) == {"name": ("North", "Nord")}
    with pytest.raises(teams.TeamExists), tenant_session(cast.admin) as db:
        teams.rename(db, cast.north, name="South")
    with pytest.raises(Invalid), tenant_session(cast.admin) as db:
        teams.rename(db, cast.north, name=" ")


def test_a_team_gets_another_manager_or_none(cast, sales):
    for manager in (cast.south_manager.user_id, None):
        with tenant_session(cast.admin) as db:
            teams.set_manager(db, cast.north, manager_id=manager)
        assert details(cast, cast.north).team.manager_id == manager
    assert facts(lines(cast, "team:changed")[1]) == {"manager_id": ("Manager", "South Manager")}
    assert sales() == 120  # values are of the members


def test_who_is_disabled_becomes_no_teams_manager(cast):
    with tenant_session(cast.admin) as db:
        people.disable(db, cast.south_manager.user_id)
    with pytest.raises(Invalid) as refused, tenant_session(cast.admin) as db:
        teams.set_manager(db, cast.north, manager_id=cast.south_manager.user_id)
    assert fields(refused) == ["manager_id"]
    with pytest.raises(NotFound), tenant_session(cast.admin) as db:
        teams.set_manager(db, cast.north, manager_id=cast.other_manager.user_id)


# Members, and the team's values


def test_who_joins_brings_the_records_of_the_days_in_the_team_at_once(cast, sales):
    join(cast, cast.south_rep, date(2026, 5, 19))
    assert sales() == 120
    move(cast, cast.south_rep, date(2026, 5, 18))
    assert sales() == 123


def test_who_leaves_takes_the_records_of_later_days_along_at_once(cast, sales):
    with tenant_session(cast.admin) as db:
        people.leave_team(
            db, team_id=cast.north, user_id=cast.rep.user_id, last_day=date(2026, 5, 17)
        )
    assert sales() == 100
    move(cast, cast.rep, date(2026, 5, 5))
    assert sales() == 20


def test_a_mistaken_membership_is_taken_back_with_what_it_counted(cast, sales):
    join(cast, cast.south_rep, date(2026, 5, 1))
    assert sales() == 123
    with tenant_session(cast.admin) as db:
        teams.take_back_membership(db, membership(cast, cast.north, cast.south_rep).id)
    assert sales() == 120
    (entry,) = lines(cast, "team:membership_taken_back")
    assert (entry.subject_name, facts(entry)["user_id"]) == ("North", ("South Rep", None))


def test_what_a_closed_window_has_counted_is_not_taken_back_and_never_counted_anew(cast, sales, at):
    join(cast, cast.south_rep, date(2026, 5, 1))
    at(date(2026, 6, 4))
    roll_over(cast.system)
    id_ = membership(cast, cast.north, cast.south_rep).id
    with pytest.raises(MembershipCounted), tenant_session(cast.admin) as db:
        teams.take_back_membership(db, id_)
    move(cast, cast.south_rep, date(2026, 6, 1))
    assert sales() == 123
    with tenant_session(cast.admin) as db:
        teams.take_back_membership(db, id_)  # no closed window has a day of it any more
    assert sales() == 123


def test_days_are_changed_with_a_line_in_the_log(cast):
    move(cast, cast.rep, date(2021, 1, 1), TODAY)
    move(cast, cast.rep, date(2021, 1, 1), TODAY)
    (entry,) = lines(cast, "team:membership_changed")
    assert facts(entry) == {
        "member_from": ("2020-01-01", "2021-01-01"),
        "member_to": (None, "2026-05-20"),
        "user_id": (None, "Rep"),
    }


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ((TODAY, TODAY - DAY), ["member_to"]),
        ((date(1900, 1, 1), date(2300, 1, 1)), ["member_from", "member_to"]),
    ],
)
def test_days_that_cannot_be_are_told_at_their_field(cast, days, expected):
    with pytest.raises(Invalid) as refused:
        join(cast, cast.south_rep, *days)
    assert fields(refused) == expected
    with pytest.raises(Invalid) as refused:
        move(cast, cast.rep, *days)
    assert fields(refused) == expected


def test_a_membership_that_is_nowhere_is_not_found(cast):
    with pytest.raises(NotFound), tenant_session(cast.admin) as db:
        teams.take_back_membership(db, cast.north)


spans = st.lists(
    st.tuples(st.integers(0, 30), st.none() | st.integers(0, 12), st.booleans()), max_size=8
)


@random_rows
@given(spans)
def test_nobody_is_ever_twice_in_a_team_and_its_value_is_what_a_sync_would_say(cast, spans):
    """Whatever is added and changed in whatever order, and refused."""
    with tenant_session(cast.admin) as db:
        db.execute(delete(TeamMember).where(TeamMember.user_id == cast.south_rep.user_id))
        team = teams.create_team(db, name=f"Team {uuid4().hex}", manager_id=None)
    first = date(2026, 5, 1)
    add_deals(cast.tenant, deal(cast.south_rep, 1, first), deal(cast.south_rep, 2, TODAY))
    goal = make_goal(cast, team, from_sales())
    for start, length, changes in spans:
        days = (first + DAY * start, None if length is None else first + DAY * (start + length))
        there = [m.id for m in details(cast, team).members]
        try:
            if changes and there:
                with tenant_session(cast.admin) as db:
                    teams.change_membership(db, there[0], member_from=days[0], member_to=days[1])
            else:
                join(cast, cast.south_rep, *days, team=team)
        except MemberAlready:
            continue
        at_once = standing(cast.admin, goal).value
        tracking.sync(cast.admin)
        assert standing(cast.admin, goal).value == at_once
    found = details(cast, team).members
    assert all(m.member_to and m.member_to < n.member_from for m, n in pairwise(found))
