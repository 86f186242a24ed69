"""From what happened to the mailbox and the channel: once, as its reader wants it."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from goals_core.db import tenant_session
from goals_core.kinds import Event, Mode
from goals_core.services import notifications, people
from tests.conftest import NOW
from tests.engine import record
from tests.makers import by_hand, make_goal


@pytest.fixture
def achieve(cast):
    """The rep achieves a goal of that name."""

    def reach(name="Calls", who=None):
        goal = make_goal(cast, who or cast.rep, by_hand(name=name))
        record(who or cast.rep, goal, 100)
        return goal

    return reach


def prefer(actor, **wanted):
    with tenant_session(actor) as db:
        notifications.change(db, replace(notifications.own(db), **wanted))


def choose(actor, event, **choice):
    with tenant_session(actor) as db:
        choices = dict(notifications.own(db).choices)
        choices[event] = replace(choices[event], **choice)
        notifications.change(db, replace(notifications.own(db), choices=choices))


def plain(mail):
    return mail.get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_a_mail_tells_it_as_one_would_want_to_read_it(cast, post, achieve, deliver):
    goal = achieve()
    assert deliver().sent == 2
    assert set(post.recipients) == {cast.rep.email, cast.manager.email}
    (mine,) = [found for found in post.mails if found["To"] == cast.rep.email]
    assert mine["Subject"] == "You achieved “Calls”: 100 of 100 calls."
    text = plain(mine)
    assert text.startswith("Hello Rep,\n\n- You achieved “Calls”")
    assert f"https://goals.example.com/goal?id={goal}" in text
    assert "https://goals.example.com/notifications" in text
    html = mine.get_body(("html",)).get_content()
    assert f'href="https://goals.example.com/goal?id={goal}"' in html
    assert mine["List-Unsubscribe"] == "<https://goals.example.com/notifications>"
    assert mine["Auto-Submitted"] == "auto-generated"


def test_it_is_sent_once(cast, post, achieve, deliver):
    achieve()
    deliver()
    assert (deliver().sent, len(post.mails)) == (0, 2)


def test_what_happens_together_is_one_mail(cast, post, achieve, deliver):
    for name in ("One", "Two", "Three"):
        achieve(name)
    deliver()
    (mine,) = [found for found in post.mails if found["To"] == cast.rep.email]
    assert mine["Subject"] == "3 pieces of news about goals of Acme"
    text = plain(mine)
    assert all(f"“{name}”" in text for name in ("One", "Two", "Three"))


def test_milestones_are_not_mailed_unless_one_wants_them(cast, post, deliver):
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 30)
    assert deliver().sent == 0
    choose(cast.rep, Event.MILESTONE_REACHED, mode=Mode.INSTANT)
    record(cast.rep, goal, 80)
    deliver()
    assert [found["Subject"][:16] for found in post.mails] == ["You reached 75% "]


def test_what_one_does_not_want_is_neither_sent_nor_in_the_inbox(cast, post, achieve, deliver):
    choose(cast.rep, Event.ACHIEVED, mode=Mode.OFF, in_inbox=False)
    prefer(cast.manager, by_mail=False)
    achieve()
    assert (deliver().sent, post.mails) == (0, [])


def test_who_is_disabled_gets_nothing_that_waits_for_them(cast, post, achieve, deliver):
    achieve()
    achieve(who=cast.south_rep)
    with tenant_session(cast.admin) as db:
        people.disable(db, cast.rep.user_id)
    deliver()
    assert cast.rep.email not in post.recipients
    assert cast.south_rep.email in post.recipients


def test_who_is_disabled_while_it_is_under_way_gets_nothing(cast, at, post, achieve, deliver):
    post.refusal = "451 later"
    achieve()
    assert deliver().waiting == 2
    with tenant_session(cast.admin) as db:
        people.disable(db, cast.rep.user_id)
    post.refusal = ""
    at(NOW + timedelta(minutes=5))
    assert deliver().sent == 1
    assert post.recipients == [cast.manager.email]


def test_without_amail_server_nothing_is_kept_for_later(cast, given, achieve, deliver, mail_server):
    achieve()
    assert deliver().sent == 0
    found, port = mail_server
    found.__init__()
    given(smtp_url=f"smtp+plain://127.0.0.1:{port}")
    assert (deliver().sent, found.mails) == (0, [])


def test_a_channel_is_told_from_when_it_is_there(cast, at, service, channel, achieve, deliver):
    achieve("Before")
    at(NOW + timedelta(minutes=1))
    channel()
    at(NOW + timedelta(minutes=2))
    goal = achieve("After")
    deliver()
    (told,) = service.messages
    assert told["title"] == "You achieved “After”: 100 of 100 calls."
    assert told["message"] == f"https://goals.example.com/goal?id={goal}"


def test_the_company_is_told_of_the_events_that_it_chose_once_each(cast, service, deliver, at):
    with tenant_session(cast.admin) as db:
        notifications.add_company_channel(
            db, name="Sales", address=service.address, events=[Event.ACHIEVED]
        )
    goal = make_goal(cast, cast.rep)
    record(cast.rep, goal, 100)
    team = make_goal(cast, cast.north, by_hand(name="Visits"))
    record(cast.admin, team, 50)
    deliver()
    deliver()
    (told,) = service.messages
    assert told["title"].startswith("Rep achieved “Calls”")


def test_a_digest_comes_at_its_hour_by_goal(cast, at, post, achieve, deliver):
    prefer(cast.manager, by_mail=False)
    choose(cast.rep, Event.ACHIEVED, mode=Mode.DAILY)
    choose(cast.rep, Event.MILESTONE_REACHED, mode=Mode.DAILY)
    goal = make_goal(cast, cast.rep, by_hand(name="Visits"))
    record(cast.rep, goal, 50)
    achieve("Calls")
    record(cast.rep, goal, 75)
    assert deliver().sent == 0
    at(NOW.replace(day=21, hour=11, minute=59))  # one minute to eight in New York
    assert deliver().sent == 0
    at(NOW.replace(day=21, hour=12))
    assert deliver().sent == 1
    (mail,) = post.mails
    text = plain(mail)
    assert mail["Subject"] == "Goals of Acme, May 21, 2026"
    places = [text.index(part) for part in ("\nCalls\n", "\nVisits\n", "50%", "75%")]
    assert places == sorted(places)


def test_quiet_hours_are_waited_for(cast, at, post, achieve, deliver):
    with tenant_session(cast.rep) as db:
        wanted = notifications.own(db)
        hours = replace(wanted.hours, quiet_from=time(13), quiet_until=time(7))
        notifications.change(db, replace(wanted, hours=hours))
    prefer(cast.manager, by_mail=False)
    achieve()  # at 14:00 in New York
    assert deliver().sent == 0
    at(NOW.replace(day=21, hour=11))
    assert deliver().sent == 1


def test_it_speaks_the_language_that_one_chose(cast, post, achieve, deliver):
    prefer(cast.rep, language="es")
    prefer(cast.manager, by_mail=False)
    achieve()
    deliver()
    (mail,) = post.mails
    assert mail["Subject"].startswith("Logró «Calls»")
    assert plain(mail).startswith("Hola, Rep:")


@pytest.mark.parametrize(
    "name",
    [
        "<script>x</script>",
        "Bcc: all@acme.example",
        "{who} %s",
        "<!channel> @everyone [x](https://evil.example)",
    ],
)
def test_hostile_names_are_only_names(cast, post, channel, service, achieve, deliver, name):
    channel()
    achieve(name)
    deliver()
    mine = next(found for found in post.mails if found["To"] == cast.rep.email)
    assert name in mine["Subject"]
    assert "<script" not in mine.get_body(("html",)).get_content()
    assert set(post.recipients) == {cast.rep.email, cast.manager.email}
    (told,) = service.messages
    assert not {"<", "@e", "]("} & set(told["title"])
    assert "<!channel>" not in told["title"]
    assert "@everyone" not in told["title"]
