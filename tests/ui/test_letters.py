"""The mails with one-time links, to a real mail server: who gets one, and what it says."""

import pytest

from goals_core.db import tenant_session
from goals_core.engine import errands
from goals_core.imports.invitations import Invitation
from goals_core.services import links
from tests.core.mail_server import Post, serving
from ui import letters


@pytest.fixture
def post(given):
    """A mail server, and the app told of it."""
    taken = Post()
    with serving(taken) as port:
        given(
            smtp_url=f"smtp+plain://127.0.0.1:{port}",
            mail_from="goals@example.com",
            url="https://goals.example.com",
            allowed_networks="127.0.0.0/8",
        )
        yield taken


def text_of(mail):
    assert mail.get_content_type() == "text/plain"
    return mail.get_content()


def token_of(mail):
    (address,) = [line for line in text_of(mail).split() if line.startswith("https://")]
    return address.removeprefix("https://goals.example.com/?link=")


def test_a_forgotten_password_is_answered_by_mail_where_there_is_an_account(cast, post):
    for email in ("nobody@example.com", cast.rep.email, "", cast.other_manager.email):
        links.forgot(email, address="203.0.113.7", send=letters.remind)
        errands.finish()
    assert post.recipients == [cast.rep.email, cast.other_manager.email]
    assert [mail["Subject"] for mail in post.mails] == [
        "A new password for Acme",
        "A new password for Other",
    ]
    assert links.find(token_of(post.mails[0])).email == cast.rep.email
    assert "If you did not ask for it, do nothing" in text_of(post.mails[0])


def test_a_mail_that_is_refused_leaves_the_answer_as_it_is(cast, post):
    post.refused_recipient = "550 no"
    links.forgot(cast.rep.email, address="203.0.113.7", send=letters.remind)
    errands.finish()
    assert post.mails == []


@pytest.mark.parametrize(
    ("offer", "write", "subject"),
    [
        (links.invite, letters.invite, "Your invitation to Acme"),
        (links.reset, letters.reset, "A new password for Acme"),
    ],
)
def test_an_administrators_link_is_mailed_as_plain_text(cast, post, offer, write, subject):
    with tenant_session(cast.admin) as db:
        token = offer(db, user_id=cast.rep.user_id)
    write(cast.admin, Invitation("Rep", cast.rep.email, token))
    (mail,) = post.mails
    assert (mail["Subject"], post.recipients) == (subject, [cast.rep.email])
    assert text_of(mail).startswith("Hello Rep,")
    assert token_of(mail) == token
