"""Signing in: proof, lock, sessions and their end."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update
from structlog.testing import capture_logs

from goals_core import clock
from goals_core import db as database
from goals_core.db import tenant_session
from goals_core.errors import Invalid, NotAllowed
from goals_core.models.access import SignIn
from goals_core.models.core import AuditLine, User
from goals_core.services import signin

NEW_PASSWORD = "a much better one, with ñ"


@pytest.fixture
def later(monkeypatch):
    """Move the clock on by a timedelta, from now each time."""
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start)
    return lambda by: monkeypatch.setattr(clock, "now", lambda: start + by)


@pytest.fixture
def sign_in(cast):
    def of(actor):
        login = signin.prove(actor.email, cast.PASSWORD)
        with tenant_session(login.actor) as db:
            return signin.open_session(db, login)

    return of


def fail(actor, times):
    for _ in range(times):
        assert signin.prove(actor.email, "not the password") is None


def test_an_address_is_found_however_it_is_written(cast):
    login = signin.find_login(f"  {cast.rep.email.upper()} ")
    assert login.actor == replace(cast.rep, session_id=None)
    assert login.actor.tenant == cast.tenant


@pytest.mark.parametrize("address", ["", "nobody@example.com", "a\0b@example.com", "x" * 5000])
def test_an_unknown_address_has_no_login(cast, address):
    assert signin.find_login(address) is None
    assert signin.prove(address, cast.PASSWORD) is None


def test_the_right_password_proves_who_it_is(cast):
    assert signin.prove(cast.rep.email, cast.PASSWORD).actor.user_id == cast.rep.user_id


@pytest.mark.parametrize("password", ["", "wrong", "w" * 73, "ñ" * 500, "\ud800"])
def test_any_other_password_proves_nothing(cast, password):
    assert signin.prove(cast.rep.email, password) is None


def test_a_password_is_not_cut_to_what_bcrypt_reads(cast):
    with tenant_session(replace(cast.rep)) as db:
        signin.change_password(db, old=cast.PASSWORD, new=NEW_PASSWORD.ljust(71, "7"))
    assert signin.prove(cast.rep.email, NEW_PASSWORD.ljust(72, "7")) is None
    assert signin.prove(cast.rep.email, NEW_PASSWORD.ljust(71, "7"))


def test_inactive_people_cannot_sign_in(cast):
    with tenant_session(cast.rep) as db:
        db.execute(update(User).where(User.id == cast.rep.user_id).values(is_active=False))
    assert signin.prove(cast.rep.email, cast.PASSWORD) is None


def test_five_misses_lock_the_account_for_fifteen_minutes(cast, later):
    fail(cast.rep, 5)
    later(timedelta(minutes=14, seconds=59))
    assert signin.prove(cast.rep.email, cast.PASSWORD) is None
    later(timedelta(minutes=15))
    assert signin.prove(cast.rep.email, cast.PASSWORD)


def test_after_the_lock_five_more_misses_are_needed(cast, later):
    fail(cast.rep, 5)
    later(timedelta(minutes=15))
    fail(cast.rep, 4)
    assert signin.prove(cast.rep.email, cast.PASSWORD)


def test_trying_while_locked_does_not_lock_for_longer(cast, later):
    fail(cast.rep, 5)
    later(timedelta(minutes=10))
    fail(cast.rep, 5)
    later(timedelta(minutes=15))
    assert signin.prove(cast.rep.email, cast.PASSWORD)


def test_success_forgets_the_misses(cast):
    fail(cast.rep, 4)
    assert signin.prove(cast.rep.email, cast.PASSWORD)
    fail(cast.rep, 4)
    assert signin.prove(cast.rep.email, cast.PASSWORD)


def test_misses_at_the_same_time_are_all_counted(cast):
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: fail(cast.rep, 1), range(5)))
    assert signin.prove(cast.rep.email, cast.PASSWORD) is None


def test_the_log_tells_why_a_password_was_refused_and_never_whose_address_was_typed(cast):
    with tenant_session(cast.admin) as db:
        db.execute(update(User).where(User.id == cast.analyst.user_id).values(is_active=False))
    with capture_logs() as lines:
        assert signin.prove(cast.rep.email, cast.PASSWORD)
        fail(cast.second_rep, 6)
        fail(cast.analyst, 1)
        signin.prove("nobody@example.com", cast.PASSWORD)
    told = [(line["event"], line.get("reason"), line.get("user_id")) for line in lines]
    no = "A password was refused"
    assert told == [
        ("A password was right", None, cast.rep.user_id),
        *[(no, "wrong", cast.second_rep.user_id)] * 5,
        (no, "locked", cast.second_rep.user_id),
        (no, "inactive", cast.analyst.user_id),
        (no, "unknown", None),
    ]
    assert "@" not in str(lines)


def test_one_persons_lock_is_nobody_elses(cast):
    fail(cast.rep, 5)
    assert signin.prove(cast.manager.email, cast.PASSWORD)


def test_a_token_tells_who_is_signed_in(cast, sign_in):
    actor = signin.check(sign_in(cast.manager))
    assert actor == replace(cast.manager, session_id=actor.session_id)
    assert actor.session_id is not None


def test_only_the_hash_of_a_token_is_stored(cast, sign_in):
    token = sign_in(cast.rep)
    with tenant_session(cast.rep) as db:
        stored = db.scalar(select(SignIn.token_sha256).where(SignIn.user_id == cast.rep.user_id))
    assert len(stored) == 32
    assert stored not in token.encode()


def test_signing_in_leaves_an_audit_line(cast, sign_in):
    sign_in(cast.rep)
    with tenant_session(cast.rep) as db:
        line = db.scalars(select(AuditLine).where(AuditLine.tag == "user:signed_in")).one()
    assert (line.actor_id, line.subject_id) == (cast.rep.user_id, cast.rep.user_id)


@pytest.mark.parametrize(
    "token", ["", ".", "x", "0" * 32, "0" * 32 + "." + "A" * 43, "z" * 32 + "." + "A" * 43, "\0"]
)
def test_a_token_that_nobody_was_given_is_nobodys(cast, token):
    assert signin.check(token) is None


def test_a_token_does_not_open_another_tenant(cast, sign_in):
    secret = sign_in(cast.rep).partition(".")[2]
    assert signin.check(f"{cast.other_manager.tenant_id.hex}.{secret}") is None


def test_checking_costs_one_statement_besides_the_tenants(cast, sign_in):
    token, statements = sign_in(cast.rep), []
    engine = database.engine()
    listen = (engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    event.listen(*listen)
    try:
        assert signin.check(token)
    finally:
        event.remove(*listen)
    assert len([s for s in statements if "set_tenant" not in s]) == 1


def test_a_session_ends_when_it_is_signed_out(cast, sign_in):
    here, elsewhere = sign_in(cast.rep), sign_in(cast.rep)
    with tenant_session(signin.check(here)) as db:
        signin.revoke(db)
    assert signin.check(here) is None
    assert signin.check(elsewhere)


def test_signing_out_everywhere_ends_every_session_of_that_person_only(cast, sign_in):
    tokens, other = [sign_in(cast.rep), sign_in(cast.rep)], sign_in(cast.manager)
    with tenant_session(cast.rep) as db:
        signin.revoke_all(db, user_id=cast.rep.user_id)
    assert [signin.check(token) for token in tokens] == [None, None]
    assert signin.check(other)


def test_others_are_signed_out_only_by_who_manages_people(cast, sign_in):
    token = sign_in(cast.rep)
    with tenant_session(cast.manager) as db, pytest.raises(NotAllowed):
        signin.revoke_all(db, user_id=cast.rep.user_id)
    assert signin.check(token)
    with tenant_session(cast.admin) as db:
        signin.revoke_all(db, user_id=cast.rep.user_id)
    assert signin.check(token) is None


def test_a_session_ends_after_seven_idle_days(cast, sign_in, later):
    token = sign_in(cast.rep)
    later(timedelta(days=7))
    assert signin.check(token) is None


def test_a_session_in_use_lives_for_thirty_days(cast, sign_in, later):
    token = sign_in(cast.rep)
    for day in range(1, 30):
        later(timedelta(days=day))
        assert signin.check(token)
    later(timedelta(days=30))
    assert signin.check(token) is None


def test_when_it_was_seen_is_written_at_most_every_five_minutes(cast, sign_in, later):
    def seen():
        with tenant_session(cast.rep) as db:
            return db.scalar(select(SignIn.last_seen_at))

    token, first = sign_in(cast.rep), clock.now()
    later(timedelta(minutes=4))
    signin.check(token)
    assert seen() == first
    later(timedelta(minutes=6))
    signin.check(token)
    assert seen() == first + timedelta(minutes=6)


def test_a_session_ends_when_the_person_is_made_inactive(cast, sign_in):
    token = sign_in(cast.rep)
    with tenant_session(cast.rep) as db:
        db.execute(update(User).where(User.id == cast.rep.user_id).values(is_active=False))
    assert signin.check(token) is None


def test_a_new_password_ends_every_session_but_the_one_that_set_it(cast, sign_in):
    here, elsewhere = sign_in(cast.rep), sign_in(cast.rep)
    with tenant_session(signin.check(here)) as db:
        signin.change_password(db, old=cast.PASSWORD, new=NEW_PASSWORD)
    assert signin.check(here)
    assert signin.check(elsewhere) is None
    assert signin.prove(cast.rep.email, cast.PASSWORD) is None
    assert signin.prove(cast.rep.email, NEW_PASSWORD)
    with tenant_session(cast.rep) as db:
        tags = set(db.scalars(select(AuditLine.tag)))
    assert "user:password_changed" in tags


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("not the password", NEW_PASSWORD, "old"),
        (None, "short", "new"),
        (None, "ñ" * 37, "new"),
        (None, None, "new"),
    ],
)
def test_a_bad_change_names_its_field_and_changes_nothing(cast, old, new, field):
    change = {"old": old or cast.PASSWORD, "new": new or cast.PASSWORD}
    with tenant_session(cast.rep) as db, pytest.raises(Invalid) as refused:
        signin.change_password(db, **change)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert signin.prove(cast.rep.email, cast.PASSWORD)


def test_guessing_the_old_password_at_an_open_screen_locks_too(cast):
    for _ in range(5):
        with tenant_session(cast.rep) as db, pytest.raises(Invalid):
            signin.change_password(db, old="a guess", new=NEW_PASSWORD)
    assert signin.prove(cast.rep.email, cast.PASSWORD) is None
