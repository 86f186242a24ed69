"""The page of notifications: what one is told, when, where; channels and how they go."""

from datetime import time

import pytest

from goals_core import config
from goals_core.db import tenant_session
from goals_core.engine.preferences import Choice, Preferences
from goals_core.kinds import Event, Mode
from goals_core.models.quiet import Hours
from goals_core.services import notifications
from tests.deliveries.receiver import receiving
from tests.pages.forms import keys, open_page, press, problems, said, widget
from tests.pages.shown import words

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture
def sealing(monkeypatch):
    """An operator has set a key, and lets the app reach this machine."""
    monkeypatch.setenv("GOALS_CHANNEL_KEY", "a key of more than thirty-two characters")
    monkeypatch.setenv("GOALS_ALLOWED_NETWORKS", "127.0.0.0/8")
    config.settings.cache_clear()
    yield
    monkeypatch.undo()
    config.settings.cache_clear()


def own(actor):
    with tenant_session(actor) as db:
        return notifications.own(db)


def add(actor, address, name="Chat"):
    with tenant_session(actor) as db:
        return notifications.add_channel(db, name=name, address=address)


def test_it_begins_with_the_defaults_and_keeps_what_is_chosen(cast):
    at = open_page(cast.rep, "notifications")
    assert own(cast.rep) == Preferences()
    press(
        at,
        "preferences_save",
        **{"mode_goal.achieved": Mode.DAILY, "inbox_goal.failed": False},
        by_mail=False,
        digest_hour=17,
        quiet_from=time(22),
        quiet_until=time(6, 30),
        language="es",
    )
    assert said(at) == ["Saved: it holds for what happens from now on."]
    found = own(cast.rep)
    assert found.choices[Event.ACHIEVED] == Choice(mode=Mode.DAILY)
    assert found.choices[Event.FAILED] == Choice(in_inbox=False)
    assert (found.by_mail, found.language) == (False, "es")
    assert found.hours == Hours(17, time(22), time(6, 30))
    assert own(cast.manager) == Preferences()
    at = open_page(cast.rep, "notifications")
    assert widget(at, "quiet_until").value == time(6, 30)


def test_quiet_hours_without_an_end_are_refused_at_their_field(cast):
    at = open_page(cast.rep, "notifications")
    press(at, "preferences_save", quiet_from=time(22))
    assert problems(at) == ["Quiet hours have a beginning and an end."]
    press(at, "preferences_save", quiet_until=time(22))
    assert problems(at) == ["Quiet hours end at another time than they begin."]
    assert own(cast.rep) == Preferences()


def test_without_a_key_channels_are_off_with_a_clear_sentence(cast):
    at = open_page(cast.admin, "notifications")
    assert "Chat channels are off: an operator has to set GOALS_CHANNEL_KEY." in words(at)
    assert "No mail is sent from here yet" in words(at)
    assert "channel_own_add" not in keys(at)


@pytest.mark.usefixtures("sealing")
def test_a_channel_is_added_and_its_address_never_shown_again(cast):
    at = open_page(cast.rep, "notifications")
    press(at, "channel_own_add", channel_own_name="My <b>chat</b>", channel_own_address=SLACK)
    assert said(at) == ["My <b>chat</b> is there; send a test to see whether it arrives."]
    assert "My <b>chat</b> · Slack" in words(at)
    assert widget(at, "channel_own_address").value == ""
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in words(at)


@pytest.mark.usefixtures("sealing")
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("dbus://", "This is the address of no service that is known here; see the examples."),
        ("jsons://h.example/?verify=no", "The option verify is not possible here."),
        ("slack://x", "Something is missing in this address."),
    ],
)
def test_an_address_that_is_none_is_refused_at_its_field(cast, address, told):
    at = open_page(cast.rep, "notifications")
    press(at, "channel_own_add", channel_own_name="Chat", channel_own_address=address)
    assert problems(at) == [told]
    press(at, "channel_own_add", channel_own_name=" ", channel_own_address=SLACK)
    assert problems(at) == ["Please enter something here."]


@pytest.mark.usefixtures("sealing")
def test_a_test_is_sent_and_what_is_wrong_is_told(cast):
    with receiving() as service:
        channel = add(cast.rep, service.address)
        at = press(open_page(cast.rep, "notifications"), f"try_{channel}")
        assert said(at) == ["The test was taken; see whether it arrives."]
        assert [each["title"] for each in service.messages] == ["A test from Acme"]
        service.answers = [404]
        press(at, f"try_{channel}")
        assert "The message was not taken: answered with 404." in words(at)


@pytest.mark.usefixtures("sealing")
def test_a_channel_is_removed(cast):
    channel = add(cast.rep, SLACK)
    at = press(open_page(cast.rep, "notifications"), f"remove_{channel}")
    assert said(at) == ["Chat is removed."]
    assert f"try_{channel}" not in keys(at)


@pytest.mark.usefixtures("sealing")
def test_the_companys_channels_are_for_who_manages_it(cast):
    assert "channel_company_add" not in keys(open_page(cast.manager, "notifications"))
    at = open_page(cast.admin, "notifications")
    fields = {"channel_company_name": "Sales", "channel_company_address": SLACK}
    press(at, "channel_company_add", **fields, channel_company_events=[])
    assert problems(at) == ["Choose at least one event."]
    press(at, "channel_company_add", **fields, channel_company_events=[Event.FAILED])
    with tenant_session(cast.admin) as db:
        (channel,) = notifications.company_channels(db)
    assert (channel.name, channel.events) == ("Sales", (Event.FAILED,))
    assert "Failed" in words(at)
    press(at, f"remove_{channel.id}")
    with tenant_session(cast.admin) as db:
        assert notifications.company_channels(db) == []


def test_the_way_there_is_in_the_inbox_and_in_the_settings(cast):
    for page in ("inbox", "settings"):
        at = press(open_page(cast.rep, page), "notifications")
        assert at.title[0].value == "Notifications"
    assert press(open_page(cast.rep, "notifications"), "to_inbox").title[0].value == "Inbox"
