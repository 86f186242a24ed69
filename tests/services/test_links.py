"""One-time links: whom they are for, how long they work, and what following one changes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from goals_core import clock
from goals_core.db import tenant_session
from goals_core.engine import tokens
from goals_core.errors import Invalid, NotAllowed, NotFound
from goals_core.models.access import Link, LoginRow
from goals_core.models.core import AuditLine, User
from goals_core.services import links, signin
from goals_core.services.links import AddressTaken, Inactive, LinkOver, Purpose
from tests.conftest import NOW

NEW_PASSWORD = "a much better one, with ñ"


@pytest.fixture
def invited(cast):
    """A rep without a password and without a row in the directory of e-mails."""
    return invitee(cast.admin, cast.rep)


@pytest.fixture
def link(cast, invited):
    with tenant_session(cast.admin) as db:
        return links.invite(db, user_id=invited.user_id)


def invitee(admin, person):
    with tenant_session(admin) as db:
        db.execute(update(User).where(User.id == person.user_id).values(password_hash=None))
        row = db.get(LoginRow, person.email)
        if row is not None:
            db.delete(row)
    return person


def reset_link(cast, person):
    with tenant_session(cast.admin) as db:
        return links.reset(db, user_id=person.user_id)


def switch_off(cast, person):
    with tenant_session(cast.admin) as db:
        db.execute(update(User).where(User.id == person.user_id).values(is_active=False))


def sign_in(person, password):
    login = signin.prove(person.email, password)
    with tenant_session(login.actor) as db:
        return signin.open_session(db, login)


def deeds(cast, person):
    with tenant_session(cast.admin) as db:
        mine = AuditLine.subject_id == person.user_id
        lines = db.scalars(select(AuditLine).where(mine).order_by(AuditLine.at, AuditLine.id))
        return [(line.tag, line.actor_id) for line in lines]


def test_an_invitation_greets_whom_it_is_for(cast, invited, link):
    found = links.find(link)
    assert (found.name, found.email) == (invited.name, invited.email)
    assert (found.company, found.purpose) == (cast.tenant.name, Purpose.INVITATION)


def test_following_it_to_a_password_lets_the_person_in(cast, invited, link):
    assert signin.prove(invited.email, NEW_PASSWORD) is None
    login = links.accept(link, NEW_PASSWORD)
    assert login.actor == replace(invited, session_id=None)
    assert signin.prove(invited.email, NEW_PASSWORD).auth_epoch == login.auth_epoch


def test_before_that_nobody_can_sign_in_with_the_address(invited, link):
    assert signin.find_login(invited.email) is None


def test_the_deeds_are_told_as_those_who_did_them(cast, invited, link):
    links.accept(link, NEW_PASSWORD)
    assert deeds(cast, invited)[-2:] == [
        ("user:invited", cast.admin.user_id),
        ("user:invitation_accepted", invited.user_id),
    ]


def test_a_link_works_once(invited, link):
    links.accept(link, NEW_PASSWORD)
    assert links.find(link) is None
    with pytest.raises(LinkOver):
        links.accept(link, "quite another password")
    assert signin.prove(invited.email, NEW_PASSWORD)


def test_of_two_at_once_one_works(invited, link):
    def follow(password):
        try:
            return links.accept(link, password)
        except LinkOver:
            return None

    with ThreadPoolExecutor(4) as pool:
        followed = list(pool.map(follow, [f"the password number {i}" for i in range(4)]))
    assert sum(login is not None for login in followed) == 1
    winner = next(i for i, login in enumerate(followed) if login)
    assert signin.prove(invited.email, f"the password number {winner}")


def test_a_bad_password_is_told_and_the_link_still_works(link):
    with pytest.raises(Invalid) as refused:
        links.accept(link, "short")
    assert [problem.field for problem in refused.value.problems] == ["password"]
    assert links.accept(link, NEW_PASSWORD)


@pytest.mark.parametrize(
    ("offer", "life"), [(links.invite, timedelta(days=7)), (links.reset, timedelta(hours=1))]
)
def test_it_runs_out(cast, at, offer, life):
    with tenant_session(cast.admin) as db:
        token = offer(db, user_id=cast.rep.user_id)
    at(NOW + life - timedelta(seconds=1))
    assert links.find(token)
    at(NOW + life)
    assert links.find(token) is None
    with pytest.raises(LinkOver):
        links.accept(token, NEW_PASSWORD)
    assert signin.prove(cast.rep.email, cast.PASSWORD)


def test_a_new_link_ends_the_older_ones(cast, invited, link):
    newer = reset_link(cast, invited)
    assert links.find(link) is None
    assert links.find(newer).purpose is Purpose.RESET


def test_a_link_ends_nobody_elses(cast, link):
    reset_link(cast, cast.second_rep)
    assert links.find(link)


def test_whoever_is_made_inactive_cannot_follow_theirs(cast, invited, link):
    switch_off(cast, invited)
    assert links.find(link) is None
    with pytest.raises(LinkOver):
        links.accept(link, NEW_PASSWORD)


def test_inactive_people_get_no_link(cast):
    switch_off(cast, cast.rep)
    with tenant_session(cast.admin) as db, pytest.raises(Inactive):
        links.invite(db, user_id=cast.rep.user_id)


@pytest.mark.parametrize("offer", [links.invite, links.reset])
def test_only_who_manages_people_makes_links_and_only_for_their_own(cast, offer):
    with tenant_session(cast.manager) as db, pytest.raises(NotAllowed):
        offer(db, user_id=cast.rep.user_id)
    with tenant_session(cast.admin) as db, pytest.raises(NotFound):
        offer(db, user_id=cast.other_manager.user_id)
    with tenant_session(cast.admin) as db, pytest.raises(NotFound):
        offer(db, user_id=uuid4())


@pytest.mark.parametrize("token", ["", ".", "x" * 5000, "\0", "0" * 32 + "." + "A" * 43])
def test_what_nobody_was_given_is_no_link(cast, token):
    assert links.find(token) is None
    with pytest.raises(LinkOver):
        links.accept(token, NEW_PASSWORD)


def test_a_link_opens_nothing_in_another_tenant(cast, link):
    moved = f"{cast.other_manager.tenant_id.hex}.{link.partition('.')[2]}"
    assert links.find(moved) is None
    with pytest.raises(LinkOver):
        links.accept(moved, NEW_PASSWORD)


def test_only_its_hash_is_stored(cast, invited, link):
    with tenant_session(cast.admin) as db:
        row = db.scalars(select(Link).where(Link.user_id == invited.user_id)).one()
    assert row.token_sha256 == tokens.digest(link)
    assert row.token_sha256 not in link.encode()


def test_a_new_password_by_a_link_ends_every_session_and_every_other_link(cast):
    sessions = [sign_in(cast.rep, cast.PASSWORD) for _ in range(2)]
    links.accept(reset_link(cast, cast.rep), NEW_PASSWORD)
    assert [signin.check(token) for token in sessions] == [None, None]
    assert signin.prove(cast.rep.email, cast.PASSWORD) is None
    assert deeds(cast, cast.rep)[-1] == ("user:password_reset", cast.rep.user_id)


def test_a_new_password_by_a_link_forgets_the_misses_from_there(cast):
    for _ in range(5):
        signin.prove(cast.rep.email, "not the password", address="203.0.113.7")
    links.accept(reset_link(cast, cast.rep), NEW_PASSWORD, address="203.0.113.7")
    assert signin.prove(cast.rep.email, NEW_PASSWORD, address="203.0.113.7")


def test_an_address_of_someone_elses_account_is_refused_and_stays_theirs(cast, invited):
    with tenant_session(cast.admin) as db:
        theirs = cast.other_manager.email
        db.execute(update(User).where(User.id == invited.user_id).values(email=theirs))
        token = links.invite(db, user_id=invited.user_id)
    with pytest.raises(AddressTaken):
        links.accept(token, NEW_PASSWORD)
    assert signin.prove(theirs, NEW_PASSWORD) is None
    assert signin.prove(theirs, cast.PASSWORD).actor.tenant_id == cast.other_manager.tenant_id


def test_inviting_tells_nothing_of_who_has_an_account_elsewhere(cast):
    with tenant_session(cast.admin) as db:
        theirs = cast.other_manager.email
        db.execute(update(User).where(User.id == cast.rep.user_id).values(email=theirs))
        token = links.invite(db, user_id=cast.rep.user_id)
    assert links.find(token).email == theirs


def test_the_address_is_the_installations(cast, link, monkeypatch):
    assert links.address_of(link) == f"http://localhost:8501/?link={link}"
    found = links.settings().model_copy(update={"url": "https://goals.example.com"})
    monkeypatch.setattr(links, "settings", lambda: found)
    assert links.address_of(link) == f"https://goals.example.com/?link={link}"


def test_a_password_that_is_set_is_the_moment_it_was_changed(cast, invited, link, at):
    at(NOW + timedelta(hours=5))
    links.accept(link, NEW_PASSWORD)
    with tenant_session(cast.admin) as db:
        user = db.get_one(User, (cast.tenant.id, invited.user_id))
    assert user.updated_at == clock.now()
