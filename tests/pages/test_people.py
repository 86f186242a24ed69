"""People: the list, an invitation, the drawer of one and every deed in it."""

import pytest

from goals_core import mail
from goals_core.actor import Actor
from goals_core.db import tenant_session
from goals_core.engine.people_views import PersonState
from goals_core.imports.templates import Kind
from goals_core.permissions import Role
from goals_core.services import links, people, signin, teams
from tests.conftest import PASSWORD, _people, _tenant
from tests.makers import TODAY
from tests.pages.forms import errors, fill, keys, open_page, press, problem_at, said, widget
from tests.pages.shown import drawn, table, words
from ui.wording import md


def person(cast, who):
    with tenant_session(cast.admin) as db:
        return people.get(db, who.user_id).person


def listed(at):
    return table(at, "people_table")["person"].tolist()


def drawer(actor, user_id):
    return open_page(actor, "people", person=str(user_id))


def choose(at, deed):
    at.menu_button(key="more").click(deed).run()
    assert not at.exception
    return at


def form_key(who, name):
    return f"person_{who.user_id.hex}_{name}"


def edit(at, who, **fields):
    press(at, "edit")
    return press(at, "person_save", **{form_key(who, name): v for name, v in fields.items()})


def sign_in(who):
    login = signin.prove(who.email, PASSWORD)
    with tenant_session(login.actor) as db:
        return signin.open_session(db, login)


# The list


def test_everyone_is_listed_with_state_role_teams_and_manager(cast):
    at = open_page(cast.admin, "people")
    assert len(listed(at)) == 7
    row = table(at, "people_table").iloc[listed(at).index("Rep")]
    assert (row["role"], row["teams"], row["email"]) == ("Sales rep", "North", cast.rep.email)
    assert list(row["state"]) == ["Active"]
    assert "7 people" in words(at)


def test_filters_narrow_it_and_are_cleared(cast):
    at = fill(open_page(cast.admin, "people"), people_role=[Role.ANALYST])
    assert listed(at) == ["Analyst"]
    press(at, "clear")
    assert len(listed(at)) == 7
    fill(at, people_search="nobody at all")
    assert "Nobody is like that" in words(at)


@pytest.mark.parametrize("who", ["manager", "rep", "analyst"])
@pytest.mark.parametrize("page", ["people", "teams"])
def test_only_who_manages_people_has_the_pages(cast, who, page):
    at = open_page(getattr(cast, who), page)
    assert "This page is not yours to use" in words(at)
    assert not {"invite", "new_team"} & set(keys(at))


@pytest.mark.parametrize("wanted", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_person_opens_nothing(cast, wanted):
    assert "edit" not in keys(drawer(cast.admin, wanted))
    assert "edit" not in keys(drawer(cast.admin, cast.other_manager.user_id))


def test_who_is_alone_is_shown_the_ways_to_invite(cast):
    assert "bring_people" not in keys(open_page(cast.admin, "people"))
    tenant = _tenant("solo")
    with tenant_session(Actor.system(tenant)) as db:
        solo = _people(db, {"solo": Role.ADMIN})["solo"]
    at = press(open_page(solo, "people"), "bring_people")
    assert at.title[0].value == "Import"
    assert widget(at, "kind").value is Kind.PEOPLE


def test_many_at_once_are_brought_from_a_spreadsheet(cast):
    at = press(press(open_page(cast.admin, "people"), "invite"), "invite_many")
    assert widget(at, "kind").value is Kind.PEOPLE


# Invited


def test_who_is_invited_gets_a_link_that_is_shown_to_copy(cast):
    at = press(open_page(cast.admin, "people"), "invite")
    press(
        at,
        "invite_send",
        invite_email="nora@acme.example",
        invite_name="Nora *New*",
        invite_role=Role.MANAGER,
        invite_manager_id=str(cast.admin.user_id),
    )
    assert len(listed(at)) == 8
    address = at.code[0].value
    token = address.partition("link=")[2]
    assert address == links.address_of(token)
    invited = links.find(token)
    assert (invited.name, invited.email) == ("Nora *New*", "nora@acme.example")
    assert f":material/link: **{md('Send this link to Nora *New* yourself')}**" in [
        each.value for each in at.markdown
    ]
    press(at, "edit")
    press(at, "person_back")
    choose(at, "link")
    assert links.find(token) is None
    assert links.find(at.code[0].value.partition("link=")[2]) is not None


def test_what_is_wrong_with_an_invitation_is_told_at_its_field(cast):
    at = press(open_page(cast.admin, "people"), "invite")
    press(at, "invite_send", invite_email="nobody")
    assert problem_at(at, "invite_email") == "This is no e-mail address."
    assert problem_at(at, "invite_name") == "Please enter something here."
    press(at, "invite_send", invite_email=cast.rep.email, invite_name="Twin")
    assert errors(at) == [f"{cast.rep.email} has an account already."]


def test_where_mails_can_be_sent_the_link_is_mailed_and_not_shown(cast, monkeypatch):
    sent = []
    monkeypatch.setattr(mail, "is_configured", lambda: True)
    monkeypatch.setattr(mail, "send", lambda to, subject, text: sent.append((to, subject, text)))
    at = choose(drawer(cast.admin, cast.rep.user_id), "link")
    assert at.code == []
    assert said(at) == ["The link is on its way to Rep."]
    ((to, subject, text),) = sent
    assert (to, subject) == (cast.rep.email, "A new password for Acme")
    assert links.find(text.partition("link=")[2].strip()).purpose is links.Purpose.RESET


def test_a_mail_that_nobody_takes_leaves_the_link_to_copy(cast, monkeypatch):
    def refuse(*_):
        raise mail.MailNotSent("refused with 550")

    monkeypatch.setattr(mail, "is_configured", lambda: True)
    monkeypatch.setattr(mail, "send", refuse)
    at = choose(drawer(cast.admin, cast.rep.user_id), "link")
    assert "The mail could not be sent: refused with 550." in words(at)
    assert links.find(at.code[0].value.partition("link=")[2]) is not None


# Changed


def test_the_details_say_who_it_is(cast):
    with tenant_session(cast.admin) as db:
        teams.create_team(db, name="*West*", manager_id=cast.manager.user_id)
    at = drawer(cast.admin, cast.manager.user_id)
    assert ">*West*, North<" in drawn(at)
    assert f">{cast.manager.email}<" in drawn(at)


def test_a_change_is_saved_at_once_and_another_role_is_asked_about(cast):
    token = sign_in(cast.manager)
    at = edit(drawer(cast.admin, cast.manager.user_id), cast.manager, title="Head", left_on=TODAY)
    assert said(at) == ["Saved."]
    assert (person(cast, cast.manager).title, person(cast, cast.manager).left_on) == ("Head", TODAY)
    edit(at, cast.manager, role=Role.REP)
    assert person(cast, cast.manager).role is Role.MANAGER
    assert "They lead North, and will no longer see or set its goals." in words(at)
    assert signin.check(token) is not None
    press(at, "role_yes")
    assert said(at) == ["Saved."]
    assert person(cast, cast.manager).role is Role.REP
    assert signin.check(token) is None


def test_who_was_faster_is_not_overwritten(cast, at):
    app = press(drawer(cast.admin, cast.rep.user_id), "edit")
    at(TODAY)
    with tenant_session(cast.admin) as db:
        facts = {"title": "", "role": Role.REP, "manager_id": None}
        people.change(db, cast.rep.user_id, name="Rita", **facts)
    press(app, "person_save", **{form_key(cast.rep, "title"): "AE"})
    assert errors(app) == [
        "Someone else changed Rita meanwhile. Reload to see it, then change it again."
    ]
    assert person(cast, cast.rep).title == ""


def test_days_that_cannot_be_are_told_at_their_field(cast):
    at = press(drawer(cast.admin, cast.rep.user_id), "edit")
    press(
        at,
        "person_save",
        **{form_key(cast.rep, "hired_on"): TODAY, form_key(cast.rep, "name"): " "},
    )
    assert problem_at(at, form_key(cast.rep, "name")) == "Please enter something here."
    assert person(cast, cast.rep).hired_on is None


def test_of_oneself_the_role_is_not_offered_nor_disabling(cast):
    at = drawer(cast.admin, cast.admin.user_id)
    assert "Disable…" not in at.menu_button(key="more").options
    press(at, "edit")
    assert widget(at, form_key(cast.admin, "role")).disabled


# In and out


def test_disabling_is_asked_first_and_enabling_is_done_at_once(cast):
    token = sign_in(cast.rep)
    at = choose(drawer(cast.admin, cast.rep.user_id), "disable")
    assert signin.check(token) is not None
    press(at, "disable_yes")
    assert said(at) == ["Rep can no longer sign in."]
    assert signin.check(token) is None
    assert "more" not in keys(at)
    press(at, "enable")
    assert person(cast, cast.rep).state is PersonState.ACTIVE


def test_signing_out_everywhere_is_done_at_once(cast):
    tokens = [sign_in(cast.rep) for _ in range(2)]
    at = choose(drawer(cast.admin, cast.rep.user_id), "sign out")
    assert said(at) == ["Rep is signed out of every browser."]
    assert [signin.check(token) for token in tokens] == [None, None]


def test_what_was_open_is_closed_once_the_page_is_left(cast):
    at = choose(drawer(cast.admin, cast.rep.user_id), "link")
    press(at, "edit")
    at.switch_page("../pages/teams.py").run()
    at.query_params["team"] = str(cast.north)
    assert "add_member" in keys(at.run())
    at.switch_page("../pages/people.py").run()
    at.query_params["person"] = str(cast.rep.user_id)
    assert "edit" in keys(at.run())
    assert at.code == []
