"""Links for whoever forgot their password: who gets one, and what nobody learns by asking."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from goals_core.db import tenant_session
from goals_core.engine import errands
from goals_core.mail import MailNotSent
from goals_core.models.access import Link
from goals_core.models.core import AuditLine, User
from goals_core.services import links, signin
from goals_core.services.links import Purpose
from tests.conftest import NOW
from tests.makers import statements

HERE, ELSEWHERE = "203.0.113.7", "198.51.100.9"
NEW_PASSWORD = "a much better one, with ñ"


@pytest.fixture
def sent():
    return []


@pytest.fixture
def forget(cast, sent):
    """Asks for a link, and waits until it has left."""

    def ask(email, *, address=HERE):
        links.forgot(email, address=address, send=lambda who, token: sent.append((who, token)))
        errands.finish()

    return ask


def links_of(cast, person):
    with tenant_session(cast.admin) as db:
        mine = Link.user_id == person.user_id
        return db.scalar(select(func.count()).select_from(Link).where(mine))


def change(cast, person, **values):
    with tenant_session(cast.admin) as db:
        db.execute(update(User).where(User.id == person.user_id).values(**values))


def test_the_person_gets_a_link_by_which_they_choose_another_password(cast, forget, sent):
    forget(f" {cast.rep.email.upper()} ")
    ((who, token),) = sent
    assert (who.user_id, who.email) == (cast.rep.user_id, cast.rep.email)
    assert links.find(token).purpose is Purpose.RESET
    links.accept(token, NEW_PASSWORD)
    assert signin.prove(cast.rep.email, NEW_PASSWORD)


def test_the_log_says_that_nobody_known_asked_for_it(cast, forget):
    forget(cast.rep.email)
    with tenant_session(cast.admin) as db:
        line = db.scalars(select(AuditLine).where(AuditLine.tag == "user:reset_offered")).one()
    assert (line.subject_id, line.actor_id) == (cast.rep.user_id, None)


@pytest.mark.parametrize("email", ["nobody@example.com", "", "a\0b", "\ud800", "x" * 5000])
def test_an_address_without_an_account_gets_nothing(forget, sent, email):
    forget(email)
    assert sent == []


@pytest.mark.parametrize("without", [{"is_active": False}, {"password_hash": None}])
def test_nor_do_inactive_people_and_those_without_a_password(cast, forget, sent, without):
    change(cast, cast.rep, **without)
    forget(cast.rep.email)
    assert sent == []
    assert links_of(cast, cast.rep) == 0


def test_whoever_asks_waits_for_the_same_statement_whether_there_is_an_account_or_not(cast):
    held = threading.Event()
    for _ in range(2):
        errands.send(held.wait)  # what is sent now waits until the test has looked
    asked = []
    for email in (cast.rep.email, "nobody@example.com", ""):
        with statements() as found:
            answer = links.forgot(email, address=HERE, send=lambda *_: None)
        asked.append((answer, [statement for statement, _ in found]))
    held.set()
    errands.finish()
    assert asked[0] == asked[1] == asked[2]
    assert len(asked[0][1]) == 1


def test_five_times_in_a_quarter_of_an_hour_from_one_place_are_heard(forget, at):
    nobody = f"{uuid4().hex}@example.com"

    def heard(address=HERE):
        with statements() as found:
            forget(nobody, address=address)
        return len(found) > 1  # than to count it

    assert [heard() for _ in range(7)] == [True] * 5 + [False] * 2
    assert heard(ELSEWHERE)
    at(NOW + timedelta(minutes=15))
    assert heard()


def test_three_links_of_a_person_work_at_once_wherever_one_asks_from(cast, forget, sent, at):
    for number in range(6):
        forget(cast.rep.email, address=f"203.0.113.{number}")
    assert len(sent) == links_of(cast, cast.rep) == 3
    assert all(links.find(token) for _, token in sent)
    forget(cast.second_rep.email)
    assert len(sent) == 4
    at(NOW + timedelta(hours=1))
    forget(cast.rep.email, address=ELSEWHERE)
    assert len(sent) == 5


def test_asking_locks_nobodys_sign_in_and_missing_locks_nobodys_asking(cast, forget, sent):
    for _ in range(6):
        forget(cast.rep.email)
        signin.prove(cast.second_rep.email, "not the password", address=HERE)
    assert signin.prove(cast.rep.email, cast.PASSWORD, address=HERE)
    sent.clear()
    forget(cast.second_rep.email)
    assert len(sent) == 1


def test_a_strangers_asking_ends_no_link_of_an_administrator(cast, forget):
    with tenant_session(cast.admin) as db:
        given = links.reset(db, user_id=cast.rep.user_id)
    forget(cast.rep.email)
    assert links.find(given)


def test_an_administrators_link_ends_those_that_were_asked_for(cast, forget, sent):
    forget(cast.rep.email)
    with tenant_session(cast.admin) as db:
        links.reset(db, user_id=cast.rep.user_id)
    assert links.find(sent[0][1]) is None


def test_what_became_of_the_mail_is_told_to_the_log_by_ids(cast):
    def refuse(_who, _token):
        raise MailNotSent("refused with 550")

    with capture_logs() as lines:
        links.forgot(cast.rep.email, address=HERE, send=refuse)
        errands.finish()
        links.forgot(cast.rep.email, address=HERE, send=lambda *_: None)
        errands.finish()
    ids = {"tenant_id": cast.tenant.id, "user_id": cast.rep.user_id}
    assert [{key: line[key] for key in ids} for line in lines] == [ids, ids]
    assert [line["log_level"] for line in lines] == ["warning", "info"]
    assert "refused with 550" in lines[0]["reason"]
    assert cast.rep.email not in str(lines)
