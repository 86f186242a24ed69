"""Teams: the list, a new one, and the drawer with its members over time."""

from datetime import date, timedelta

import pytest

from goals_core.db import tenant_session
from goals_core.services import people, teams
from tests.makers import TODAY
from tests.pages.forms import errors, fill, keys, open_page, press, problem_at, said
from tests.pages.shown import click_row, table, words

DAY = timedelta(days=1)


def drawer(cast, team=None):
    return open_page(cast.admin, "teams", team=str(team or cast.north))


def details(cast, team=None):
    with tenant_session(cast.admin) as db:
        return teams.get(db, team or cast.north)


def members(at):
    return table(at, "members_table").values.tolist()


def listed(at):
    return table(at, "teams_table")["team"].tolist()


def test_teams_are_listed_with_who_leads_and_how_many_are_in(cast):
    at = open_page(cast.admin, "teams")
    assert table(at, "teams_table").values.tolist() == [
        ["North", "Manager", 2],
        ["South", "South Manager", 1],
    ]
    assert listed(fill(at, teams_search="south m")) == ["South"]
    assert "No team is like that" in words(fill(at, teams_search="west"))


@pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_team_opens_nothing(cast, wanted):
    assert "edit_team" not in keys(drawer(cast, wanted))


def test_a_new_team_is_opened_to_be_filled(cast):
    at = press(open_page(cast.admin, "teams"), "new_team")
    press(at, "team_send", team_name="North")
    assert errors(at) == ["There is a team named North already."]
    press(at, "team_send", team_name="West", team_manager_id=str(cast.manager.user_id))
    assert said(at) == ["This is the new team: now add who is in it."]
    assert listed(at) == ["North", "South", "West"]
    assert "Nobody is in it today." in words(at)


def test_a_team_gets_another_name_and_nobody_who_leads_it(cast):
    at = press(drawer(cast), "edit_team")
    press(at, "team_send", team_name="Nord", team_manager_id=None)
    found = details(cast).team
    assert (found.name, found.manager_id) == ("Nord", None)
    assert "Led by nobody" in words(at)


def test_a_member_is_added_from_a_day_on(cast):
    at = press(drawer(cast), "add_member")
    press(at, "team_send", member_member_from=None)
    assert problem_at(at, "member_user_id") == "Choose a person."
    assert problem_at(at, "member_member_from") == "Please choose a day."
    who = str(cast.south_rep.user_id)
    press(at, "team_send", member_user_id=who, member_member_from=TODAY)
    assert said(at) == ["South Rep is added."]
    assert members(at) == [
        ["Rep", "Jan 1, 2020", None],
        ["Second Rep", "Jan 1, 2020", None],
        ["South Rep", "May 20, 2026", None],
    ]
    press(at, "add_member")
    press(at, "team_send", member_user_id=who, member_member_from=TODAY + DAY)
    assert errors(at) == ["This person is in the team on some of these days already."]


def test_who_was_in_it_is_shown_when_asked_for(cast):
    with tenant_session(cast.admin) as db:
        people.leave_team(
            db, team_id=cast.north, user_id=cast.rep.user_id, last_day=date(2026, 3, 31)
        )
    at = drawer(cast)
    assert [row[0] for row in members(at)] == ["Second Rep"]
    assert members(fill(at, members_all=True))[0] == ["Rep", "Jan 1, 2020", "Mar 31, 2026"]


def test_a_members_days_are_changed_by_a_click_on_the_member(cast):
    at = click_row(drawer(cast), "members_table", 0)
    press(at, "team_send", days_member_to=date(2019, 1, 1))
    assert problem_at(at, "days_member_to") == "This must not be before the first day."
    press(at, "team_send", days_member_to=TODAY)
    assert said(at) == ["Saved."]
    assert details(cast).members[0].member_to == TODAY


def test_a_mistaken_membership_is_taken_back_after_a_question(cast):
    at = click_row(drawer(cast), "members_table", 0)
    press(at, "mistake")
    assert len(details(cast).members) == 2
    press(at, "undo_yes")
    assert said(at) == ["The membership is taken back."]
    assert [member.name for member in details(cast).members] == ["Second Rep"]
