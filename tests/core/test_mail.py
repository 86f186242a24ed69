"""Mails, to a real server: what arrives, how it travels, and every way in which it does not."""

import re
import ssl

import pytest

from goals_core import mail
from goals_core.mail import MailNotSent
from tests.core.mail_server import PASSWORD, USER, Post, certificate, saying, serving, silent

TO = "ana@acme.example"
LOGIN = "app:pa%40ss%2Fword@"


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def set_up(given_settings, monkeypatch, tmp_path):
    """Sets the server's address, with this machine allowed unless a test says otherwise."""
    monkeypatch.setattr(mail, "PATIENCE", 5.0)

    def addressed(url, *, networks="127.0.0.0/8,::1/128"):
        return given_settings(
            smtp_url=url,
            mail_from="goals@example.com",
            url="https://goals.example.com",
            allowed_networks=networks,
        )

    return addressed


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A certificate of `localhost` that this process trusts, as the server's context."""
    public, context = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    return context


def refused(deed=lambda: mail.send(TO, "Hello", "Text")) -> MailNotSent:
    with pytest.raises(MailNotSent) as caught:
        deed()
    assert TO not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    return caught.value


def test_a_mail_arrives_as_it_was_written(post, set_up):
    with serving(post) as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        mail.send(TO, "Ziel erreicht: 100 %", "Grüße\n.\nEnde", "<p>Grüße</p>")
    (found,) = post.mails
    assert post.recipients == [TO]
    assert (found["From"], found["To"]) == ("goals@example.com", TO)
    assert found["Subject"] == "Ziel erreicht: 100 %"
    assert found["Date"]
    assert re.fullmatch(r"<[^@]+@example\.com>", found["Message-ID"])
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_body(["plain"]).get_content().split() == ["Grüße", ".", "Ende"]
    assert found.get_body(["html"]).get_content().strip() == "<p>Grüße</p>"


def test_a_mail_without_html_is_plain(post, set_up):
    with serving(post) as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        mail.send(TO, "Hello", "Text")
    assert post.mails[0].get_content_type() == "text/plain"
    assert post.encrypted == [False]


def test_starttls_comes_before_the_password(post, set_up, trusted):
    options = {
        "tls_context": trusted,
        "require_starttls": True,
        "authenticator": post.check,
        "auth_required": True,
    }
    with serving(post, **options) as port:
        set_up(f"smtp://{LOGIN}localhost:{port}")
        mail.send(TO, "Hello", "Text")
    assert post.encrypted == [True]
    assert post.users == [USER]


def test_a_server_without_starttls_gets_neither_password_nor_mail(post, set_up):
    with serving(post, authenticator=post.check, auth_require_tls=False) as port:
        set_up(f"smtp://{LOGIN}localhost:{port}")
        assert "not as expected" not in str(refused())
    assert (post.mails, post.users) == ([], [])


@pytest.mark.parametrize("name", ["mail.example.com", None])
def test_a_certificate_of_another_name_or_of_nobody_known_is_refused(
    post, set_up, tmp_path, monkeypatch, name
):
    public, context = certificate(tmp_path, name or "localhost")
    if name:
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
    with serving(post, tls_context=context, authenticator=post.check) as port:
        set_up(f"smtp://{LOGIN}localhost:{port}")
        error = refused()
    assert "TLS" in str(error)
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
    assert (post.mails, post.users) == ([], [])


def test_smtps_is_encrypted_from_the_first_byte(post, set_up, trusted):
    with serving(post, ssl_context=trusted) as port:
        set_up(f"smtps://localhost:{port}")
        mail.send(TO, "Hello", "Text")
    assert [found["Subject"] for found in post.mails] == ["Hello"]


def test_smtps_checks_the_name_too(post, set_up, tmp_path, monkeypatch):
    public, context = certificate(tmp_path, "mail.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    with serving(post, ssl_context=context) as port:
        set_up(f"smtps://localhost:{port}")
        assert "TLS" in str(refused())
    assert post.mails == []


def test_a_server_that_speaks_no_tls_is_told(post, set_up):
    with serving(post) as port:
        set_up(f"smtps://localhost:{port}")
        assert "TLS" in str(refused())


def test_a_wrong_password_is_told_and_can_be_tried_again(post, set_up, trusted):
    with serving(post, tls_context=trusted, authenticator=post.check) as port:
        set_up(f"smtp://app:wrong@localhost:{port}")
        error = refused()
    assert "535" in str(error)
    assert not error.is_final


@pytest.mark.parametrize(
    ("answer", "is_final"), [("550 ana@acme.example no", True), ("451 x", False)]
)
def test_a_refused_mail_says_whether_another_try_is_of_use(post, set_up, answer, is_final):
    with serving(post) as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        for name in ("refusal", "refused_recipient"):
            setattr(post, name, answer)
            error = refused()
            assert answer[:3] in str(error)
            assert error.is_final is is_final
            setattr(post, name, "")
    assert post.mails == []


def test_a_server_that_says_nothing_is_not_waited_for_forever(set_up, monkeypatch):
    monkeypatch.setattr(mail, "PATIENCE", 0.2)
    with silent() as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        error = refused()
    assert "time-out" in str(error)
    assert not error.is_final


def test_a_server_that_falls_silent_in_the_middle_is_a_time_out_too(set_up, monkeypatch):
    monkeypatch.setattr(mail, "PATIENCE", 0.2)
    with saying(b"220 hello\r\n", b"") as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        assert "mail server" in str(refused())


def test_what_is_no_mail_server_is_told(set_up):
    with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        assert "mail server" in str(refused())


def test_a_mail_that_was_taken_counts_as_sent_however_the_server_says_goodbye(set_up, monkeypatch):
    monkeypatch.setattr(mail, "PATIENCE", 0.5)
    lines = [
        b"220 x\r\n",
        b"250 x\r\n",
        b"250 x\r\n",
        b"250 x\r\n",
        b"354 x\r\n",
        b"250 x\r\n",
        b"5",
    ]
    with saying(*lines) as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        mail.send(TO, "Hello", "Text")


def test_nobody_listening_is_told(set_up):
    with silent() as port:
        pass
    set_up(f"smtp+plain://127.0.0.1:{port}")
    assert "ConnectionRefusedError" in str(refused())


@pytest.mark.parametrize("url", ["smtp://localhost:25", "smtps://10.0.0.1", "smtp+plain://[::1]"])
def test_an_inside_address_is_refused_until_it_is_allowed(post, set_up, url):
    with serving(post):
        set_up(url, networks="192.168.0.0/16")
        assert "private network" in str(refused())
    assert post.mails == []


def test_no_encryption_is_for_this_machine_only(set_up):
    set_up("smtp+plain://10.1.2.3", networks="10.0.0.0/8")
    assert "on this machine" in str(refused())


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        (f"{TO}\nBcc: eve@evil.example", "Hello"),
        (f"{TO}\r\nBcc: eve@evil.example", "Hello"),
        (f"{TO}, eve@evil.example", "Hello"),
        ("Ana <ana@acme.example>, eve@evil.example", "Hello"),
        ("", "Hello"),
        ("ana", "Hello"),
        (TO, "Hello\nBcc: eve@evil.example"),
        (TO, "Hello\r\n\r\nanother text"),
        (TO, "Hello\rX: y"),
    ],
)
def test_no_header_can_be_smuggled_in(post, set_up, to, subject):
    with serving(post) as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        error = refused(lambda: mail.send(to, subject, "Text"))
    assert error.is_final
    assert post.mails == []


def test_a_text_cannot_end_the_mail_and_begin_another(post, set_up):
    smuggled = "Text\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nRCPT TO:<bob@x.example>\r\n"
    with serving(post) as port:
        set_up(f"smtp+plain://127.0.0.1:{port}")
        mail.send(TO, "Hello", smuggled)
    assert post.recipients == [TO]
    assert "MAIL FROM" in post.mails[0].get_content()


def test_without_a_server_nothing_is_sent_and_it_says_so(given_settings, monkeypatch):
    for name in ("SMTP_URL", "MAIL_FROM", "URL"):
        monkeypatch.delenv(f"GOALS_{name}", raising=False)
    given_settings()
    assert not mail.is_configured()
    assert "GOALS_SMTP_URL" in str(refused())
    with pytest.raises(MailNotSent, match="GOALS_URL"):
        mail.link("/x")


def test_links_begin_with_the_public_address(set_up):
    set_up("smtp://mail.example.com")
    assert mail.is_configured()
    assert mail.link("/goal?id=1") == "https://goals.example.com/goal?id=1"
