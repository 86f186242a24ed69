"""A mail server, a service, and the settings that reach them."""

from collections.abc import Iterator

import pytest

from goals_core import config, mail
from goals_core.db import tenant_session
from goals_core.services import deliveries, notifications
from tests.core.mail_server import Post, serving
from tests.deliveries.receiver import Received, receiving

KEY = "a key of more than thirty-two characters"


@pytest.fixture
def given(monkeypatch):
    """Sets settings for the test, beside those that reach this machine."""

    def set_up(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"GOALS_{name.upper()}", value)
        config.settings.cache_clear()

    set_up(
        url="https://goals.example.com",
        mail_from="goals@example.com",
        allowed_networks="127.0.0.0/8",
        channel_key=KEY,
    )
    monkeypatch.setattr(mail, "PATIENCE", 2.0)
    yield set_up
    monkeypatch.undo()
    config.settings.cache_clear()


@pytest.fixture(scope="package")
def mail_server() -> Iterator[tuple[Post, int]]:
    post = Post()
    with serving(post) as port:
        yield post, port


@pytest.fixture
def post(mail_server, given):
    """The mails, to a server that the installation is set to."""
    found, port = mail_server
    found.__init__()
    given(smtp_url=f"smtp+plain://127.0.0.1:{port}")
    return found


@pytest.fixture
def service(given) -> Iterator[Received]:
    with receiving() as received:
        yield received


@pytest.fixture
def deliver(cast):
    return lambda: deliveries.deliver(cast.system)


@pytest.fixture
def channel(cast, service):
    """Adds a channel of a person's at the service; its id."""

    def add(who=None, **more):
        with tenant_session(who or cast.rep) as db:
            return notifications.add_channel(db, name="Chat", address=service.address, **more)

    return add
