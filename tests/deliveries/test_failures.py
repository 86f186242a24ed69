"""Refusals, time-outs, dead processes and two at once: at least once, and no more than it must."""

import logging
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import create_engine, select, text

from goals_core import guarded, mail
from goals_core.config import PROJECT
from goals_core.db import tenant_session
from goals_core.engine import delivery_queue
from goals_core.kinds import DeliveryState, Event
from goals_core.models.deliveries import Delivery
from goals_core.services import deliveries, inbox, notifications
from tests.conftest import NOW
from tests.core.mail_server import silent
from tests.deliveries.conftest import KEY
from tests.engine import record
from tests.makers import by_hand, make_goal


@pytest.fixture
def achieve(cast):
    def reach(name="Calls"):
        goal = make_goal(cast, cast.rep, by_hand(name=name))
        record(cast.rep, goal, 100)
        return goal

    return reach


@pytest.fixture
def alone(cast):
    """Only the rep is told by mail."""
    with tenant_session(cast.manager) as db:
        wanted = notifications.own(db)
        notifications.change(db, type(wanted)(by_mail=False))


@pytest.fixture
def no_mail(cast):
    for who in (cast.rep, cast.manager):
        with tenant_session(who) as db:
            notifications.change(db, type(notifications.own(db))(by_mail=False))


def all_deliveries(cast):
    with tenant_session(cast.system) as db:
        return db.scalars(select(Delivery).order_by(Delivery.created_at)).all()


def last(actor):
    with tenant_session(actor) as db:
        return notifications.mailbox(db)


def channel_outcome(actor):
    with tenant_session(actor) as db:
        (view,) = notifications.channels(db)
    return view.last and (view.last.state, view.last.error)


@pytest.mark.usefixtures("alone")
def test_a_mail_that_is_refused_for_good_ends_and_its_reader_sees_why(cast, post, achieve, deliver):
    post.refusal = "550 no such person"
    achieve()
    assert deliver().failed == 1
    found = last(cast.rep)
    assert (found.state, found.error) == (DeliveryState.REFUSED, "refused with 550")
    post.refusal = ""
    assert (deliver().sent, post.mails) == (0, [])
    with tenant_session(cast.rep) as db:
        assert inbox.unread(db) == 1


@pytest.mark.usefixtures("alone")
def test_a_mail_that_is_refused_for_now_is_tried_again_later_and_later(
    cast, at, post, achieve, deliver
):
    post.refusal = "451 greylisted"
    achieve()
    now, pauses = NOW, []
    for _ in range(4):
        assert deliver().waiting == 1
        assert deliver().waiting == 0  # not before its time
        (row,) = all_deliveries(cast)
        pauses.append(row.next_at - now)
        now = row.next_at
        at(now)
    assert all(two > 1.3 * one for one, two in pairwise(pauses))
    assert last(cast.rep).error == "refused with 451"
    post.refusal = ""
    assert deliver().sent == 1
    assert last(cast.rep).state is DeliveryState.SENT


@pytest.mark.usefixtures("alone")
def test_after_a_day_it_is_given_up_visibly(cast, at, post, achieve, deliver):
    post.refusal = "451 greylisted"
    achieve()
    deliver()
    at(NOW + timedelta(days=1, minutes=1))
    assert deliver().failed == 1
    found = last(cast.rep)
    assert (found.state, found.error) == (DeliveryState.GIVEN_UP, "refused with 451")


def test_when_the_mail_server_is_away_it_is_asked_no_more_in_this_run(
    cast, at, given, achieve, deliver, monkeypatch
):
    monkeypatch.setattr(mail, "PATIENCE", 0.2)
    monkeypatch.setattr(deliveries, "AT_ONCE", 1)
    with silent() as port:
        given(smtp_url=f"smtp+plain://127.0.0.1:{port}")
        achieve()
        assert deliver().waiting == 1  # of two
    assert sorted(row.attempts for row in all_deliveries(cast)) == [0, 1]
    assert {row.error for row in all_deliveries(cast)} == {
        None,
        "no answer as expected from the mail server, time-out",
    }


@pytest.mark.usefixtures("no_mail")
@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (404, DeliveryState.REFUSED, "answered with 404"),
        (410, DeliveryState.REFUSED, "answered with 410"),
        (401, DeliveryState.REFUSED, "answered with 401"),
        (302, DeliveryState.REFUSED, "127.0.0.1 leads to another address"),
        (408, DeliveryState.WAITING, "answered with 408"),
        (429, DeliveryState.WAITING, "answered with 429"),
        (503, DeliveryState.WAITING, "answered with 503"),
    ],
)
def test_what_a_service_answers_decides(
    cast, service, channel, achieve, deliver, answer, state, reason
):
    service.answers = [answer]
    channel()
    achieve()
    deliver()
    assert channel_outcome(cast.rep) == (state, reason)
    assert service.messages == []


@pytest.mark.usefixtures("no_mail")
def test_a_service_that_does_not_answer_is_tried_again_under_the_same_key(
    cast, at, service, channel, achieve, deliver, monkeypatch
):
    monkeypatch.setattr(guarded, "PATIENCE", (0.2, 0.2))
    service.hold = threading.Event()
    channel()
    achieve()
    deliver()
    assert channel_outcome(cast.rep) == (DeliveryState.WAITING, "time-out")
    service.hold.set()
    at(NOW + timedelta(minutes=2))
    monkeypatch.setattr(guarded, "PATIENCE", (5.0, 5.0))
    assert deliver().sent == 1
    assert len(set(service.keys)) == 1
    assert UUID(service.keys[0]) == all_deliveries(cast)[0].id


@pytest.mark.usefixtures("no_mail")
def test_an_address_that_leads_inside_is_refused_for_good(
    cast, given, service, channel, achieve, deliver
):
    channel()
    given(allowed_networks="")
    achieve()
    deliver()
    state, reason = channel_outcome(cast.rep)
    assert (state, service.messages) == (DeliveryState.REFUSED, [])
    assert "inside a private network" in reason


@pytest.mark.usefixtures("no_mail")
def test_with_another_key_the_address_has_to_be_entered_anew(
    cast, given, service, channel, achieve, deliver
):
    channel()
    given(channel_key=KEY[::-1])
    achieve()
    deliver()
    state, reason = channel_outcome(cast.rep)
    assert (state, service.messages) == (DeliveryState.REFUSED, [])
    assert reason == "Its address cannot be read with today's key; please enter it anew."


def test_one_bad_delivery_does_not_stop_the_others(cast, post, achieve, deliver, monkeypatch):
    send, failed = mail.send, []

    def break_once(to, *more, **facts):
        if not failed:
            failed.append(to)
            raise RuntimeError("secret-path")
        send(to, *more, **facts)

    monkeypatch.setattr(mail, "send", break_once)
    achieve()
    done = deliver()
    assert (done.sent, done.waiting) == (1, 1)


def test_two_deliverers_at_once_send_each_once(cast, post, service, channel, achieve, deliver):
    channel()
    for n in range(3):
        achieve(f"Goal {n}")
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda _: deliver(), range(3)))
    told = [line for each in service.messages for line in (each["title"] + each["message"]).split()]
    assert [sum(f"{n}”:" in word for word in told) for n in range(3)] == [1, 1, 1]
    ids = [found["Message-ID"] for found in post.mails]
    assert len(set(ids)) == len(ids)
    texts = [found.get_body(("plain",)).get_content() for found in post.mails]
    assert [sum(f"You achieved “Goal {n}”" in text for text in texts) for n in range(3)] == [1] * 3


@pytest.mark.usefixtures("alone")
def test_who_comes_back_after_their_lease_notes_nothing(cast, at, post, achieve, deliver):
    achieve()
    post.refusal = "451 later"
    deliver()
    at(NOW + timedelta(minutes=2))
    with tenant_session(cast.system) as db:
        late = delivery_queue.claim(db, mail=True)
    at(NOW + timedelta(minutes=2) + delivery_queue.LEASE)
    post.refusal = ""
    assert deliver().sent == 1
    with tenant_session(cast.system) as db:
        delivery_queue.note(db, late, DeliveryState.REFUSED, "too late")
    assert last(cast.rep).state is DeliveryState.SENT


_KILLED = """
import os, signal, sys
from goals_core import db, mail
from goals_core.actor import Actor
from goals_core.services import deliveries, tenants

send = mail.send
def send_and_die(*given, **more):
    send(*given, **more)
    os.kill(os.getpid(), signal.SIGKILL)

mail.send = send_and_die
db.connect(sys.argv[1])
deliveries.deliver(Actor.system(tenants.get_tenant(sys.argv[2])))
"""


@pytest.mark.usefixtures("alone")
def test_a_process_killed_between_sending_and_noting_leaves_it_to_be_sent_again_as_the_same(
    cast, at, database, post, achieve, deliver
):
    achieve()
    command = [sys.executable, "-c", _KILLED, database.app_url, cast.tenant.slug]
    settings = os.environ | {"GOALS_NOW": NOW.isoformat()}
    died = subprocess.run(command, cwd=PROJECT, env=settings, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    assert (len(post.mails), deliver().sent) == (1, 0)  # its claim holds
    at(NOW + delivery_queue.LEASE)
    assert deliver().sent == 1
    first, second = post.mails
    assert first["Message-ID"] == second["Message-ID"]
    with tenant_session(cast.rep) as db:
        assert len(inbox.list_(db, events=[Event.ACHIEVED]).items) == 1
    assert deliver().sent == 0


@pytest.mark.usefixtures("no_mail")
def test_no_address_is_in_the_log_the_audit_or_the_table(
    cast, service, channel, achieve, deliver, caplog, database
):
    caplog.set_level(logging.DEBUG)
    with tenant_session(cast.admin) as db:
        added = notifications.add_company_channel(
            db, name="Sales", address=service.address, events=[Event.ACHIEVED]
        )
    mine = channel()
    service.answers = [500, 404]
    achieve()
    deliver()
    notifications.try_channel(cast.rep, mine)
    with tenant_session(cast.admin) as db:
        notifications.remove_company_channel(db, added)
        views = repr(notifications.company_channels(db))
    assert "secret-path" not in caplog.text + views
    found = as_rows(database, cast)
    assert "secret-path" not in found
    assert "channel:added" in found
    assert "Sales" in found


def as_rows(database, cast):
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        rows = [
            str(row)
            for table in ("core.audit_log", "goals.channels", "goals.deliveries")
            for row in connection.execute(
                text(f"SELECT * FROM {table} WHERE tenant_id = :id"),
                {"id": cast.tenant.id},
            )
        ]
    engine.dispose()
    return "\n".join(rows)


def test_what_is_old_is_tidied_away_and_nothing_else(cast, at, post, achieve, deliver):
    achieve("Old")
    deliver()
    at(NOW + timedelta(days=31))
    deliveries.tidy(cast.system)
    assert all_deliveries(cast) == []
    with tenant_session(cast.rep) as db:
        assert inbox.unread(db) == 1
    assert deliver().sent == 0
    at(NOW + timedelta(days=401))
    deliveries.tidy(cast.system)
    with tenant_session(cast.rep) as db:
        assert inbox.unread(db) == 0
